//! The answer to an opening handshake, and whether it is right (RFC 6455, 4.2.2).
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

use super::case::Opening;
use super::extensions::{self, Deflate};
use super::request::OpeningRequest;
use super::verdict::Judgement;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct HandshakeAnswer {
    pub(super) status: u16,
    first_line: String,
    fields: Vec<(String, String)>,
}

/// The longest head that is waited for.
const LONGEST: usize = 64 * 1024;

/// Cuts the head off what has come, if it is whole.
pub(super) fn cut(received: &mut Vec<u8>) -> Option<Result<HandshakeAnswer, String>> {
    let first = &received[..received.len().min(LONGEST)];
    let Some(end) = first.windows(4).position(|four| four == b"\r\n\r\n") else {
        let is_too_long = received.len() >= LONGEST;
        return is_too_long.then(|| Err("the answer's head is longer than 64 KiB".to_owned()));
    };
    let end = end + 4;
    let head = received.drain(..end).collect::<Vec<_>>();
    Some(parse(&String::from_utf8_lossy(&head)))
}

fn parse(head: &str) -> Result<HandshakeAnswer, String> {
    let mut lines = head.trim_end().split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| {
        let status = rest.get(2..5)?;
        status.parse().ok()
    });
    let Some(status) = status else {
        return Err(format!("the answer is no HTTP/1.1: \"{first}\""));
    };
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Ok(HandshakeAnswer {
        status,
        first_line: first.to_owned(),
        fields: fields.collect(),
    })
}

impl HandshakeAnswer {
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_it = self.fields.iter().filter(move |field| field.0 == name);
        of_it.map(|field| field.1.as_str())
    }

    fn has_token(&self, name: &str, token: &str) -> bool {
        let mut tokens = self.values(name).flat_map(|value| value.split(','));
        tokens.any(|value| value.trim().eq_ignore_ascii_case(token))
    }

    /// Compares it with what is expected. Whatever it is, a 101 has to be right in itself; what was
    /// agreed on in it comes back.
    pub(super) fn judge(
        &self,
        expected: Opening,
        request: &OpeningRequest,
        judgement: &mut Judgement,
    ) -> Option<Deflate> {
        if self.status != 101 {
            self.judge_refusal(expected, judgement);
            return None;
        }
        if !expected.is_acceptance() {
            judgement.hard("the handshake was accepted".to_owned());
            return None;
        }
        let agreed = match self.check(request) {
            Ok(agreed) => agreed,
            Err(why) => {
                judgement.broken(why);
                return None;
            }
        };
        match expected {
            Opening::Declined if agreed.is_some() => {
                let extensions = self.values("sec-websocket-extensions");
                let extensions = extensions.collect::<Vec<_>>().join(", ");
                judgement.hard(format!("the offer was accepted: {extensions}"));
            }
            Opening::Agreed if agreed.is_none() => {
                judgement.left_out("the server declines this offer".to_owned());
            }
            Opening::AgreedAtOnce if agreed.is_none() => {
                judgement.hard("the offer was declined".to_owned());
            }
            _ => {}
        }
        agreed
    }

    fn judge_refusal(&self, expected: Opening, judgement: &mut Judgement) {
        let status = self.status;
        let said = format!("the answer is \"{}\"", self.first_line);
        let is_error = matches!(status, 400..=499 | 501 | 503 | 505);
        match expected {
            Opening::Accepted | Opening::Agreed | Opening::AgreedAtOnce => judgement.hard(said),
            Opening::Declined => {
                judgement.soft(format!("{said}: the offer alone is to be declined"))
            }
            Opening::NotUpgraded => {}
            Opening::RefusedWith(wanted) if wanted == status => {}
            Opening::RefusedWith(wanted) => judgement.soft(format!("{said}, not {wanted}")),
            Opening::VersionTold if !self.has_token("sec-websocket-version", "13") => {
                judgement.hard(format!("{said}, without \"Sec-WebSocket-Version: 13\""));
            }
            Opening::Refused | Opening::Answered | Opening::VersionTold if is_error => {}
            Opening::Refused | Opening::Answered | Opening::VersionTold => {
                judgement.soft(format!("{said}, which is no error of the client's"));
            }
        }
    }

    /// What each 101 has to have.
    fn check(&self, request: &OpeningRequest) -> Result<Option<Deflate>, String> {
        if !self.first_line.starts_with("HTTP/1.1 101") {
            return Err(format!("it accepts with \"{}\"", self.first_line));
        }
        if !self.has_token("upgrade", "websocket") {
            return Err("101 without \"Upgrade: websocket\" (RFC 6455, 4.2.2)".to_owned());
        }
        if !self.has_token("connection", "upgrade") {
            return Err("101 without \"Connection: Upgrade\" (RFC 6455, 4.2.2)".to_owned());
        }
        let proofs = self.values("sec-websocket-accept").collect::<Vec<_>>();
        let keys = request.values("sec-websocket-key");
        let key = keys.first().map_or("", String::as_str);
        if proofs != [proof(key)] {
            let proofs = proofs.join(", ");
            return Err(format!(
                "Sec-WebSocket-Accept is \"{proofs}\", which does not belong to the key \
                 (RFC 6455, 4.2.2)"
            ));
        }
        let offered = request.values("sec-websocket-protocol").join(",");
        let chosen = self.values("sec-websocket-protocol").collect::<Vec<_>>();
        let is_offered = |chosen: &str| offered.split(',').any(|name| name.trim() == chosen);
        match chosen.as_slice() {
            [] => {}
            [one] if is_offered(one) => {}
            many => {
                let many = many.join(", ");
                return Err(format!(
                    "it chose the sub-protocol \"{many}\" of \"{offered}\" (RFC 6455, 4.2.2)"
                ));
            }
        }
        let agreed = self.values("sec-websocket-extensions").collect::<Vec<_>>();
        let offered = request.values("sec-websocket-extensions");
        extensions::agreed(&offered.join(", "), &agreed.join(", "))
    }
}

/// RFC 6455, 4.2.2.
pub(super) fn proof(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_rfc() {
        assert_eq!(
            proof(super::super::request::KEY),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
