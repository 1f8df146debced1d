//! Accepting connections: the server's side of the opening handshake (RFC 6455, 4.2) over a transport.
//!
//! Everything is bounded: the head in bytes and fields ([`Limits`]), the handshake in time, so that a client which sends
//! a byte a minute ("slow loris") does not hold a connection for long.
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ServerHandshake, ServerRequest};
use arkws_proto::{Limits, Role};
use http::header::ORIGIN;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use crate::socket::pool;
use crate::{Config, Error, Heartbeat, Phase, WebSocket};

/// How long a client that was refused may take to end the transport, so that it gets to read the answer.
const LINGER: Duration = Duration::from_secs(1);

/// Accepts a connection with the default settings: no sub-protocol, no compression, every origin.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// loop {
///     let (stream, _) = listener.accept().await?;
///     stream.set_nodelay(true)?;
///     tokio::spawn(async move {
///         let mut socket = arkws::accept(stream).await?;
///         socket.send("hello".into()).await?;
///         socket.close(None).await
///     });
/// }
/// # }
/// ```
///
/// # Errors
/// As [`Acceptor::accept`].
///
/// # Cancel safety
/// Not safe: the transport is lost with the future.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<WebSocket<S>, Error> {
    Acceptor::default().accept(stream).await
}

/// A server's settings, made once and cheap to clone.
///
/// Any transport will do, TLS included:
///
/// ```no_run
/// # async fn run(tls: std::sync::Arc<tokio_rustls::rustls::ServerConfig>) -> Result<(), Box<dyn std::error::Error>> {
/// use arkws::http::{HeaderMap, StatusCode};
/// use arkws::{Acceptor, DeflateConfig, Refusal};
///
/// let acceptor = Acceptor::builder()
///     .protocols(["chat.v2", "chat.v1"])
///     .deflate(DeflateConfig::default())
///     .allow_origins(["https://example.org"])
///     .on_request(|request| match request.headers.get("authorization") {
///         Some(token) if token == "Bearer sesame" => Ok(HeaderMap::new()),
///         _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "no valid token")),
///     })
///     .build();
/// let tls = tokio_rustls::TlsAcceptor::from(tls);
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
/// loop {
///     let (stream, _) = listener.accept().await?;
///     let (tls, acceptor) = (tls.clone(), acceptor.clone());
///     tokio::spawn(async move {
///         let stream = tls.accept(stream).await?;
///         let socket = acceptor.accept(stream).await?;
///         // ...
/// #       drop(socket);
/// #       Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     });
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Acceptor {
    settings: Arc<Settings>,
}

/// Builds an [`Acceptor`].
#[derive(Default)]
pub struct AcceptorBuilder {
    settings: Settings,
}

struct Settings {
    config: Config,
    deflate: Option<DeflateConfig>,
    handshake_timeout: Duration,
    protocols: Protocols,
    /// Allowed values of the `Origin` field; `None`: all.
    origins: Option<Vec<String>>,
    on_request: Option<Box<OnRequest>>,
}

type OnRequest = dyn Fn(&ServerRequest) -> Result<HeaderMap, Refusal> + Send + Sync;
type ChooseProtocol = dyn Fn(&ServerRequest) -> Option<String> + Send + Sync;

/// How the sub-protocol is chosen.
enum Protocols {
    /// The first of these that the client offers.
    Preferred(Vec<String>),
    Chosen(Box<ChooseProtocol>),
}

/// A valid request that has not been answered: see [`Acceptor::request`].
pub struct PendingRequest<S> {
    stream: S,
    request: ServerRequest,
    /// What the client sent behind its request, without waiting for the answer.
    leftover: Vec<u8>,
    settings: Arc<Settings>,
}

/// The HTTP answer to a request that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(Box<Answer>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    status: StatusCode,
    reason: String,
    headers: HeaderMap,
}

impl Acceptor {
    /// Starts from the default settings: no sub-protocol, no compression, every origin, 15 s for the handshake.
    pub fn builder() -> AcceptorBuilder {
        AcceptorBuilder::default()
    }

    /// Reads the request, answers it as the settings say, and hands out the connection.
    ///
    /// # Errors
    /// The request is not valid, was refused or took too long, or the transport failed. The client has been given an
    /// HTTP status that says so.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn accept<S>(&self, stream: S) -> Result<WebSocket<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let pending = self.request(stream).await?;
        match self.settings.decide(pending.request()) {
            Ok((protocol, headers)) => pending.accept(protocol.as_deref(), &headers).await,
            Err(refusal) => {
                let error = Error::Refused {
                    status: refusal.status(),
                    reason: refusal.reason().to_owned(),
                };
                pending.refuse(&refusal).await;
                Err(error)
            }
        }
    }

    /// Reads the request only, for programs that decide in their own time. Of the settings, those about origins,
    /// sub-protocols and requests do not apply.
    ///
    /// ```no_run
    /// # async fn run(stream: tokio::net::TcpStream, acceptor: arkws::Acceptor) -> Result<(), arkws::Error> {
    /// # async fn is_known(_: &str) -> bool { true }
    /// use arkws::http::{HeaderMap, StatusCode};
    /// use arkws::Refusal;
    ///
    /// let pending = acceptor.request(stream).await?;
    /// if is_known(&pending.request().target).await {
    ///     let socket = pending.accept(None, &HeaderMap::new()).await?;
    /// #   drop(socket);
    /// } else {
    ///     pending.refuse(&Refusal::new(StatusCode::NOT_FOUND, "no such room")).await;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The request is not valid or took too long, or the transport failed.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn request<S>(&self, mut stream: S) -> Result<PendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let settings = Arc::clone(&self.settings);
        let read = settings.within_timeout(read_request(&mut stream, &settings.config.limits));
        let result = read.await;
        match result {
            Ok((request, leftover)) => Ok(PendingRequest {
                stream,
                request,
                leftover,
                settings,
            }),
            Err(error) => {
                tracing::debug!(target: "arkws", %error, "handshake failed");
                if let Error::Handshake(error) = &error {
                    settings.end(stream, &error.rejection()).await;
                }
                Err(error)
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> PendingRequest<S> {
    /// What the client asks for.
    pub fn request(&self) -> &ServerRequest {
        &self.request
    }

    /// The transport, for example to ask for the client's address.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Accepts. `protocol` must be one of those offered; `headers` are added to the answer.
    ///
    /// # Errors
    /// `protocol` was not offered or a header is one of the handshake's own: then the client is given status 500. Or
    /// the transport failed, or did not take the answer in time.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn accept(
        mut self,
        protocol: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<WebSocket<S>, Error> {
        let deflate = self.settings.deflate.as_ref();
        let accepted = match self.request.accept(protocol, deflate, headers) {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(target: "arkws", %error, "handshake failed");
                self.settings.end(self.stream, &error.rejection()).await;
                return Err(error.into());
            }
        };
        let stream = &mut self.stream;
        self.settings
            .within_timeout(async move {
                stream.write_all(&accepted.response).await?;
                Ok(stream.flush().await?)
            })
            .await?;
        Ok(WebSocket::from_handshake(
            self.stream,
            Role::Server,
            self.settings.config.clone(),
            accepted.negotiated,
            &self.leftover,
        ))
    }

    /// Refuses, and ends the transport. Best effort: a client that is not there any more is no error.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn refuse(self, refusal: &Refusal) {
        let (status, reason) = (refusal.status(), refusal.reason());
        tracing::debug!(target: "arkws", %status, reason, "handshake refused");
        self.settings.end(self.stream, &refusal.response()).await;
    }
}

impl AcceptorBuilder {
    /// Sub-protocols in order of preference: the first that the client offers is chosen; none, if it offers none of
    /// them.
    #[must_use]
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        let protocols = protocols.into_iter().map(Into::into).collect();
        self.settings.protocols = Protocols::Preferred(protocols);
        self
    }

    /// Chooses the sub-protocol: one of those in the request, or none.
    #[must_use]
    pub fn choose_protocol(
        mut self,
        choose: impl Fn(&ServerRequest) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.settings.protocols = Protocols::Chosen(Box::new(choose));
        self
    }

    /// Agrees on permessage-deflate (RFC 7692) with clients that offer it.
    #[must_use]
    pub fn deflate(mut self, deflate: DeflateConfig) -> Self {
        self.settings.deflate = Some(deflate);
        self
    }

    /// Refuses browsers' requests from other origins with status 403 (RFC 6455, 10.2). An origin is scheme, host and,
    /// unless it is the default one, port: `https://example.org:8443`.
    ///
    /// Requests without an `Origin` field are let through: they are not from browsers, and could claim anything.
    #[must_use]
    pub fn allow_origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.settings.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Decides about each request: more header fields for the answer, or a refusal.
    #[must_use]
    pub fn on_request(
        mut self,
        decide: impl Fn(&ServerRequest) -> Result<HeaderMap, Refusal> + Send + Sync + 'static,
    ) -> Self {
        self.settings.on_request = Some(Box::new(decide));
        self
    }

    /// How long a client may take to send its request, and to take the answer. Default: 15 s.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.settings.handshake_timeout = limit;
        self
    }

    /// All settings of the connections at once; those below are its fields.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.settings.config = config;
        self
    }

    /// What is accepted from clients.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.config.limits = limits;
        self
    }

    /// Pings to silent clients. Default: none.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.settings.config.heartbeat = Some(heartbeat);
        self
    }

    /// How long a client may take to answer a close frame. Default: 5 s.
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.settings.config.close_timeout = limit;
        self
    }

    /// The finished settings.
    pub fn build(self) -> Acceptor {
        Acceptor {
            settings: Arc::new(self.settings),
        }
    }
}

impl Refusal {
    /// A refusal with a status, such as 403, and the reason in words, which is the body of the answer.
    pub fn new(status: StatusCode, reason: impl Into<String>) -> Refusal {
        Refusal(Box::new(Answer {
            status,
            reason: reason.into(),
            headers: HeaderMap::new(),
        }))
    }

    /// Adds a header field, such as `Retry-After`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Refusal {
        self.0.headers.append(name, value);
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Why, in words.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The answer in bytes, for a transport whose request is not even read.
    pub fn response(&self) -> Vec<u8> {
        ServerRequest::refuse(self.0.status, &self.0.reason, &self.0.headers)
    }
}

impl Settings {
    /// The sub-protocol and the header fields of the answer.
    fn decide(&self, request: &ServerRequest) -> Result<(Option<String>, HeaderMap), Refusal> {
        if let Some(allowed) = &self.origins
            && let Some(origin) = request.headers.get(ORIGIN)
            && !allowed
                .iter()
                .any(|allowed| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes()))
        {
            let reason = "this origin is not allowed (RFC 6455, 10.2)";
            return Err(Refusal::new(StatusCode::FORBIDDEN, reason));
        }
        let headers = match &self.on_request {
            Some(decide) => decide(request)?,
            None => HeaderMap::new(),
        };
        let protocol = match &self.protocols {
            Protocols::Preferred(protocols) => protocols
                .iter()
                .find(|protocol| request.protocols.contains(protocol))
                .cloned(),
            Protocols::Chosen(choose) => choose(request),
        };
        Ok((protocol, headers))
    }

    async fn within_timeout<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = self.handshake_timeout;
        timeout(limit, work).await.unwrap_or(Err(Error::Timeout {
            phase: Phase::Handshake,
            limit,
        }))
    }

    /// Answers with these bytes, ends the transport, and reads until the client does too: closing a TCP socket with
    /// unread bytes would reset it, and the client might never see the answer.
    async fn end<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S, response: &[u8]) {
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

impl Default for Settings {
    fn default() -> Self {
        Settings {
            config: Config::default(),
            deflate: None,
            handshake_timeout: Duration::from_secs(15),
            protocols: Protocols::Preferred(Vec::new()),
            origins: None,
            on_request: None,
        }
    }
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::builder().build()
    }
}

/// The request, and what was read behind it.
async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    limits: &Limits,
) -> Result<(ServerRequest, Vec<u8>), Error> {
    let mut handshake = ServerHandshake::new(limits);
    loop {
        let step = read(stream, |bytes| {
            if bytes.is_empty() {
                let why = "the client ended the connection before its request was complete";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why).into());
            }
            let request = handshake.recv(bytes)?;
            Ok::<_, Error>(request.map(|(request, len)| (request, bytes[len..].to_vec())))
        });
        if let Some(request) = step.await?? {
            return Ok(request);
        }
    }
}

/// One read, into a block that is borrowed only while there is something to read.
async fn read<S: AsyncRead + Unpin, T>(
    stream: &mut S,
    mut take: impl FnMut(&[u8]) -> T,
) -> io::Result<T> {
    poll_fn(|cx| {
        let mut block = pool::take();
        let mut buffer = ReadBuf::new(&mut block);
        let result = match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Ready(result) => Poll::Ready(result.map(|()| take(buffer.filled()))),
            Poll::Pending => Poll::Pending,
        };
        pool::give_back(block);
        result
    })
    .await
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl fmt::Debug for AcceptorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("config", &self.config)
            .field("deflate", &self.deflate)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for PendingRequest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Target and header fields may hold secrets.
        f.debug_struct("PendingRequest")
            .field("protocols", &self.request.protocols)
            .finish_non_exhaustive()
    }
}
