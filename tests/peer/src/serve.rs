//! `peer serve`: every message goes back as it came, until the program is interrupted.
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use arkws::{Acceptor, DeflateConfig, Message, Server, ServerLimits, WebSocket};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::ServerConfig;

use crate::open_files;

/// How long clients may take to answer the goodbye.
const GOODBYE: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    deflate: Option<DeflateConfig>,
    tls: Option<PathBuf>,
    pieces: bool,
) -> Result<()> {
    open_files::raise_limit()?;
    let acceptor = Acceptor::builder().deflate(deflate).build();
    // A test may connect with any number at once.
    let limits = ServerLimits {
        handshakes: usize::MAX,
        ..ServerLimits::default()
    };
    let server = Server::bind("127.0.0.1:0").await?;
    let mut server = server.acceptor(acceptor).limits(limits);
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    if let Some(files) = tls {
        server = server.tls(tls_config(&files)?);
    }
    let server = server.serve(move |socket, _request| async move {
        let echoed = match pieces {
            true => echo_in_pieces(socket).await,
            false => echo(socket).await,
        };
        if let Err(error) = echoed {
            eprintln!("{error:#}");
        }
    });
    let address = server.local_addr().context("not a TCP server")?;
    println!("listening on {scheme}://{address}");
    tokio::signal::ctrl_c().await?;
    let cut_off = server.shutdown(GOODBYE).await;
    ensure!(cut_off == 0, "{cut_off} clients did not close");
    Ok(())
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

/// Sends each message back while it arrives, whatever its length.
async fn echo_in_pieces<S: AsyncRead + AsyncWrite + Unpin>(socket: WebSocket<S>) -> Result<()> {
    let (mut sender, mut receiver) = socket.split();
    while let Some(mut reader) = receiver.message_reader(u64::MAX).await.transpose()? {
        let mut writer = sender.message_writer(reader.kind());
        tokio::io::copy(&mut reader, &mut writer).await?;
        writer.finish().await?;
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
