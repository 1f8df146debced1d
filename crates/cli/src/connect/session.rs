//! An open connection, until it ends.
use std::future::pending;

use arkws::{Cause, CloseCode, CloseFrame, Error, Message, Receiver, Sender, Transport, WebSocket};

use super::input::Messages;
use super::output::Output;
use crate::exit::Failure;
use crate::stop::{Reason, Stop};

/// What a connection lives with.
pub(super) struct Session<'a> {
    pub(super) messages: &'a mut Messages,
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
            messages,
            output,
            stop,
            stays,
        } = self;
        let (mut sender, mut receiver) = socket.split();
        let receiving = receive(&mut receiver, output, stop);
        tokio::pin!(receiving);
        let sending = async {
            let sent = tokio::select! {
                biased;
                () = stop.given() => Ok(()),
                sent = send(&mut sender, messages, output, stays) => sent,
            };
            sender.start_close(Some(CloseFrame::new(CloseCode::NORMAL, "")));
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

/// Sends the messages of the input, until it ends.
async fn send(
    sender: &mut Sender<Transport>,
    messages: &mut Messages,
    output: &Output,
    stays: bool,
) -> Result<(), Failure> {
    while let Some(message) = messages.recv().await {
        let message = message?;
        // If nobody reads it, whoever receives will find out.
        _ = output.send(&message);
        match sender.send(message).await {
            Ok(()) => {}
            Err(error) if matches!(error.cause(), Cause::QueueFull | Cause::Invalid) => {
                return Err(Failure::fault(error.to_string()));
            }
            // The receiver is told why.
            Err(_) => return pending().await,
        }
    }
    match stays {
        true => pending().await,
        false => Ok(()),
    }
}

/// Writes what comes, until the connection is over: the other end's goodbye.
async fn receive(
    receiver: &mut Receiver<Transport>,
    output: &Output,
    stop: &Stop,
) -> Result<Option<CloseFrame>, Error> {
    while let Some(message) = receiver.recv().await {
        let message: Message = message?;
        // Behind the end nothing is wanted.
        if matches!(stop.reason(), Some(Reason::Enough | Reason::OutputGone)) {
            continue;
        }
        match output.receive(&message) {
            Ok(true) => {}
            Ok(false) => stop.give(Reason::Enough),
            Err(_) => stop.give(Reason::OutputGone),
        }
    }
    Ok(receiver.peer_close())
}
