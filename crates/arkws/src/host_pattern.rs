//! `[scheme://]host[:port]`: what lists of origins and of allowed hosts are made of.
use crate::url::{is_scheme, parse_host};

/// A host, or a pattern of hosts (see [`matches_wildcard`](crate::matches_wildcard)), perhaps with
/// a scheme and a port. It is only read here: what a missing scheme or port means is for the list
/// to say.
///
/// ```
/// use arkws::HostPattern;
///
/// let pattern = HostPattern::parse("WSS://*.Example.org:8443")?;
/// assert_eq!(pattern.scheme.as_deref(), Some("wss"));
/// assert_eq!((&*pattern.host, pattern.port), ("*.example.org", Some(8443)));
/// assert!(HostPattern::parse("user@example.org").is_err());
/// # Ok::<_, &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// In lower case.
    pub scheme: Option<String>,
    /// As browsers write it: in lower case, and in ASCII; IPv6 in brackets.
    pub host: String,
    /// As it is written.
    pub port: Option<u16>,
}

impl HostPattern {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<HostPattern, &'static str> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            Some(_) => return Err("the form is scheme://host[:port]"),
            None => (None, text),
        };
        if rest.contains('/') {
            return Err("it has no path, and no slash at its end");
        }
        // An IPv6 address has colons of its own, and brackets around it.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|_| is_number);
                (
                    host,
                    Some(port.ok_or("its port is not a number up to 65535")?),
                )
            }
            _ => (rest, None),
        };
        Ok(HostPattern {
            scheme: scheme.map(str::to_ascii_lowercase),
            host: host_name(host)?,
            port,
        })
    }

    /// The port that its scheme has unless another is written; `None`: nobody knows.
    pub fn default_port(&self) -> Option<u16> {
        match self.scheme.as_deref()? {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ => None,
        }
    }
}

/// As browsers write it: lower-case, and in ASCII.
fn host_name(host: &str) -> Result<String, &'static str> {
    const NO_HOST: &str = "its host is not a name or address";
    let is_address = host.starts_with('[') && host.ends_with(']');
    let colons = host.contains(':') && !is_address;
    let forbidden = |c: char| c.is_ascii_whitespace() || c.is_control() || "/@?#\\%,\"".contains(c);
    if host.is_empty() || colons || host.contains(forbidden) {
        return Err(NO_HOST);
    }
    if host.is_ascii() {
        return Ok(host.to_ascii_lowercase());
    }
    match parse_host(host) {
        Ok(host) => Ok(host.to_string()),
        Err(_) if cfg!(feature = "idna") => Err(NO_HOST),
        Err(_) => Err("its host is not in ASCII, which needs arkws's feature `idna`"),
    }
}
