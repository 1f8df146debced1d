//! The options of a server: what each is called, its default, and how it is set.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::HttpRequest;
use bytes::Bytes;
use http::Response;

use super::Acceptor;
use super::decision::{Acceptance, Decision, OnHttp, OnRequest, Protocols};
use super::incoming::IncomingRequest;
use super::origin::AllowedOrigins;
use super::refusal::Refusal;
use crate::{Config, Heartbeat, Limits, UnfinishedBudget};

/// How a server answers requests, and what its connections are like.
pub(super) struct AcceptorOptions {
    pub(super) config: Config,
    pub(super) deflate: Option<DeflateConfig>,
    pub(super) handshake_timeout: Duration,
    pub(super) protocols: Protocols,
    /// `None`: all.
    pub(super) origins: Option<AllowedOrigins>,
    pub(super) on_request: Option<Box<OnRequest>>,
    /// `None`: requests that do not ask for a WebSocket are refused.
    pub(super) on_http: Option<Box<OnHttp>>,
}

impl Default for AcceptorOptions {
    fn default() -> Self {
        AcceptorOptions {
            config: Config {
                limits: Limits {
                    max_message_size: Acceptor::DEFAULT_MAX_MESSAGE_SIZE,
                    max_frame_size: Acceptor::DEFAULT_MAX_MESSAGE_SIZE as u64,
                    ..Limits::default()
                },
                message_timeout: Some(Acceptor::DEFAULT_MESSAGE_TIMEOUT),
                ..Config::default()
            },
            deflate: None,
            handshake_timeout: Acceptor::DEFAULT_HANDSHAKE_TIMEOUT,
            protocols: Protocols::Preferred(Vec::new()),
            origins: None,
            on_request: None,
            on_http: None,
        }
    }
}

impl fmt::Debug for AcceptorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor")
            .field("config", &self.config)
            .field("deflate", &self.deflate)
            .field("handshake_timeout", &self.handshake_timeout)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// Builds an [`Acceptor`].
#[derive(Default)]
pub struct AcceptorBuilder {
    options: AcceptorOptions,
}

impl Acceptor {
    /// How long a client may take to send its request, and to take the answer. Our choice: a
    /// request fits into one packet or two, which even a bad network delivers in this time.
    pub const DEFAULT_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
    /// The longest message, and frame, that is accepted from a client, in bytes. Our choice: less
    /// than a client accepts, since anybody may be a client.
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 << 20;
    /// How long a message of a client may be incomplete while nothing of it comes. Our choice:
    /// longer than TCP takes to recover from the losses of a bad network.
    pub const DEFAULT_MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);

    /// Starts from the default options: no sub-protocol, no compression, every origin.
    pub fn builder() -> AcceptorBuilder {
        AcceptorBuilder::default()
    }
}

impl Default for Acceptor {
    fn default() -> Self {
        Acceptor::builder().build()
    }
}

impl AcceptorBuilder {
    /// Sub-protocols in order of preference: the first that the client offers is chosen; none, if
    /// it offers none of them.
    #[must_use]
    pub fn protocols<P: Into<String>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        let protocols = protocols.into_iter().map(Into::into).collect();
        self.options.protocols = Protocols::Preferred(protocols);
        self
    }

    /// Chooses the sub-protocol: one of those in the request, or none.
    ///
    /// ```
    /// let acceptor = arkws::Acceptor::builder()
    ///     .choose_protocol(async |request| request.protocols.last().cloned())
    ///     .build();
    /// # drop(acceptor);
    /// ```
    #[must_use]
    pub fn choose_protocol<F, Chosen>(mut self, choose: F) -> Self
    where
        F: Fn(IncomingRequest) -> Chosen + Send + Sync + 'static,
        Chosen: Future<Output = Option<String>> + Send + 'static,
    {
        let choose = move |request| -> Decision<_> { Box::pin(choose(request)) };
        self.options.protocols = Protocols::Chosen(Box::new(choose));
        self
    }

    /// Agrees on permessage-deflate (RFC 7692) with clients that offer it.
    #[must_use]
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> Self {
        self.options.deflate = deflate.into();
        self
    }

    /// Refuses pages of other origins with status 403 (RFC 6455, 10.2). Without it, which is the
    /// default, every page of every site may connect.
    ///
    /// Requests without an `Origin` field are let through: they are not from browsers.
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl Into<Option<AllowedOrigins>>) -> Self {
        self.options.origins = origins.into();
        self
    }

    /// Decides about each request, after its origin was checked: an [`Acceptance`] or a
    /// [`Refusal`]. Default: each is accepted.
    ///
    /// The function may take its time, and should limit that: [`handshake_timeout`] does not. It
    /// is dropped if the client goes meanwhile.
    ///
    /// ```
    /// use arkws::http::StatusCode;
    /// use arkws::{Acceptance, Acceptor, Refusal};
    ///
    /// #[derive(Clone)]
    /// struct User(u64);
    ///
    /// # async fn user_of(token: &str) -> Option<User> { (token == "sesame").then_some(User(7)) }
    /// let acceptor = Acceptor::builder()
    ///     .on_request(|request| async move {
    ///         let token = request.headers.get("authorization").and_then(|it| it.to_str().ok());
    ///         match user_of(token.unwrap_or_default()).await {
    ///             Some(user) => Ok(Acceptance::new().with_extension(user)),
    ///             None => Err(Refusal::new(StatusCode::UNAUTHORIZED, "no valid token")),
    ///         }
    ///     })
    ///     .build();
    /// # drop(acceptor);
    /// ```
    ///
    /// State of the program is cloned before the future begins: an `async` closure that captures
    /// is not `Fn`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// #[derive(Clone)]
    /// struct ClientNumber(u64);
    ///
    /// let clients = Arc::new(AtomicU64::new(0));
    /// let acceptor = arkws::Acceptor::builder()
    ///     .on_request(move |_request| {
    ///         let clients = clients.clone();
    ///         async move {
    ///             let number = ClientNumber(clients.fetch_add(1, Ordering::Relaxed));
    ///             Ok(arkws::Acceptance::new().with_extension(number))
    ///         }
    ///     })
    ///     .build();
    /// # drop(acceptor);
    /// ```
    ///
    /// [`handshake_timeout`]: Self::handshake_timeout
    #[must_use]
    pub fn on_request<F, Decided>(mut self, decide: F) -> Self
    where
        F: Fn(IncomingRequest) -> Decided + Send + Sync + 'static,
        Decided: Future<Output = Result<Acceptance, Refusal>> + Send + 'static,
    {
        let decide = move |request| -> Decision<_> { Box::pin(decide(request)) };
        self.options.on_request = Some(Box::new(decide));
        self
    }

    /// Answers requests that do not ask for a WebSocket, health checks for example, before
    /// anything else of them is checked. Default, and where the function gives `None`: they are
    /// refused, with status 426 or 405.
    ///
    /// The transport ends with the answer. A request by HEAD gets no body, and `Content-Length` and
    /// `Connection: close` are added. A body of the request is not read.
    ///
    /// ```
    /// use arkws::http::Response;
    ///
    /// let acceptor = arkws::Acceptor::builder()
    ///     .on_http(|request| async move {
    ///         (request.target == "/healthz").then(|| Response::new("ok\n"))
    ///     })
    ///     .build();
    /// # drop(acceptor);
    /// ```
    #[must_use]
    pub fn on_http<F, Answered, B>(mut self, answer: F) -> Self
    where
        F: Fn(IncomingRequest<HttpRequest>) -> Answered + Send + Sync + 'static,
        Answered: Future<Output = Option<Response<B>>> + Send + 'static,
        B: Into<Bytes>,
    {
        let answer = move |request| -> Decision<_> {
            let answered = answer(request);
            Box::pin(async move { Some(answered.await?.map(Into::into)) })
        };
        self.options.on_http = Some(Box::new(answer));
        self
    }

    /// How long a client may take to send its request, and to take the answer. Default:
    /// [`Acceptor::DEFAULT_HANDSHAKE_TIMEOUT`].
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.options.handshake_timeout = limit;
        self
    }

    /// All options of the connections at once. The methods below set single fields of it.
    /// [`Config::default`] accepts larger messages than an acceptor's defaults, and has no
    /// [`message_timeout`](Self::message_timeout).
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.options.config = config;
        self
    }

    /// What is accepted from clients. Default: messages and frames of up to
    /// [`Acceptor::DEFAULT_MAX_MESSAGE_SIZE`] bytes, and else [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.config.limits = limits;
        self
    }

    /// Pings to silent clients. Default: none.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: impl Into<Option<Heartbeat>>) -> Self {
        self.options.config.heartbeat = heartbeat.into();
        self
    }

    /// How long a client may take to answer a close frame. Default:
    /// [`Config::DEFAULT_CLOSE_TIMEOUT`].
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.options.config.close_timeout = limit;
        self
    }

    /// How long a client may take nothing of what waits for it; `None`: for ever. Default:
    /// [`Config::DEFAULT_WRITE_TIMEOUT`].
    #[must_use]
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.config.write_timeout = limit.into();
        self
    }

    /// How long a message of a client may be incomplete: see [`Config::message_timeout`]; `None`:
    /// for ever. Default: [`Acceptor::DEFAULT_MESSAGE_TIMEOUT`].
    #[must_use]
    pub fn message_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options.config.message_timeout = limit.into();
        self
    }

    /// What bounds the memory of incomplete messages, instead of a budget of
    /// [`UnfinishedBudget::DEFAULT_LIMIT`] bytes for the connections of this acceptor alone.
    #[must_use]
    pub fn unfinished_budget(mut self, budget: UnfinishedBudget) -> Self {
        self.options.config.unfinished_budget = Some(budget);
        self
    }

    /// The finished options.
    pub fn build(mut self) -> Acceptor {
        self.options
            .config
            .unfinished_budget
            .get_or_insert_default();
        Acceptor {
            options: Arc::new(self.options),
        }
    }
}

impl fmt::Debug for AcceptorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
