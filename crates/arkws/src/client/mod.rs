//! Making connections.
mod body;
mod builder;
mod over_stream;
mod reconnecting;
mod request;
mod request_builder;
mod retry;
mod retry_after;
mod steps;

use std::fmt;
#[cfg(unix)]
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arkws_proto::Role;
use arkws_proto::handshake::{
    ClientHandshake, ClientRequest, ClientResponse, HandshakeError, MAX_OWN_HEADERS, RefusalBody,
};
use http::header::{AUTHORIZATION, ORIGIN};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::WebSocketUrl;
use crate::dial::deadline::Deadline;
use crate::dial::{self, redirect};
use crate::log::{self, Instrument};
#[cfg(feature = "tls")]
use crate::tls::ClientTls;
use crate::url::shown;
use crate::{Config, Error, Phase, RedirectError, Transport, WebSocket};
use body::BodyReader;
use builder::{ClientOptions, Fields};
use request::Extra;

pub use builder::{ClientBuilder, PageOrigin};
pub use reconnecting::Attempt;
pub use request::{IntoRequest, Request};
pub use request_builder::RequestBuilder;
pub use retry::Retry;

/// Connects with the default options.
///
/// ```no_run
/// # async fn run() -> Result<(), arkws::Error> {
/// use arkws::Message;
/// use futures_util::StreamExt;
///
/// let (mut socket, response) = arkws::connect("wss://echo.example/").await?;
/// println!("{} {}", response.status.as_str(), response.reason);
/// socket.send(Message::Text("hello".into())).await?;
/// while let Some(message) = socket.next().await {
///     println!("{:?}", message?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Client::connect`].
///
/// # Cancel safety
/// As [`Client::connect`].
pub async fn connect(
    request: impl IntoRequest,
) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
    static DEFAULT: OnceLock<Client> = OnceLock::new();
    let client = match DEFAULT.get() {
        Some(client) => client,
        None => {
            let client = Client::builder().build()?;
            DEFAULT.get_or_init(|| client)
        }
    };
    client.connect(request).await
}

/// A client's options, made once and cheap to clone. TLS sessions are resumed among its
/// connections.
///
/// ```no_run
/// # async fn run() -> Result<(), arkws::Error> {
/// use arkws::http::header::{HeaderValue, ORIGIN};
/// use arkws::{Client, DeflateConfig, Roots, TlsConfig};
///
/// let client = Client::builder()
///     .header(ORIGIN, HeaderValue::from_static("https://app.example"))
///     .protocols(["chat.v2", "chat.v1"])
///     .deflate(DeflateConfig::default())
///     .tls(TlsConfig { roots: vec![Roots::Path("ca.pem".into())], ..TlsConfig::default() })
///     .build()?;
/// let (socket, response) = client.connect("wss://chat.example/rooms/1").await?;
/// println!("{:?} over {:?}", response.negotiated.protocol, socket.get_ref().tls_version());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    options: Arc<ClientOptions>,
    #[cfg(feature = "tls")]
    tls: Arc<ClientTls>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}

impl Client {
    /// Connects to a `ws` or `wss` URL, which may come in a [`http::Request`]: [`IntoRequest`].
    ///
    /// User name and password in the URL become Basic authorization, unless an `Authorization`
    /// header is set.
    ///
    /// # Errors
    /// Every phase has its own: [`Error::Url`], [`Error::Request`], [`Error::Dns`],
    /// [`Error::Connect`], [`Error::Proxy`], [`Error::Tls`], [`Error::Handshake`],
    /// [`Error::NoAnswer`], [`Error::Redirect`], [`Error::DialTimeout`]. A status other than 101 is
    /// [`HandshakeError::Refused`] with the server's headers, and the first
    /// [`MAX_REFUSAL_BODY`](Client::MAX_REFUSAL_BODY) bytes of its body without the framing of
    /// their transfer, as far as they come within a second. (Of a redirect there is no body.)
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn connect(
        &self,
        request: impl IntoRequest,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        self.open(request.into_request()?).await
    }

    async fn open(
        &self,
        request: Request,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        let Request { mut url, extra } = request;
        let total = extra.timeout.map(Deadline::after);
        let mut fields = self.fields(extra)?;
        let mut redirects = 0;
        loop {
            // Boxed: what dialling and TLS need on the way does not swell the caller's future.
            let span = log::connecting(url.authority());
            let attempt = self.attempt(&url, &fields, total).instrument(span.clone());
            let answer = match Box::pin(attempt).await {
                Err(Error::Handshake(HandshakeError::Refused(answer))) => answer,
                done => return done,
            };
            let limit = self.options.max_redirects;
            let next = if limit == 0 {
                None
            } else {
                redirect::next(&url, &answer)?
            };
            let Some(next) = next else {
                return Err(HandshakeError::Refused(answer).into());
            };
            if redirects == limit {
                let location = shown(next.as_str());
                return Err(RedirectError::TooMany { limit, location }.into());
            }
            span.in_scope(|| {
                let (status, to) = (answer.status().as_u16(), next.authority());
                log::debug!(status, to, "redirected");
            });
            self.options.redirects.check(&next)?;
            redirects += 1;
            let Fields { headers, protocols } = &mut fields;
            redirect::keep_what_is_no_secret(&url, &next, headers, protocols);
            url = next;
        }
    }

    /// The WebSocket handshake with the server of `url` over a connection that exists already, such
    /// as a Unix socket. No proxy, no TLS, no redirects.
    ///
    /// # Errors
    /// [`Error::Url`], [`Error::Handshake`], [`Error::NoAnswer`], [`Error::DialTimeout`].
    ///
    /// # Cancel safety
    /// The connection is lost with the future.
    pub async fn connect_over<S>(
        &self,
        request: impl IntoRequest,
        io: S,
    ) -> Result<(WebSocket<S>, ClientResponse), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let Request { url, extra } = request.into_request()?;
        let total = extra.timeout.map(Deadline::after);
        let deadline = Deadline::after(self.options.handshake_timeout).or_sooner(total);
        let fields = self.fields(extra)?;
        self.handshake(&url, &fields, &deadline, io).await
    }

    /// The WebSocket handshake over a Unix socket: `path` is where the server listens, and
    /// `request` says, in a `ws` URL, which host and path the server is asked for. No proxy, no
    /// TLS, no redirects.
    ///
    /// ```no_run
    /// # async fn run(client: arkws::Client) -> Result<(), arkws::Error> {
    /// let request = "ws://localhost/events";
    /// let (socket, _) = client.connect_unix("/run/app.sock", request).await?;
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect_over`](Self::connect_over), and [`Error::Unix`].
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    #[cfg(unix)]
    pub async fn connect_unix(
        &self,
        path: impl AsRef<Path>,
        request: impl IntoRequest,
    ) -> Result<(WebSocket<UnixStream>, ClientResponse), Error> {
        let request = request.into_request()?;
        let path = path.as_ref();
        let stream = UnixStream::connect(path).await.map_err(|source| {
            let path = path.to_owned();
            Error::Unix { path, source }
        })?;
        self.connect_over(request, stream).await
    }

    /// The client's header fields and sub-protocols, with those of a request.
    ///
    /// # Errors
    /// One of the request's cannot be sent.
    fn fields(&self, extra: Extra) -> Result<Fields, Error> {
        let options = &self.options;
        let mut fields = options.fields();
        if !extra.is_empty() {
            if extra.headers.len() > MAX_OWN_HEADERS {
                return Err(HandshakeError::TooManyOwnHeaders.into());
            }
            extra.put_into(&mut fields);
            // It shows here what would otherwise be found once the connection is there.
            let request = options.request("localhost".into(), "/", fields.clone());
            ClientHandshake::new(request, &options.config.limits)?;
        }
        Ok(fields)
    }

    async fn attempt(
        &self,
        url: &WebSocketUrl,
        fields: &Fields,
        total: Option<Deadline>,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        if url.is_secure() && cfg!(not(feature = "tls")) {
            return Err(no_tls());
        }
        let options = &self.options;
        let (proxy, route, limits) = (&options.proxy, &options.route, &options.config.limits);
        let deadline = Deadline::after(options.connect_timeout).or_sooner(total);
        let stream = dial::connect(url, proxy, route, &deadline, limits).await?;
        let deadline = Deadline::after(options.handshake_timeout).or_sooner(total);
        self.handshake_over(url, fields, &deadline, stream).await
    }

    async fn handshake<S>(
        &self,
        url: &WebSocketUrl,
        fields: &Fields,
        deadline: &Deadline,
        io: S,
    ) -> Result<(WebSocket<S>, ClientResponse), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let request = self.request_for(url, fields);
        let exchange = exchange(url, request, &self.options.config, io);
        let target = || url.authority();
        match deadline.run(Phase::Handshake, target, exchange).await? {
            ServerAnswer::Accepted(socket, response) => Ok((*socket, response)),
            ServerAnswer::Refused(mut io, answer) => {
                let may_be_followed =
                    self.options.max_redirects > 0 && answer.status().is_redirection();
                let answer = match may_be_followed {
                    true => answer,
                    false => {
                        let patience = deadline.left().min(BODY_PATIENCE);
                        read_body(&mut io, answer, patience).await
                    }
                };
                Err(HandshakeError::Refused(answer).into())
            }
        }
    }
}

impl Client {
    /// The request of one attempt.
    fn request_for(&self, url: &WebSocketUrl, fields: &Fields) -> ClientRequest {
        let mut fields = fields.clone();
        if let Some(authorization) = url.authorization() {
            fields.headers.entry(AUTHORIZATION).or_insert(authorization);
        }
        if let Some(origin) = self.options.page_origin {
            let origin = url.page_origin(origin == PageOrigin::Full);
            fields.headers.entry(ORIGIN).or_insert(origin);
        }
        self.options.request(url.host_field(), url.target(), fields)
    }

    /// The request for an HTTP implementation that writes it, and the options of its connection.
    #[cfg(feature = "hyper")]
    pub(crate) fn over_hyper(
        &self,
        request: Request,
    ) -> Result<(WebSocketUrl, ClientRequest, &Config), Error> {
        let Request { url, extra } = request;
        let request = self.request_for(&url, &self.fields(extra)?);
        Ok((url, request, &self.options.config))
    }
}

/// What a `wss` URL fails with where there is no TLS.
fn no_tls() -> Error {
    Error::MissingFeature {
        what: "wss, WebSocket over TLS,".to_owned(),
        feature: "tls",
    }
}

/// For how long the rest of a refusal's body is waited for.
const BODY_PATIENCE: Duration = Duration::from_secs(1);

/// What a server has answered.
enum ServerAnswer<S> {
    Accepted(Box<WebSocket<S>>, ClientResponse),
    Refused(S, Box<http::Response<RefusalBody>>),
}

/// Reads what is kept of the body of a refusal, of which a part may have come with its head.
async fn read_body<S: AsyncRead + Unpin>(
    io: &mut S,
    answer: Box<http::Response<RefusalBody>>,
    patience: Duration,
) -> Box<http::Response<RefusalBody>> {
    let mut reader = BodyReader::new(&answer, Client::MAX_REFUSAL_BODY);
    let reading = async {
        reader.recv(answer.body());
        let mut buffer = vec![0; 4096];
        while !reader.is_complete() {
            // However it ends: what has come is told.
            match io.read(&mut buffer).await {
                Ok(count @ 1..) => reader.recv(&buffer[..count]),
                Ok(0) | Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(patience, reading).await;
    Box::new(answer.map(|_| reader.into_body().into()))
}

/// Sends the request, reads the answer.
async fn exchange<S>(
    url: &WebSocketUrl,
    request: ClientRequest,
    config: &Config,
    mut io: S,
) -> Result<ServerAnswer<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let failed = |error| Error::no_answer(url.authority(), error);
    let (mut handshake, bytes) = ClientHandshake::new(request, &config.limits)?;
    // A server that does not want the request may end the connection while it is being written.
    // What it said before (a status, a TLS alert) can still be read, and says more than the error
    // of writing.
    let written = async {
        io.write_all(&bytes).await?;
        io.flush().await
    }
    .await;
    let mut buffer = vec![0; 4096];
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) => {
                let ended =
                    || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "end of stream");
                return Err(failed(written.err().unwrap_or_else(ended)));
            }
            Ok(count) => count,
            Err(error) => return Err(failed(error)),
        };
        let received = match handshake.recv(&buffer[..count]) {
            Err(HandshakeError::Refused(answer)) => return Ok(ServerAnswer::Refused(io, answer)),
            received => received?,
        };
        if let Some((response, consumed)) = received {
            written.map_err(failed)?;
            let leftover = &buffer[consumed..count];
            let negotiated = response.negotiated.clone();
            let socket =
                WebSocket::from_handshake(io, Role::Client, config.clone(), negotiated, leftover);
            return Ok(ServerAnswer::Accepted(Box::new(socket), response));
        }
    }
}
