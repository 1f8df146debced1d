//! The name and the password in a URL, as `connect` sends them.
use arkws::WebSocketUrl;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The field that they become (RFC 7617, 2).
pub(super) fn of(url: &WebSocketUrl) -> Option<(String, Vec<u8>)> {
    let (_, rest) = url.as_str().split_once("://")?;
    let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
    let (user_info, _) = authority.rsplit_once('@')?;
    let (name, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let both = [&decoded(name)[..], b":", &decoded(password)].concat();
    let value = format!("Basic {}", BASE64_STANDARD.encode(both));
    Some(("Authorization".to_owned(), value.into_bytes()))
}

/// Without percent-encoding (RFC 3986, 2.1).
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let encoded = behind.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = encoded.and_then(|two| {
            let digits = std::str::from_utf8(two).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_decoded_and_sent_as_basic_authorization() {
        let of = |url: &str| of(&WebSocketUrl::parse(url).unwrap());
        let field = |both: &str| {
            let value = format!("Basic {}", BASE64_STANDARD.encode(both));
            Some(("Authorization".to_owned(), value.into_bytes()))
        };
        assert_eq!(of("ws://a.test/@"), None);
        assert_eq!(of("ws://ann@a.test"), field("ann:"));
        let encoded = of("wss://ann%40home:p%3Aw%25@a.test/x?y@z");
        assert_eq!(encoded, field("ann@home:p:w%"));
    }
}
