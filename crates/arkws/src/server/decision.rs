//! The program's functions that decide about requests, and what they answer.
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use arkws_proto::handshake::HttpRequest;
use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response};

use super::incoming::IncomingRequest;
use super::refusal::Refusal;
use crate::own_headers;

/// What a function of the program's comes to, in its own time.
pub(super) type Decision<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(super) type OnRequest =
    dyn Fn(IncomingRequest) -> Decision<Result<Acceptance, Refusal>> + Send + Sync;
pub(super) type ChooseProtocol = dyn Fn(IncomingRequest) -> Decision<Option<String>> + Send + Sync;
pub(super) type OnHttp =
    dyn Fn(IncomingRequest<HttpRequest>) -> Decision<Option<Response<Bytes>>> + Send + Sync;

/// How the sub-protocol is chosen.
pub(super) enum Protocols {
    /// The first of these that the client offers.
    Preferred(Vec<String>),
    Chosen(Box<ChooseProtocol>),
}

impl Protocols {
    pub(super) async fn choose(&self, request: &IncomingRequest) -> Option<String> {
        match self {
            Protocols::Preferred(protocols) => {
                let offered = &request.protocols;
                protocols
                    .iter()
                    .find(|known| offered.contains(known))
                    .cloned()
            }
            Protocols::Chosen(choose) => choose(request.clone()).await,
        }
    }
}

/// How a request is accepted: see
/// [`AcceptorBuilder::on_request`](super::AcceptorBuilder::on_request).
///
/// ```
/// use arkws::Acceptance;
/// use arkws::http::{HeaderValue, header::SET_COOKIE};
///
/// #[derive(Clone)]
/// struct User(u64);
///
/// let acceptance = Acceptance::new()
///     .with_header(SET_COOKIE, HeaderValue::from_static("seen=1"))
///     .with_extension(User(7));
/// assert_eq!(acceptance.headers[SET_COOKIE], "seen=1");
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Acceptance {
    /// More header fields for the answer.
    pub headers: HeaderMap,
    /// For whoever gets the socket: they become the request's
    /// ([`IncomingRequest::extensions`]).
    pub extensions: Extensions,
    /// A sub-protocol, which must be one of those offered. `None`: the acceptor's options choose.
    pub protocol: Option<String>,
}

impl Acceptance {
    /// Adds nothing.
    pub fn new() -> Acceptance {
        Acceptance::default()
    }

    /// Adds a header field to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Acceptance {
        own_headers::append(&mut self.headers, name, value);
        self
    }

    /// Adds a value for whoever gets the socket: the user, for example. It takes the place of
    /// another of its type. [`IncomingRequest::extensions`](crate::IncomingRequest::extensions) has
    /// it; put what is not `Clone` in an `Arc`.
    #[must_use]
    pub fn with_extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Acceptance {
        self.extensions.insert(value);
        self
    }

    /// Chooses a sub-protocol.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<String>) -> Acceptance {
        self.protocol = Some(protocol.into());
        self
    }
}

impl From<HeaderMap> for Acceptance {
    fn from(headers: HeaderMap) -> Acceptance {
        Acceptance {
            headers,
            ..Acceptance::default()
        }
    }
}

/// Whichever is ready first; `a` if both are.
pub(super) async fn first<T>(a: impl Future<Output = T>, b: impl Future<Output = T>) -> T {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|cx| match a.as_mut().poll(cx) {
        Poll::Pending => b.as_mut().poll(cx),
        ready => ready,
    })
    .await
}
