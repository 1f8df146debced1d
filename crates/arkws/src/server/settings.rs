//! How a server answers requests, and what its connections are like.
use std::fmt;
use std::time::Duration;

use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::ServerRequest;
use http::HeaderMap;

use super::origin::AllowedOrigins;
use super::refusal::Refusal;
use crate::Config;

/// The longest message that is accepted from a client, in bytes, unless the program says otherwise.
const MAX_MESSAGE_SIZE: usize = 16 << 20;
/// How long it may be incomplete while nothing of it comes.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) deflate: Option<DeflateConfig>,
    pub(super) handshake_timeout: Duration,
    pub(super) protocols: Protocols,
    /// `None`: all.
    pub(super) origins: Option<AllowedOrigins>,
    pub(super) on_request: Option<Box<OnRequest>>,
}

pub(super) type OnRequest = dyn Fn(&ServerRequest) -> Result<HeaderMap, Refusal> + Send + Sync;
pub(super) type ChooseProtocol = dyn Fn(&ServerRequest) -> Option<String> + Send + Sync;

/// How the sub-protocol is chosen.
pub(super) enum Protocols {
    /// The first of these that the client offers.
    Preferred(Vec<String>),
    Chosen(Box<ChooseProtocol>),
}

impl Settings {
    /// The sub-protocol and the header fields of the answer.
    pub(super) fn decide(
        &self,
        request: &ServerRequest,
    ) -> Result<(Option<String>, HeaderMap), Refusal> {
        if let Some(origins) = &self.origins {
            origins.check(&request.headers)?;
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
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            config: Config {
                limits: Limits {
                    max_message_size: MAX_MESSAGE_SIZE,
                    max_frame_size: MAX_MESSAGE_SIZE as u64,
                    ..Limits::default()
                },
                message_timeout: Some(MESSAGE_TIMEOUT),
                ..Config::default()
            },
            deflate: None,
            handshake_timeout: Duration::from_secs(5),
            protocols: Protocols::Preferred(Vec::new()),
            origins: None,
            on_request: None,
        }
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
