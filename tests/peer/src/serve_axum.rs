//! `peer serve-axum`: the echo server as a handler of axum, over HTTP/1.1 and HTTP/2.
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use arkws::DeflateConfig;
use arkws::axum::WebSocketUpgrade;
use axum::Router;
use axum::routing::any;
use axum::serve::{Listener, ListenerExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::serve::{echo, tls_config};

pub(crate) async fn run(deflate: Option<DeflateConfig>, tls: Option<PathBuf>) -> Result<()> {
    let handler = async move |upgrade: WebSocketUpgrade| {
        upgrade
            .protocols(["echo"])
            .deflate(deflate.clone())
            .on_failed_upgrade(|error| eprintln!("{error}"))
            .on_upgrade(async |socket| {
                if let Err(error) = echo(socket).await {
                    eprintln!("{error:#}");
                }
            })
    };
    let app = Router::new().route("/", any(handler));
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
