//! The client object, `webSocket.WebSocket`.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the object's calls, from any thread, answered at once |
//! | `object.rs` | what the object shares with the tasks of its connects |
//! | `event.rs` | what the object tells its listener |
//! | `options.rs` | the options of `connect`; `tls.rs`, `proxy.rs`: some of them |
//! | `request.rs` | the checks of `connect`, and the plan of its attempts |
//! | `session.rs` | the task of one `connect`: attempts, the open connection, the end |
//! | `deliver.rs` | from a connection's messages to events |
//! | `reconnect.rs` | the option of that name: whether to try again, and when |
//! | `renewal.rs` | what the program is asked before an attempt to reconnect |
//! | `stats.rs` | counters and facts of a connection |
//! | `failure.rs` | why something failed, in the words of the contract |
mod connect_plan;
mod deliver;
mod event;
mod failure;
mod object;
mod options;
mod proxy;
mod reconnect;
mod renewal;
mod session;
mod stats;
mod tls;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use arkws::{CloseCode, CloseFrame};
use tracing::Instrument;

use crate::connection::batch::Outgoing;
use crate::connection::mailbox::Mailbox;
use crate::connection::pings::{MAX_PING, Ping};
use crate::connection::send_queue::{Refused, SendNumbers};
use crate::connection::shared_socket::SharedSocket;
use crate::log;
use crate::shared_limits::{check_length, too_long_in_utf16};
use crate::{ApiLevel, BusinessError, Cause, CloseOptions, Context};

use connect_plan::Request;
use failure::Failure;
use object::{Link, Object, ObjectState};

pub use event::{Event, Listener};
pub use options::RequestOptions;
pub use proxy::{Proxy, ProxyServer};
pub use reconnect::Reconnect;
pub use renewal::{Renewal, Renewed};
pub use stats::Stats;
pub use tls::{ClientCert, IdentityPem, TlsProtocol};

/// `webSocket.WebSocket`: one object that may connect many times, once at a time.
///
/// Every method returns at once and may be called on any thread; results that come later are
/// events.
///
/// An object that is dropped sends what is queued and closes its connection with 1001, in a few
/// seconds at most, without events. A process that ends does not wait for that: see
/// [`Network::leave_process`](crate::Network::leave_process).
pub struct WebSocket {
    object: Arc<Object>,
}

impl WebSocket {
    /// `createWebSocket()`.
    pub fn new(context: Context, listener: Arc<impl Listener>) -> WebSocket {
        WebSocket {
            object: Arc::new(Object {
                context,
                listener,
                state: Mutex::new(ObjectState {
                    link: None,
                    last_end: None,
                    numbers: SendNumbers::default(),
                    stats: Stats::default(),
                    pings: 0,
                    held: false,
                }),
                dropped: AtomicBool::new(false),
                observes_pings: AtomicBool::new(false),
            }),
        }
    }

    /// The API level that the object has.
    pub fn level(&self) -> ApiLevel {
        self.object.context.level
    }

    /// Why a text of so many units of UTF-16 cannot be sent, of which a binding need not know more
    /// than that: each takes a byte at least. More than [`MAX_SEND`](crate::MAX_SEND) is too much.
    ///
    /// 401; or 201 without the permission, which every call is told first.
    pub fn refuse_long_text(&self, units: usize) -> BusinessError {
        let denied = self.object.context.check_permission().err();
        denied.unwrap_or_else(|| too_long_in_utf16(units))
    }

    /// `connect`: `Ok` when the request has been created; what follows are events. A failure that
    /// is neither a mistake in the options (401) nor a missing permission (201) raises an `error`
    /// event as well, later, and [`Idle`](crate::Event::Idle): the error returned says so
    /// ([`event_follows`](BusinessError::event_follows)).
    ///
    /// # Errors
    /// 201, 2302998, 401, 2302002, 2302003, 2302001 (401 before API level 12), -1, in this order.
    pub fn connect(&self, url: &str, options: RequestOptions) -> Result<(), BusinessError> {
        self.start(url, options).map_err(|error| {
            if !error.event_follows {
                return error;
            }
            let object = Arc::clone(&self.object);
            let event = error.clone().into_event();
            let spawned = self.object.context.network().spawn(async move {
                object.refused(event);
                object.flush();
            });
            BusinessError {
                // Without a network thread there are no events.
                event_follows: spawned.is_ok(),
                ..error
            }
        })
    }

    fn start(&self, url: &str, options: RequestOptions) -> Result<(), BusinessError> {
        let object = &self.object;
        object.context.ask_permission()?;
        let aborted = options.aborted.clone();
        let request = Request::check(&object.context, url, options)?;
        if let Some(why) = aborted {
            return Err(Failure::aborted(&why).of_call());
        }
        let mut state = object.lock();
        if let Some(link) = &state.link {
            let error = BusinessError::new(BusinessError::ALREADY_CONNECTED, link.occupation());
            return Err(error.and_event(arkws::Cause::Invalid));
        }
        let plan = request.plan(&object.context)?;
        let link = Arc::new(Link {
            mailbox: Mailbox::new(
                plan.queue_limits.connecting,
                object.context.message_cost(),
                state.numbers,
            ),
            socket: SharedSocket::default(),
            limits: plan.queue_limits,
            open: AtomicBool::new(false),
            was_open: AtomicBool::new(false),
            aborted: OnceLock::new(),
            in_doubt: Mutex::default(),
        });
        let spawner = object.context.network().spawner().map_err(|error| {
            let why = format!("the network thread cannot be started: {error}");
            BusinessError::new(BusinessError::FAILED, why).with_cause(Cause::System)
        })?;
        link.mailbox.hold(state.held);
        state.link = Some(Arc::clone(&link));
        state.stats = Stats::default();
        // A task that is dropped at once, with its runtime, takes the lock.
        drop(state);
        let span = log::client(&plan.target());
        let session = session::run(Arc::clone(object), link, Box::new(plan));
        spawner.spawn(session.instrument(span));
        Ok(())
    }

    /// `send` of a string. `Ok`: its number, 1, 2, ... of all sends of this object;
    /// [`Event::Sent`](crate::Event::Sent) or [`Event::SendFailed`](crate::Event::SendFailed) will
    /// answer it, in order.
    ///
    /// # Errors
    /// 201; 401 if the message is longer than [`MAX_SEND`](crate::MAX_SEND) bytes; -1 if there is
    /// no connection (the [cause](BusinessError::cause) is how the last one ended), or if more than
    /// [`max_queued_bytes`](RequestOptions::max_queued_bytes) would wait to be sent (the cause is
    /// [`QueueFull`](crate::ConnectionCause::QueueFull)). A message that was lent is still its
    /// owner's.
    pub fn send_text<'a>(&self, text: impl Into<Cow<'a, str>>) -> Result<u64, BusinessError> {
        self.send(Outgoing::Text(text.into()), Mailbox::push)
    }

    /// `send` of an ArrayBuffer; see [`send_text`](Self::send_text).
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary<'a>(&self, data: impl Into<Cow<'a, [u8]>>) -> Result<u64, BusinessError> {
        self.send(Outgoing::Binary(data.into()), Mailbox::push)
    }

    /// As [`send_text`](Self::send_text), but the message may wait until the caller calls
    /// [`flush`](Self::flush), which it does soon: so messages that are sent together leave in one
    /// write, on the thread that sends them.
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn feed_text<'a>(&self, text: impl Into<Cow<'a, str>>) -> Result<u64, BusinessError> {
        self.send(Outgoing::Text(text.into()), Mailbox::feed)
    }

    /// `send` of an ArrayBuffer; see [`feed_text`](Self::feed_text).
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn feed_binary<'a>(&self, data: impl Into<Cow<'a, [u8]>>) -> Result<u64, BusinessError> {
        self.send(Outgoing::Binary(data.into()), Mailbox::feed)
    }

    /// Hands over what was [fed](Self::feed_text): on this thread, without waiting, as far as the
    /// transport takes it. What is left, and all of it if the connection compresses or the network
    /// thread is busy with it, the network thread hands over.
    ///
    /// `answered` says that the caller knows the answers to the object's first so many sends. What
    /// waits behind a send that has failed, and that the caller has not been told of yet, is left
    /// to the network thread, so that its answers come in order.
    ///
    /// Returns what [`Event::Sent`](crate::Event::Sent) tells: all sends up to this one that have
    /// not failed have been handed to the operating system. 0: none was by this call. No event
    /// tells of them. (If the connection is lost meanwhile, the
    /// [`Event::SendFailed`](crate::Event::SendFailed) of those behind may come before this
    /// returns.)
    #[must_use = "these messages are not told of by any event"]
    #[inline]
    pub fn flush(&self, answered: u64) -> u64 {
        let Some(link) = self.object.link() else {
            return 0;
        };
        link.socket
            .try_write_inline(&link.mailbox, answered, |stats| {
                self.object.lock().stats.counters = stats;
            })
    }

    fn send<'a>(
        &self,
        message: Outgoing<'a>,
        queue: impl FnOnce(&Mailbox, Outgoing<'a>) -> Result<u64, Refused>,
    ) -> Result<u64, BusinessError> {
        self.object.context.check_permission()?;
        check_length(message.len(), self.object.context.max_send())?;
        let state = self.object.lock();
        let Some(link) = &state.link else {
            return Err(state.not_connected(|why| BusinessError::not_sent(why)));
        };
        queue(&link.mailbox, message).map_err(|refused| match refused {
            Refused::Closed => BusinessError::not_sent("the connection is closing")
                .with_cause(arkws::Cause::Closed),
            Refused::Full { queued, limit } => {
                let (until, option) = match link.open.load(Ordering::Acquire) {
                    true => ("the server takes them", "maxQueuedBytes"),
                    false => ("the connection is up", link.limits.connecting_option),
                };
                BusinessError::not_sent(format!(
                    "{queued} bytes wait until {until}, and the limit is {limit} \
                     (the option {option} changes it)"
                ))
                .with_cause(arkws::Cause::QueueFull)
            }
        })
    }

    /// `close`: `Ok` when the close has been requested. What was sent before goes first.
    ///
    /// # Errors
    /// 201; 2302999 if there is no connection (the [cause](BusinessError::cause) is how the last
    /// one ended), or if it is closing.
    pub fn close(&self, options: CloseOptions) -> Result<(), BusinessError> {
        let level = self.object.context.level;
        self.close_with(options.frame(level.differences().close_reason))
    }

    /// arkws: as [`close`](Self::close), with this close frame whatever the level; `None`: with one
    /// that has no body, so that the peer has 1005.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn close_with(&self, frame: impl Into<Option<CloseFrame>>) -> Result<(), BusinessError> {
        self.object.context.check_permission()?;
        let link = {
            let state = self.object.lock();
            let other = |why: &str| BusinessError::new(BusinessError::OTHER, why);
            state
                .link
                .clone()
                .ok_or_else(|| state.not_connected(other))?
        };
        if !link.mailbox.close(frame, true) {
            let why = "the connection is closing already";
            return Err(
                BusinessError::new(BusinessError::OTHER, why).with_cause(arkws::Cause::Closed)
            );
        }
        Ok(())
    }

    /// arkws: ends the connection, or the attempt at one, at once: without a closing handshake,
    /// whatever is still to be sent, and also while it is closing. [`Event::Close`] has 1006.
    ///
    /// # Errors
    /// As [`close`](Self::close), but for a connection that is closing.
    pub fn terminate(&self) -> Result<(), BusinessError> {
        self.object.context.check_permission()?;
        let other = |why: &str| BusinessError::new(BusinessError::OTHER, why);
        let state = self.object.lock();
        match &state.link {
            Some(link) if link.mailbox.terminate() => Ok(()),
            _ => Err(state.not_connected(other)),
        }
    }

    /// arkws: gives up, for this reason: an attempt, which ends with [`Event::Error`], or the
    /// connection, which is closed as by [`close`](Self::close). Without either nothing happens.
    pub fn abort(&self, why: &str) {
        let Some(link) = self.object.link() else {
            return;
        };
        if link.was_open.load(Ordering::Acquire) {
            // It may be closing already.
            let _ = self.close(CloseOptions::default());
        } else {
            // The first reason counts.
            let _ = link.aborted.set(why.to_owned());
            link.mailbox.terminate();
        }
    }

    /// arkws: reads nothing from the connection, this one and those that follow, until
    /// [`resume`](Self::resume): the transport fills up, and the server has to wait with what it
    /// sends. What was read before is still delivered. Pings are not answered meanwhile, and the
    /// heartbeat stands.
    pub fn pause(&self) {
        self.hold(true);
    }

    /// arkws: reads again.
    pub fn resume(&self) {
        self.hold(false);
    }

    fn hold(&self, held: bool) {
        let mut state = self.object.lock();
        state.held = held;
        if let Some(link) = &state.link {
            link.mailbox.hold(held);
        }
    }

    /// arkws: sends a ping with this payload, or without one with its number. Returns the number,
    /// 1, 2, ... of all pings of this object; [`Event::Pong`] or [`Event::PingsLost`] will answer
    /// it.
    ///
    /// # Errors
    /// 201; 401 if the payload is longer than 125 bytes; -1 if no connection is open.
    pub fn ping(&self, data: Option<Vec<u8>>) -> Result<u64, BusinessError> {
        self.object.context.check_permission()?;
        if let Some(length) = data.as_ref().map(Vec::len)
            && length > MAX_PING
        {
            return Err(BusinessError::parameter(format!(
                "a ping carries at most {MAX_PING} bytes, not {length}"
            )));
        }
        let mut state = self.object.lock();
        let Some(link) = &state.link else {
            return Err(state.not_connected(|why| BusinessError::not_sent(why)));
        };
        let number = state.pings + 1;
        let data = data.unwrap_or_else(|| number.to_be_bytes().to_vec());
        if !link.mailbox.ping(Ping { number, data }) {
            return Err(BusinessError::not_sent("the connection is not open"));
        }
        state.pings = number;
        Ok(number)
    }

    /// arkws: whether [`Event::Ping`], and [`Event::Pong`] for what answers no
    /// [`ping`](Self::ping), are told. Default: they are not.
    pub fn observe_pings(&self, observe: bool) {
        self.object.observes_pings.store(observe, Ordering::Relaxed);
    }

    /// The binding has passed this many `Text` and `Binary` events on to the program, with this
    /// many bytes in all. While too much has not been passed on, the connection is not read from:
    /// this is the back-pressure.
    #[inline]
    pub fn consumed(&self, events: usize, bytes: usize) {
        if let Some(link) = self.object.link() {
            link.mailbox.consumed(events, bytes);
        }
    }

    /// arkws: the state, numbered as in the browsers' API.
    pub fn ready_state(&self) -> ReadyState {
        match self.object.link() {
            None => ReadyState::Closed,
            Some(link) if !link.mailbox.is_open() => ReadyState::Closing,
            Some(link) if link.open.load(Ordering::Acquire) => ReadyState::Open,
            Some(_) => ReadyState::Connecting,
        }
    }

    /// arkws: bytes of messages that were sent but not yet handed to the operating system.
    pub fn buffered_amount(&self) -> usize {
        self.object.link().map_or(0, |link| link.mailbox.bytes())
    }

    /// arkws: bytes of all messages that `send` has taken, of all connections of this object. Less
    /// [`bytes_handed_over`](Self::bytes_handed_over), it is what has not left or never will.
    pub fn bytes_accepted(&self) -> u64 {
        let state = self.object.lock();
        match &state.link {
            Some(link) => link.mailbox.accepted(),
            None => state.numbers.dealt_with(),
        }
    }

    /// arkws: bytes of those messages that were handed to the operating system.
    pub fn bytes_handed_over(&self) -> u64 {
        let state = self.object.lock();
        match &state.link {
            Some(link) => link.mailbox.numbers().handed_over(),
            None => state.numbers.handed_over(),
        }
    }

    /// arkws: counters and facts of the current or last connection. The counters are at most one
    /// batch of events old.
    pub fn stats(&self) -> Stats {
        self.object.lock().stats.clone()
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("context", &self.object.context)
            .field("ready_state", &self.ready_state())
            .finish_non_exhaustive()
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        self.object.dropped.store(true, Ordering::Release);
        if let Some(link) = self.object.link() {
            let gone = CloseFrame::new(CloseCode::GOING_AWAY, "");
            link.mailbox.close(gone, true);
        }
    }
}

/// The life of a client object's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyState {
    /// Connecting, or waiting to reconnect.
    Connecting = 0,
    /// Open.
    Open = 1,
    /// Closing.
    Closing = 2,
    /// Closed, or never connected.
    Closed = 3,
}
