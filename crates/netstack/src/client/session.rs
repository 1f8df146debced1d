//! The task of one `connect`: attempts, the open connection, the end.
use std::any::Any;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arkws::Cause::{Invalid, Timeout};
use arkws::{ClientResponse, CloseFrame, Transport, WebSocket};
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, error};

use super::connect_plan::Plan;
use super::failure::Failure;
use super::object::{LastEnd, Link, Object};
use super::reconnect::Retries;
use super::stats::Stats;
use crate::close::invites_back;
use crate::connection::driver::ConnectionEnd;
use crate::connection::send_queue::joined;
use crate::connection::shared_socket::SharedSocket;
use crate::network_changes::NetworkWatch;
use crate::{BusinessError, CloseResult, Event, field_text};

/// How an attempt, or the connection that it made, ended.
enum SessionEnd {
    /// By our close, or the peer's.
    Closed(CloseResult),
    /// The attempt failed.
    Unreached(Failure),
    /// The connection was open, and is lost.
    Lost(Failure),
}

/// The whole life of one `connect`. The object can connect again before the last events are
/// delivered.
pub(super) fn run(
    object: Arc<Object>,
    link: Arc<Link>,
    mut plan: Box<Plan>,
) -> impl Future<Output = ()> + Send + 'static {
    // Here, not in the task: also a task that is never polled has its last events.
    let mut session = Session {
        object,
        link,
        retries: plan.retries.take(),
        plan: Some(plan),
        watch: None,
        was_open: false,
        finished: false,
    };
    async move {
        let end = match AssertUnwindSafe(session.run()).catch_unwind().await {
            Ok(end) => end,
            Err(payload) => session.panicked(&*payload),
        };
        session.finish(end);
    }
}

struct Session {
    object: Arc<Object>,
    link: Arc<Link>,
    /// `None`: the connection was made and will not be made again, so that what only attempts need
    /// is given back.
    plan: Option<Box<Plan>>,
    retries: Option<Retries>,
    /// From the first wait that a change of the network can cut short, until the connection is
    /// open.
    watch: Option<Box<NetworkWatch>>,
    /// Since `connect`, at least once.
    was_open: bool,
    /// The last events have been delivered.
    finished: bool,
}

/// The runtime has ended before the session.
impl Drop for Session {
    fn drop(&mut self) {
        if !self.finished {
            let end = self.failed(Failure::dropped());
            self.finish(end);
        }
    }
}

impl Session {
    async fn run(&mut self) -> SessionEnd {
        loop {
            if let Some(watch) = &mut self.watch {
                // The attempt is made on the network as it is now.
                watch.forget();
            }
            let end = match self.renew().await {
                Ok(()) => self.connect().await,
                Err(end) => end,
            };
            if self.is_closing() {
                return end;
            }
            let failure = match &end {
                SessionEnd::Unreached(failure) | SessionEnd::Lost(failure) => failure.clone(),
                SessionEnd::Closed(close) if invites_back(close.code) => {
                    self.link.open.store(false, Ordering::Release);
                    self.link.mailbox.set_limit(self.link.limits.connecting);
                    Failure::closed(close.code, &close.reason)
                }
                SessionEnd::Closed(_) => return end,
            };
            let Some(retries) = &mut self.retries else {
                return end;
            };
            let Some(delay) = retries.next(&failure) else {
                return end;
            };
            let attempt = retries.attempts();
            if retries.can_be_cut_short(delay) && self.watch.is_none() {
                // Before the program hears of the wait: a change that it then tells counts.
                self.watch = Some(Box::new(self.object.context.network().watch()));
            }
            debug!(target: "arkws", attempt, ?delay, cause = failure.detail, "reconnecting");
            self.object.emit(Event::Reconnecting {
                attempt,
                delay: delay.as_millis().try_into().unwrap_or(u64::MAX),
                cause: match end {
                    SessionEnd::Unreached(_) => failure.of_attempt(),
                    SessionEnd::Lost(_) | SessionEnd::Closed(_) => failure.of_connection(),
                },
            });
            self.object.flush();
            if let Err(end) = self.back_off(delay).await {
                return end;
            }
        }
    }

    /// Waits for the next attempt, and not as long if the network changes.
    ///
    /// # Errors
    /// The program has given up.
    async fn back_off(&mut self, delay: Duration) -> Result<(), SessionEnd> {
        let since = Instant::now();
        let mut until = since + delay;
        if let (Some(watch), Some(retries)) = (&mut self.watch, &mut self.retries) {
            tokio::select! {
                biased;
                () = closing(&self.link) => return Err(self.cancelled()),
                () = sleep_until(until) => return Ok(()),
                () = watch.changed() => {}
            }
            let delay = retries.cut_short(delay, since.elapsed());
            debug!(target: "arkws", ?delay, "the network has changed");
            until = since + delay;
        }
        tokio::select! {
            biased;
            () = closing(&self.link) => Err(self.cancelled()),
            () = sleep_until(until) => Ok(()),
        }
    }

    /// Asks the program with what the next attempt is to be made.
    ///
    /// # Errors
    /// It has not said, or something that cannot be used; or it has given up.
    async fn renew(&mut self) -> Result<(), SessionEnd> {
        let Some(retries) = &self.retries else {
            return Ok(());
        };
        let (Some(renewal), Some(plan)) = (retries.renewal(), &mut self.plan) else {
            return Ok(());
        };
        if !retries.renews_next() {
            return Ok(());
        }
        let asked = timeout(plan.patience(), renewal.ask(retries.attempts()));
        let renewed = tokio::select! {
            biased;
            () = closing(&self.link) => return Err(self.cancelled()),
            renewed = asked => renewed,
        };
        let failed =
            |why: &str, cause| Err(SessionEnd::Unreached(Failure::not_renewed(why, cause)));
        match renewed {
            Ok(Ok(renewed)) => match plan.renew(renewed, &self.object.context) {
                Ok(()) => Ok(()),
                Err(why) => failed(&format!("gave what cannot be used: {why}"), Invalid),
            },
            Ok(Err(why)) => failed(&format!("has failed: {why}"), Invalid),
            Err(_) => failed("did not answer in time (connectTimeout)", Timeout),
        }
    }

    /// One attempt, and the connection if it succeeds.
    async fn connect(&mut self) -> SessionEnd {
        // On the heap, and given back when the connection is open.
        let plan = self.plan.as_mut().expect("kept while attempts may follow");
        let attempt = Box::pin(plan.connect());
        let result = tokio::select! {
            biased;
            () = closing(&self.link) => return self.cancelled(),
            result = attempt => result,
        };
        let (object, link) = (Arc::clone(&self.object), Arc::clone(&self.link));
        let (_registration, _open) = match result {
            Ok(_) if self.is_closing() => return self.cancelled(),
            Ok((socket, response)) => {
                // First: the program may end the process as soon as it hears of it.
                let registration = object.context.network().register(&link);
                self.watch = None;
                self.opened(&socket, &response);
                (registration, Opened::new(&link, *socket))
            }
            Err(error) => return self.failed(error.into()),
        };
        let since = Instant::now();
        if self.retries.is_none() {
            self.plan = None;
        }

        let reconnects = self.retries.is_some();
        let (end, in_doubt) = object.listener.drive(&object, &link, reconnects).await;

        if let Some(retries) = &mut self.retries {
            retries.held(since.elapsed());
        }
        let failed = matches!(end, ConnectionEnd::Failed(_));
        let end = match end {
            ConnectionEnd::Closed(frame) => self.closed(frame),
            // However the closing handshake fails, the connection is closed as we asked.
            ConnectionEnd::Failed(_) if self.is_closing() => self.closed(None),
            ConnectionEnd::Failed(error) => self.failed(error.into()),
            ConnectionEnd::Panicked(payload) => self.panicked(&*payload),
        };
        self.object.send_failed(in_doubt, || end.of_send());
        self.pings_lost(&end);
        if failed && let Some(socket) = self.link.socket.take() {
            // The peer is still to be told why, and the program need not wait for that.
            let lingering = object.listener.linger(SharedSocket::from(socket));
            let _ = object.context.network().spawn(lingering);
        }
        end
    }

    fn opened(&mut self, socket: &WebSocket<Transport>, response: &ClientResponse) {
        let negotiated = socket.negotiated();
        let text = |name| {
            let value = response.headers.get(name)?;
            Some(field_text(value.as_bytes()).into_owned())
        };
        {
            let stats = &mut self.object.lock().stats;
            *stats = Stats {
                protocol: negotiated.protocol.clone(),
                extensions: text("sec-websocket-extensions"),
                tls_version: socket
                    .get_ref()
                    .tls_version()
                    .map(|version| version.as_str()),
                remote_address: socket.get_ref().peer_addr().ok().map(|at| at.to_string()),
                ..Stats::default()
            };
        }
        self.was_open = true;
        self.link.was_open.store(true, Ordering::Release);
        self.link.mailbox.open_pings();
        self.link.open.store(true, Ordering::Release);
        self.link.mailbox.set_limit(self.link.limits.open);

        self.object.emit(Event::HeaderReceive(&response.headers));
        self.object.emit(Event::Open {
            status: response.status.as_u16(),
            message: &response.reason,
            protocol: negotiated.protocol.as_deref(),
        });
        if let Some(retries) = &self.retries
            && retries.attempts() > 0
        {
            let attempts = retries.attempts();
            self.object.emit(Event::Reconnected { attempts });
        }
        self.object.flush();
    }

    /// Nobody wanted this end.
    fn failed(&mut self, failure: Failure) -> SessionEnd {
        self.link.mailbox.set_limit(self.link.limits.connecting);
        match self.link.open.swap(false, Ordering::AcqRel) {
            true => SessionEnd::Lost(failure),
            false => SessionEnd::Unreached(failure),
        }
    }

    /// A defect of ours, or of the binding.
    fn panicked(&mut self, payload: &(dyn Any + Send)) -> SessionEnd {
        let failure = Failure::panic(payload);
        error!(target: "arkws", why = failure.detail, "a defect");
        self.failed(failure)
    }

    /// The program has given up what was not open yet, or not open again.
    fn cancelled(&mut self) -> SessionEnd {
        match self.link.aborted.get() {
            Some(why) => SessionEnd::Unreached(Failure::aborted(why)),
            None => self.closed(None),
        }
    }

    /// Nobody answers the pings of this connection any more.
    fn pings_lost(&self, end: &SessionEnd) {
        let through = self.link.mailbox.close_pings();
        if through > 0 {
            let error = end.of_send();
            self.object.emit(Event::PingsLost { through, error });
        }
    }

    /// The connection is closed, by us if we asked for it, else by the peer.
    fn closed(&self, peer: Option<CloseFrame>) -> SessionEnd {
        if self.link.mailbox.is_terminated() {
            return SessionEnd::Closed(CloseResult {
                code: 1006,
                reason: "the program has terminated the connection".to_owned(),
            });
        }
        let frame = self.link.mailbox.requested_close().unwrap_or(peer);
        SessionEnd::Closed(match frame {
            Some(frame) => CloseResult {
                code: frame.code().get(),
                reason: frame.reason().to_owned(),
            },
            // RFC 6455, 7.1.5: the close frame had no code.
            None => CloseResult {
                code: 1005,
                reason: String::new(),
            },
        })
    }

    fn is_closing(&self) -> bool {
        self.link.mailbox.requested_close().is_some()
    }

    /// Frees the object for the next `connect`, then delivers the last events of this one.
    fn finish(&mut self, end: SessionEnd) {
        self.finished = true;
        let (object, mailbox) = (&self.object, &self.link.mailbox);
        let unsent;
        {
            let mut state = object.lock();
            // Under the lock: a `send` is refused with the cause, or answered with it below.
            mailbox.end();
            unsent = mailbox.unsent();
            state.numbers = mailbox.numbers();
            state.link = None;
            state.last_end = Some(end.last_end());
        }
        let in_doubt = std::mem::take(&mut *self.link.in_doubt());
        object.send_failed(joined(in_doubt, unsent), || end.of_send());
        self.pings_lost(&end);
        let lost = match end {
            SessionEnd::Closed(close) => {
                object.emit(Event::Close(close));
                None
            }
            SessionEnd::Unreached(failure) => {
                object.emit(Event::Error(failure.of_attempt()));
                self.was_open.then_some(failure)
            }
            SessionEnd::Lost(failure) => {
                object.emit(Event::Error(failure.of_connection()));
                Some(failure)
            }
        };
        if let Some(failure) = lost {
            // RFC 6455, 7.1.5: there was no closing handshake.
            object.emit(Event::Close(CloseResult {
                code: 1006,
                reason: failure.detail,
            }));
        }
        object.emit(Event::Idle);
        object.flush();
    }
}

/// An open socket. When this is dropped the connection has ended, also if that is because the
/// runtime of the session is dropped.
struct Opened<'a>(&'a Link);

impl Opened<'_> {
    fn new(link: &Link, socket: WebSocket<Transport>) -> Opened<'_> {
        link.socket.open(socket);
        Opened(link)
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // Empty, unless the connection is dropped before its end.
        let in_doubt = self.0.socket.end(&self.0.mailbox);
        if !in_doubt.is_empty() {
            *self.0.in_doubt() = in_doubt;
        }
        self.0.socket.take();
    }
}

/// Ready when the program asks for the end.
async fn closing(link: &Link) {
    poll_fn(|cx| link.mailbox.poll_close(cx)).await;
}

impl SessionEnd {
    /// In words, and for programs.
    fn last_end(&self) -> LastEnd {
        match self {
            SessionEnd::Unreached(failure) | SessionEnd::Lost(failure) => LastEnd {
                why: failure.detail.clone(),
                cause: failure.cause,
            },
            SessionEnd::Closed(CloseResult { code, reason }) => {
                let separator = if reason.is_empty() { "" } else { ": " };
                LastEnd {
                    why: format!("the connection was closed with {code}{separator}{reason}"),
                    cause: arkws::Cause::Closed.into(),
                }
            }
        }
    }

    /// What the sends learn that were under way.
    fn of_send(&self) -> BusinessError {
        let LastEnd { why, cause } = self.last_end();
        let response = match self {
            SessionEnd::Unreached(failure) => failure.response.clone(),
            SessionEnd::Lost(_) | SessionEnd::Closed(_) => None,
        };
        BusinessError {
            response,
            ..BusinessError::not_sent(why).with_cause(cause)
        }
    }
}
