//! Streams that the program makes, in place of TCP connections.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arkws::{Cause, Connector, Error, Heartbeat, Host, Progress, Proxy, ProxyServer, Transport};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::{assert_echoes, builder, echo, echo_server, failure, listen, read_head};

/// Everybody is at this address.
fn all_at(server: SocketAddr) -> impl Connector {
    move |_: &Host, _: u16| async move { TcpStream::connect(server).await.map(Transport::from) }
}

#[tokio::test]
async fn a_connector_is_asked_for_the_server_and_its_stream_carries_the_connection() {
    let server = echo_server().await;
    let (asked, mut names) = mpsc::unbounded_channel();
    let connector = move |host: &Host, port: u16| {
        asked.send(format!("{host}:{port}")).unwrap();
        async move { TcpStream::connect(server).await.map(Transport::from) }
    };
    let client = builder().connector(connector).build().unwrap();

    let (mut socket, _) = client.connect("ws://name.invalid/").await.unwrap();

    assert_eq!(names.recv().await.unwrap(), "name.invalid:80");
    assert_echoes(&mut socket).await;
    assert_eq!(socket.get_ref().peer_addr().unwrap(), server);
}

#[tokio::test]
async fn a_connector_that_fails_says_why() {
    let connector = |_: &Host, _: u16| async { Err(io::Error::other("the cable is unplugged")) };
    let client = builder().connector(connector).build().unwrap();

    let error = failure(client.connect("ws://name.invalid/").await);

    assert_eq!(error.to_string(), "name.invalid:80: the cable is unplugged");
    assert_eq!(error.cause(), Cause::Io);
    let Error::Connect(error) = error else {
        panic!("{error}")
    };
    assert!(error.attempts().is_empty());
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "the cable is unplugged");
}

/// A tunnel is opened over the connector's stream, too.
#[tokio::test]
async fn a_connector_is_asked_for_the_proxy() {
    let (listener, proxy) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("CONNECT name.invalid:80 "), "{head}");
        let answer = b"HTTP/1.1 200 OK\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
        echo(stream).await;
    });
    let server = ProxyServer::parse("proxy.invalid:3128", None).unwrap();
    let client = builder()
        .proxy(Proxy::Server(server))
        .connector(all_at(proxy))
        .build()
        .unwrap();

    let (mut socket, _) = client.connect("ws://name.invalid/").await.unwrap();

    assert_echoes(&mut socket).await;
}

/// A network in memory.
struct Simulation(Arc<AtomicU64>);

/// Its streams know what the other end has taken.
struct Link(tokio::io::DuplexStream, Arc<AtomicU64>);

impl Progress for Link {
    fn taken(&self, accepted: u64) -> u64 {
        self.1.fetch_add(1, Ordering::Relaxed);
        accepted
    }
}

impl tokio::io::AsyncRead for Link {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl tokio::io::AsyncWrite for Link {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Connector for Simulation {
    fn connect<'a>(&'a self, _: &'a Host, _: u16) -> BoxFuture<'a, io::Result<Transport>> {
        Box::pin(async {
            let (near, mut far) = tokio::io::duplex(1 << 16);
            tokio::spawn(async move {
                let (mut accepted, server) = tokio::io::duplex(1 << 16);
                let _server = tokio::spawn(arkws::accept(server));
                let _ = tokio::io::copy_bidirectional(&mut far, &mut accepted).await;
            });
            Ok(Transport::other(Link(near, Arc::clone(&self.0))))
        })
    }
}

/// On simulated time: the server never answers a ping.
#[tokio::test(start_paused = true)]
async fn a_stream_of_a_simulation_is_asked_for_its_progress() {
    let asked = Arc::new(AtomicU64::new(0));
    let client = builder()
        .connector(Simulation(Arc::clone(&asked)))
        .heartbeat(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        })
        .build()
        .unwrap();
    let (mut socket, _) = client.connect("ws://name.invalid/").await.unwrap();
    assert!(socket.get_ref().tcp_stream().is_none());

    let error = socket.next().await.unwrap().unwrap_err();

    assert_eq!(error.cause(), Cause::Heartbeat, "{error}");
    assert!(asked.load(Ordering::Relaxed) > 0);
}
