//! Answering requests that hyper has read.
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::hyper::upgrade::OnUpgrade;
use arkws_proto::Role;
use arkws_proto::handshake::{Negotiated, ServerRequest};
use http::{Extensions, Request, Response, StatusCode, Version};

use crate::{Acceptor, Config, Error, Rejection, Transport, WebSocket, log};

/// Answers a request as the options of `acceptor` say: the response to send, and the socket that
/// the connection becomes when hyper has sent it. Over HTTP/1.1 it is an upgrade, over HTTP/2 (with
/// the feature `http2`) an extended CONNECT.
///
/// # Errors
/// The request is not valid, or is refused by an option; or the server does not let connections be
/// upgraded. [`Rejection::into_response`] is the answer.
pub async fn upgrade<B>(
    request: &mut Request<B>,
    acceptor: &Acceptor,
) -> Result<(Response<()>, Upgrade), Rejection> {
    let (checked, on_upgrade) = check(request)?;
    accept(&checked, on_upgrade, acceptor).await
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
    request: &ServerRequest,
    on_upgrade: OnUpgrade,
    acceptor: &Acceptor,
) -> Result<(Response<()>, Upgrade), Rejection> {
    let responded = acceptor.respond(request).await;
    let (response, negotiated) = responded.inspect_err(|rejection| {
        let error = rejection.error();
        log::debug!(%error, "handshake refused");
    })?;
    let config = acceptor.config().clone();
    Ok((response, Upgrade::new(on_upgrade, config, negotiated)))
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
pub struct Upgrade(
    Pin<Box<dyn Future<Output = Result<WebSocket<Transport>, Error>> + Send + 'static>>,
);

impl Upgrade {
    pub(crate) fn new(on_upgrade: OnUpgrade, config: Config, negotiated: Negotiated) -> Upgrade {
        let socket = super::open(on_upgrade, Role::Server, config, negotiated);
        Upgrade(Box::pin(socket))
    }
}

impl Future for Upgrade {
    type Output = Result<WebSocket<Transport>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
