//! An open connection, until it ends.
use std::cell::Cell;
use std::future::pending;
use std::time::Instant;

use arkws::{
    Bytes, Cause, ClientResponse, CloseCode, CloseFrame, Error, Message, Receiver, Sender, Stats,
    Transport, WebSocket,
};

use super::entry::Entry;
use super::input::Entries;
use super::output::Output;
use crate::answer;
use crate::exit::Failure;
use crate::named_cause;
use crate::stop::{Reason, Stop};

/// What a connection lives with.
pub(super) struct Session<'a> {
    pub(super) entries: &'a mut Entries,
    /// How the server accepted.
    pub(super) response: &'a ClientResponse,
    pub(super) output: &'a Output,
    pub(super) stop: &'a Stop,
    /// Whether the end of the input does not end it.
    pub(super) stays: bool,
}

/// How a connection has ended.
pub(super) enum Ended {
    /// With a closing handshake.
    Closed {
        frame: Option<CloseFrame>,
        /// We have begun it.
        by_us: bool,
    },
    /// Without, or after a violation of the protocol.
    Lost {
        error: Error,
        /// We had begun to close it.
        by_us: bool,
    },
    /// The input cannot be sent.
    Unsendable(Failure),
}

impl Session<'_> {
    /// Sends what comes from the input and writes what comes from the other end. Neither waits for
    /// the other: an echo server may have no room for more until its echoes are read.
    pub(super) async fn run(self, socket: WebSocket<Transport>) -> Ended {
        let Session {
            entries,
            response,
            output,
            stop,
            stays,
        } = self;
        let (mut sender, mut receiver) = socket.split();
        let ping = Cell::new(None);
        let receiving = receive(&mut receiver, output, stop, &ping);
        tokio::pin!(receiving);
        let sending = async {
            let sent = tokio::select! {
                biased;
                () = stop.given() => Ok(normal()),
                sent = send(&mut sender, entries, response, output, &ping, stays) => sent,
            };
            let (frame, sent) = match sent {
                Ok(frame) => (frame, Ok(())),
                Err(failure) => (normal(), Err(failure)),
            };
            sender.start_close(frame);
            sent
        };
        let (by_us, sent, received) = tokio::select! {
            received = &mut receiving => (false, Ok(()), received),
            sent = sending => (true, sent, receiving.await),
        };
        match (sent, received) {
            (Err(failure), _) => Ended::Unsendable(failure),
            (Ok(()), Ok(frame)) => Ended::Closed { frame, by_us },
            (Ok(()), Err(error)) => Ended::Lost { error, by_us },
        }
    }
}

fn normal() -> Option<CloseFrame> {
    Some(CloseFrame::new(CloseCode::NORMAL, ""))
}

/// Does what the input says, until it ends or says goodbye: with this frame.
async fn send(
    sender: &mut Sender<Transport>,
    entries: &mut Entries,
    response: &ClientResponse,
    output: &Output,
    ping: &Cell<Option<Instant>>,
    stays: bool,
) -> Result<Option<CloseFrame>, Failure> {
    while let Some(entry) = entries.recv().await {
        let message = match entry? {
            Entry::Send(message) => message,
            Entry::Ping => {
                ping.set(Some(Instant::now()));
                Message::Ping(Bytes::from_static(PING))
            }
            Entry::Close(frame) => return Ok(frame),
            Entry::Stats => {
                output.tell(&summary(&sender.stats()));
                continue;
            }
            Entry::Headers => {
                output.tell(&answer::head(response.status, &response.headers));
                continue;
            }
        };
        // If nobody reads it, whoever receives will find out.
        _ = output.send(&message);
        match sender.send(message).await {
            Ok(()) => {}
            Err(error) if matches!(error.cause(), Cause::QueueFull | Cause::Invalid) => {
                return Err(Failure::fault(named_cause::words_of(&error)));
            }
            // The receiver is told why.
            Err(_) => return pending().await,
        }
    }
    match stays {
        true => pending().await,
        false => Ok(normal()),
    }
}

/// What pings carry that somebody has typed; those of the heartbeat carry something else.
const PING: &[u8] = b"arkws /ping";

fn summary(stats: &Stats) -> String {
    let Stats {
        messages_sent,
        bytes_sent,
        messages_received,
        bytes_received,
        ..
    } = stats;
    format!(
        "sent {messages_sent} messages ({bytes_sent} bytes in frames), received \
         {messages_received} ({bytes_received} bytes)"
    )
}

/// Writes what comes, until the connection is over: the other end's goodbye.
async fn receive(
    receiver: &mut Receiver<Transport>,
    output: &Output,
    stop: &Stop,
    ping: &Cell<Option<Instant>>,
) -> Result<Option<CloseFrame>, Error> {
    while let Some(message) = receiver.recv().await {
        let message: Message = message?;
        // Behind the end nothing is wanted.
        if matches!(stop.reason(), Some(Reason::Enough | Reason::OutputGone)) {
            continue;
        }
        match &message {
            Message::Pong(data) if &data[..] == PING => {
                if let Some(sent) = ping.take() {
                    let millis = sent.elapsed().as_secs_f64() * 1000.0;
                    output.tell(&format!("answered the ping in {millis:.1} ms"));
                }
            }
            Message::Close(None) => output.tell("the other end closes, without a code"),
            Message::Close(Some(frame)) => {
                output.tell(&format!("the other end closes with {frame}"));
            }
            _ => {}
        }
        match output.receive(&message) {
            Ok(true) => {}
            Ok(false) => stop.give(Reason::Enough),
            Err(_) => stop.give(Reason::OutputGone),
        }
    }
    Ok(receiver.peer_close())
}
