//! What a client does: it connects, sends messages of many sizes one after the other and checks
//! what comes back, ends the connection in one of three ways, and begins anew.
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use arkws::{Client, CloseCode, CloseFrame, DeflateConfig, Message, Transport, WebSocket};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::end::Shared;

/// A text that asks the server to close.
pub(crate) const CLOSE: &str = "close, please";
/// What it then closes with.
pub(crate) const CLOSED_BY_SERVER: u16 = 4001;
/// How many messages a connection lives for, at most.
const LIFE: u32 = 60;
/// How long an answer may take, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all clients of a process share.
pub(crate) struct Clients {
    pub(crate) url: String,
    pub(crate) pause: Duration,
    pub(crate) counts: Shared,
    /// True once they are to end.
    pub(crate) stop: watch::Receiver<bool>,
    /// Bytes that do not compress, from which binary messages are cut.
    noise: Vec<u8>,
}

/// How a connection ends.
enum Ending {
    Close,
    AskForClose,
    Drop,
}

impl Clients {
    pub(crate) fn new(
        url: String,
        pause: Duration,
        counts: Shared,
        stop: watch::Receiver<bool>,
    ) -> Clients {
        let mut noise = vec![0; 2 << 20];
        StdRng::seed_from_u64(0).fill(&mut noise[..]);
        Clients {
            url,
            pause,
            counts,
            stop,
            noise,
        }
    }

    /// One client, which comes again and again until all are to stop.
    pub(crate) async fn live(self: Arc<Self>, seed: u64, compressed: bool) {
        let mut random = StdRng::seed_from_u64(seed);
        while !*self.stop.borrow() {
            if let Err(error) = self.connection(&mut random, compressed).await {
                self.counts.lock().wrong(format!("{error:#}"));
                // A fault that stays is not told a million times.
                sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn connection(&self, random: &mut StdRng, compressed: bool) -> Result<()> {
        let mut client = Client::builder();
        if compressed {
            client = client.deflate(DeflateConfig::default());
        }
        let connecting = client.build()?;
        let (mut socket, _) = connecting
            .connect(&self.url)
            .await
            .context("cannot connect")?;
        let agreed = socket.negotiated().deflate.is_some();
        ensure!(
            agreed == compressed,
            "compression was not agreed on as asked"
        );
        self.counts.lock().connected();

        let lived = self.exchange(&mut socket, random).await;
        let ended = match lived {
            Ok(()) => self.end(socket, random).await,
            Err(error) => Err(error),
        };
        self.counts.lock().open -= 1;
        ended
    }

    async fn exchange(&self, socket: &mut WebSocket<Transport>, random: &mut StdRng) -> Result<()> {
        let mut stop = self.stop.clone();
        for _ in 0..random.random_range(1..=LIFE) {
            let message = self.message(random);
            let sent = message.clone();
            let length = sent.as_bytes().len();
            socket.send(sent).await.context("cannot send")?;
            match timeout(PATIENCE, next(socket))
                .await
                .context("no answer")??
            {
                Some(answer) if answer == message => {}
                other => bail!("{length} bytes were sent, and {} came", shown(other)),
            }
            self.counts.lock().exchanged(length);
            let pause = self.pause.mul_f64(random.random_range(0.0..2.0));
            tokio::select! {
                () = sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            }
        }
        Ok(())
    }

    fn message(&self, random: &mut StdRng) -> Message {
        let most = match random.random_range(0..100) {
            0..70 => 125,
            70..90 => 4 << 10,
            90..99 => 64 << 10,
            _ => 1 << 20,
        };
        let length = random.random_range(1..=most);
        if random.random_bool(0.5) {
            let mut text = String::with_capacity(length + 40);
            while text.len() < length {
                let price: u32 = random.random_range(1_000..9_999);
                text.push_str(&format!("{{\"item\":\"écu\",\"price\":{price}}},"));
            }
            return Message::from(text);
        }
        let at = random.random_range(0..self.noise.len() - length);
        Message::from(self.noise[at..at + length].to_vec())
    }

    async fn end(&self, mut socket: WebSocket<Transport>, random: &mut StdRng) -> Result<()> {
        let ending = match random.random_range(0..10) {
            0..6 => Ending::Close,
            6..8 => Ending::AskForClose,
            _ => Ending::Drop,
        };
        match ending {
            Ending::Drop => return Ok(()),
            Ending::AskForClose => {
                socket.send(Message::from(CLOSE)).await?;
                let last = timeout(PATIENCE, next(&mut socket)).await??;
                match last {
                    Some(Message::Close(Some(frame))) if frame.code().get() == CLOSED_BY_SERVER => {
                    }
                    other => bail!("the server was asked to close, and {} came", shown(other)),
                }
                socket
                    .close(None)
                    .await
                    .context("cannot answer its close")?;
            }
            Ending::Close => {
                let frame = CloseFrame::new(CloseCode::NORMAL, "enough");
                let answer = timeout(PATIENCE, socket.close(Some(frame.clone()))).await?;
                let answer = answer.context("cannot close")?;
                ensure!(
                    answer.as_ref().map(CloseFrame::code) == Some(frame.code()),
                    "the server answered a close of 1000 with {answer:?}"
                );
            }
        }
        self.counts.lock().closed += 1;
        Ok(())
    }
}

/// The next message that is one of the program's, or the close.
async fn next(socket: &mut WebSocket<Transport>) -> Result<Option<Message>, arkws::Error> {
    loop {
        let received = socket.recv().await.transpose()?.map(Message::from);
        match received {
            Some(Message::Ping(_) | Message::Pong(_)) => {}
            other => return Ok(other),
        }
    }
}

fn shown(message: Option<Message>) -> String {
    match message {
        None => "nothing".to_owned(),
        Some(Message::Close(frame)) => format!("a close: {frame:?}"),
        Some(message) => format!("{} other bytes", message.as_bytes().len()),
    }
}
