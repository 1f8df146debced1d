//! WebSockets in [axum](https://docs.rs/axum) 0.8: the extractor [`WebSocketUpgrade`].
//!
//! ```
//! use arkws::axum::WebSocketUpgrade;
//! use arkws::{MessageRef, Transport, WebSocket};
//! use axum::Router;
//! use axum::response::Response;
//! use axum::routing::any;
//!
//! async fn chat(upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.protocols(["chat"]).on_upgrade(echo)
//! }
//!
//! async fn echo(mut socket: WebSocket<Transport>) {
//!     while let Some(Ok((message, mut outbox))) = socket.recv_with_outbox().await {
//!         if let MessageRef::Text(text) = message
//!             && outbox.feed_text(&text).is_err()
//!         {
//!             break;
//!         }
//!     }
//! }
//!
//! // `any`, not `get`: over HTTP/2 the method is CONNECT.
//! let app: Router = Router::new().route("/chat", any(chat));
//! # let _ = app;
//! ```
//!
//! Over HTTP/2 too with the features `http2` of this crate and of axum, whose `serve` then allows
//! it: see [`arkws::hyper`](crate::hyper#http2). `serve` leaves small messages to wait for others
//! (Nagle's algorithm) unless the listener says otherwise:
//! `listener.tap_io(|tcp| _ = tcp.set_nodelay(true))`.
use std::fmt;
use std::mem;
use std::sync::OnceLock;

use ::hyper::upgrade::OnUpgrade;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{Negotiated, ServerRequest};
use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Request};

use crate::hyper;
use crate::{
    Acceptor, AllowedOrigins, Config, Error, Heartbeat, IncomingRequest, Limits, PeerInfo,
    Rejection, Role, Transport, UnfinishedBudget, WebSocket,
};

/// An extractor for requests that ask for a WebSocket: of HTTP/1.1, and of HTTP/2 (RFC 8441).
///
/// The handler sets options, and returns what [`on_upgrade`](Self::on_upgrade) gives. The defaults
/// are those of an [`Acceptor`]: no sub-protocol, no compression, every origin. The memory of
/// incomplete messages is bounded for all of them together ([`UnfinishedBudget`]).
///
/// A request that is none is answered with the status that says so ([`Rejection`]): 426 without an
/// upgrade, 400, 405, ...
#[must_use = "the connection becomes a WebSocket by `on_upgrade`, whose response is returned"]
pub struct WebSocketUpgrade<F = IgnoreFailedUpgrade> {
    request: ServerRequest,
    peer: PeerInfo,
    connection: OnUpgrade,
    protocols: Vec<String>,
    deflate: Option<DeflateConfig>,
    origins: Option<AllowedOrigins>,
    config: Config,
    on_failed_upgrade: F,
}

/// What [`WebSocketUpgrade`] does with a connection that fails before it is a WebSocket: nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct IgnoreFailedUpgrade(());

/// What is called when a connection fails before it is a WebSocket: any `FnOnce(arkws::Error)`.
pub trait OnFailedUpgrade: Send + 'static {
    /// The connection has failed.
    fn call(self, error: Error);
}

impl<F: FnOnce(Error) + Send + 'static> OnFailedUpgrade for F {
    fn call(self, error: Error) {
        self(error);
    }
}

impl OnFailedUpgrade for IgnoreFailedUpgrade {
    fn call(self, _error: Error) {}
}

/// One for all connections of the process that have none of their own.
fn budget() -> UnfinishedBudget {
    static BUDGET: OnceLock<UnfinishedBudget> = OnceLock::new();
    BUDGET.get_or_init(UnfinishedBudget::default).clone()
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        // The checks take a request: it borrows these parts for as long as they last.
        let mut request = Request::new(());
        exchange(parts, &mut request);
        let checked = hyper::check(&mut request);
        exchange(parts, &mut request);
        let (request, connection) = checked?;
        Ok(WebSocketUpgrade {
            request,
            peer: hyper::peer(&parts.extensions),
            connection,
            protocols: Vec::new(),
            deflate: None,
            origins: None,
            config: Config {
                unfinished_budget: Some(budget()),
                ..Acceptor::default().config().clone()
            },
            on_failed_upgrade: IgnoreFailedUpgrade(()),
        })
    }
}

fn exchange(parts: &mut Parts, request: &mut Request<()>) {
    mem::swap(&mut parts.method, request.method_mut());
    mem::swap(&mut parts.uri, request.uri_mut());
    mem::swap(&mut parts.version, request.version_mut());
    mem::swap(&mut parts.headers, request.headers_mut());
    mem::swap(&mut parts.extensions, request.extensions_mut());
}

impl<F> WebSocketUpgrade<F> {
    /// The request: its target, header fields and sub-protocols.
    pub fn request(&self) -> &ServerRequest {
        &self.request
    }

    /// Sub-protocols in order of preference: the first that the client offers is chosen; none, if
    /// it offers none of them.
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Agrees on permessage-deflate (RFC 7692) with clients that offer it.
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> Self {
        self.deflate = deflate.into();
        self
    }

    /// Refuses pages of other origins with status 403 (RFC 6455, 10.2). Default: every page of
    /// every site may connect.
    pub fn allowed_origins(mut self, origins: impl Into<Option<AllowedOrigins>>) -> Self {
        self.origins = origins.into();
        self
    }

    /// What is accepted from the client. Default: messages and frames of up to
    /// [`Acceptor::DEFAULT_MAX_MESSAGE_SIZE`] bytes, and else [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// Pings to a silent client. Default: none.
    pub fn heartbeat(mut self, heartbeat: impl Into<Option<Heartbeat>>) -> Self {
        self.config.heartbeat = heartbeat.into();
        self
    }

    /// All options of the connection at once, as
    /// [`AcceptorBuilder::config`](crate::AcceptorBuilder::config).
    pub fn config(mut self, mut config: Config) -> Self {
        config.unfinished_budget.get_or_insert_with(budget);
        self.config = config;
        self
    }

    /// What is called when the connection fails before it is a WebSocket: it is lost before the
    /// response is sent, say. Default: nothing is.
    pub fn on_failed_upgrade<C: OnFailedUpgrade>(self, callback: C) -> WebSocketUpgrade<C> {
        WebSocketUpgrade {
            request: self.request,
            peer: self.peer,
            connection: self.connection,
            protocols: self.protocols,
            deflate: self.deflate,
            origins: self.origins,
            config: self.config,
            on_failed_upgrade: callback,
        }
    }

    /// The response that accepts, for the handler to return; and a task of `callback`, which gets
    /// the socket when it has been sent. Where an option refuses the request, it is the response
    /// that says so, and `callback` is not called. (Return it as it is: over HTTP/1.1 hyper hands
    /// the connection over, when that has ended, whatever the response was.)
    #[must_use = "the response has to be returned"]
    pub fn on_upgrade<C, Fut>(self, callback: C) -> Response
    where
        C: FnOnce(WebSocket<Transport>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        F: OnFailedUpgrade,
    {
        match self.answer() {
            Ok((response, negotiated)) => {
                let opening = hyper::open(self.connection, Role::Server, self.config, negotiated);
                spawn(response, opening, callback, self.on_failed_upgrade)
            }
            Err(rejection) => rejection.into_response(),
        }
    }

    fn answer(&self) -> Result<(http::Response<()>, Negotiated), Rejection> {
        if let Some(origins) = &self.origins {
            origins.check(&self.request.headers)?;
        }
        let is_offered = |protocol: &&String| self.request.protocols.contains(protocol);
        let protocol = self.protocols.iter().find(is_offered).map(String::as_str);
        let deflate = self.deflate.as_ref();
        Ok(self
            .request
            .accept_http(protocol, deflate, &HeaderMap::new())?)
    }

    /// As [`on_upgrade`](Self::on_upgrade), with all options of an acceptor, which was made once,
    /// instead of those that are set here; its functions may take their time. They see the
    /// extensions that the request has when this is extracted, as
    /// [`arkws::hyper::upgrade`](crate::hyper::upgrade) has it: axum's `ConnectInfo`, say, or a
    /// user whom a layer has found. `callback` also gets the request, with what they have added.
    pub async fn on_upgrade_with<C, Fut>(self, acceptor: &Acceptor, callback: C) -> Response
    where
        C: FnOnce(WebSocket<Transport>, IncomingRequest) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        F: OnFailedUpgrade,
    {
        match hyper::accept(self.request, self.peer, self.connection, acceptor).await {
            Ok((response, upgrade)) => {
                let request = upgrade.request().clone();
                let callback = |socket| callback(socket, request);
                spawn(response, upgrade, callback, self.on_failed_upgrade)
            }
            Err(rejection) => rejection.into_response(),
        }
    }
}

/// The task that gets the socket; the response that has to be sent for it.
fn spawn<C, Fut>(
    response: http::Response<()>,
    opening: impl Future<Output = Result<WebSocket<Transport>, Error>> + Send + 'static,
    callback: C,
    on_failed_upgrade: impl OnFailedUpgrade,
) -> Response
where
    C: FnOnce(WebSocket<Transport>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        match opening.await {
            Ok(socket) => callback(socket).await,
            Err(error) => on_failed_upgrade.call(error),
        }
    });
    response.map(|()| Body::empty())
}

impl<F> fmt::Debug for WebSocketUpgrade<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Rejection::into_response(self)
    }
}
