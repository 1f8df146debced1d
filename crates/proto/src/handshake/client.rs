//! The client's side (RFC 6455, 4.1).
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONNECTION, HOST, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

use super::head::{HeadReader, ResponseHead};
use super::{HandshakeError, Negotiated, accept_key, extensions, headers};
use crate::deflate::DeflateConfig;
use crate::{Entropy, Limits};

/// What the client asks for. Its `Debug` form shows neither query nor values of header fields, and
/// how many sub-protocols there are.
#[derive(Clone)]
#[cfg_attr(feature = "rand", derive(Default))]
pub struct ClientRequest {
    /// The `Host` field: `name[:port]`, IPv6 in brackets.
    pub host: String,
    /// The request target: path and query, starting with `/`.
    pub target: String,
    /// Sub-protocols in order of preference; each a token, each once. Default: none.
    pub protocols: Vec<String>,
    /// permessage-deflate, as it is offered. Default: none.
    pub deflate: Option<DeflateConfig>,
    /// More header fields. `Host` replaces ours, by the same rules; the handshake's own fields
    /// (`Upgrade`, `Connection`, `Sec-WebSocket-*`) and those that announce a body are refused.
    pub headers: HeaderMap,
    /// Where its `Sec-WebSocket-Key` comes from. Default: `Entropy::System`.
    pub entropy: Entropy,
}

impl fmt::Debug for ClientRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("host", &self.host)
            .field("target", &headers::without_secrets(&self.target))
            .field("protocols", &self.protocols.len())
            .field("deflate", &self.deflate)
            .field("headers", &headers::Names(&self.headers))
            .field("entropy", &self.entropy)
            .finish()
    }
}

/// A request that is on its way, and the answer as far as it has arrived.
#[derive(Debug)]
pub struct ClientHandshake {
    answer: HeadReader,
    offer: ClientOffer,
}

/// What a request has offered, which the answer is checked against. Its `Debug` form shows how many
/// sub-protocols there are.
pub struct ClientOffer {
    /// `None`: there was no key, as HTTP/2 itself tells who understands.
    pub(super) expected_accept: Option<String>,
    pub(super) protocols: Vec<String>,
    pub(super) deflate: Option<DeflateConfig>,
}

impl fmt::Debug for ClientOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOffer")
            .field("protocols", &self.protocols.len())
            .field("deflate", &self.deflate)
            .finish_non_exhaustive()
    }
}

/// The response of a server that accepts.
#[derive(Debug, Clone)]
pub struct ClientResponse {
    /// 101; over HTTP/2 200, say.
    pub status: StatusCode,
    /// The reason phrase, as sent; read by [`field_text`](super::field_text). Where an HTTP
    /// implementation has read the response: empty.
    pub reason: String,
    /// All header fields, as they came.
    pub headers: HeaderMap,
    /// What was agreed on.
    pub negotiated: Negotiated,
}

impl ClientHandshake {
    /// Builds the request; the bytes go to the server.
    ///
    /// # Errors
    /// The request cannot be expressed: a bad token, a bad target, a forbidden header.
    pub fn new(
        request: ClientRequest,
        limits: &Limits,
    ) -> Result<(ClientHandshake, Vec<u8>), HandshakeError> {
        // RFC 6455, 4.1.7: selected randomly for each connection.
        let key = BASE64_STANDARD.encode(request.entropy.handshake_key());
        let bytes = write_request(&request, &key)?;
        let handshake = ClientHandshake {
            answer: HeadReader::new(limits),
            offer: ClientOffer {
                expected_accept: Some(accept_key(key.as_bytes())),
                protocols: request.protocols,
                deflate: request.deflate,
            },
        };
        Ok((handshake, bytes))
    }

    /// Takes bytes of the answer. `None`: more are needed. Otherwise the response, and how many of
    /// **these** bytes belonged to it: the rest are frames already.
    ///
    /// # Errors
    /// The answer is not a valid acceptance (RFC 6455, 4.1, the six checks at its end), or is too
    /// large.
    pub fn recv(
        &mut self,
        bytes: &[u8],
    ) -> Result<Option<(ClientResponse, usize)>, HandshakeError> {
        let Some((head, consumed)) = self.answer.read::<ResponseHead>(bytes)? else {
            return Ok(None);
        };
        // Check 1.
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            let rest = bytes[consumed..].to_vec();
            let response = head.into_response().map(|()| rest.into());
            return Err(HandshakeError::Refused(Box::new(response)));
        }
        if head.version != Version::HTTP_11 {
            return Err(HandshakeError::HttpVersion);
        }
        let negotiated = self.offer.check(&head.headers)?;
        let response = ClientResponse {
            status: head.status,
            reason: head.reason,
            headers: head.headers,
            negotiated,
        };
        Ok(Some((response, consumed)))
    }
}

impl ClientOffer {
    /// Checks 2 to 6 at the end of RFC 6455, 4.1. Where there is no key, 2 to 4 do not apply (RFC
    /// 8441, 5).
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<Negotiated, HandshakeError> {
        if let Some(expected) = &self.expected_accept {
            check_upgraded(headers, expected)?;
        }
        // 5
        let deflate = extensions::confirm(headers, self.deflate.as_ref())?;
        // 6: one of ours, compared exactly; a list of several is none of ours.
        let protocol = match headers::single(headers, "sec-websocket-protocol")? {
            None => None,
            Some(chosen) => Some(
                self.protocols
                    .iter()
                    .find(|offered| offered.as_bytes() == chosen.as_bytes())
                    .cloned()
                    .ok_or(HandshakeError::ProtocolNotOffered)?,
            ),
        };
        Ok(Negotiated { protocol, deflate })
    }
}

/// Checks 2 to 4.
fn check_upgraded(headers: &HeaderMap, expected_accept: &str) -> Result<(), HandshakeError> {
    // 2: the value *is* "websocket"; unlike a request's, it is no list of choices.
    let mut upgrade = headers::list(headers, UPGRADE.as_str());
    if !upgrade
        .next()
        .is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        || upgrade.next().is_some()
    {
        return Err(HandshakeError::AnswerUpgrade(headers::shown(
            headers,
            UPGRADE.as_str(),
        )));
    }
    // 3
    if !headers::list(headers, CONNECTION.as_str())
        .any(|token| token.eq_ignore_ascii_case(b"upgrade"))
    {
        return Err(HandshakeError::AnswerConnection(headers::shown(
            headers,
            CONNECTION.as_str(),
        )));
    }
    // 4
    let accept = headers::single(headers, "sec-websocket-accept")?;
    if accept.is_none_or(|accept| accept.as_bytes() != expected_accept.as_bytes()) {
        return Err(HandshakeError::AnswerAccept(headers::shown(
            headers,
            "sec-websocket-accept",
        )));
    }
    Ok(())
}

/// What a request says beside its key, checked, in whatever form it leaves.
pub(super) struct RequestFields<'r> {
    pub(super) host: &'r [u8],
    /// `Sec-WebSocket-Protocol`.
    pub(super) protocols: Option<String>,
    /// `Sec-WebSocket-Extensions`.
    pub(super) extensions: Option<String>,
}

impl ClientRequest {
    pub(super) fn fields(&self) -> Result<RequestFields<'_>, HandshakeError> {
        if !is_target(self.target.as_bytes()) {
            return Err(HandshakeError::invalid_target(&self.target));
        }
        let given: Vec<_> = self.headers.get_all(HOST).iter().collect();
        let invalid = |host| HandshakeError::InvalidHost(headers::shown_host(host));
        let host = match given[..] {
            [] => self.host.as_bytes(),
            // White space around a value is none of it (RFC 9110, 5.5).
            [host] => host.as_bytes().trim_ascii(),
            // RFC 9112, 3.2: there is one.
            _ => {
                let given: Vec<_> = given.into_iter().map(HeaderValue::as_bytes).collect();
                return Err(invalid(&given.join(&b", "[..])));
            }
        };
        // It is not empty, as the host of no URL is (RFC 9110, 7.2).
        if host.is_empty() || !headers::is_authority(host) {
            return Err(invalid(host));
        }
        check_protocols(&self.protocols)?;
        let extensions = self.deflate.as_ref().map(extensions::offer).transpose()?;
        headers::check_count(&self.headers)?;
        if let Some(reserved) = self.headers.keys().find(|name| headers::is_reserved(name)) {
            return Err(HandshakeError::ReservedHeader(reserved.clone()));
        }
        Ok(RequestFields {
            host,
            protocols: (!self.protocols.is_empty()).then(|| self.protocols.join(", ")),
            extensions,
        })
    }

    /// The program's own header fields.
    pub(super) fn own_headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.headers.iter().filter(|(name, _)| *name != HOST)
    }
}

impl HandshakeError {
    pub(super) fn invalid_target(target: &str) -> HandshakeError {
        HandshakeError::InvalidTarget(headers::excerpt(
            headers::without_secrets(target).as_bytes(),
        ))
    }
}

fn write_request(request: &ClientRequest, key: &str) -> Result<Vec<u8>, HandshakeError> {
    let fields = request.fields()?;
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"GET ");
    out.extend_from_slice(request.target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    headers::write_field(&mut out, "Host", fields.host);
    headers::write_field(&mut out, "Upgrade", b"websocket");
    headers::write_field(&mut out, "Connection", b"Upgrade");
    headers::write_field(&mut out, "Sec-WebSocket-Key", key.as_bytes());
    headers::write_field(&mut out, "Sec-WebSocket-Version", b"13");
    if let Some(protocols) = fields.protocols {
        headers::write_field(&mut out, "Sec-WebSocket-Protocol", protocols.as_bytes());
    }
    if let Some(extensions) = fields.extensions {
        headers::write_field(&mut out, "Sec-WebSocket-Extensions", extensions.as_bytes());
    }
    // Values of this type have no CR, LF or NUL, names are tokens: nothing can be injected.
    for (name, value) in request.own_headers() {
        headers::write_field(&mut out, name.as_str(), value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// RFC 6455, 4.1.10: tokens, each once.
fn check_protocols(protocols: &[String]) -> Result<(), HandshakeError> {
    for (index, protocol) in protocols.iter().enumerate() {
        if !headers::is_token(protocol.as_bytes()) {
            return Err(HandshakeError::InvalidProtocol {
                position: index + 1,
            });
        }
        if protocols[..index].contains(protocol) {
            return Err(HandshakeError::DuplicateProtocol {
                position: index + 1,
            });
        }
    }
    Ok(())
}

/// RFC 6455, 3: no fragment; RFC 9112, 3.2.1: no space, and nothing that is not visible ASCII.
fn is_target(target: &[u8]) -> bool {
    target.first() == Some(&b'/')
        && target
            .iter()
            .all(|&byte| byte.is_ascii_graphic() && byte != b'#')
}
