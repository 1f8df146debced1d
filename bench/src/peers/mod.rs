//! One small module per peer; each drives its library the way its own documentation advises for speed.
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::check::Check;
use crate::measure::{self, Meter};
use crate::scenario::{self, Kind, Scenario};
use crate::wire;

mod arkws;
mod arkws_stream;
mod fastwebsockets;
mod raw;
mod soketto;
mod tokio_tungstenite;
mod tokio_websockets;
mod wtx;
mod yawc;

/// A library, driven.
pub trait Peer: Sized {
    /// Takes over a stream whose handshake is complete.
    fn open(stream: TcpStream) -> Self;
    /// Receives `n` messages.
    async fn receive(&mut self, n: u64, check: &mut Check);
    /// Sends `n` messages, batched; they have been written when this returns.
    async fn send(&mut self, n: u64, message: &[u8], text: bool);
    /// Sends one message; it has been written when this returns.
    async fn send_one(&mut self, message: &[u8], text: bool);
    /// The library's own handshake, then a dropped connection. `None`: it has no client handshake for plain TCP.
    async fn connect(address: SocketAddr) -> Option<Self>;
}

/// What a peer process prints.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Messages (or connections).
    pub messages: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Wall-clock nanoseconds.
    pub wall: u64,
    /// CPU nanoseconds, user and system, all threads.
    pub cpu: u64,
    /// For `ping-pong`: median and 99th percentile, in nanoseconds.
    pub latency: Option<(u64, u64)>,
    /// For `idle`: resident bytes per connection.
    pub resident: Option<u64>,
}

/// All peers, in the order of the tables.
pub const ALL: &[&str] = &[
    "arkws",
    "arkws-stream",
    "tokio-tungstenite",
    "fastwebsockets",
    "tokio-websockets",
    "yawc",
    "yawc-tuned",
    "wtx",
    "soketto",
    "raw",
];

/// Runs one peer in one scenario and prints its outcome as JSON.
pub fn run(name: &str, scenario: &str, address: SocketAddr) {
    let scenario = scenario::find(scenario).expect("a scenario");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = runtime.block_on(async {
        match name {
            "arkws" => drive::<arkws::Peer>(scenario, address).await,
            "arkws-stream" => drive::<arkws_stream::Peer>(scenario, address).await,
            "tokio-tungstenite" => drive::<tokio_tungstenite::Peer>(scenario, address).await,
            "fastwebsockets" => drive::<fastwebsockets::Peer>(scenario, address).await,
            "tokio-websockets" => drive::<tokio_websockets::Peer>(scenario, address).await,
            "yawc" => drive::<yawc::Peer<false>>(scenario, address).await,
            "yawc-tuned" => drive::<yawc::Peer<true>>(scenario, address).await,
            "wtx" => drive::<wtx::Peer>(scenario, address).await,
            "soketto" => drive::<soketto::Peer>(scenario, address).await,
            "raw" => drive::<raw::Peer>(scenario, address).await,
            other => panic!("no peer {other:?}"),
        }
    });
    println!("{}", serde_json::to_string(&outcome).expect("JSON"));
}

async fn drive<P: Peer>(scenario: &Scenario, address: SocketAddr) -> Option<Outcome> {
    let Scenario {
        kind,
        size,
        text,
        messages,
        ..
    } = *scenario;
    let payload = scenario::payload(size, text);
    let mut check = Check::new(payload.clone());
    let task = |mode: &str| {
        format!(
            "/{mode}/{size}/{messages}/{}",
            if text { "text" } else { "binary" }
        )
    };
    let mut latency = None;
    let mut resident = None;
    let cost = match kind {
        Kind::Receive => {
            let mut peer = P::open(handshake(address, &task("blast")).await);
            let meter = Meter::start();
            peer.receive(messages, &mut check).await;
            meter.stop()
        }
        Kind::Send | Kind::SendEach => {
            let mut peer = P::open(handshake(address, &task("drain")).await);
            let mut ok = Check::new(b"ok".to_vec());
            let meter = Meter::start();
            if kind == Kind::Send {
                peer.send(messages, &payload, text).await;
            } else {
                for _ in 0..messages {
                    peer.send_one(&payload, text).await;
                }
            }
            let cost = meter.stop();
            peer.receive(1, &mut ok).await;
            cost
        }
        Kind::PingPong => {
            let mut peer = P::open(handshake(address, "/echo").await);
            let mut times = Vec::with_capacity(messages as usize);
            let meter = Meter::start();
            for _ in 0..messages {
                let start = Instant::now();
                peer.send_one(&payload, text).await;
                peer.receive(1, &mut check).await;
                times.push(start.elapsed());
            }
            let cost = meter.stop();
            times.sort_unstable();
            let at = |part: f64| times[(times.len() as f64 * part) as usize].as_nanos() as u64;
            latency = Some((at(0.5), at(0.99)));
            cost
        }
        Kind::Window => {
            const WINDOW: u64 = 64;
            let mut peer = P::open(handshake(address, "/echo").await);
            let meter = Meter::start();
            // The window moves by halves: what arrives is answered in a batch, as a program under load does.
            peer.send(WINDOW, &payload, text).await;
            for _ in 0..messages / (WINDOW / 2) - 2 {
                peer.receive(WINDOW / 2, &mut check).await;
                peer.send(WINDOW / 2, &payload, text).await;
            }
            peer.receive(WINDOW, &mut check).await;
            meter.stop()
        }
        Kind::Handshake => {
            let meter = Meter::start();
            for _ in 0..messages {
                P::connect(address).await?;
            }
            meter.stop()
        }
        Kind::Idle => {
            let mut peers = Vec::with_capacity(messages as usize);
            let mut streams = Vec::with_capacity(messages as usize);
            for _ in 0..messages {
                streams.push(handshake(address, "/echo").await);
            }
            let before = measure::resident();
            let meter = Meter::start();
            for stream in streams {
                peers.push(P::open(stream));
            }
            // One echo each: what the connection keeps after traffic counts.
            for peer in &mut peers {
                peer.send_one(b"0123456789abcdef", false).await;
                peer.receive(1, &mut Check::new(b"0123456789abcdef".to_vec()))
                    .await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            resident = Some(measure::resident().saturating_sub(before) / messages);
            meter.stop()
        }
    };
    Some(Outcome {
        messages,
        bytes: messages * size as u64,
        wall: cost.wall.as_nanos() as u64,
        cpu: cost.cpu.as_nanos() as u64,
        latency,
        resident,
    })
}

/// The opening handshake by hand, byte by byte so that no frame is swallowed.
async fn handshake(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.set_nodelay(true).expect("TCP_NODELAY");
    stream
        .write_all(wire::request(path).as_bytes())
        .await
        .expect("writes");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("reads"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    stream
}
