//! What one connection asks for, beside the options of its client.
use std::fmt;
use std::time::Duration;

use arkws_proto::handshake::field_text;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, Method};

use super::builder::Fields;
use crate::{Error, WebSocketUrl};

/// What one connection asks for: a URL, and what its request has beside what all of the client's
/// have. [`IntoRequest`] makes it, of a URL, a [`http::Request`] or a
/// [`RequestBuilder`](crate::RequestBuilder).
#[derive(Clone)]
pub struct Request {
    pub(super) url: WebSocketUrl,
    pub(super) extra: Extra,
}

/// What a request has beside its URL.
#[derive(Clone, Default)]
pub(super) struct Extra {
    pub(super) headers: HeaderMap,
    pub(super) protocols: Vec<String>,
    pub(super) timeout: Option<Duration>,
}

impl Request {
    pub(super) fn to(url: WebSocketUrl) -> Request {
        Request {
            url,
            extra: Extra::default(),
        }
    }

    /// The URL.
    pub fn url(&self) -> &WebSocketUrl {
        &self.url
    }
}

// Neither headers nor sub-protocols are shown: they hold tokens and cookies.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("url", &self.url)
            .field("headers", &self.extra.headers.len())
            .field("protocols", &self.extra.protocols.len())
            .field("timeout", &self.extra.timeout)
            .finish()
    }
}

impl Extra {
    /// Whether the request has no field that [`ClientBuilder::build`](super::ClientBuilder::build)
    /// has not checked.
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.protocols.is_empty()
    }

    /// Puts header fields in the place of the client's of the same names, and sub-protocols, if
    /// there are any, in the place of the client's.
    pub(super) fn put_into(self, fields: &mut Fields) {
        // Of several with one name, each but the first comes without it: `extend` knows that.
        fields.headers.extend(self.headers);
        if !self.protocols.is_empty() {
            fields.protocols = self.protocols;
        }
    }
}

/// What can be connected to: the text of a URL, a [`WebSocketUrl`], a [`http::Uri`] (and, with the
/// feature `idna`, a `url::Url`), a [`http::Request`] or a
/// [`RequestBuilder`](crate::RequestBuilder).
///
/// Of a [`http::Request`], whose method is GET, the URI is the URL. Its header fields are sent; its
/// `Sec-WebSocket-Protocol` are the sub-protocols that are offered. `Upgrade`, `Connection`,
/// `Sec-WebSocket-Key` and `Sec-WebSocket-Version` may be there, as other libraries want them, and
/// are written anew.
///
/// ```no_run
/// # async fn run(client: arkws::Client) -> Result<(), Box<dyn std::error::Error>> {
/// client.connect("wss://chat.example/rooms/1").await?;
///
/// let request = arkws::http::Request::get("wss://chat.example/rooms/1")
///     .header("Authorization", "Bearer fresh")
///     .body(())?;
/// client.connect(request).await?;
/// # Ok(())
/// # }
/// ```
pub trait IntoRequest {
    /// The request.
    ///
    /// # Errors
    /// [`Error::Url`]: it is not the URL of a WebSocket. [`Error::Request`], [`Error::Handshake`]:
    /// a header field, a sub-protocol or the method cannot be sent.
    fn into_request(self) -> Result<Request, Error>;
}

impl IntoRequest for Request {
    fn into_request(self) -> Result<Request, Error> {
        Ok(self)
    }
}

impl IntoRequest for &str {
    fn into_request(self) -> Result<Request, Error> {
        Ok(Request::to(WebSocketUrl::parse(self)?))
    }
}

impl IntoRequest for &String {
    fn into_request(self) -> Result<Request, Error> {
        self.as_str().into_request()
    }
}

impl IntoRequest for String {
    fn into_request(self) -> Result<Request, Error> {
        self.as_str().into_request()
    }
}

impl IntoRequest for WebSocketUrl {
    fn into_request(self) -> Result<Request, Error> {
        Ok(Request::to(self))
    }
}

impl IntoRequest for &WebSocketUrl {
    fn into_request(self) -> Result<Request, Error> {
        self.clone().into_request()
    }
}

impl IntoRequest for http::Uri {
    fn into_request(self) -> Result<Request, Error> {
        self.to_string().into_request()
    }
}

#[cfg(feature = "idna")]
impl IntoRequest for url::Url {
    fn into_request(self) -> Result<Request, Error> {
        Ok(Request::to(self.try_into()?))
    }
}

impl IntoRequest for http::Request<()> {
    fn into_request(self) -> Result<Request, Error> {
        let (head, ()) = self.into_parts();
        if head.method != Method::GET {
            let why = format!(
                "its method is {}, and that of a WebSocket is GET",
                head.method
            );
            return Err(Error::Request(why));
        }
        let mut request = head.uri.into_request()?;
        let mut headers = head.headers;
        for name in [CONNECTION, UPGRADE, KEY, VERSION] {
            headers.remove(name);
        }
        for list in headers.get_all(PROTOCOL) {
            let list = field_text(list.as_bytes());
            let protocols = list.split(',').map(|protocol| protocol.trim().to_owned());
            request.extra.protocols.extend(protocols);
        }
        headers.remove(PROTOCOL);
        request.extra.headers = headers;
        Ok(request)
    }
}

const KEY: HeaderName = HeaderName::from_static("sec-websocket-key");
const VERSION: HeaderName = HeaderName::from_static("sec-websocket-version");
const PROTOCOL: HeaderName = HeaderName::from_static("sec-websocket-protocol");
