//! `peer serve`: every message goes back as it came.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use arkws::{Acceptor, DeflateConfig, Message, WebSocket};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::open_files;

pub(crate) async fn run(deflate: Option<DeflateConfig>, tls: Option<PathBuf>) -> Result<()> {
    open_files::raise_limit()?;
    let mut acceptor = Acceptor::builder();
    if let Some(deflate) = deflate {
        acceptor = acceptor.deflate(deflate);
    }
    let acceptor = acceptor.build();
    let tls = tls
        .map(|files| tls_config(&files))
        .transpose()?
        .map(|config| TlsAcceptor::from(Arc::new(config)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    println!("listening on {scheme}://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, tls) = (acceptor.clone(), tls.clone());
        tokio::spawn(async move {
            let done = async {
                stream.set_nodelay(true)?;
                match tls {
                    Some(tls) => echo(acceptor.accept(tls.accept(stream).await?).await?).await,
                    None => echo(acceptor.accept(stream).await?).await,
                }
            };
            if let Err(error) = done.await {
                eprintln!("{error:#}");
            }
        });
    }
}

pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocket<S>,
) -> Result<()> {
    while let Some((message, mut outbox)) = socket.recv_with_outbox().await.transpose()? {
        let message = Message::from(message);
        if matches!(message, Message::Text(_) | Message::Binary(_)) {
            outbox.feed_message(message)?;
        }
        if outbox.is_full() {
            socket.flush().await?;
        }
    }
    Ok(())
}

pub(crate) fn tls_config(files: &Path) -> Result<ServerConfig> {
    let certificate = files.with_extension("pem");
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("cannot read {}", certificate.display()))?;
    let key = files.with_extension("key");
    let key = PrivateKeyDer::from_pem_file(&key)
        .with_context(|| format!("cannot read {}", key.display()))?;
    Ok(ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?)
}
