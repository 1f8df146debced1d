//! One small module per peer; each drives its library as its own documentation advises for speed.
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::client::TlsStream;

use crate::check::{Check, Source};
use crate::measure::{Cost, Meter, Process};
use crate::scenario::{self, Kind, Scenario, Wire};
use crate::wire;

pub mod arkws;
pub mod arkws_stream;
mod corked;
pub mod fastwebsockets;
pub mod peer;
pub mod raw;
pub mod soketto;
pub mod tokio_tungstenite;
pub mod tokio_websockets;
pub mod wtx;
pub mod yawc;

use peer::{Peer, Transport};

/// What a measured process, or the load generator, prints.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Messages (or connections).
    pub messages: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Payload bytes as the counterpart got them: compressed, if they were.
    pub on_wire: Option<u64>,
    /// Wall-clock nanoseconds.
    pub wall: u64,
    /// CPU nanoseconds, user and system, all threads.
    pub cpu: u64,
    /// For `ping-pong`: median and 99th percentile, in nanoseconds.
    pub latency: Option<(u64, u64)>,
    /// Resident bytes per connection, where there are many.
    pub resident: Option<u64>,
}

impl Outcome {
    /// What `messages` of `size` bytes cost.
    pub fn new(messages: u64, size: usize, cost: Cost) -> Outcome {
        Outcome {
            messages,
            bytes: messages * size as u64,
            wall: cost.wall.as_nanos() as u64,
            cpu: cost.cpu.as_nanos() as u64,
            ..Outcome::default()
        }
    }
}

/// What was measured of one scenario: by the number of connections (0 where it is fixed) and by
/// peer, one per round.
pub type Outcomes = BTreeMap<(u64, String), Vec<Outcome>>;

/// arkws as it compresses if it is not told otherwise; only where that makes a difference.
pub const ARKWS_DEFAULT: &str = "arkws-default";

/// All peers, in the order of the tables.
pub const ALL: &[&str] = &[
    "arkws",
    "arkws-stream",
    ARKWS_DEFAULT,
    "tokio-tungstenite",
    "fastwebsockets",
    "tokio-websockets",
    "yawc",
    "yawc-tuned",
    "wtx",
    "soketto",
    "libwebsockets",
    "uwebsockets",
    "raw",
];

/// Runs one peer in one scenario and prints its outcome as JSON; `connections`: where it grows.
pub fn run(name: &str, scenario: &str, address: SocketAddr, connections: u64) {
    let scenario = scenario::find(scenario).expect("a scenario");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = LocalSet::new().block_on(&runtime, async {
        match scenario.wire {
            Wire::Plain | Wire::Deflate => {
                by_name::<TcpStream>(name, scenario, address, connections).await
            }
            Wire::Tls => {
                by_name::<TlsStream<TcpStream>>(name, scenario, address, connections).await
            }
        }
    });
    println!("{}", serde_json::to_string(&outcome).expect("JSON"));
}

async fn by_name<S: Transport>(
    name: &str,
    scenario: &Scenario,
    address: SocketAddr,
    connections: u64,
) -> Option<Outcome> {
    let run = Run {
        scenario,
        address,
        connections,
        // soketto takes a microsecond where others take a twentieth of one.
        messages: match (name, scenario.kind) {
            ("soketto", Kind::Receive | Kind::Send) => scenario.messages / 8,
            _ => scenario.messages,
        },
    };
    match name {
        "arkws" => run.drive::<S, arkws::Peer<S, false>>().await,
        ARKWS_DEFAULT => run.drive::<S, arkws::Peer<S, true>>().await,
        "arkws-stream" => run.drive::<S, arkws_stream::Peer<S>>().await,
        "tokio-tungstenite" => run.drive::<S, tokio_tungstenite::Peer<S>>().await,
        "fastwebsockets" => run.drive::<S, fastwebsockets::Peer<S>>().await,
        "tokio-websockets" => run.drive::<S, tokio_websockets::Peer<S>>().await,
        "yawc" => run.drive::<S, yawc::Peer<S, false>>().await,
        "yawc-tuned" => run.drive::<S, yawc::Peer<S, true>>().await,
        "wtx" => run.drive::<S, wtx::Peer<S>>().await,
        "soketto" => run.drive::<S, soketto::Peer<S>>().await,
        "raw" => run.drive::<S, raw::Peer<S>>().await,
        other => panic!("no peer {other:?}"),
    }
}

struct Run<'a> {
    scenario: &'a Scenario,
    address: SocketAddr,
    connections: u64,
    messages: u64,
}

impl Run<'_> {
    async fn drive<S: Transport, P: Peer<S>>(&self) -> Option<Outcome> {
        let messages = self.messages;
        let mut source = Source::new(self.scenario.content, self.scenario.size);
        let mut check = source.check();
        let mut latency = None;
        let cost = match self.scenario.kind {
            Kind::Receive => {
                let mut peer: P = self.open("blast").await?;
                let meter = Meter::start();
                peer.receive(messages, &mut check).await;
                meter.stop()
            }
            Kind::Send | Kind::SendEach => {
                let mut peer: P = self.open("drain").await?;
                let meter = Meter::start();
                if self.scenario.kind == Kind::Send {
                    peer.send(messages, &mut source).await;
                } else {
                    for _ in 0..messages {
                        peer.send_one(&mut source).await;
                    }
                }
                let cost = meter.stop();
                peer.receive(1, &mut Check::one(b"ok")).await;
                cost
            }
            Kind::PingPong => {
                let mut peer: P = self.open("echo").await?;
                let mut times = Vec::with_capacity(messages as usize);
                let meter = Meter::start();
                for _ in 0..messages {
                    let start = Instant::now();
                    peer.send_one(&mut source).await;
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
                let mut peer: P = self.open("echo").await?;
                let meter = Meter::start();
                window(&mut peer, messages, 64, source, check).await;
                meter.stop()
            }
            Kind::Handshake => {
                let meter = Meter::start();
                for _ in 0..messages {
                    P::connect(S::connect(self.address).await, self.address).await?;
                }
                meter.stop()
            }
            Kind::Idle | Kind::IdleAfterEcho => return self.idle::<S, P>(source, check).await,
            Kind::ClientGrowth => return self.grow::<S, P>(&source, &check).await,
            Kind::ServerEcho { .. }
            | Kind::ServerBroadcast { .. }
            | Kind::ServerIdle
            | Kind::ServerGrowth => {
                unreachable!("servers are measured by the load generator")
            }
        };
        Some(Outcome {
            latency,
            ..Outcome::new(messages, self.scenario.size, cost)
        })
    }

    async fn open<S: Transport, P: Peer<S>>(&self, mode: &str) -> Option<P> {
        let stream = S::connect(self.address).await;
        let path = self.scenario.path(mode, self.messages);
        let stream = handshake(stream, &path).await;
        match self.scenario.wire {
            Wire::Plain | Wire::Tls => Some(P::open(stream)),
            Wire::Deflate => P::open_deflate(stream),
        }
    }

    /// Some at a time, or the round trips of ten thousand handshakes would take longer than what is
    /// measured.
    async fn open_many<S: Transport, P: Peer<S>>(&self, n: u64) -> Option<Vec<P>> {
        let mut peers: Vec<P> = Vec::new();
        while peers.len() < n as usize {
            let now = 64.min(n as usize - peers.len());
            for peer in join_all((0..now).map(|_| self.open("echo"))).await {
                peers.push(peer?);
            }
        }
        Some(peers)
    }

    /// Resident bytes before there is any connection, and with all of them: sockets, their
    /// registration with the runtime, and what the library keeps.
    async fn idle<S: Transport, P: Peer<S>>(
        &self,
        mut source: Source,
        mut check: Check,
    ) -> Option<Outcome> {
        let before = Process::default().resident();
        let meter = Meter::start();
        let mut peers: Vec<P> = self.open_many(self.messages).await?;
        for peer in &mut peers {
            if self.scenario.kind == Kind::IdleAfterEcho {
                peer.send_one(&mut source).await;
                peer.receive(1, &mut check).await;
            }
            wait(peer, check.clone());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let cost = meter.stop();
        let resident = Process::default().resident().saturating_sub(before) / self.messages;
        drop(peers);
        Some(Outcome {
            resident: Some(resident),
            ..Outcome::new(self.messages, self.scenario.size, cost)
        })
    }

    /// The same number of messages over more and more connections, a task for each.
    async fn grow<S: Transport, P: Peer<S>>(
        &self,
        source: &Source,
        check: &Check,
    ) -> Option<Outcome> {
        let before = Process::default().resident();
        let peers: Vec<P> = self.open_many(self.connections).await?;
        let each = self.messages / self.connections;
        let meter = Meter::start();
        let tasks: Vec<_> = peers
            .into_iter()
            .map(|mut peer| {
                let (source, check) = (source.clone(), check.clone());
                tokio::task::spawn_local(async move {
                    window(&mut peer, each, 8, source, check.clone()).await;
                    wait(&mut peer, check);
                    peer
                })
            })
            .collect();
        let mut peers = Vec::new();
        for task in tasks {
            peers.push(task.await.expect("no panic"));
        }
        let cost = meter.stop();
        let resident = Process::default().resident().saturating_sub(before) / self.connections;
        drop(peers);
        Some(Outcome {
            resident: Some(resident),
            ..Outcome::new(each * self.connections, self.scenario.size, cost)
        })
    }
}

/// Begins to wait for the next message, as a program does when it has dealt with one.
fn wait<S, P: Peer<S>>(peer: &mut P, mut check: Check) {
    assert!(peer.receive(1, &mut check).now_or_never().is_none());
}

/// `n` messages there and back, `size` in flight. The window moves by halves: what arrives is
/// answered in a batch, as a program under load does.
async fn window<S, P: Peer<S>>(
    peer: &mut P,
    n: u64,
    size: u64,
    mut source: Source,
    mut check: Check,
) {
    assert!(n >= size && n.is_multiple_of(size / 2), "{n} messages");
    peer.send(size, &mut source).await;
    for _ in 0..n / (size / 2) - 2 {
        peer.receive(size / 2, &mut check).await;
        peer.send(size / 2, &mut source).await;
    }
    peer.receive(size, &mut check).await;
}

/// The opening handshake by hand, byte by byte so that no frame is swallowed.
async fn handshake<S: Transport>(mut stream: S, path: &str) -> S {
    let request = wire::request(path);
    stream.write_all(request.as_bytes()).await.expect("writes");
    stream.flush().await.expect("writes");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("reads"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    stream
}
