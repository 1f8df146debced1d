//! URLs by RFC 3986, read by the crate `http`.
use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;

use super::error::{UrlError, shown};
use super::host::Host;
#[cfg(feature = "client")]
use super::parts::Base;
use super::parts::{Parts, is_scheme};

pub(super) fn parse(text: &str) -> Result<Parts, UrlError> {
    let Some((scheme, rest)) = split_scheme(text) else {
        return Err(UrlError::invalid(text, "it has no scheme"));
    };
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "ws" => false,
        "wss" => true,
        _ => return Err(UrlError::scheme(text, scheme)),
    };
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(UrlError::NoHost(shown(text)));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let target = target.split('#').next().unwrap_or_default();
    let (user_info, host) = match authority.rsplit_once('@') {
        Some((user_info, host)) => (Some(user_info), host),
        None => (None, authority),
    };
    let (host, port) = split_port(host).ok_or_else(|| UrlError::Port(shown(text)))?;
    if host.is_empty() {
        return Err(UrlError::NoHost(shown(text)));
    }
    let host = parse_host(host).map_err(|reason| UrlError::invalid(text, reason))?;
    let target = match target.strip_prefix('?') {
        Some(query) => format!("/?{query}"),
        None if target.is_empty() => "/".to_owned(),
        None => target.to_owned(),
    };
    let whole = format!("ws://{authority}{target}");
    if !whole.is_ascii() {
        let reason = "what is not ASCII has to be percent-encoded";
        return Err(UrlError::invalid(text, reason));
    }
    whole
        .parse::<Uri>()
        .map_err(|reason| UrlError::invalid(text, reason))?;
    let user_info = user_info.unwrap_or_default();
    let (username, password) = match user_info.split_once(':') {
        Some((username, password)) => (username, Some(password)),
        None => (user_info, None),
    };
    Ok(Parts {
        secure,
        username: username.to_owned(),
        password: password
            .filter(|password| !password.is_empty())
            .map(str::to_owned),
        host,
        port,
        target,
    })
}

/// RFC 3986, 5.2.2.
#[cfg(feature = "client")]
pub(super) fn join(base: &Base<'_>, location: &str) -> Result<Parts, UrlError> {
    let mut parts = parse(&absolute(base, location.trim()))?;
    parts.target = without_dots(&parts.target);
    Ok(parts)
}

/// The location with all that it leaves to the base, and its dots.
#[cfg(feature = "client")]
fn absolute(base: &Base<'_>, location: &str) -> String {
    if let Some((scheme, rest)) = split_scheme(location) {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" => format!("ws:{rest}"),
            "https" => format!("wss:{rest}"),
            _ => location.to_owned(),
        };
    }
    if location.starts_with("//") {
        let scheme = base.text.split(':').next().unwrap_or_default();
        return format!("{scheme}:{location}");
    }
    let (server, target) = base.text.split_at(base.path);
    let path = target.split('?').next().unwrap_or_default();
    let folder = path.rfind('/').map_or(0, |at| at + 1);
    let kept = match location.chars().next() {
        None | Some('#') => target,
        Some('?') => path,
        Some('/') => "",
        Some(_) => &path[..folder],
    };
    format!("{server}{kept}{location}")
}

/// Resolves the segments `.` and `..` (RFC 3986, 5.2.4) of a path that begins with `/`, which a
/// query may follow.
#[cfg(feature = "client")]
fn without_dots(target: &str) -> String {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}{query}", kept.join("/"))
}

/// A host alone, as it is in a URL.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_host(text: &str) -> Result<Host, String> {
    if let Some(rest) = text.strip_prefix('[') {
        let ip = rest.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return match ip {
            Some(Ok(ip)) => Ok(Host::Ipv6(ip)),
            _ => Err("invalid IPv6 address".to_owned()),
        };
    }
    if !text.is_ascii() {
        let reason = "a host name that is not ASCII needs arkws's feature `idna`";
        return Err(reason.to_owned());
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_allowed) {
        return Err("invalid domain character".to_owned());
    }
    let last = text.strip_suffix('.').unwrap_or(text).rsplit('.').next();
    if last.is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        let ip = text.parse::<Ipv4Addr>();
        return ip
            .map(Host::Ipv4)
            .map_err(|_| "invalid IPv4 address".to_owned());
    }
    Ok(Host::Domain(text.to_ascii_lowercase()))
}

/// RFC 3986, 3.1: the scheme and what is behind its colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    is_scheme(scheme).then_some((scheme, rest))
}

/// `host`, `host:` or `host:port`. `None`: the port is no number.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port {
            "" => Some((host, None)),
            _ if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some((host, Some(port.parse().ok()?)))
            }
            _ => None,
        },
        _ => Some((text, None)),
    }
}
