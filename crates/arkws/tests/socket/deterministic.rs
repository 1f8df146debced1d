//! With seeded random numbers and paused time, a connection does the same to the byte and to the
//! moment.
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use arkws::{
    Acceptor, Client, CloseCode, CloseFrame, Config, DeflateConfig, Entropy, Heartbeat, Message,
    MessageRef, Role, WebSocket,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::{Instant, sleep};

const HEARTBEAT: Heartbeat = Heartbeat {
    interval: Duration::from_secs(10),
    timeout: Duration::from_secs(4),
};

/// What one end did, and how long after the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry<T> {
    at: Duration,
    end: Role,
    what: T,
}

/// All that two ends wrote and that their programs were told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Run {
    written: Vec<Entry<Vec<u8>>>,
    events: Vec<Entry<String>>,
}

/// The run of one end.
#[derive(Clone)]
struct Recorder {
    run: Arc<Mutex<Run>>,
    end: Role,
    start: Instant,
}

impl Recorder {
    fn entry<T>(&self, what: T) -> Entry<T> {
        Entry {
            at: self.start.elapsed(),
            end: self.end,
            what,
        }
    }

    fn event(&self, event: impl ToString) {
        let entry = self.entry(event.to_string());
        self.run.lock().unwrap().events.push(entry);
    }
}

/// A stream whose writes are recorded.
struct Recorded {
    io: DuplexStream,
    recorder: Recorder,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = result {
            let entry = self.recorder.entry(bytes[..written].to_vec());
            self.recorder.run.lock().unwrap().written.push(entry);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A client and a server, handshake included, that record what they do.
async fn connect(seed: u64, run: &Arc<Mutex<Run>>) -> [(WebSocket<Recorded>, Recorder); 2] {
    let (near, far) = tokio::io::duplex(1000);
    let start = Instant::now();
    let recorded = |io, end| {
        let recorder = Recorder {
            run: Arc::clone(run),
            end,
            start,
        };
        (
            Recorded {
                io,
                recorder: recorder.clone(),
            },
            recorder,
        )
    };
    let (near, client) = recorded(near, Role::Client);
    let (far, server) = recorded(far, Role::Server);
    let config = Config {
        heartbeat: Some(HEARTBEAT),
        entropy: Entropy::Seed(seed),
        ..Config::default()
    };
    let connector = Client::builder()
        .config(config.clone())
        .deflate(DeflateConfig::default())
        .build()
        .unwrap();
    let acceptor = Acceptor::builder()
        .config(config)
        .deflate(DeflateConfig::default())
        .build();
    let (connected, accepted) = tokio::join!(
        connector.connect_over("ws://server.example/", near),
        acceptor.accept(far)
    );
    let (socket, _) = connected.unwrap();
    [(socket, client), (accepted.unwrap(), server)]
}

/// Receives to the end, and sends back what is data. After a pause nothing is received for a while,
/// so that the other end's writes wait.
async fn echo(mut socket: WebSocket<Recorded>, recorder: Recorder) {
    while let Some(received) = socket.recv_with_outbox().await {
        let (message, mut outbox) = match received {
            Ok(received) => received,
            Err(error) => {
                recorder.event(error);
                continue;
            }
        };
        recorder.event(format!("{message:?}"));
        let pauses = matches!(&message, MessageRef::Text(text) if text.starts_with("pause"));
        if matches!(message, MessageRef::Text(_) | MessageRef::Binary(_)) {
            outbox.feed_message(Message::from(message)).unwrap();
        }
        if pauses {
            sleep(Duration::from_secs(3)).await;
        }
    }
    recorder.event(format!("end, {:?}", socket.stats()));
}

/// Messages of several kinds, a pause of the server, silence, and the closing handshake; then a
/// connection whose server has gone without a word.
async fn run(seed: u64) -> Run {
    let run = Arc::<Mutex<Run>>::default();
    let [(client, recorder), (server, server_recorder)] = connect(seed, &run).await;
    let server = tokio::spawn(echo(server, server_recorder));
    let (mut sender, receiver) = client.split();
    let receiving = tokio::spawn(receive(receiver, recorder));
    for round in 0..10_usize {
        sender.send("small".into()).await.unwrap();
        sender.send("compressed ".repeat(200).into()).await.unwrap();
        sender
            .send(Message::Binary(vec![7; 900 * round].into()))
            .await
            .unwrap();
        sender.send(Message::Ping("ping".into())).await.unwrap();
        if round % 4 == 0 {
            sender.send("pause".into()).await.unwrap();
        }
        sleep(Duration::from_millis(1234)).await;
    }
    sleep(Duration::from_secs(60)).await;
    sender.start_close(Some(CloseFrame::new(CloseCode::NORMAL, "done")));
    sender.flush().await.unwrap();
    receiving.await.unwrap();
    server.await.unwrap();

    let [(client, recorder), server] = connect(seed + 1, &run).await;
    echo(client, recorder).await;
    drop((sender, server));
    Arc::into_inner(run).unwrap().into_inner().unwrap()
}

async fn receive(mut receiver: arkws::Receiver<Recorded>, recorder: Recorder) {
    while let Some(message) = receiver.recv().await {
        recorder.event(format!("{message:?}"));
    }
    recorder.event(format!("end, {:?}", receiver.stats()));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_bytes_and_events_at_the_same_times() {
    let first = run(1).await;
    assert_eq!(first, run(1).await);

    // Another seed masks differently, and changes nothing else.
    let other = run(3).await;
    assert_ne!(first.written, other.written);
    assert_eq!(first.events, other.events);
    let lengths = |run: &Run| -> Vec<_> {
        let length = |entry: &Entry<Vec<u8>>| (entry.at, entry.end, entry.what.len());
        run.written.iter().map(length).collect()
    };
    assert_eq!(lengths(&first), lengths(&other));

    // Time went on: pings were answered, and the server that had gone was given up on time.
    let pings = |entry: &&Entry<String>| entry.what.contains("pings_sent: 0");
    assert_eq!(first.events.iter().filter(pings).count(), 0, "{first:#?}");
    let given_up = HEARTBEAT.interval + HEARTBEAT.timeout;
    let by_heartbeat = |entry: &&Entry<String>| entry.what.contains("(heartbeat)");
    let given_up_at: Vec<_> = first
        .events
        .iter()
        .filter(by_heartbeat)
        .map(|it| it.at)
        .collect();
    assert_eq!(given_up_at, [given_up]);
}
