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
pub(super) enum Order {
    Send(Message),
    /// Say goodbye.
    Close(Option<CloseFrame>),
    /// The connection ends as the faults say.
    Fault,
}

/// Where orders come in.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    orders: mpsc::Sender<Given>,
    delay: Duration,
}

/// An order, when it is due, and what is dropped when it is carried out.
type Given = (Instant, Order, oneshot::Sender<()>);

/// Where they come out.
pub(super) type Orders = mpsc::Receiver<Given>;

/// Orders to one client, each of which is carried out so much later.
pub(super) fn outgoing(faults: &Faults) -> (Outgoing, Orders) {
    let (sender, orders) = mpsc::channel(1024);
    let outgoing = Outgoing {
        orders: sender,
        delay: faults.delay.unwrap_or_default(),
    };
    (outgoing, orders)
}

impl Outgoing {
    /// Waits until it is carried out; or, if that is to be later, until there is room.
    pub(super) async fn give(&self, order: Order) {
        let due = Instant::now() + self.delay;
        let (done, is_done) = oneshot::channel();
        // If nobody listens any more, the connection is closing.
        if self.orders.send((due, order, done)).await.is_ok() && self.delay.is_zero() {
            _ = is_done.await;
        }
    }
}

/// Carries orders out. Returns at [`Order::Fault`], or with the reason when the connection is over.
pub(super) async fn carry_out(
    mut orders: Orders,
    sender: &mut Sender<Line>,
    fragment: Option<u32>,
) -> Result<(), Error> {
    while let Some((due, order, _done)) = orders.recv().await {
        sleep_until(due).await;
        match order {
            Order::Send(message) => send(sender, message, fragment).await?,
            Order::Close(frame) => _ = sender.start_close(frame),
            Order::Fault => return Ok(()),
        }
    }
    std::future::pending().await
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
