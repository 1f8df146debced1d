//! From a URL to a connected byte stream: name, addresses, proxy, TLS, redirects.
