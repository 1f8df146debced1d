//! URLs by the WHATWG URL standard.
use url::{ParseError, Url};

use super::error::{UrlError, shown};
use super::host::Host;
#[cfg(feature = "client")]
use super::parts::Base;
use super::parts::Parts;

pub(super) fn parse(text: &str) -> Result<Parts, UrlError> {
    match Url::parse(text) {
        Ok(url) => read(url),
        Err(ParseError::EmptyHost) => Err(UrlError::NoHost(shown(text))),
        Err(ParseError::InvalidPort) => Err(UrlError::Port(shown(text))),
        Err(reason) => Err(UrlError::invalid(text, reason)),
    }
}

#[cfg(feature = "client")]
pub(super) fn join(base: &Base<'_>, location: &str) -> Result<Parts, UrlError> {
    let joined = Url::parse(base.text).and_then(|base| base.join(location));
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
    read(url)
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

/// # Errors
/// Another scheme than `ws` or `wss`.
pub(super) fn read(mut url: Url) -> Result<Parts, UrlError> {
    url.set_fragment(None);
    let secure = match url.scheme() {
        "ws" => false,
        "wss" => true,
        scheme => return Err(UrlError::scheme(url.as_str(), scheme)),
    };
    let Some(host) = url.host() else {
        return Err(UrlError::NoHost(shown(url.as_str())));
    };
    Ok(Parts {
        secure,
        username: url.username().to_owned(),
        password: url.password().map(str::to_owned),
        host: host.to_owned().into(),
        port: url.port(),
        target: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    })
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
