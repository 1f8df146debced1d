//! What was sent leaves before the process ends, and a peer that does not read costs no more than
//! the limit.
//!
//! One test only: it closes all connections of its process.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use arkws::MessageRef;
use arkws_netstack::{ApiLevel, Context, Event, Listener, Network, WebSocket};
use futures_util::future::pending;
use tokio::net::TcpStream;

use connect::without_proxy;

#[path = "support/connect.rs"]
mod connect;
#[path = "support/server_thread.rs"]
mod server_thread;

const LIMIT: Duration = Duration::from_millis(500);
/// Far more than the systems of both ends take for programs that do not read.
const MESSAGES: usize = 12;
const SIZE: usize = 4 << 20;

/// Says when the connection is open.
struct Recorder(Sender<()>);

impl Listener for Recorder {
    fn on_event(&self, event: Event<'_>) {
        if let Event::Open { .. } = event {
            let _ = self.0.send(());
        }
    }
}

/// What a peer got: the lengths of the messages, and the code of the close frame.
type Got = (Vec<usize>, Option<u16>);

/// Listens for clients. What each has sent goes to `got` when it has ended; without `got`, nothing
/// is read from them.
fn serve(got: Option<Sender<Got>>) -> SocketAddr {
    server_thread::listen(move |stream| receive(stream, got.clone()))
}

async fn receive(stream: TcpStream, got: Option<Sender<Got>>) {
    let mut socket = arkws::accept(stream).await.unwrap();
    let Some(got) = got else {
        return pending().await;
    };
    let (mut lengths, mut code) = (Vec::new(), None);
    while let Some(Ok(message)) = socket.recv().await {
        match message {
            MessageRef::Binary(data) => lengths.push(data.len()),
            MessageRef::Close(frame) => code = frame.map(|frame| frame.code().get()),
            _ => {}
        }
    }
    got.send((lengths, code)).unwrap();
}

fn connected(address: SocketAddr) -> WebSocket {
    let (open, opened) = channel();
    let socket = WebSocket::new(Context::new(ApiLevel::CONTRACT), Arc::new(Recorder(open)));
    socket
        .connect(&format!("ws://{address}/"), without_proxy())
        .unwrap();
    opened.recv_timeout(Duration::from_secs(60)).unwrap();
    socket
}

fn next(got: &Receiver<Got>) -> Got {
    got.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn what_was_sent_leaves_before_the_process_ends_within_the_limit() {
    let (sender, got) = channel();
    let (reader, silent) = (serve(Some(sender)), serve(None));

    // Peers that read are waited for, no longer.
    let reading: Vec<_> = (0..3).map(|_| connected(reader)).collect();
    for socket in &reading {
        socket.send_binary(b"bye".as_slice()).unwrap();
        // A binding that has not flushed yet.
        socket.feed_binary(b"really".as_slice()).unwrap();
    }
    let start = Instant::now();
    Network::leave_process(Duration::from_secs(60));
    assert!(start.elapsed() < Duration::from_secs(30));
    for _ in &reading {
        assert_eq!(next(&got), (vec![3, 6], Some(1001)));
    }
    // Nothing more is sent.
    assert!(reading[0].send_binary(b"once more".as_slice()).is_err());

    let unread: Vec<_> = (0..3).map(|_| connected(silent)).collect();
    let idle = connected(silent);
    let reading = connected(reader);
    for socket in &unread {
        for _ in 0..MESSAGES {
            socket.send_binary(vec![0; SIZE]).unwrap();
        }
    }
    reading.send_binary(b"bye".as_slice()).unwrap();
    let start = Instant::now();
    Network::leave_process(LIMIT);
    let lasted = start.elapsed();
    assert!(lasted >= LIMIT && lasted < 4 * LIMIT, "{lasted:?}");
    assert_eq!(next(&got), (vec![3], Some(1001)));
    drop((unread, idle, reading));
}
