//! The end in Rust: a server that sends back what it gets, and clients of the other end's.
//!
//! It says where its server listens, reads where the other's does, and says once a second what it
//! has done. When standard input says `stop` its clients end what they are about; it says so, and
//! lives until standard input ends, so that one can see what is left.
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use arkws::{
    Acceptor, CloseCode, CloseFrame, DeflateConfig, Message, Server, Transport, WebSocket,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{interval, sleep};

use crate::Load;
use crate::traffic::{CLOSE, CLOSED_BY_SERVER, Clients};

/// How much later each client begins than the one before it.
const RAMP: Duration = Duration::from_millis(5);

/// What an end has done so far, and what is open.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Connections of its clients that are open.
    pub(crate) open: usize,
    /// Clients of its server.
    pub(crate) served: usize,
    pub(crate) connections: u64,
    /// With a close that both sides said.
    pub(crate) closed: u64,
    /// That came back as they were sent.
    pub(crate) messages: u64,
    /// Of these messages, before compression.
    pub(crate) bytes: u64,
    /// How many things went wrong.
    pub(crate) faults: u64,
    /// The first of them, in words.
    pub(crate) words: Vec<String>,
    /// How late the event loop was in the last second, in milliseconds: 99 of 100 times not later
    /// than this. Zero for Rust.
    pub(crate) late: f64,
    /// Memory of JavaScript, in bytes.
    pub(crate) heap: u64,
}

impl Counts {
    pub(crate) fn connected(&mut self) {
        self.open += 1;
        self.connections += 1;
    }

    pub(crate) fn exchanged(&mut self, length: usize) {
        self.messages += 1;
        self.bytes += length as u64;
    }

    pub(crate) fn wrong(&mut self, words: String) {
        self.faults += 1;
        if self.words.len() < 20 {
            self.words.push(words);
        }
    }
}

/// What all tasks of the end count in.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Counts>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0
            .lock()
            .expect("nobody panics with the counts in hand")
    }
}

pub(crate) async fn run(load: &Load) -> Result<()> {
    let counts = Shared::default();
    let server = Server::bind("127.0.0.1:0").await?;
    let deflate = DeflateConfig::default();
    let server = server
        .acceptor(Acceptor::builder().deflate(deflate).build())
        .serve(|mut socket, _request| async move {
            // A client that is gone in the middle is what this is about; the clients tell faults.
            let _ = echo(&mut socket).await;
        });
    let address = server.local_addr().context("a server has an address")?;
    let mut commands = BufReader::new(stdin()).lines();
    let first = tokio::spawn(async move { (commands.next_line().await, commands) });
    // The thread that reads is there before anyone counts threads.
    yield_now().await;
    println!("ws://{address}/");
    let (url, mut commands) = first.await?;
    let url = url?.context("no URL on standard input")?;
    let (stop, stopped) = watch::channel(false);
    let pause = Duration::from_millis(load.pause);
    let clients = Arc::new(Clients::new(url, pause, counts.clone(), stopped));
    let mut tasks = JoinSet::new();
    for number in 0..load.connections / 2 {
        let client = clients
            .clone()
            .live(load.seed + number as u64, number % 2 == 0);
        tasks.spawn(async move {
            sleep(RAMP * number as u32).await;
            client.await;
        });
    }

    report_until_stopped(&counts, &server, &mut commands).await?;
    stop.send_replace(true);
    tasks.join_all().await;
    println!("{}", serde_json::to_string(&counts.lock().clone())?);
    println!("ended");
    // The other end's clients may have more to do.
    let rest = commands.next_line().await?;
    let cut_off = server.shutdown(Duration::from_secs(10)).await;
    if cut_off != 0 || rest.is_some() {
        bail!("{cut_off} connections were left, {rest:?} came");
    }
    Ok(())
}

async fn report_until_stopped(
    counts: &Shared,
    server: &Server,
    commands: &mut Lines<BufReader<Stdin>>,
) -> Result<()> {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = seconds.tick() => {
                let mut counts = counts.lock();
                counts.served = server.connections();
                println!("{}", serde_json::to_string(&*counts)?);
            }
            command = commands.next_line() => return match command?.as_deref() {
                Some("stop") => Ok(()),
                other => bail!("{other:?} is no command"),
            },
        }
    }
}

/// Sends back what comes, and closes when it is asked to.
async fn echo(socket: &mut WebSocket<Transport>) -> Result<(), arkws::Error> {
    while let Some(message) = socket.recv().await {
        let message = Message::from(message?);
        match message {
            Message::Text(text) if &*text == CLOSE => {
                let code = CloseCode::new(CLOSED_BY_SERVER).expect("a code for applications");
                let frame = CloseFrame::new(code, "as you wish");
                socket.close(Some(frame)).await?;
            }
            Message::Text(_) | Message::Binary(_) => socket.send(message).await?,
            _ => {}
        }
    }
    Ok(())
}
