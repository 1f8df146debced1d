//! What a peer is.
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::check::{Check, Source};
use crate::tls;

/// A library's client, driven.
pub trait Peer<S>: Sized + 'static {
    /// Takes over a stream whose handshake is complete.
    fn open(stream: S) -> Self;
    /// The same with permessage-deflate as [`Wire::Deflate`] has it. `None`: it cannot compress.
    fn open_deflate(_stream: S) -> Option<Self> {
        None
    }
    /// Receives `n` messages.
    async fn receive(&mut self, n: u64, check: &mut Check);
    /// Sends `n` messages, batched; they have been written when this returns.
    async fn send(&mut self, n: u64, source: &mut Source);
    /// Sends one message; it has been written when this returns.
    async fn send_one(&mut self, source: &mut Source);
    /// The library's own handshake. `None`: it has none for streams of the caller's.
    fn connect(_stream: S, _address: SocketAddr) -> impl Future<Output = Option<Self>> {
        std::future::ready(None)
    }
}

/// A library's server side of one connection that has joined a room.
pub trait Member {
    /// The next message from this client; dropping the future loses nothing. `None`: it has gone.
    async fn next(&mut self) -> Option<Bytes>;
    /// Queues a message for this client.
    async fn feed(&mut self, message: Bytes);
    /// Writes what is queued.
    async fn flush(&mut self);
}

/// What the peers speak over.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Connects.
    async fn connect(address: SocketAddr) -> Self;
}

impl Transport for TcpStream {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        stream
    }
}

impl Transport for TlsStream<TcpStream> {
    async fn connect(address: SocketAddr) -> Self {
        let stream = <TcpStream as Transport>::connect(address).await;
        let name = "localhost".try_into().expect("a name");
        let connector = TlsConnector::from(tls::client());
        connector.connect(name, stream).await.expect("TLS")
    }
}
