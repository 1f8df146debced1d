//! Accepting connections: the server's side of the opening handshake (RFC 6455, 4.2) over a
//! transport.
//!
//! Everything is bounded: the head in bytes and fields ([`Limits`]), the handshake in time, so that
//! a client which sends a byte a minute ("slow loris") does not hold a connection for long.
mod accept_error;
mod admission;
mod answer;
mod builder;
mod decision;
mod entrance;
mod http_request;
mod incoming;
mod origin;
mod pending_request;
mod read;
mod refusal;
mod rejection;
mod serve;

use std::fmt;
use std::io;
use std::sync::Arc;

use arkws_proto::Limits;
use arkws_proto::handshake::{
    AnyRequest, HandshakeError, Negotiated, ServerHandshake, ServerRequest,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::{Config, Error, Phase, WebSocket, log};

use builder::AcceptorOptions;
use decision::first;
use entrance::{Entrance, yield_place};
use read::{before_answer, gone, read};

pub use accept_error::accept_error_is_of_one_client;
pub use admission::{
    Admission, AdmissionError, ClientAddress, ConnectionPermit, HandshakePermit, ServerLimits,
};
pub use builder::AcceptorBuilder;
pub use decision::Acceptance;
pub use http_request::PendingHttpRequest;
#[cfg(feature = "tls")]
pub use incoming::TlsInfo;
pub use incoming::{IncomingRequest, PeerInfo};
pub use origin::{AllowedOrigins, OriginError};
pub use pending_request::PendingRequest;
pub use refusal::Refusal;
pub use rejection::Rejection;
pub use serve::{Server, ServerBuilder};

/// Accepts a connection with the default options: no sub-protocol, no compression, every origin.
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
pub async fn accept<S>(stream: S) -> Result<WebSocket<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    Acceptor::default().accept(stream).await
}

/// A server's options, made once and cheap to clone.
///
/// Any transport will do, TLS included, which a [`Transport`](crate::Transport) should be made of:
///
/// ```no_run
/// # use std::error::Error;
/// # use std::sync::Arc;
/// # async fn run(tls: Arc<tokio_rustls::rustls::ServerConfig>) -> Result<(), Box<dyn Error>> {
/// use arkws::http::StatusCode;
/// use arkws::{Acceptance, Acceptor, AllowedOrigins, DeflateConfig, Refusal, TlsError, Transport};
///
/// let acceptor = Acceptor::builder()
///     .protocols(["chat.v2", "chat.v1"])
///     .deflate(DeflateConfig::default())
///     .allowed_origins(AllowedOrigins::new(["https://example.org"])?)
///     .on_request(async |request| match request.headers.get("authorization") {
///         Some(token) if token == "Bearer sesame" => Ok(Acceptance::new()),
///         _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "no valid token")),
///     })
///     .build();
/// let tls = tokio_rustls::TlsAcceptor::from(tls);
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
/// loop {
///     let (stream, _) = listener.accept().await?;
///     let (tls, acceptor) = (tls.clone(), acceptor.clone());
///     tokio::spawn(async move {
///         // What goes wrong is said in words about the client and its certificate.
///         let stream = match tls.accept(stream).await {
///             Ok(stream) => stream,
///             Err(error) => return Err(TlsError::from_accept(error)?.into()),
///         };
///         let socket = acceptor.accept(Transport::from(stream)).await?;
///         // ...
/// #       drop(socket);
/// #       Ok::<_, Box<dyn Error + Send + Sync>>(())
///     });
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Acceptor {
    options: Arc<AcceptorOptions>,
}

/// A valid request, of either kind: see [`Acceptor::any_request_after`].
#[derive(Debug)]
pub enum AnyPendingRequest<S> {
    /// One that asks for a WebSocket.
    Upgrade(PendingRequest<S>),
    /// Any other.
    Http(PendingHttpRequest<S>),
}

impl Acceptor {
    /// Reads the request, answers it as the options say, and hands out the connection.
    ///
    /// # Errors
    /// The request is not valid, was refused or took too long, or the transport failed. The client
    /// has been given an HTTP status that says so.
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn accept<S>(&self, stream: S) -> Result<WebSocket<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (socket, _) = self.accept_from(stream, PeerInfo::default()).await?;
        Ok(socket)
    }

    /// As [`accept`](Self::accept), for programs that tell what they know of the client: the
    /// options' functions see it. The request is returned with the connection.
    ///
    /// ```no_run
    /// # async fn run(listener: tokio::net::TcpListener) -> Result<(), arkws::Error> {
    /// let acceptor = arkws::Acceptor::builder()
    ///     .on_request(async |request| {
    ///         println!("{:?} wants {}", request.peer().address, request.target);
    ///         Ok(arkws::Acceptance::new())
    ///     })
    ///     .build();
    /// let (stream, address) = listener.accept().await?;
    /// let (socket, request) = acceptor.accept_from(stream, address.into()).await?;
    /// # drop((socket, request));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn accept_from<S>(
        &self,
        stream: S,
        peer: PeerInfo,
    ) -> Result<(WebSocket<S>, IncomingRequest), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (socket, request, _) = self.accept_through(stream, peer, None).await?;
        Ok((socket, request))
    }

    /// Lets a client in, through the `entrance` of a server that counts its clients.
    async fn accept_through<S>(
        &self,
        stream: S,
        peer: PeerInfo,
        entrance: Option<&Entrance<'_>>,
    ) -> Result<(WebSocket<S>, IncomingRequest, Option<ConnectionPermit>), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let options = &*self.options;
        let began = entrance.map_or_else(Instant::now, |entrance| entrance.began);
        let pending = match &options.on_http {
            Some(_) => match self.any_request_since(began, stream, &[]).await? {
                AnyPendingRequest::Upgrade(pending) => pending,
                AnyPendingRequest::Http(pending) => {
                    return Err(pending.answer(peer, entrance).await);
                }
            },
            None => self.request_since(began, stream, &[]).await?,
        };
        let PendingRequest {
            mut stream,
            request,
            mut leftover,
            ..
        } = pending;
        let mut request = IncomingRequest::new(request, peer);
        let decided = first(
            async { Ok(options.decide(&request, entrance).await) },
            async {
                gone(&mut stream, &mut leftover).await;
                Err(before_answer())
            },
        );
        match decided.await? {
            Ok((acceptance, permit)) => {
                let Acceptance {
                    headers,
                    extensions,
                    protocol,
                } = acceptance;
                let protocol = protocol.as_deref();
                let socket = options.open(stream, &request, &leftover, protocol, &headers);
                let socket = socket.await?;
                request.extend(extensions);
                Ok((socket, request, permit))
            }
            Err(refusal) => {
                yield_place(entrance);
                options.refuse(stream, &refusal).await;
                Err(refusal.into())
            }
        }
    }

    /// Reads the request only, for programs that decide in their own time. The options about
    /// origins, sub-protocols and requests do not apply then.
    ///
    /// ```no_run
    /// # use arkws::{Acceptor, Error};
    /// # use tokio::net::TcpStream;
    /// # async fn run(stream: TcpStream, acceptor: Acceptor) -> Result<(), Error> {
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
    pub async fn request<S>(&self, stream: S) -> Result<PendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        self.request_after(stream, &[]).await
    }

    /// As [`request`](Self::request), for a stream whose first bytes have been `read` already: by
    /// an HTTP server that hands over a connection which asks to become a WebSocket. The limits of
    /// heads apply to these bytes as to any.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), arkws::Error> {
    /// # let (stream, _client) = tokio::io::duplex(1024);
    /// let head = b"GET /chat HTTP/1.1\r\n\
    ///     Host: example.org\r\n\
    ///     Connection: Upgrade\r\n\
    ///     Upgrade: websocket\r\n\
    ///     Sec-WebSocket-Version: 13\r\n\
    ///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    /// let pending = arkws::Acceptor::default().request_after(stream, head).await?;
    /// assert_eq!(pending.request().target, "/chat");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`request`](Self::request).
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn request_after<S>(&self, stream: S, read: &[u8]) -> Result<PendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        self.request_since(Instant::now(), stream, read).await
    }

    /// As [`request_after`](Self::request_after), of a handshake that `began` then.
    async fn request_since<S>(
        &self,
        began: Instant,
        stream: S,
        read: &[u8],
    ) -> Result<PendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (stream, request, leftover) = self
            .receive(began, stream, read, ServerHandshake::recv)
            .await?;
        Ok(PendingRequest {
            stream,
            request,
            leftover,
            options: Arc::clone(&self.options),
        })
    }

    /// As [`request_after`](Self::request_after), for a server that also answers requests which do
    /// not ask for a WebSocket, health checks for example.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    ///
    /// # Cancel safety
    /// Not safe: the transport is lost with the future.
    pub async fn any_request_after<S>(
        &self,
        stream: S,
        read: &[u8],
    ) -> Result<AnyPendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        self.any_request_since(Instant::now(), stream, read).await
    }

    /// As [`any_request_after`](Self::any_request_after), of a handshake that `began` then.
    async fn any_request_since<S>(
        &self,
        began: Instant,
        stream: S,
        read: &[u8],
    ) -> Result<AnyPendingRequest<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let (stream, request, leftover) = self
            .receive(began, stream, read, ServerHandshake::recv_any)
            .await?;
        let options = Arc::clone(&self.options);
        Ok(match request {
            AnyRequest::Upgrade(request) => AnyPendingRequest::Upgrade(PendingRequest {
                stream,
                request,
                leftover,
                options,
            }),
            AnyRequest::Http(request) => {
                AnyPendingRequest::Http(PendingHttpRequest::new(stream, request, options))
            }
        })
    }

    /// Answers a request that an HTTP implementation has read
    /// ([`ServerRequest::from_http`]) as the options say: the response to send, and what was agreed
    /// on. What the connection becomes behind it is the program's to open
    /// ([`WebSocket::from_handshake`]); `arkws::hyper` does all of that.
    ///
    /// # Errors
    /// The request is refused by an option; the answer to send.
    pub async fn respond(
        &self,
        request: &ServerRequest,
    ) -> Result<(http::Response<()>, Negotiated), Rejection> {
        let respond = self.respond_from(request.clone(), PeerInfo::default());
        let (response, negotiated, _) = respond.await?;
        Ok((response, negotiated))
    }

    /// As [`respond`](Self::respond), for programs that tell what they know of the client: the
    /// options' functions see it. The request is returned with what they have added.
    ///
    /// # Errors
    /// As [`respond`](Self::respond).
    pub async fn respond_from(
        &self,
        request: ServerRequest,
        peer: PeerInfo,
    ) -> Result<(http::Response<()>, Negotiated, IncomingRequest), Rejection> {
        let mut request = IncomingRequest::new(request, peer);
        let (acceptance, _) = self.options.decide(&request, None).await?;
        let Acceptance {
            headers,
            extensions,
            protocol,
        } = acceptance;
        let deflate = self.options.deflate.as_ref();
        let (response, negotiated) = request.accept_http(protocol.as_deref(), deflate, &headers)?;
        request.extend(extensions);
        Ok((response, negotiated, request))
    }

    /// The options of its connections.
    pub fn config(&self) -> &Config {
        &self.options.config
    }

    /// A request as `recv` has it, and what was read behind it.
    async fn receive<S, T>(
        &self,
        began: Instant,
        mut stream: S,
        read: &[u8],
        recv: Receive<T>,
    ) -> Result<(S, T, Vec<u8>), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let options = &*self.options;
        let request = read_request(&mut stream, read, &options.config.limits, recv);
        let phase = Phase::Handshake;
        match options.within_timeout_since(began, phase, request).await {
            Ok((request, leftover)) => Ok((stream, request, leftover)),
            Err(error) => {
                log::debug!(%error, "handshake failed");
                if let Error::Handshake(error) = &error {
                    options.end(stream, &error.rejection()).await;
                }
                Err(error)
            }
        }
    }
}

impl AcceptorOptions {
    /// How a request is accepted, sub-protocol included, or why it is not.
    async fn decide(
        &self,
        request: &IncomingRequest,
        entrance: Option<&Entrance<'_>>,
    ) -> Result<(Acceptance, Option<ConnectionPermit>), Refusal> {
        if let Some(origins) = &self.origins {
            origins.check(&request.headers)?;
        }
        let permit = match entrance {
            Some(entrance) => Some(entrance.enter()?),
            None => None,
        };
        let mut acceptance = match &self.on_request {
            Some(decide) => decide(request.clone()).await?,
            None => Acceptance::default(),
        };
        if acceptance.protocol.is_none() {
            acceptance.protocol = self.protocols.choose(request).await;
        }
        Ok((acceptance, permit))
    }
}

/// A method of a handshake that takes bytes: the request, if it is complete, and how many of the
/// bytes belong to it.
type Receive<T> = fn(&mut ServerHandshake, &[u8]) -> Result<Option<(T, usize)>, HandshakeError>;

/// The request, and what was read behind it.
async fn read_request<S: AsyncRead + Unpin, T>(
    stream: &mut S,
    already_read: &[u8],
    limits: &Limits,
    recv: Receive<T>,
) -> Result<(T, Vec<u8>), Error> {
    let mut handshake = ServerHandshake::new(limits);
    if !already_read.is_empty()
        && let Some((request, len)) = recv(&mut handshake, already_read)?
    {
        return Ok((request, already_read[len..].to_vec()));
    }
    loop {
        let step = read(stream, |bytes| {
            if bytes.is_empty() {
                let why = "the client ended the connection before its request was complete";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why).into());
            }
            let request = recv(&mut handshake, bytes)?;
            Ok::<_, Error>(request.map(|(request, len)| (request, bytes[len..].to_vec())))
        });
        if let Some(request) = step.await?? {
            return Ok(request);
        }
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
