//! What a request is for: its target, and whether that is of the host it names (RFC 9112, 3.2).
use std::borrow::Cow;

use http::Uri;

/// A request target in origin form or in absolute form (RFC 9112, 3.2).
pub(super) struct RequestTarget<'t> {
    /// Of the absolute form.
    pub(super) authority: Option<&'t str>,
    default_port: &'static str,
    pub(super) path_and_query: Cow<'t, str>,
}

impl<'t> RequestTarget<'t> {
    pub(super) fn parse(target: &'t str) -> Option<RequestTarget<'t>> {
        if target.contains('#') {
            return None;
        }
        if target.starts_with('/') {
            return Some(RequestTarget {
                authority: None,
                default_port: "",
                path_and_query: target.into(),
            });
        }
        let (scheme, rest) = target.split_once("://")?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        RequestTarget::absolute(scheme, authority, rest)
    }

    /// The target of a request that an HTTP implementation has read.
    pub(super) fn of(uri: &'t Uri) -> Option<RequestTarget<'t>> {
        let path_and_query = uri.path_and_query().map_or("", |path| path.as_str());
        match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => {
                RequestTarget::absolute(scheme, authority.as_str(), path_and_query)
            }
            (None, None) => RequestTarget::parse(path_and_query),
            _ => None,
        }
    }

    fn absolute(scheme: &str, authority: &'t str, rest: &'t str) -> Option<RequestTarget<'t>> {
        let is = |known: &&str| scheme.eq_ignore_ascii_case(known);
        let default_port = if ["http", "ws"].iter().any(is) {
            ":80"
        } else if ["https", "wss"].iter().any(is) {
            ":443"
        } else {
            return None;
        };
        // RFC 9110, 4.2.4: user information is there to deceive.
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        Some(RequestTarget {
            authority: Some(authority),
            default_port,
            path_and_query: match rest {
                "" => "/".into(),
                query if query.starts_with('?') => format!("/{query}").into(),
                path => path.into(),
            },
        })
    }

    /// Whether the Host field does not contradict it.
    pub(super) fn is_of(&self, host: &[u8]) -> bool {
        self.authority.is_none_or(|authority| {
            let bare = |name: &[u8]| {
                let port = self.default_port.as_bytes();
                let name = name.strip_suffix(port).unwrap_or(name);
                name.to_ascii_lowercase()
            };
            bare(authority.as_bytes()) == bare(host)
        })
    }
}
