//! A server of `arkws` on a thread of its own.
use std::net::SocketAddr;
use std::sync::mpsc;

use arkws::http::HeaderMap;
use arkws::{Acceptor, CloseCode, CloseFrame, DeflateConfig, MessageKind, MessageRef, Stats};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

/// Serves until the process ends. Sends every message back with its kind before it, as
/// `text hello`, agrees on the last sub-protocol offered, and closes with 4001 "as you wish" when
/// it is told `close`. It sends back `aaa` for `fragments`, in four frames, the last of which
/// is empty. On `/silent` it reads nothing.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    /// The header fields of each request.
    pub(crate) requests: mpsc::Receiver<HeaderMap>,
    /// What each connection came to.
    pub(crate) ends: mpsc::Receiver<(Option<CloseFrame>, Stats)>,
}

impl Echo {
    pub(crate) fn start() -> Echo {
        Echo::start_behind(None)
    }

    /// With TLS.
    pub(crate) fn start_tls(tls: TlsAcceptor) -> Echo {
        Echo::start_behind(Some(tls))
    }

    fn start_behind(tls: Option<TlsAcceptor>) -> Echo {
        let (requested, requests) = mpsc::channel();
        let (ended, ends) = mpsc::channel();
        let (listens, address) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            LocalSet::new().block_on(&runtime, async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                listens.send(listener.local_addr().unwrap()).unwrap();
                let acceptor = Acceptor::builder()
                    .deflate(DeflateConfig {
                        min_size: 0,
                        ..DeflateConfig::default()
                    })
                    .build();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (acceptor, requested, ended) =
                        (acceptor.clone(), requested.clone(), ended.clone());
                    let tls = tls.clone();
                    tokio::task::spawn_local(async move {
                        let end = match tls {
                            None => serve(stream, &acceptor, &requested).await,
                            Some(tls) => match tls.accept(stream).await {
                                Ok(stream) => serve(stream, &acceptor, &requested).await,
                                Err(_) => return,
                            },
                        };
                        // The test may be over.
                        let _ = end.map(|end| ended.send(end));
                    });
                }
            });
        });
        Echo {
            address: address.recv().unwrap(),
            requests,
            ends,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stream: S,
    acceptor: &Acceptor,
    requested: &mpsc::Sender<HeaderMap>,
) -> Option<(Option<CloseFrame>, Stats)> {
    let pending = acceptor.request(stream).await.ok()?;
    let _ = requested.send(pending.request().headers.clone());
    let is_silent = pending.request().target == "/silent";
    let protocol = pending.request().protocols.last().cloned();
    let accepted = pending.accept(protocol.as_deref(), &HeaderMap::new()).await;
    let mut socket = accepted.ok()?;
    if is_silent {
        return std::future::pending().await;
    }
    let mut last = None;
    while let Some(message) = socket.recv().await {
        let answer = match message.ok()? {
            MessageRef::Text(text) if text.as_str() == "close" => {
                let frame = CloseFrame::new(CloseCode::new(4001).unwrap(), "as you wish");
                last = socket.close(Some(frame)).await.ok()?;
                continue;
            }
            MessageRef::Text(text) if text.as_str() == "fragments" => {
                let mut writer = socket.message_writer(MessageKind::Text);
                for _ in 0..3 {
                    writer.write_all(b"a").await.ok()?;
                    writer.flush().await.ok()?;
                }
                writer.finish().await.ok()?;
                continue;
            }
            MessageRef::Text(text) => format!("text {}", text.as_str()),
            MessageRef::Binary(data) => format!("binary {:?}", &data[..]),
            MessageRef::Close(frame) => {
                last = frame;
                continue;
            }
            MessageRef::Ping(_) | MessageRef::Pong(_) => continue,
        };
        socket.send(answer.into()).await.ok()?;
    }
    Some((last, socket.stats()))
}
