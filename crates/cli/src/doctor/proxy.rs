//! What is wrong with the proxy.
use arkws::ProxyError;

use super::fault::{Fault, Kind};

/// Why there is no tunnel, once the proxy itself is connected to.
pub(super) fn fault(error: &ProxyError) -> Fault {
    match error {
        ProxyError::Authentication { offered, .. } => Fault::new(
            Kind::ProxyAuthentication,
            format!("There is no way through the proxy: {error} (407)."),
            match offered {
                true => "Check the user name and password in the URL of the proxy.",
                false => "Write them into its URL: --proxy http://user:password@host:port.",
            },
        ),
        ProxyError::Refused { .. } | ProxyError::Socks { .. } => Fault::new(
            Kind::ProxyRefused,
            format!("There is no way through the proxy: {error}."),
            "Have the proxy allow the server and its port (CONNECT), and check that it reaches it; \
             or go without it: --no-proxy.",
        ),
        ProxyError::Address { .. } => Fault::new(
            Kind::Proxy,
            format!("The proxy of the environment cannot be used: {error}."),
            "Mend http_proxy, https_proxy or all_proxy, or go without: --no-proxy.",
        ),
        _ => Fault::new(
            Kind::Proxy,
            format!("There is no way through the proxy: {error}."),
            "Check that it is a proxy of this kind (http, https, socks5), its port, and its log; \
             or go without it: --no-proxy.",
        ),
    }
}

/// The proxy is there, and does not answer.
pub(super) fn silent(proxy: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        Kind::Proxy,
        format!("The proxy {proxy} does not answer: {why}."),
        "Check that it is a proxy of this kind (http, https, socks5) and reaches the server; or \
         go without it: --no-proxy.",
    )
}

/// The proxy itself cannot be connected to, for this reason.
pub(super) fn unreachable(proxy: &str, why: &Fault) -> Fault {
    Fault::new(
        Kind::ProxyUnreachable,
        format!("The proxy {proxy} cannot be connected to. {}", why.what),
        format!(
            "Check --proxy, or http_proxy and https_proxy in the environment. {}",
            why.advice
        ),
    )
}
