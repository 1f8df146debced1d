//! The answers to requests: how they are written, and how a transport ends with one.
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use arkws_proto::Role;
use arkws_proto::handshake::ServerRequest;
use http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::builder::AcceptorOptions;
use super::read::read;
use super::refusal::Refusal;
use crate::{Error, Phase, WebSocket, log};

/// How long a client that was refused may take to read the answer and to end the transport.
const LINGER: Duration = Duration::from_secs(1);

impl Refusal {
    /// Answers a client whose request is not even read, and ends its transport: for a server that
    /// counts its clients and has no place for it
    /// ([`AdmissionError::Busy`](crate::AdmissionError::Busy)). There may be many of those, so it
    /// waits for none to read it, nor for longer than a second if the transport takes nothing.
    pub async fn send<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) {
        let sent = async {
            stream.write_all(&self.response()).await?;
            stream.shutdown().await
        };
        if let Ok(Ok(())) = timeout(LINGER, sent).await {
            // What has come of the request: TCP would otherwise reset the connection, and the
            // client might not see the answer.
            let mut rest = pin!(read(&mut stream, <[u8]>::len));
            poll_fn(|cx| Poll::Ready(rest.as_mut().poll(cx).is_ready())).await;
        }
    }
}

impl AcceptorOptions {
    /// Answers that the request is accepted, and makes the connection.
    pub(super) async fn open<S>(
        &self,
        mut stream: S,
        request: &ServerRequest,
        leftover: &[u8],
        protocol: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<WebSocket<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let accepted = match request.accept(protocol, self.deflate.as_ref(), headers) {
            Ok(accepted) => accepted,
            Err(error) => {
                log::debug!(%error, "handshake failed");
                self.end(stream, &error.rejection()).await;
                return Err(error.into());
            }
        };
        let io = &mut stream;
        self.within_timeout(async move {
            io.write_all(&accepted.response).await?;
            Ok(io.flush().await?)
        })
        .await?;
        Ok(WebSocket::from_handshake(
            stream,
            Role::Server,
            self.config.clone(),
            accepted.negotiated,
            leftover,
        ))
    }

    pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        refusal: &Refusal,
    ) {
        let (status, reason) = (refusal.status(), refusal.reason());
        log::debug!(%status, reason, "handshake refused");
        self.end(stream, &refusal.response()).await;
    }

    pub(super) async fn within_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.within_timeout_since(Instant::now(), Phase::Handshake, work)
            .await
    }

    /// What this phase of a handshake comes to within what is left of its time: it `began` with the
    /// phases before.
    pub(super) async fn within_timeout_since<T>(
        &self,
        began: Instant,
        phase: Phase,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.handshake_timeout;
        let left = limit.saturating_sub(began.elapsed());
        let result = timeout(left, work).await;
        result.unwrap_or(Err(Error::Timeout { phase, limit }))
    }

    /// Answers with these bytes, ends the transport, and reads until the client does too: closing a
    /// TCP socket with unread bytes would reset it, and the client might never see the answer.
    pub(super) async fn end<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut stream: S,
        response: &[u8],
    ) {
        let answered = self.within_timeout(async {
            stream.write_all(response).await?;
            Ok(stream.shutdown().await?)
        });
        if answered.await.is_ok() {
            let ended = async { while let Ok(1..) = read(&mut stream, <[u8]>::len).await {} };
            let _ = timeout(LINGER, ended).await;
        }
    }
}
