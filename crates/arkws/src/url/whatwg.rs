//! URLs by the WHATWG URL standard.
use url::{ParseError, Url};

use super::{Host, Parts, UrlError, WebSocketUrl, shown};

pub(super) fn parse(text: &str) -> Result<WebSocketUrl, UrlError> {
    match Url::parse(text) {
        Ok(url) => url.try_into(),
        Err(ParseError::EmptyHost) => Err(UrlError::NoHost(shown(text))),
        Err(ParseError::InvalidPort) => Err(UrlError::Port(shown(text))),
        Err(reason) => Err(UrlError::invalid(text, reason)),
    }
}

pub(super) fn join(base: &WebSocketUrl, location: &str) -> Result<WebSocketUrl, UrlError> {
    let joined = Url::from(base.clone()).join(location);
    let mut url = joined.map_err(|reason| UrlError::invalid(location, reason))?;
    let mapped = match url.scheme() {
        "http" => url.set_scheme("ws"),
        "https" => url.set_scheme("wss"),
        _ => Ok(()),
    };
    debug_assert!(
        mapped.is_ok(),
        "all four schemes are special ones, which can be exchanged"
    );
    url.try_into()
}

/// A host alone, as it is in a URL.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_host(text: &str) -> Result<Host, String> {
    match url::Host::parse(text) {
        Ok(host) => Ok(host.into()),
        Err(reason) => Err(reason.to_string()),
    }
}

/// The fragment is left out.
///
/// # Errors
/// Another scheme than `ws` or `wss`.
impl TryFrom<Url> for WebSocketUrl {
    type Error = UrlError;

    fn try_from(mut url: Url) -> Result<WebSocketUrl, UrlError> {
        url.set_fragment(None);
        let secure = match url.scheme() {
            "ws" => false,
            "wss" => true,
            scheme => return Err(UrlError::scheme(url.as_str(), scheme)),
        };
        let Some(host) = url.host() else {
            return Err(UrlError::NoHost(shown(url.as_str())));
        };
        Ok(WebSocketUrl::from_parts(Parts {
            secure,
            username: url.username(),
            password: url.password(),
            host: host.to_owned().into(),
            port: url.port(),
            target: &url[url::Position::BeforePath..url::Position::AfterQuery],
        }))
    }
}

impl From<WebSocketUrl> for Url {
    fn from(url: WebSocketUrl) -> Url {
        Url::parse(&url.text).expect("it was made of one")
    }
}

impl From<url::Host> for Host {
    fn from(host: url::Host) -> Host {
        match host {
            url::Host::Domain(name) => Host::Domain(name),
            url::Host::Ipv4(ip) => Host::Ipv4(ip),
            url::Host::Ipv6(ip) => Host::Ipv6(ip),
        }
    }
}
