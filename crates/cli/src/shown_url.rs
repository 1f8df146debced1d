//! URLs in what is written for others to read.
use arkws::WebSocketUrl;

/// Its text without user name and password, which are nobody else's business, and without the
/// query, which may have a token in it.
pub(crate) fn shown(url: &WebSocketUrl) -> String {
    let path = url.target().split('?').next().unwrap_or_default();
    format!("{}://{}{path}", url.scheme(), url.host_field())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let url = WebSocketUrl::parse("wss://ann:password@a.test:8443/chat?token=1").unwrap();
        assert_eq!(shown(&url), "wss://a.test:8443/chat");
    }
}
