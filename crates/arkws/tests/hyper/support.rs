//! A service of hyper that echoes, and clients' connections to it.
use std::convert::Infallible;
use std::net::SocketAddr;

use arkws::http::{Request, Response};
use arkws::{Acceptor, DeflateConfig, Error, MessageRef, Transport, WebSocket};
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How a connection is served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Serve {
    Http1,
    /// HTTP/1.1, and connections cannot be handed over.
    WithoutUpgrades,
    Http2,
    /// Either, as axum does.
    Auto,
}

/// A server on loopback; each of its sockets ends up with a task like `run`.
pub(crate) async fn serve<F>(
    how: Serve,
    acceptor: Acceptor,
    run: impl Fn(WebSocket<Transport>) -> F + Clone + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let (acceptor, run) = (acceptor.clone(), run.clone());
            let service = service_fn(move |request| {
                let (acceptor, run) = (acceptor.clone(), run.clone());
                async move { Ok::<_, Infallible>(answer(request, &acceptor, run).await) }
            });
            let io = TokioIo::new(tcp);
            tokio::spawn(async move {
                // How it ends is the client's to see.
                match how {
                    Serve::Http1 => {
                        let connection =
                            server::conn::http1::Builder::new().serve_connection(io, service);
                        let _ = connection.with_upgrades().await;
                    }
                    Serve::WithoutUpgrades => {
                        let connection =
                            server::conn::http1::Builder::new().serve_connection(io, service);
                        let _ = connection.await;
                    }
                    Serve::Http2 => {
                        let mut builder = server::conn::http2::Builder::new(TokioExecutor::new());
                        builder.enable_connect_protocol();
                        let _ = builder.serve_connection(io, service).await;
                    }
                    Serve::Auto => {
                        let mut builder = auto::Builder::new(TokioExecutor::new());
                        builder.http2().enable_connect_protocol();
                        let _ = builder.serve_connection_with_upgrades(io, service).await;
                    }
                }
            });
        }
    });
    address
}

pub(crate) async fn answer<F>(
    mut request: Request<Incoming>,
    acceptor: &Acceptor,
    run: impl FnOnce(WebSocket<Transport>) -> F + Send + 'static,
) -> Response<Full<Bytes>>
where
    F: Future<Output = ()> + Send + 'static,
{
    match arkws::hyper::upgrade(&mut request, acceptor).await {
        Ok((response, upgrade)) => {
            tokio::spawn(async move {
                if let Ok(socket) = upgrade.await {
                    run(socket).await;
                }
            });
            response.map(|()| Full::default())
        }
        Err(rejection) => rejection.into_response(),
    }
}

pub(crate) fn acceptor() -> Acceptor {
    Acceptor::builder()
        .protocols(["echo"])
        .deflate(DeflateConfig::default())
        .build()
}

/// Sends everything back.
pub(crate) async fn echo(socket: WebSocket<Transport>) {
    try_echo(socket).await.expect("a client that closes");
}

async fn try_echo(mut socket: WebSocket<Transport>) -> Result<(), Error> {
    while let Some((message, mut outbox)) = socket.recv_with_outbox().await.transpose()? {
        match message {
            MessageRef::Text(text) => outbox.feed_text(&text)?,
            MessageRef::Binary(data) => outbox.feed_binary(&data)?,
            _ => {}
        }
    }
    Ok(())
}

/// A connection of hyper's client; the task that drives it.
pub(crate) async fn connect_http1(
    address: SocketAddr,
) -> (http1::SendRequest<Empty<Bytes>>, JoinHandle<()>) {
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
    let driver = tokio::spawn(async move {
        let _ = connection.with_upgrades().await;
    });
    (sender, driver)
}

pub(crate) async fn connect_http2(address: SocketAddr) -> http2::SendRequest<Empty<Bytes>> {
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .handshake(TokioIo::new(tcp))
        .await
        .unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    sender
}

/// A WebSocket as a stream of HTTP/2.
pub(crate) async fn open_stream(
    client: &arkws::Client,
    sender: &mut http2::SendRequest<Empty<Bytes>>,
) -> Result<WebSocket<Transport>, Error> {
    let (request, upgrade) = arkws::hyper::extended_connect(client, "ws://localhost/chat").unwrap();
    // The server's settings, which allow it, come with its first bytes.
    sender.ready().await.unwrap();
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (socket, _) = upgrade.socket(response.await.unwrap()).await?;
    Ok(socket)
}
