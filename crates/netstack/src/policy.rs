//! Permission and domain policy: what makes 201 and 2302998 real.
use std::fmt;
use std::sync::Arc;

use arkws::HostPattern;

use crate::BusinessError;

/// Decides what a program may do. Implemented by hosts; [`OpenPolicy`] allows everything.
///
/// A refusal says why, for the program's author, such as
/// `ohos.permission.INTERNET is not requested in src/main/module.json5`.
pub trait Policy: fmt::Debug + Send + Sync {
    /// Whether the program holds `ohos.permission.INTERNET`. The system is asked first: where it
    /// denies internet sockets (EPERM or EACCES), every call gives 201 whatever the policy says,
    /// except those of a server that is started elsewhere than on a
    /// [port](crate::ListenOn::Port).
    ///
    /// # Errors
    /// Why not; every call then gives 201.
    fn internet(&self) -> Result<(), String>;

    /// Whether the program may connect to `origin`: `ws://host[:port]` or `wss://host[:port]`,
    /// lower-case, without the scheme's default port.
    ///
    /// # Errors
    /// Why not; `connect` then gives 2302998.
    fn allows(&self, origin: &str) -> Result<(), String>;
}

/// Everything is allowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenPolicy;

impl Policy for OpenPolicy {
    fn internet(&self) -> Result<(), String> {
        Ok(())
    }
    fn allows(&self, _origin: &str) -> Result<(), String> {
        Ok(())
    }
}

/// The permission is held or not; domains are another policy's business.
#[derive(Debug, Clone)]
pub struct Permission {
    held: Result<(), String>,
    domains: Arc<dyn Policy>,
}

impl Permission {
    /// `held`: `Err` says why the permission is not held.
    pub fn new(held: Result<(), String>, domains: Arc<dyn Policy>) -> Permission {
        Permission { held, domains }
    }
}

impl Policy for Permission {
    fn internet(&self) -> Result<(), String> {
        self.held.clone()
    }
    fn allows(&self, origin: &str) -> Result<(), String> {
        self.domains.allows(origin)
    }
}

/// A list of the hosts that may be connected to; the permission is another policy's business.
///
/// An entry is `[scheme://]host[:port]`; in the host `*` stands for any sequence of characters, as
/// in `*.example.com`. An entry without scheme or port matches any. Case does not matter.
#[derive(Debug, Clone)]
pub struct AllowList {
    entries: Vec<HostPattern>,
    permission: Arc<dyn Policy>,
}

impl AllowList {
    /// A list that allows what one of its `entries` matches; an empty one allows nothing.
    ///
    /// # Errors
    /// 401: an entry is not of the form above.
    pub fn new<E: AsRef<str>>(
        entries: impl IntoIterator<Item = E>,
        permission: Arc<dyn Policy>,
    ) -> Result<AllowList, BusinessError> {
        let entries = entries
            .into_iter()
            .map(|entry| {
                parse(entry.as_ref()).map_err(|why| {
                    BusinessError::parameter(format!(
                        "{:?} in the list of allowed hosts is not [ws://|wss://]host[:port]: {why}",
                        entry.as_ref()
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(AllowList {
            entries,
            permission,
        })
    }

    /// The same list where another policy decides on the permission.
    pub(crate) fn with_permission(&self, permission: Arc<dyn Policy>) -> AllowList {
        AllowList {
            permission,
            ..self.clone()
        }
    }
}

impl Policy for AllowList {
    fn internet(&self) -> Result<(), String> {
        self.permission.internet()
    }

    fn allows(&self, origin: &str) -> Result<(), String> {
        match parse(origin) {
            Ok(wanted) if self.entries.iter().any(|entry| covers(entry, &wanted)) => Ok(()),
            _ => Err(format!("{origin} is not in the list of allowed hosts")),
        }
    }
}

fn parse(text: &str) -> Result<HostPattern, &'static str> {
    let pattern = HostPattern::parse(text.trim())?;
    match pattern.scheme.as_deref() {
        None | Some("ws" | "wss") => Ok(pattern),
        Some(_) => Err("its scheme is neither ws nor wss"),
    }
}

/// Whether an entry of a list covers an origin.
fn covers(entry: &HostPattern, origin: &HostPattern) -> bool {
    let port = origin.port.or(origin.default_port());
    (entry.scheme.is_none() || entry.scheme == origin.scheme)
        && (entry.port.is_none() || entry.port == port)
        && arkws::matches_wildcard(&entry.host, &origin.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allow_list_matches_by_host_scheme_port_and_wildcard() {
        let list = AllowList::new(
            [
                "example.com",
                "*.Example.org",
                "wss://secure.test",
                "local*:8080",
                "[::1]:9",
                "b\u{fc}cher.test",
            ],
            Arc::new(OpenPolicy),
        )
        .unwrap();
        for (origin, allowed) in [
            ("ws://example.com", true),
            ("wss://example.com:444", true),
            ("ws://www.example.com", false),
            ("ws://a.b.example.org", true),
            ("ws://example.org", false),
            ("ws://secure.test", false),
            ("wss://secure.test", true),
            ("ws://localhost:8080", true),
            ("ws://localhost", false),
            ("ws://[::1]:9", true),
            ("ws://[::1]:10", false),
            ("ws://example.com.evil.test", false),
            ("ws://xn--bcher-kva.test", true),
        ] {
            assert_eq!(list.allows(origin).is_ok(), allowed, "{origin}");
        }
    }

    #[test]
    fn an_entry_with_a_default_port_matches_the_origin_without_one() {
        let list = AllowList::new(["a.test:443", "b.test:80"], Arc::new(OpenPolicy)).unwrap();
        assert!(list.allows("wss://a.test").is_ok());
        assert!(list.allows("ws://a.test").is_err());
        assert!(list.allows("ws://b.test").is_ok());
    }

    #[test]
    fn a_malformed_entry_of_an_allow_list_is_401() {
        for entry in ["", "http://a", "a:b", "a:+1", "a/b", "user@a", "::1", "a b"] {
            let error = AllowList::new([entry], Arc::new(OpenPolicy)).unwrap_err();
            assert_eq!(error.code, BusinessError::PARAMETER, "{entry:?}");
        }
    }

    /// Each of the two is asked about its own business, and the other about the rest.
    #[test]
    fn permission_and_domains_are_decided_on_apart() {
        let denied = || {
            Arc::new(Permission::new(
                Err("not held".into()),
                Arc::new(OpenPolicy),
            ))
        };
        let list = |permission| AllowList::new(["a.test"], permission).unwrap();
        let closed = list(Arc::new(OpenPolicy));
        let held = Permission::new(Ok(()), Arc::new(closed.clone()));
        assert_eq!(held.internet(), Ok(()));
        assert_eq!(held.allows("ws://a.test"), Ok(()));
        assert!(held.allows("ws://b.test").is_err());
        assert_eq!(closed.internet(), Ok(()));
        for without in [list(denied()), closed.with_permission(denied())] {
            assert_eq!(without.internet(), Err("not held".to_owned()));
            assert_eq!(without.allows("ws://a.test"), Ok(()));
        }
    }

    #[test]
    fn refusals_say_why() {
        let list = AllowList::new(["a.test"], Arc::new(OpenPolicy)).unwrap();
        assert!(
            list.allows("ws://b.test")
                .unwrap_err()
                .contains("ws://b.test")
        );
        let denied = Permission::new(Err("because".into()), Arc::new(list));
        assert_eq!(denied.internet(), Err("because".to_owned()));
        assert!(denied.allows("ws://a.test").is_ok());
    }
}
