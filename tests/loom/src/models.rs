//! The models: each a few steps of two or three threads.
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Poll, Waker};

use arkws::{CloseCode, CloseFrame, Config, Role, Stats, WebSocket};
use arkws_proto::{Payload, Text};
use loom::sync::Notify;
use loom::thread;

use crate::connection::batch::Outgoing;
use crate::connection::driver::{Handler, drive};
use crate::connection::mailbox::Mailbox;
use crate::connection::receive_window::{Amount, ReadPermission};
use crate::connection::send_queue::{SendNumbers, joined};
use crate::connection::shared_socket::SharedSocket;
use crate::object_id::ObjectId;
use crate::queue::Queue;
use crate::queue::batch::{Batch, Origin, PayloadLocation};
use crate::sync::{AtomicBool, Ordering};
use crate::transport::{Transport, run};

/// How often a thread is stopped, at most, that could go on, unless `LOOM_MAX_PREEMPTIONS` says it:
/// most faults need one or two.
const PREEMPTIONS: usize = 2;

/// Runs `model` under every order of its threads. What tokio's timers ask for is there; none fires.
fn check(model: impl Fn() + Send + Sync + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without a driver of sockets asks the system for nothing");
    let _context = runtime.enter();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(model);
}

/// A connection, its mailbox, and the peer's end of it.
struct Given {
    socket: Arc<SharedSocket<Transport>>,
    mailbox: Arc<Mailbox>,
    transport: Transport,
}

fn given(transport: Transport) -> Given {
    Given {
        socket: Arc::new(SharedSocket::from(socket(&transport))),
        mailbox: mailbox(1 << 20),
        transport,
    }
}

fn mailbox(limit: usize) -> Arc<Mailbox> {
    Arc::new(Mailbox::new(limit, 0, SendNumbers::default()))
}

/// Of a server, whose frames are not masked.
fn socket(transport: &Transport) -> WebSocket<Transport> {
    WebSocket::from_handshake(
        transport.clone(),
        Role::Server,
        Config::default(),
        Default::default(),
        &[],
    )
}

impl Given {
    /// Runs the connection to its end; returns through which send it has told that they left, and
    /// those of which it does not know.
    fn drive(&self) -> (u64, Range<u64>) {
        let mut sent = Sent {
            through: 0,
            transport: self.transport.clone(),
        };
        let (_, in_doubt) = run(drive(&self.socket, &self.mailbox, &mut sent));
        self.mailbox.end();
        (sent.through, in_doubt)
    }

    /// What a program does that sends a message and wants it to leave at once; through which send
    /// they have left by that.
    fn try_write_inline(&self, tag: u8) -> u64 {
        self.mailbox.feed(message(&tag)).expect("it is open");
        let through = self.socket.try_write_inline(&self.mailbox, 0, |_| {});
        assert!(self.transport.has(through));
        through
    }

    fn clone(&self) -> Given {
        Given {
            socket: Arc::clone(&self.socket),
            mailbox: Arc::clone(&self.mailbox),
            transport: self.transport.clone(),
        }
    }
}

fn message(tag: &u8) -> Outgoing<'_> {
    Outgoing::Binary(std::slice::from_ref(tag).into())
}

/// The frames of messages, each its tag.
fn frames(tags: &[u8]) -> Vec<u8> {
    tags.iter().flat_map(|&tag| [0x82, 1, tag]).collect()
}

/// Through which send the connection's task has told that they left.
struct Sent {
    through: u64,
    transport: Transport,
}

impl Handler for Sent {
    fn text(&mut self, _: Text<'_>) -> usize {
        0
    }

    fn binary(&mut self, _: Payload<'_>) -> usize {
        0
    }

    fn refuse(&self, _: &str) -> Option<String> {
        None
    }

    fn too_big(&mut self, why: String) {
        unreachable!("{why}")
    }

    fn sent(&mut self, through: u64) {
        assert!(through > self.through && self.transport.has(through));
        self.through = through;
    }

    fn flush(&mut self, _: Stats) {}
}

/// What a thread sends is written by it or by the connection's task, whichever holds the socket;
/// all of it, in order, and nobody sleeps meanwhile.
pub fn sends_leave_whoever_writes_them() {
    check(|| {
        let given = given(Transport::new(frames(&[1, 2]).len(), true));
        let sender = {
            let given = given.clone();
            thread::spawn(move || given.try_write_inline(1).max(given.try_write_inline(2)))
        };
        let (sent, in_doubt) = given.drive();
        assert_eq!(in_doubt, 0..0);
        assert_eq!(sender.join().unwrap().max(sent), 2);
        assert_eq!(given.transport.written(), frames(&[1, 2]));
    });
}

/// The same for a send that leaves the writing to the connection's task.
pub fn a_send_wakes_the_task() {
    check(|| {
        let given = given(Transport::new(frames(&[1, 2]).len(), true));
        let sender = {
            let given = given.clone();
            thread::spawn(move || {
                for tag in 1..=2 {
                    given.mailbox.push(message(&tag)).unwrap();
                }
            })
        };
        assert_eq!(given.drive(), (2, 0..0));
        sender.join().unwrap();
        assert_eq!(given.transport.written(), frames(&[1, 2]));
    });
}

/// What the transport does not take at once, the connection's task writes when it does.
pub fn a_transport_that_was_full_goes_on() {
    check(|| {
        let given = given(Transport::new(frames(&[1, 2]).len(), false));
        let sender = {
            let given = given.clone();
            thread::spawn(move || given.try_write_inline(1).max(given.try_write_inline(2)))
        };
        let peer = {
            let transport = given.transport.clone();
            thread::spawn(move || transport.open())
        };
        let (sent, in_doubt) = given.drive();
        assert_eq!(in_doubt, 0..0);
        assert_eq!(sender.join().unwrap().max(sent), 2);
        peer.join().unwrap();
        assert_eq!(given.transport.written(), frames(&[1, 2]));
    });
}

/// A close goes behind the messages that were sent before it.
pub fn a_close_goes_behind_what_was_sent() {
    check(|| {
        let close = [0x88, 2, 0x03, 0xE8];
        let given = given(Transport::new(frames(&[1]).len() + close.len(), true));
        let program = {
            let given = given.clone();
            thread::spawn(move || {
                let sent = given.try_write_inline(1);
                let frame = CloseFrame::new(CloseCode::NORMAL, "");
                assert!(given.mailbox.close(frame, true));
                sent
            })
        };
        let (sent, in_doubt) = given.drive();
        assert_eq!(in_doubt, 0..0);
        assert_eq!(program.join().unwrap().max(sent), 1);
        assert_eq!(given.transport.written(), [&*frames(&[1]), &close].concat());
    });
}

/// Whatever ends a connection: each message that was taken has left, or is given back, once.
pub fn no_message_goes_unanswered() {
    for open in [true, false] {
        check(move || {
            let given = given(Transport::new(usize::MAX, open));
            // The connection's task sleeps.
            given.mailbox.next(Waker::noop(), None);
            let sender = {
                let given = given.clone();
                thread::spawn(move || {
                    let (mut taken, mut sent) = (0, 0);
                    for tag in 0..2 {
                        taken = given.mailbox.feed(message(&tag)).unwrap_or(taken);
                        sent = given
                            .socket
                            .try_write_inline(&given.mailbox, 0, |_| {})
                            .max(sent);
                    }
                    (taken, sent)
                })
            };
            let in_doubt = given.socket.end(&given.mailbox);
            given.mailbox.end();
            let unsent = given.mailbox.unsent();
            let (taken, sent) = sender.join().unwrap();
            let failed = joined(in_doubt, unsent);
            match failed.is_empty() {
                true => assert_eq!(taken, sent),
                false => assert_eq!(failed, sent + 1..taken + 1),
            }
            assert_eq!(given.transport.written().len() as u64, 3 * sent);
            assert_eq!(given.mailbox.bytes(), 0);
        });
    }
}

/// A connection that was not read from, since the program lagged behind, is read from again.
pub fn a_program_that_has_caught_up_is_read_for() {
    const MANY: usize = 100_000;
    check(|| {
        let mailbox = mailbox(1);
        let program = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                mailbox.consumed(MANY / 2, 0);
                mailbox.consumed(MANY / 2, 0);
            })
        };
        mailbox.delivered(Amount {
            events: MANY as isize,
            bytes: 0,
        });
        run(poll_fn(|cx| match mailbox.next(cx.waker(), None).reading {
            ReadPermission::Deliver => Poll::Ready(()),
            _ => Poll::Pending,
        }));
        program.join().unwrap();
    });
}

/// A close before there is a connection is not overlooked.
pub fn a_close_before_the_connection_is_seen() {
    check(|| {
        let mailbox = mailbox(1);
        let program = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || mailbox.close(CloseFrame::new(CloseCode::NORMAL, ""), true))
        };
        run(poll_fn(|cx| mailbox.poll_close(cx)));
        assert!(program.join().unwrap());
    });
}

/// The lengths of the messages, in order.
fn lengths(queue: &Queue, batches: &mut VecDeque<Batch>) -> Vec<usize> {
    queue.take(batches);
    let mut lengths = Vec::new();
    for batch in batches {
        let runs = batch
            .locations
            .iter()
            .all(|location| matches!(location, PayloadLocation::Run { .. }));
        assert!(runs, "they are short");
        lengths.extend(batch.lengths.iter().map(|&len| usize::from(len)));
    }
    lengths
}

/// JavaScript's thread, which looks when it is woken, is informed of every event.
pub fn no_event_is_left_in_the_queue() {
    check(|| {
        let woken = Arc::new(Notify::new());
        let queue = Arc::new(Queue::default());
        let network = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for len in 0..3 {
                    queue.binary(
                        ObjectId::from(1),
                        Origin::Client,
                        Payload::Borrowed(&mut [0; 2][..len]),
                    );
                    if len != 1 {
                        queue.flush();
                    }
                }
            })
        };
        let wake = Arc::clone(&woken);
        queue.open(Box::new(move || wake.notify()));
        let (mut delivered, mut batches) = (Vec::new(), VecDeque::new());
        while delivered.len() < 3 {
            woken.wait();
            loop {
                delivered.extend(lengths(&queue, &mut batches));
                if !queue.give_back(&mut batches) {
                    break;
                }
            }
        }
        assert_eq!(delivered, [0, 1, 2]);
        network.join().unwrap();
    });
}

/// Events that came while nothing was open are told when something is.
pub fn no_event_is_left_in_a_queue_that_was_silent() {
    check(|| {
        let woken = Arc::new(Notify::new());
        let queue = Arc::new(Queue::default());
        queue.open(Box::new(|| {}));
        let network = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.data_end(ObjectId::from(1));
                queue.flush();
            })
        };
        queue.silence();
        let wake = Arc::clone(&woken);
        queue.open(Box::new(move || wake.notify()));
        let (mut delivered, mut batches) = (0, VecDeque::new());
        while delivered == 0 {
            woken.wait();
            loop {
                queue.take(&mut batches);
                delivered += batches.iter().map(|batch| batch.items.len()).sum::<usize>();
                if !queue.give_back(&mut batches) {
                    break;
                }
            }
        }
        network.join().unwrap();
    });
}

/// An environment that is gone is not woken: what wakes it has been freed.
pub fn nobody_wakes_an_environment_that_is_gone() {
    check(|| {
        let gone = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&gone);
        let wake = move || assert!(!seen.load(Ordering::Relaxed), "it is gone");
        let queue = Arc::new(Queue::default());
        queue.open(Box::new(wake));
        let network = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for _ in 0..2 {
                    queue.data_end(ObjectId::from(1));
                    queue.flush();
                }
            })
        };
        queue.close();
        gone.store(true, Ordering::Relaxed);
        network.join().unwrap();
    });
}

/// A message is not written by the thread that sends while that does not know of an earlier
/// failure: it would take what it is told for the answer to the send that failed.
pub fn a_failure_that_is_not_known_is_seen_by_who_sends() {
    check(|| {
        let given = given(Transport::new(usize::MAX, false));
        // The first send is under way, and the connection's task sleeps.
        given.mailbox.next(Waker::noop(), None);
        given.mailbox.feed(message(&1)).unwrap();
        given.socket.try_write_inline(&given.mailbox, 0, |_| {});
        // As when a connection is lost, and another made.
        let network = {
            let given = given.clone();
            thread::spawn(move || {
                let in_doubt = given.socket.end(&given.mailbox);
                given.socket.take();
                given.transport.open();
                given.socket.open(socket(&given.transport));
                given.mailbox.next(Waker::noop(), None);
                in_doubt
            })
        };
        given.mailbox.feed(message(&2)).unwrap();
        let through = given.socket.try_write_inline(&given.mailbox, 0, |_| {});
        assert_eq!(through, 0);
        assert_eq!(network.join().unwrap(), 1..2);
        // It has been told.
        given.mailbox.next(Waker::noop(), None);
        let through = given.socket.try_write_inline(&given.mailbox, 1, |_| {});
        assert_eq!(through, 2);
        assert_eq!(given.transport.written(), frames(&[2]));
    });
}
