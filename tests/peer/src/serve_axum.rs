//! `peer serve-axum`: the echo server as a handler of axum, over HTTP/1.1 and HTTP/2. At `/version`
//! its first message is the version of HTTP of the request.
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use arkws::DeflateConfig;
use arkws::axum::WebSocketUpgrade;
use axum::Router;
use axum::extract::State;
use axum::http::Version;
use axum::response::Response;
use axum::routing::any;
use axum::serve::{Listener, ListenerExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::serve::{echo, tls_config};

pub(crate) async fn run(deflate: Option<DeflateConfig>, tls: Option<PathBuf>) -> Result<()> {
    let app = Router::new()
        .route("/", any(answer))
        .route("/version", any(answer_with_version))
        .with_state(deflate);
    let tcp = TcpListener::bind("127.0.0.1:0").await?;
    let address = tcp.local_addr()?;
    match tls {
        Some(files) => {
            let mut config = tls_config(&files)?;
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            let tls = TlsAcceptor::from(Arc::new(config));
            println!("listening on wss://{address}");
            axum::serve(TlsListener { tcp, tls }, app).await?;
        }
        None => {
            println!("listening on ws://{address}");
            let tcp = tcp.tap_io(|tcp| _ = tcp.set_nodelay(true));
            axum::serve(tcp, app).await?;
        }
    }
    Ok(())
}

async fn answer(
    upgrade: WebSocketUpgrade,
    State(deflate): State<Option<DeflateConfig>>,
) -> Response {
    start(upgrade, deflate, None)
}

async fn answer_with_version(
    version: Version,
    upgrade: WebSocketUpgrade,
    State(deflate): State<Option<DeflateConfig>>,
) -> Response {
    start(upgrade, deflate, Some(format!("{version:?}")))
}

/// The answer; the socket begins with `greeting`, and sends everything back then.
fn start(
    upgrade: WebSocketUpgrade,
    deflate: Option<DeflateConfig>,
    greeting: Option<String>,
) -> Response {
    upgrade
        .protocols(["echo"])
        .deflate(deflate)
        .on_failed_upgrade(|error| eprintln!("{error}"))
        .on_upgrade(async move |mut socket| {
            let run = async {
                if let Some(greeting) = greeting {
                    socket.send(greeting.into()).await?;
                }
                echo(socket).await
            };
            if let Err(error) = run.await {
                eprintln!("{error:#}");
            }
        })
}

/// One handshake at a time: enough for tests.
struct TlsListener {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (tcp, address) = Listener::accept(&mut self.tcp).await;
            let _ = tcp.set_nodelay(true);
            match self.tls.accept(tcp).await {
                Ok(stream) => return (stream, address),
                Err(error) => eprintln!("{error}"),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}
