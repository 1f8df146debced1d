//! Requests that hyper sends, and the responses that it has read.
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use ::hyper::body::{Body, Buf};
use arkws_proto::Role;
use arkws_proto::handshake::{ClientOffer, ClientResponse, HandshakeError};
use http::Response;

use crate::{Client, Config, Error, IntoRequest, Transport, WebSocket};

/// For how long the body of a refusal is waited for.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// The request of HTTP/1.1 for a WebSocket, with the header fields, sub-protocols and compression
/// of `client` beside its own, and what makes a socket of its response. (A time-out of the request
/// does not apply: the program waits by itself.)
///
/// The target is in origin form, for `hyper::client::conn`. Clients that choose the connection by
/// the target, as `hyper-util`'s, want an `http` URL in its place.
///
/// ```no_run
/// # async fn run(stream: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use hyper_util::rt::TokioIo;
///
/// let client = arkws::Client::builder().protocols(["chat"]).build()?;
/// let io = TokioIo::new(stream);
/// let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
/// tokio::spawn(connection.with_upgrades());
///
/// let (request, upgrade) = arkws::hyper::request(&client, "ws://example.org/chat")?;
/// let request = request.map(|()| Empty::<Bytes>::new());
/// let (socket, response) = upgrade.socket(sender.send_request(request).await?).await?;
/// # drop((socket, response));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Url`]; [`Error::Request`], [`Error::Handshake`]: the request cannot be made.
pub fn request(
    client: &Client,
    request: impl IntoRequest,
) -> Result<(http::Request<()>, ClientUpgrade), Error> {
    let (_, request, config) = client.over_hyper(request.into_request()?)?;
    let (request, offer) = request.into_http()?;
    Ok((request, ClientUpgrade::new(offer, config)))
}

/// As [`request`], over HTTP/2: an extended CONNECT, for a server that allows it (RFC 8441, 3).
///
/// # Errors
/// As [`request`].
#[cfg(feature = "http2")]
pub fn extended_connect(
    client: &Client,
    request: impl IntoRequest,
) -> Result<(http::Request<()>, ClientUpgrade), Error> {
    let (url, request, config) = client.over_hyper(request.into_request()?)?;
    let scheme = match url.is_secure() {
        true => http::uri::Scheme::HTTPS,
        false => http::uri::Scheme::HTTP,
    };
    let (mut request, offer) = request.into_extended_connect(scheme)?;
    let protocol = ::hyper::ext::Protocol::from_static("websocket");
    request.extensions_mut().insert(protocol);
    Ok((request, ClientUpgrade::new(offer, config)))
}

/// A request that hyper sends: makes a socket of its response.
pub struct ClientUpgrade {
    offer: ClientOffer,
    config: Config,
}

impl ClientUpgrade {
    fn new(offer: ClientOffer, config: &Config) -> ClientUpgrade {
        ClientUpgrade {
            offer,
            config: config.clone(),
        }
    }

    /// Checks the response, and waits for the connection to be handed over.
    ///
    /// # Errors
    /// The server has refused: [`HandshakeError::Refused`] has its response, and of the body the
    /// first [`MAX_REFUSAL_BODY`](Client::MAX_REFUSAL_BODY) bytes, as far as they come within a
    /// second. The response is not valid. Or the connection ended, or is not driven with upgrades.
    pub async fn socket<B>(
        self,
        mut response: Response<B>,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error>
    where
        B: Body + Unpin,
    {
        let accepted = match self.offer.confirm(&response) {
            Err(HandshakeError::Refused(mut refused)) => {
                *refused.body_mut() = read_body(response.body_mut()).await.into();
                return Err(HandshakeError::Refused(refused).into());
            }
            accepted => accepted?,
        };
        let on_upgrade = ::hyper::upgrade::on(&mut response);
        let negotiated = accepted.negotiated.clone();
        let socket = super::open(on_upgrade, Role::Client, self.config, negotiated).await?;
        Ok((socket, accepted))
    }
}

/// What is kept of a body. However it ends: what has come is told.
async fn read_body<B: Body + Unpin>(body: &mut B) -> Vec<u8> {
    let mut kept = Vec::new();
    let reading = async {
        while kept.len() < Client::MAX_REFUSAL_BODY
            && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
        {
            let Ok(mut data) = frame.into_data() else {
                break;
            };
            while data.has_remaining() && kept.len() < Client::MAX_REFUSAL_BODY {
                let chunk = data.chunk();
                let taken = chunk.len().min(Client::MAX_REFUSAL_BODY - kept.len());
                kept.extend_from_slice(&chunk[..taken]);
                data.advance(taken);
            }
        }
    };
    let _ = tokio::time::timeout(BODY_PATIENCE, reading).await;
    kept
}

impl fmt::Debug for ClientUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientUpgrade")
            .field("offer", &self.offer)
            .finish_non_exhaustive()
    }
}
