//! Answering requests that hyper has read.
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::hyper::upgrade::OnUpgrade;
use arkws_proto::Role;
use arkws_proto::handshake::ServerRequest;
use http::{Extensions, Request, Response, StatusCode, Version};

use crate::{Acceptor, Error, IncomingRequest, PeerInfo, Rejection, Transport, WebSocket, log};

/// Answers a request as the options of `acceptor` say: the response to send, and the socket that
/// the connection becomes when hyper has sent it. Over HTTP/1.1 it is an upgrade, over HTTP/2 (with
/// the feature `http2`) an extended CONNECT.
///
/// The options' functions see the extensions of `request`: a [`PeerInfo`] among them, which the
/// program has put there, is who sends it. What the functions add is in [`Upgrade::request`].
///
/// ```
/// # use arkws::http::{Request, Response};
/// # async fn answer<B>(
/// #     mut request: Request<B>,
/// #     acceptor: arkws::Acceptor,
/// #     address: std::net::SocketAddr,
/// # ) -> Result<Response<()>, arkws::Rejection> {
/// // `address` is what the listener's `accept` has told.
/// request.extensions_mut().insert(arkws::PeerInfo::from(address));
/// let (response, upgrade) = arkws::hyper::upgrade(&mut request, &acceptor).await?;
/// assert_eq!(upgrade.request().peer().address, Some(address));
/// # Ok(response)
/// # }
/// ```
///
/// # Errors
/// The request is not valid, or is refused by an option; or the server does not let connections be
/// upgraded. [`Rejection::into_response`] is the answer.
pub async fn upgrade<B>(
    request: &mut Request<B>,
    acceptor: &Acceptor,
) -> Result<(Response<()>, Upgrade), Rejection> {
    let (checked, on_upgrade) = check(request)?;
    accept(checked, peer(request.extensions()), on_upgrade, acceptor).await
}

/// Who sends a request, as far as its extensions tell, and all else that they hold.
pub(crate) fn peer(extensions: &Extensions) -> PeerInfo {
    let mut extensions = extensions.clone();
    let mut peer: PeerInfo = extensions.remove().unwrap_or_default();
    peer.extensions.extend(extensions);
    peer
}

/// A valid request, and what its connection becomes.
pub(crate) fn check<B>(request: &mut Request<B>) -> Result<(ServerRequest, OnUpgrade), Rejection> {
    let checked = match request.version() {
        Version::HTTP_2 | Version::HTTP_3 => {
            let protocol = connect_protocol(request.extensions())?;
            ServerRequest::from_extended_connect(request, protocol.as_deref())
        }
        _ => ServerRequest::from_http(request),
    };
    let checked = checked.map_err(|error| {
        log::debug!(%error, "handshake failed");
        Rejection::from(error)
    })?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let on_upgrade = on_upgrade.ok_or_else(|| {
        let what = "the HTTP server does not let this connection be upgraded: it has to be served \
            with upgrades (`with_upgrades`)";
        unable(io::Error::new(io::ErrorKind::Unsupported, what).into())
    })?;
    Ok((checked, on_upgrade))
}

pub(crate) async fn accept(
    request: ServerRequest,
    peer: PeerInfo,
    on_upgrade: OnUpgrade,
    acceptor: &Acceptor,
) -> Result<(Response<()>, Upgrade), Rejection> {
    let responded = acceptor.respond_from(request, peer).await;
    let (response, negotiated, request) = responded.inspect_err(|rejection| {
        let error = rejection.error();
        log::debug!(%error, "handshake refused");
    })?;
    let config = acceptor.config().clone();
    let socket = super::open(on_upgrade, Role::Server, config, negotiated);
    let socket = Box::pin(socket);
    Ok((response, Upgrade { socket, request }))
}

/// The `:protocol` of an extended CONNECT.
#[cfg(feature = "http2")]
fn connect_protocol(extensions: &Extensions) -> Result<Option<String>, Rejection> {
    let protocol = extensions.get::<::hyper::ext::Protocol>();
    Ok(protocol.map(|protocol| protocol.as_str().to_owned()))
}

#[cfg(not(feature = "http2"))]
fn connect_protocol(_extensions: &Extensions) -> Result<Option<String>, Rejection> {
    Err(unable(Error::MissingFeature {
        what: "WebSocket over HTTP/2".to_owned(),
        feature: "http2",
    }))
}

/// This server cannot do what is asked for.
fn unable(error: Error) -> Rejection {
    log::debug!(%error, "handshake failed");
    let body = format!("{error}\n");
    let response =
        ServerRequest::refuse_http(StatusCode::NOT_IMPLEMENTED, body, &Default::default());
    Rejection::new(error, response)
}

/// What a connection becomes: a future of the socket. It is ready when hyper has written the
/// response, which the service has to return meanwhile: await it on a task of its own.
///
/// # Errors
/// The connection ended before, or the response was not sent.
#[must_use = "without it the connection ends"]
pub struct Upgrade {
    socket: Opening,
    request: IncomingRequest,
}

type Opening = Pin<Box<dyn Future<Output = Result<WebSocket<Transport>, Error>> + Send>>;

impl Upgrade {
    /// The request, who sends it, and what the options' functions have added.
    pub fn request(&self) -> &IncomingRequest {
        &self.request
    }
}

impl Future for Upgrade {
    type Output = Result<WebSocket<Transport>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.socket.as_mut().poll(cx)
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}
