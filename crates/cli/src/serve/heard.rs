//! The messages of one client, on their way to what answers them.
use std::future::pending;

use arkws::Message;
use tokio::sync::{mpsc, oneshot};

use super::outgoing::{Action, Outgoing};

/// Where messages come in.
pub(super) struct Hears(mpsc::Sender<(Message, Answered)>);

/// Where they come out. Whoever takes the next one has answered the one before.
pub(super) struct Heard {
    messages: mpsc::Receiver<(Message, Answered)>,
    outgoing: Outgoing,
    /// Of the last message.
    answered: Option<Answered>,
    answers: u64,
    /// After so many answers the connection comes to its end.
    end_after: Option<u64>,
}

/// Whoever waits for the answer to a message waits until this is dropped.
type Answered = oneshot::Sender<()>;

/// The messages of a client that `outgoing` leads to.
pub(super) fn heard(outgoing: Outgoing, end_after: Option<u64>) -> (Hears, Heard) {
    let (sender, messages) = mpsc::channel(1);
    let heard = Heard {
        messages,
        outgoing,
        answered: None,
        answers: 0,
        end_after,
    };
    (Hears(sender), heard)
}

impl Hears {
    /// Has a message answered, and waits for that: what is read behind it may be a goodbye, after
    /// which nothing can be sent.
    pub(super) async fn hear(&self, message: Message) {
        let (answered, is_answered) = oneshot::channel();
        // If nobody listens any more, the connection is closing.
        if self.0.send((message, answered)).await.is_ok() {
            _ = is_answered.await;
        }
    }
}

impl Heard {
    /// The next message; `None`: there is no other.
    ///
    /// # Cancel safety
    /// Safe: no message is lost.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let answers = self.answers + u64::from(self.answered.is_some());
        if self.end_after == Some(answers) {
            self.outgoing.give(Action::Fault).await;
            return pending().await;
        }
        self.answers = answers;
        self.answered = None;
        let (message, answered) = self.messages.recv().await?;
        self.answered = Some(answered);
        Some(message)
    }
}
