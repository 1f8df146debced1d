//! Slow and dead peers over HTTP/2, on simulated time: who takes something lives, and whoever is
//! given up takes no other stream of the connection with it.
use std::convert::Infallible;
use std::time::Duration;

use arkws::{Acceptor, Cause, Client, Heartbeat, Message, Transport, WebSocket};
use futures_util::StreamExt;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{answer, open_stream};

const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What each stream holds for a peer that does not read it: small, so that a slow peer is heard of
/// more often than [`TIMEOUT`].
const WINDOW: u32 = 64 << 10;
const MESSAGE: usize = 16 << 10;

/// How a socket of the server ended, and when.
type Ended = (Cause, Instant);

/// A connection in this process to a server whose sockets do as their first message says.
async fn connect(acceptor: Acceptor) -> (SendRequest<Empty<Bytes>>, UnboundedReceiver<Ended>) {
    let (near, far) = tokio::io::duplex(16 << 10);
    let (tell, ended) = unbounded_channel();
    let service = service_fn(move |request| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            let run = |socket| serve(socket, tell);
            Ok::<_, Infallible>(answer(request, &acceptor, run).await)
        }
    });
    tokio::spawn(async move {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder.enable_connect_protocol();
        builder.serve_connection(TokioIo::new(far), service).await
    });
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(WINDOW)
        .handshake(TokioIo::new(near))
        .await
        .unwrap();
    tokio::spawn(connection);
    (sender, ended)
}

/// Sends for ever, or sends back what comes.
async fn serve(mut socket: WebSocket<Transport>, tell: UnboundedSender<Ended>) {
    let flood = socket.next().await.unwrap().unwrap() == "flood".into();
    let run = async {
        loop {
            if flood {
                socket.ready().await?;
                socket.feed_binary(&[7; MESSAGE])?;
                continue;
            }
            match socket.next().await.transpose()? {
                Some(message @ (Message::Text(_) | Message::Binary(_))) => {
                    socket.send(message).await?;
                }
                Some(_) => {}
                None => return Ok::<_, arkws::Error>(()),
            }
        }
    };
    if let Err(error) = run.await {
        let _ = tell.send((error.cause(), Instant::now()));
    }
}

async fn open(sender: &mut SendRequest<Empty<Bytes>>, task: &str) -> WebSocket<Transport> {
    let client = Client::builder().build().unwrap();
    let mut socket = open_stream(&client, sender).await.unwrap();
    socket.send(task.into()).await.unwrap();
    socket
}

/// An idle socket, which answers pings, and a busy one; both check that all comes back.
async fn neighbours(sender: &mut SendRequest<Empty<Bytes>>) -> [tokio::task::JoinHandle<()>; 2] {
    let mut idle = open(sender, "echo").await;
    let mut busy = open(sender, "echo").await;
    let idle = tokio::spawn(async move {
        let quiet = timeout(10 * INTERVAL, next(&mut idle)).await;
        assert!(quiet.is_err(), "{quiet:?}");
        exchange(&mut idle, "still here".into()).await;
        idle.close(None).await.unwrap();
    });
    let busy = tokio::spawn(async move {
        let start = Instant::now();
        while start.elapsed() < 10 * INTERVAL {
            exchange(&mut busy, vec![7; 3 * WINDOW as usize].into()).await;
            sleep(Duration::from_secs(1)).await;
        }
        busy.close(None).await.unwrap();
    });
    [idle, busy]
}

async fn exchange(socket: &mut WebSocket<Transport>, message: Message) {
    socket.send(message.clone()).await.unwrap();
    assert_eq!(next(socket).await, message);
}

/// The next message that is no ping.
async fn next(socket: &mut WebSocket<Transport>) -> Message {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Ping(_) => {}
            message => return message,
        }
    }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        interval: INTERVAL,
        timeout: TIMEOUT,
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_peer_that_reads_is_never_given_up() {
    let acceptor = Acceptor::builder()
        .heartbeat(heartbeat())
        .write_timeout(TIMEOUT)
        .build();
    let (mut sender, mut ended) = connect(acceptor).await;
    let mut slow = open(&mut sender, "flood").await;
    let neighbours = neighbours(&mut sender).await;

    // What is ahead of a ping takes longer than the time for its answer.
    for _ in 0..300 {
        sleep(Duration::from_secs(2)).await;
        assert_eq!(next(&mut slow).await.len(), MESSAGE);
    }

    assert_eq!(ended.try_recv().ok(), None);
    for neighbour in neighbours {
        neighbour.await.unwrap();
    }
}

/// The end of a socket with this task to whom nobody listens, and how long that took. Its
/// neighbours go on.
async fn stall(acceptor: Acceptor, task: &str) -> (Cause, Duration) {
    let (mut sender, mut ended) = connect(acceptor).await;
    let neighbours = neighbours(&mut sender).await;
    let start = Instant::now();
    let stalled = open(&mut sender, task).await;

    let (cause, at) = timeout(DAY, ended.recv()).await.unwrap().unwrap();

    for neighbour in neighbours {
        neighbour.await.unwrap();
    }
    assert_eq!(ended.try_recv().ok(), None);
    drop(stalled);
    (cause, at - start)
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_gives_a_peer_up_that_does_not_answer() {
    let acceptor = Acceptor::builder().heartbeat(heartbeat());
    let (cause, after) = stall(acceptor.build(), "echo").await;

    assert_eq!(cause, Cause::Heartbeat);
    assert_eq!(after, INTERVAL + TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn the_write_timeout_gives_a_peer_up_that_takes_nothing() {
    let limit = (INTERVAL + TIMEOUT) * 3;
    // Pings wait behind what it does not take.
    for heartbeat in [None, Some(heartbeat())] {
        let acceptor = Acceptor::builder()
            .heartbeat(heartbeat)
            .write_timeout(limit);
        let (cause, after) = stall(acceptor.build(), "flood").await;

        assert_eq!(cause, Cause::Timeout);
        assert_eq!(after, limit);
    }
}
