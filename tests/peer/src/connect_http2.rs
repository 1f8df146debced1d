//! `peer connect-http2`: our client as a stream of HTTP/2 (RFC 8441), against an echo server.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arkws::hyper::extended_connect;
use arkws::{Client, DeflateConfig, Transport, WebSocket};
use axum::body::Body;
use axum::http::Uri;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::connect;

pub(crate) async fn run(
    url: &str,
    deflate: Option<DeflateConfig>,
    ca: Option<PathBuf>,
) -> Result<()> {
    let address: Uri = url.parse()?;
    let host = address.host().context("no host")?.to_owned();
    let tcp = TcpStream::connect((&*host, address.port_u16().context("no port")?)).await?;
    tcp.set_nodelay(true)?;
    match ca {
        Some(ca) => {
            let tls = tls_connector(&ca)?;
            let stream = tls.connect(ServerName::try_from(host)?, tcp).await?;
            let protocol = stream.get_ref().1.alpn_protocol();
            ensure!(protocol == Some(b"h2"), "the server chose {protocol:?}");
            exchange(stream, url, deflate).await
        }
        None => exchange(tcp, url, deflate).await,
    }
}

fn tls_connector(ca: &Path) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Two sockets of one connection: everything over the first, and the second still works then.
async fn exchange<S>(stream: S, url: &str, deflate: Option<DeflateConfig>) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
        .handshake(TokioIo::new(stream))
        .await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the connection of HTTP/2: {error}");
        }
    });
    let client = Client::builder()
        .protocols(["other", "echo"])
        .deflate(deflate.clone())
        .build()?;
    let mut open = async || -> Result<WebSocket<Transport>> {
        let (request, upgrade) = extended_connect(&client, url)?;
        // The server's settings, which allow it, come with its first bytes.
        sender.ready().await?;
        let response = sender.send_request(request.map(|()| Body::empty())).await?;
        let (socket, _) = upgrade.socket(response).await?;
        let protocol = socket.negotiated().protocol.as_deref();
        ensure!(protocol == Some("echo"), "the server chose {protocol:?}");
        Ok(socket)
    };
    let (first, second) = (open().await?, open().await?);
    connect::exchange(first, deflate, usize::MAX).await?;
    connect::exchange_few(second).await
}
