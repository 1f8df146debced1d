//! What a server is told once.
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::ServerRequest;
use http::HeaderMap;

use super::Acceptor;
use super::origin::AllowedOrigins;
use super::refusal::Refusal;
use super::settings::{Protocols, Settings};
use crate::{Config, Heartbeat, Limits, UnfinishedBudget};

/// Builds an [`Acceptor`].
#[derive(Default)]
pub struct AcceptorBuilder {
    settings: Settings,
}

impl Acceptor {
    /// Starts from the default settings: no sub-protocol, no compression, every origin, 5 s for the handshake.
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
    pub fn deflate(mut self, deflate: impl Into<Option<DeflateConfig>>) -> Self {
        self.settings.deflate = deflate.into();
        self
    }

    /// Refuses pages of other origins with status 403 (RFC 6455, 10.2). Without it, which is the
    /// default, every page of every site may connect.
    ///
    /// Requests without an `Origin` field are let through: they are not from browsers.
    #[must_use]
    pub fn allowed_origins(mut self, origins: impl Into<Option<AllowedOrigins>>) -> Self {
        self.settings.origins = origins.into();
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

    /// How long a client may take to send its request, and to take the answer. Default: 5 s.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.settings.handshake_timeout = limit;
        self
    }

    /// All settings of the connections at once; those below are its fields. [`Config::default`] accepts larger messages
    /// than an acceptor's defaults, and has no [`message_timeout`](Self::message_timeout).
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.settings.config = config;
        self
    }

    /// What is accepted from clients. Default: messages and frames of up to 16 MiB, and else [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.config.limits = limits;
        self
    }

    /// Pings to silent clients. Default: none.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: impl Into<Option<Heartbeat>>) -> Self {
        self.settings.config.heartbeat = heartbeat.into();
        self
    }

    /// How long a client may take to answer a close frame. Default: 5 s.
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.settings.config.close_timeout = limit;
        self
    }

    /// How long a client may take nothing of what waits for it; `None`: for ever. Default: 30 s.
    #[must_use]
    pub fn write_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.config.write_timeout = limit.into();
        self
    }

    /// How long a message of a client may be incomplete while nothing of it comes; `None`: for ever. Default: 60 s.
    #[must_use]
    pub fn message_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.config.message_timeout = limit.into();
        self
    }

    /// What bounds the memory of incomplete messages, instead of a budget of 256 MiB for the connections of this
    /// acceptor alone.
    #[must_use]
    pub fn unfinished_budget(mut self, budget: UnfinishedBudget) -> Self {
        self.settings.config.unfinished_budget = Some(budget);
        self
    }

    /// The finished settings.
    pub fn build(mut self) -> Acceptor {
        self.settings
            .config
            .unfinished_budget
            .get_or_insert_default();
        Acceptor {
            settings: Arc::new(self.settings),
        }
    }
}

impl fmt::Debug for AcceptorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
