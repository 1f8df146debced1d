//! A request that does not ask for a WebSocket, and its answer.
use std::fmt;
use std::sync::Arc;

use arkws_proto::handshake::HttpRequest;
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};

use super::builder::AcceptorOptions;
use super::decision::first;
use super::entrance::{Entrance, keep, yield_place};
use super::incoming::{IncomingRequest, PeerInfo};
use super::read::{MAX_LEFTOVER, before_answer, read};
use crate::Error;

/// A valid HTTP request that does not ask for a WebSocket, and has not been answered: see
/// [`Acceptor::any_request_after`](super::Acceptor::any_request_after).
///
/// The transport ends with the answer. A body of the request is not read.
pub struct PendingHttpRequest<S> {
    stream: S,
    request: HttpRequest,
    /// How much was read behind the head, and dropped.
    dropped: usize,
    options: Arc<AcceptorOptions>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> PendingHttpRequest<S> {
    pub(super) fn new(
        stream: S,
        request: HttpRequest,
        options: Arc<AcceptorOptions>,
    ) -> PendingHttpRequest<S> {
        PendingHttpRequest {
            stream,
            request,
            dropped: 0,
            options,
        }
    }

    /// The transport, for example to ask for the client's certificate.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// What the client asks for.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Ready when the client has gone, as
    /// [`PendingRequest::gone`](super::PendingRequest::gone). What it sends meanwhile is dropped.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn gone(&mut self) {
        while self.dropped < MAX_LEFTOVER {
            match read(&mut self.stream, <[u8]>::len).await {
                Ok(0) | Err(_) => return,
                Ok(length) => self.dropped += length,
            }
        }
        std::future::pending().await
    }

    /// Answers, and ends the transport; see [`HttpRequest::respond`]. Best effort: a client that is
    /// not there any more is no error.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn respond(self, status: StatusCode, body: &[u8], headers: &HeaderMap) {
        let response = self.request.respond(status, body, headers);
        self.options.end(self.stream, &response).await;
    }

    /// Answers with what [`on_http`](super::AcceptorBuilder::on_http) says. Returns why there is no
    /// WebSocket.
    pub(super) async fn answer(mut self, peer: PeerInfo, entrance: Option<&Entrance<'_>>) -> Error {
        let options = Arc::clone(&self.options);
        let Some(on_http) = &options.on_http else {
            let error = self.request.error();
            self.reject().await;
            return error.into();
        };
        if let Err(refusal) = keep(entrance) {
            return refusal.into();
        }
        let asked = IncomingRequest::new(self.request.clone(), peer);
        let answer = first(async { Ok(on_http(asked).await) }, async {
            self.gone().await;
            Err(before_answer())
        });
        let answer = answer.await;
        yield_place(entrance);
        match answer {
            Ok(Some(response)) => {
                let (head, body) = response.into_parts();
                self.respond(head.status, &body, &head.headers).await;
                Error::Answered {
                    status: head.status,
                }
            }
            Ok(None) => {
                let error = self.request.error();
                self.reject().await;
                error.into()
            }
            Err(error) => error,
        }
    }

    /// Answers as a server that speaks WebSocket only: with what
    /// [`HttpRequest::error`] is answered with.
    ///
    /// # Cancel safety
    /// As [`respond`](Self::respond).
    pub async fn reject(self) {
        let response = self.request.error().rejection();
        self.options.end(self.stream, &response).await;
    }
}

impl<S> fmt::Debug for PendingHttpRequest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Target and header fields may hold secrets.
        f.debug_struct("PendingHttpRequest")
            .field("method", &self.request.method)
            .finish_non_exhaustive()
    }
}
