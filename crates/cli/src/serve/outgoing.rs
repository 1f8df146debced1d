//! What is sent to a client: in order, late or in fragments if that is wanted.
use std::time::Duration;

use arkws::{CloseFrame, Error, Message, MessageKind, Sender};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::arguments::Faults;
use super::line::Line;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action {
    Send(Message),
    /// Say goodbye.
    Close(Option<CloseFrame>),
    /// The connection ends as the faults say.
    Fault,
}

/// Where actions are queued.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    actions: mpsc::Sender<Queued>,
    delay: Duration,
}

/// An action, when it is due, and what is dropped when it is carried out.
type Queued = (Instant, Action, oneshot::Sender<()>);

/// Where they come out.
pub(super) type Actions = mpsc::Receiver<Queued>;

/// Actions to one client, each of which is carried out so much later.
pub(super) fn outgoing(faults: &Faults) -> (Outgoing, Actions) {
    let (sender, actions) = mpsc::channel(1024);
    let outgoing = Outgoing {
        actions: sender,
        delay: faults.delay.unwrap_or_default(),
    };
    (outgoing, actions)
}

impl Outgoing {
    /// Waits until it is carried out; or, if that is to be later, until there is room.
    pub(super) async fn give(&self, action: Action) {
        let due = Instant::now() + self.delay;
        let (done, is_done) = oneshot::channel();
        // If nobody listens any more, the connection is closing.
        if self.actions.send((due, action, done)).await.is_ok() && self.delay.is_zero() {
            _ = is_done.await;
        }
    }
}

/// Carries actions out. Returns at [`Action::Fault`], or with why the connection is over.
pub(super) async fn carry_out(
    mut actions: Actions,
    sender: &mut Sender<Line>,
    fragment: Option<u32>,
) -> Result<(), Error> {
    while let Some((due, action, _done)) = actions.recv().await {
        until(due).await;
        match action {
            Action::Send(message) => send(sender, message, fragment).await?,
            Action::Close(frame) => _ = sender.start_close(frame),
            Action::Fault => return Ok(()),
        }
    }
    std::future::pending().await
}

/// Waits for that time. A timer would take a millisecond for a time that has come already.
async fn until(due: Instant) {
    if due > Instant::now() {
        sleep_until(due).await;
    }
}

async fn send(
    sender: &mut Sender<Line>,
    message: Message,
    fragment: Option<u32>,
) -> Result<(), Error> {
    let kind = match &message {
        Message::Text(_) => MessageKind::Text,
        Message::Binary(_) => MessageKind::Binary,
        _ => return sender.send(message).await,
    };
    let Some(fragment) = fragment else {
        return sender.send(message).await;
    };
    let mut writer = sender.message_writer(kind);
    let mut parts = message.as_bytes().chunks(fragment as usize).peekable();
    while let Some(part) = parts.next() {
        writer.write_all(part).await?;
        // The last one leaves with the end.
        if parts.peek().is_some() {
            writer.flush().await?;
        }
    }
    writer.finish().await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_due_is_not_held_back_by_a_timer() {
        assert!(until(Instant::now()).now_or_never().is_some());
        let later = Instant::now() + Duration::from_secs(3600);
        assert!(until(later).now_or_never().is_none());
    }
}
