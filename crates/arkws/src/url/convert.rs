//! From and to the crate `url`.
use url::Url;

use super::{UrlError, WebSocketUrl, whatwg};

/// The fragment is left out.
///
/// # Errors
/// Another scheme than `ws` or `wss`.
impl TryFrom<Url> for WebSocketUrl {
    type Error = UrlError;

    fn try_from(url: Url) -> Result<WebSocketUrl, UrlError> {
        whatwg::read(url).map(WebSocketUrl::from_parts)
    }
}

impl From<WebSocketUrl> for Url {
    fn from(url: WebSocketUrl) -> Url {
        Url::parse(&url.text).expect("it was made of one")
    }
}
