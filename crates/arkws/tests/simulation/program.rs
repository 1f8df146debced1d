//! What a program does with one end of a connection, and the record of it.
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arkws::{
    Cause, CloseFrame, Error, Message, Phase, Receiver, Role, SendError, Sender, Transport,
    WebSocket,
};
use bytes::Bytes;
use tokio::time::{Instant, sleep, sleep_until};

use crate::pieces;
use crate::schedule::{Action, End, Program, Step};

/// Something that one end was told or did, and when.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) at: Instant,
    pub(crate) what: T,
}

/// How receiving went on, once.
#[derive(Debug, Clone)]
pub(crate) enum Received {
    Closed(Option<CloseFrame>),
    Failed(Failure),
    /// `None`: nothing more comes.
    End,
}

/// What an error says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) phase: Option<Phase>,
    pub(crate) ended_by_peer: bool,
    pub(crate) text: String,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Failure {
        let (phase, ended_by_peer) = match error {
            Error::Timeout { phase, .. } | Error::DialTimeout { phase, .. } => {
                (Some(*phase), false)
            }
            Error::Lost(error) => (None, error.kind() == std::io::ErrorKind::UnexpectedEof),
            _ => (None, false),
        };
        Failure {
            cause: error.cause(),
            phase,
            ended_by_peer,
            text: error.to_string(),
        }
    }
}

/// A message that was not queued.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) error: SendError,
    pub(crate) queued: usize,
}

/// A flush that has come to an end.
#[derive(Debug, Clone)]
pub(crate) struct Flush {
    pub(crate) since: Instant,
    /// How many bytes the transport had accepted when all had left that was queued then, without
    /// those of the opening handshake.
    pub(crate) through: Option<u64>,
    pub(crate) until: Instant,
    pub(crate) failed: Option<Failure>,
}

/// What one end did and was told.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) opened: Option<Instant>,
    pub(crate) sent: Vec<At<Message>>,
    pub(crate) pings_sent: Vec<At<Bytes>>,
    pub(crate) refused: Vec<At<Refused>>,
    pub(crate) most_queued: usize,
    /// Whether a message was taken while this many bytes waited.
    pub(crate) taken_at: usize,
    pub(crate) flushes: Vec<Flush>,
    /// From when to when the next piece of a message was still to come, when one had left.
    pub(crate) gaps: Vec<(Instant, Instant)>,
    /// The last message may have left, or not.
    pub(crate) in_doubt: bool,
    pub(crate) close_started: Option<At<Option<CloseFrame>>>,
    pub(crate) received: Vec<At<Message>>,
    pub(crate) pings_received: Vec<Bytes>,
    pub(crate) pongs_received: Vec<Bytes>,
    pub(crate) told: Vec<At<Received>>,
    /// Messages and pings that came after the end was told.
    pub(crate) late: usize,
    /// It did not receive from the one to the other.
    pub(crate) pauses: Vec<(Instant, Instant)>,
    /// After the end: why a message is refused then.
    pub(crate) refused_at_last: Option<SendError>,
    /// Its program has dropped the socket before it was told the end.
    pub(crate) dropped: Option<Instant>,
    pub(crate) finished: Option<Instant>,
}

impl Record {
    /// It was told the end, if at all, once, then that there is no more; and nothing came behind.
    pub(crate) fn was_told_the_end_once(&self) -> bool {
        let told: Vec<_> = self.told.iter().map(|told| &told.what).collect();
        let is_well = match (&told[..], self.dropped) {
            (
                [
                    Received::Closed(_) | Received::Failed(_),
                    Received::End,
                    Received::End,
                ],
                None,
            ) => true,
            ([] | [Received::Closed(_) | Received::Failed(_)], Some(_)) => true,
            _ => self.finished.is_none() && told.len() < 2,
        };
        is_well && self.late == 0
    }
}

/// The record of one end, shared by its tasks.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap()
    }

    /// Notes a message. `false`: it was the end.
    fn received(&self, message: Option<Result<Message, Error>>) -> bool {
        let at = Instant::now();
        let mut record = self.record();
        if !record.told.is_empty() && matches!(&message, Some(Ok(it)) if !it.is_close()) {
            record.late += 1;
        }
        let told = match message {
            Some(Ok(Message::Ping(data))) => {
                record.pings_received.push(data);
                return true;
            }
            Some(Ok(Message::Pong(data))) => {
                record.pongs_received.push(data);
                return true;
            }
            Some(Ok(Message::Close(frame))) => Received::Closed(frame),
            Some(Ok(what)) => {
                record.received.push(At { at, what });
                return true;
            }
            Some(Err(error)) => Received::Failed(Failure::from(&error)),
            None => Received::End,
        };
        let goes_on = !matches!(told, Received::End);
        record.told.push(At { at, what: told });
        goes_on
    }

    /// Notes what became of a message that was to be queued when `before` bytes waited.
    fn fed(&self, message: &Message, before: usize, fed: Result<(), SendError>, queued: usize) {
        let at = Instant::now();
        let mut record = self.record();
        record.most_queued = record.most_queued.max(queued);
        match (fed, message) {
            (Ok(()), Message::Ping(data)) => {
                let what = data.clone();
                record.pings_sent.push(At { at, what });
            }
            (Ok(()), message) => {
                record.taken_at = record.taken_at.max(before);
                let what = message.clone();
                record.sent.push(At { at, what });
            }
            (Err(error), _) => {
                let queued = before;
                let what = Refused { error, queued };
                record.refused.push(At { at, what });
            }
        }
    }

    pub(crate) fn flushed(&self, since: Instant, through: Option<u64>, result: Result<(), Error>) {
        self.record().flushes.push(Flush {
            since,
            through,
            until: Instant::now(),
            failed: result.err().as_ref().map(Failure::from),
        });
    }

    pub(crate) fn close_started(&self, frame: &Option<CloseFrame>, started: bool) {
        if started {
            let (at, what) = (Instant::now(), frame.clone());
            self.record().close_started = Some(At { at, what });
        }
    }

    /// It was told that the connection has come to its end.
    pub(crate) fn is_told(&self) -> bool {
        !self.record().told.is_empty()
    }

    async fn pause(&self, lasts: Duration) {
        let start = Instant::now();
        sleep(lasts).await;
        self.record().pauses.push((start, Instant::now()));
    }
}

/// Runs a program to the end of its connection.
pub(crate) async fn run(socket: WebSocket<Transport>, program: Program, recorder: Recorder) {
    recorder.record().opened = Some(Instant::now());
    let done = recorder.clone();
    match program.splits {
        true => {
            let (sender, receiver) = socket.split();
            let (steps, end) = (program.steps, program.end);
            let drops = matches!(end, End::Drops);
            let sending = send(sender, steps, end, recorder.clone());
            let receiving = receive(
                receiver,
                program.reads_pieces,
                program.pauses,
                recorder.clone(),
            );
            match drops {
                // Both halves go when the sender is done.
                true => {
                    tokio::select! {
                        biased;
                        () = receiving => {}
                        _sender = sending => {}
                    }
                }
                false => {
                    let (sender, ()) = tokio::join!(sending, receiving);
                    at_last(sender, &recorder);
                }
            }
        }
        false => run_on_one_task(socket, program, &recorder).await,
    }
    let mut record = done.record();
    record.finished = Some(Instant::now());
    if !matches!(
        record.told.last(),
        Some(At {
            what: Received::End,
            ..
        })
    ) {
        record.dropped = Some(Instant::now());
    }
}

async fn send(
    mut sender: Sender<Transport>,
    steps: Vec<Step>,
    end: End,
    recorder: Recorder,
) -> Sender<Transport> {
    for Step { wait, action } in steps {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let (message, flushes) = match action {
            Action::Send { message, flushes } => (message, flushes),
            Action::Ping(data) => (Message::Ping(data), false),
            Action::Pieces {
                message,
                pieces,
                ends,
            } => match pieces::send(&mut sender, message, &pieces, ends, &recorder).await {
                true => continue,
                false => return sender,
            },
        };
        let before = sender.queued();
        let fed = sender.feed_message(message.clone());
        recorder.fed(
            &message,
            before,
            fed.map_err(|it| it.error),
            sender.queued(),
        );
        match flushes {
            true => flush(&mut sender, &recorder).await,
            false => {
                let since = Instant::now();
                recorder.flushed(since, None, sender.ready().await);
            }
        }
    }
    flush(&mut sender, &recorder).await;
    if let End::Closes(frame) = end {
        recorder.close_started(&frame, sender.start_close(frame.clone()));
    }
    sender
}

async fn flush(sender: &mut Sender<Transport>, recorder: &Recorder) {
    let since = Instant::now();
    let through = sender.stats().bytes_sent + sender.queued() as u64;
    recorder.flushed(since, Some(through), sender.flush().await);
}

/// After the end nothing is taken any more.
fn at_last(mut sender: Sender<Transport>, recorder: &Recorder) {
    recorder.record().refused_at_last = sender.feed_text("too late").err();
}

async fn receive(
    mut receiver: Receiver<Transport>,
    reads_pieces: bool,
    pauses: Vec<(usize, Duration)>,
    recorder: Recorder,
) {
    let mut count = 0;
    loop {
        for &(after, lasts) in &pauses {
            if after == count {
                recorder.pause(lasts).await;
            }
        }
        count += 1;
        let message = match reads_pieces {
            true => pieces::receive(&mut receiver, &recorder).await,
            false => receiver.recv().await,
        };
        if !recorder.received(message) {
            break;
        }
    }
    recorder.received(receiver.recv().await);
}

async fn run_on_one_task(mut socket: WebSocket<Transport>, program: Program, recorder: &Recorder) {
    let mut steps = program.steps.into_iter().peekable();
    let mut end = Some(program.end);
    let mut next = Instant::now();
    let mut count = 0;
    loop {
        for &(after, lasts) in &program.pauses {
            if after == count {
                recorder.pause(lasts).await;
            }
        }
        count += 1;
        loop {
            let wait = steps.peek().map_or(Duration::ZERO, |step| step.wait);
            let is_due = sleep_until(next + wait);
            let message = tokio::select! {
                biased;
                () = is_due, if end.is_some() => None,
                message = socket.recv() => Some(message.map(|it| it.map(Message::from))),
            };
            if let Some(message) = message {
                if recorder.received(message) {
                    break;
                }
                let again = socket.recv().await.map(|it| it.map(Message::from));
                recorder.received(again);
                recorder.record().refused_at_last = socket.feed_text("too late").err();
                return;
            }
            next = Instant::now();
            match steps.next().map(|step| step.action) {
                Some(Action::Send { message, .. }) => feed(&mut socket, message, recorder),
                Some(Action::Ping(data)) => feed(&mut socket, Message::Ping(data), recorder),
                Some(Action::Pieces { .. }) => unreachable!("with two tasks only"),
                None => match end.take() {
                    Some(End::Closes(frame)) => {
                        recorder.close_started(&frame, socket.start_close(frame.clone()));
                    }
                    Some(End::Drops) => return,
                    Some(End::Waits) | None => {}
                },
            }
        }
    }
}

fn feed(socket: &mut WebSocket<Transport>, message: Message, recorder: &Recorder) {
    let before = socket.queued();
    let fed = socket.feed_message(message.clone());
    recorder.fed(
        &message,
        before,
        fed.map_err(|it| it.error),
        socket.queued(),
    );
}

/// Which end it is, for whoever shows a record.
pub(crate) fn name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}
