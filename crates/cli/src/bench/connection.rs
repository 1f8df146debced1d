//! One connection: sends what is due and pairs answers with messages.
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use arkws::{CloseCode, CloseFrame, Error, MessageRef, Transport, WebSocket};
use tokio::task::coop::consume_budget;

use super::phase::Phase;
use super::plan::SendPace;
use super::schedule::Due;
use super::shared::Bench;

/// While so much waits to be written, nothing more is sent: what leaves in one write.
const QUEUED: usize = 56 << 10;

/// What goes over an open connection.
pub(super) struct Exchange<'a> {
    bench: &'a Bench,
    number: u32,
    socket: WebSocket<Transport>,
    /// Those that wait for an answer, the oldest first.
    in_flight: VecDeque<InFlight>,
    /// Messages sent.
    sent: u64,
    /// What is sent next; `None`: it has to be taken.
    next: Option<Due>,
    /// When the alarm will wake this, if it was asked to.
    woken_at: Option<Instant>,
    /// There is nothing more to be sent.
    is_done: bool,
    /// Nothing can be sent any more, and why is still to be received.
    is_ending: bool,
}

#[derive(Debug)]
struct InFlight {
    /// When it was to be sent.
    due: Instant,
    number: u64,
}

enum Happened {
    /// A message, of this size. `None`: something else was received.
    Received(Option<usize>),
    /// It may be time to send.
    Send,
    PhaseEnded,
    Closed(Option<CloseFrame>),
    Lost(Error),
}

/// How a connection has ended before its time.
enum Broken {
    Closed(Option<CloseFrame>),
    Lost(Error),
}

impl<'a> Exchange<'a> {
    pub(super) fn new(bench: &'a Bench, number: u32, socket: WebSocket<Transport>) -> Self {
        Exchange {
            bench,
            number,
            socket,
            in_flight: VecDeque::new(),
            sent: 0,
            next: None,
            woken_at: None,
            is_done: false,
            is_ending: false,
        }
    }

    /// Sends and receives until the run is over, or the connection.
    pub(super) async fn run(mut self) {
        let ended = self.exchange().await;
        let unanswered = self.in_flight.len() as u64;
        self.bench.counters.of(self.number).unanswered += unanswered;
        let errors = &self.bench.errors;
        match ended {
            Err(Broken::Lost(error)) => errors.of_connection(&error),
            Err(Broken::Closed(frame)) => errors.of_close(frame.as_ref()),
            Ok(()) => {
                let goodbye = CloseFrame::new(CloseCode::NORMAL, "");
                if let Err(error) = self.socket.close(Some(goodbye)).await {
                    errors.of_connection(&error);
                }
            }
        }
    }

    async fn exchange(&mut self) -> Result<(), Broken> {
        let bench = self.bench;
        for phase in Phase::OF_CONNECTION {
            let next = phase.next().unwrap_or(Phase::Closing);
            let mut over = Box::pin(bench.phases.reached(next));
            loop {
                match phase {
                    Phase::Opening => {}
                    Phase::Sending => self.send(),
                    // What was due before the end is sent, however late: to leave it out would make
                    // a slow server look better.
                    _ if bench.schedule.has_rate() => self.send(),
                    _ => self.is_done = true,
                }
                if self.is_done && self.in_flight.is_empty() && !self.is_ending {
                    return Ok(());
                }
                match self.event(over.as_mut(), phase).await {
                    // A greeting.
                    Happened::Received(_) if phase == Phase::Opening => {}
                    Happened::Received(Some(size)) => self.note_received(size),
                    Happened::Received(None) => {}
                    // A server that takes whatever it gets lets this task go on for ever.
                    Happened::Send => consume_budget().await,
                    Happened::PhaseEnded => break,
                    Happened::Closed(frame) => return Err(Broken::Closed(frame)),
                    Happened::Lost(error) => return Err(Broken::Lost(error)),
                }
            }
        }
        Ok(())
    }

    /// Queues what is due, as far as there is room. It is written while we receive.
    fn send(&mut self) {
        let bench = self.bench;
        while self.has_room() {
            let now = Instant::now();
            let due = match self.take_due() {
                None => return,
                Some(Due::At(at)) if at > now => return,
                Some(Due::At(at)) => Some(at),
                Some(Due::Now) => None,
            };
            let Ok(size) = bench.plan.payload.feed(self.sent, &mut self.socket) else {
                self.is_ending = true;
                return;
            };
            let late = due.map(|due| now - due);
            let mut numbers = bench.counters.of(self.number);
            numbers.note_sent(size, now, late);
            if bench.plan.expects_answers {
                self.in_flight.push_back(InFlight {
                    due: due.unwrap_or(now),
                    number: self.sent,
                });
            }
            self.sent += 1;
            self.next = None;
        }
    }

    fn has_room(&self) -> bool {
        if matches!(self.bench.plan.pace, SendPace::AtFirst(most) if self.sent >= most) {
            return false;
        }
        let is_within = self.in_flight.len() < self.bench.plan.most_in_flight();
        is_within && self.socket.queued() < QUEUED && !self.is_ending
    }

    /// The next message. `None`: there is none.
    fn take_due(&mut self) -> Option<Due> {
        if self.next.is_none() && !self.is_done {
            self.next = self.bench.schedule.take();
            self.is_done = self.next.is_none();
        }
        self.next
    }

    /// Writes, reads, and waits for whatever comes first.
    async fn event(
        &mut self,
        mut over: Pin<&mut impl Future<Output = ()>>,
        phase: Phase,
    ) -> Happened {
        poll_fn(|cx| {
            match self.socket.poll_recv(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    return Poll::Ready(received(self.bench, &self.in_flight, &message));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Happened::Lost(error)),
                Poll::Ready(None) => {
                    return Poll::Ready(Happened::Closed(self.socket.peer_close()));
                }
                Poll::Pending => {}
            }
            if over.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Happened::PhaseEnded);
            }
            if phase > Phase::Opening && !self.is_done && self.has_room() {
                match self.next {
                    // A window has been filled, so that there is no room in it.
                    None | Some(Due::Now) => return Poll::Ready(Happened::Send),
                    Some(Due::At(at)) if at <= Instant::now() => {
                        return Poll::Ready(Happened::Send);
                    }
                    Some(Due::At(at)) if self.woken_at != Some(at) => {
                        self.woken_at = Some(at);
                        self.bench.alarm.wake_at(at, cx.waker().clone());
                    }
                    Some(Due::At(_)) => {}
                }
            }
            Poll::Pending
        })
        .await
    }

    fn note_received(&mut self, size: usize) {
        let now = Instant::now();
        let mut numbers = self.bench.counters.of(self.number);
        match self.in_flight.pop_front() {
            Some(message) => numbers.note_answer(size, now, Some(now - message.due)),
            None if self.bench.plan.only_receives() => numbers.note_answer(size, now, None),
            None => numbers.unasked += 1,
        }
    }
}

/// Looks at a message while it is there.
fn received(bench: &Bench, in_flight: &VecDeque<InFlight>, message: &MessageRef<'_>) -> Happened {
    let (data, is_text) = match message {
        MessageRef::Text(text) => (text.as_bytes(), true),
        MessageRef::Binary(data) => (&data[..], false),
        _ => return Happened::Received(None),
    };
    if bench.plan.verifies
        && let Some(asked) = in_flight.front()
        && !bench.plan.payload.is(asked.number, data, is_text)
    {
        bench.errors.of_messages("answers that differ", 1);
    }
    Happened::Received(Some(data.len()))
}
