//! The answer to the opening handshake, and what is wrong with it.
use std::time::Duration;

use arkws::http::Response;
use arkws::http::header::{CONTENT_TYPE, LOCATION};
use arkws::{Error, HandshakeError, Phase, RefusalBody, field_text};

use super::fault::{Fault, Kind};

/// Whether the server may be one that waits for TLS, by what it did with a request in plain text.
pub(super) fn may_be_tls(error: &Error) -> bool {
    match error {
        Error::NoAnswer { .. } | Error::DialTimeout { .. } => true,
        Error::Handshake(HandshakeError::Refused(answer)) => answer.status().as_u16() == 400,
        Error::Handshake(error) => is_no_http(error),
        _ => false,
    }
}

fn is_no_http(error: &HandshakeError) -> bool {
    matches!(
        error,
        HandshakeError::Malformed(_)
            | HandshakeError::HttpVersion
            | HandshakeError::HeadTooLarge { .. }
            | HandshakeError::TooManyHeaders { .. }
    )
}

/// A few lines of what a refusal says.
pub(super) fn refusal_lines(answer: &Response<RefusalBody>) -> Vec<String> {
    const LINES: usize = 4;
    const LENGTH: usize = 160;
    let body = String::from_utf8_lossy(answer.body());
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    let short = |line: &str| line.chars().take(LENGTH).collect();
    lines.take(LINES).map(short).collect()
}

/// What is wrong, if `server` does not answer the request for `url` with 101.
pub(super) fn fault(error: &Error, server: &str, target: &str) -> Fault {
    match error {
        Error::Handshake(HandshakeError::Refused(answer)) => {
            refused(answer, error.retry_after(), server, target)
        }
        Error::Handshake(error) => unacceptable(error, server),
        Error::NoAnswer { .. } => Fault::new(
            Kind::NoAnswer,
            format!("{server} ends the connection without an answer to the HTTP request."),
            "Check that a WebSocket server listens at this port, and look into its log.",
        ),
        Error::DialTimeout {
            phase: Phase::Handshake,
            limit,
            ..
        } => Fault::new(
            Kind::NoAnswer,
            format!("{server} takes the HTTP request and does not answer it within {limit:?}."),
            "Check that a WebSocket server listens at this port, and that it is not stuck.",
        ),
        other => Fault::new(
            Kind::Other,
            format!("The handshake with {server} fails: {other}."),
            "Look into the server's log.",
        ),
    }
}

fn refused(
    answer: &Response<RefusalBody>,
    retry_after: Option<Duration>,
    server: &str,
    target: &str,
) -> Fault {
    let status = answer.status();
    let what = |why: &str| format!("{server} answers {status} to the request for {target}: {why}.");
    match status.as_u16() {
        301 | 302 | 303 | 307 | 308 => {
            let location = answer.headers().get(LOCATION);
            let location = location.map(|value| field_text(value.as_bytes()).into_owned());
            let location = location.unwrap_or_else(|| "nowhere".to_owned());
            Fault::new(
                Kind::Redirect,
                what(&format!("the WebSocket is at {location}")),
                "Use that URL (ws:// for http://, wss:// for https://): browsers and many other \
                 clients do not follow redirects.",
            )
        }
        200..=299 => {
            let kind = answer.headers().get(CONTENT_TYPE);
            let kind = kind.map(|value| format!(", with {}", field_text(value.as_bytes())));
            Fault::new(
                Kind::NotWebsocket,
                what(&format!(
                    "there is HTTP and no WebSocket{}",
                    kind.unwrap_or_default()
                )),
                "Check the path. If a reverse proxy stands before the server, have it pass \
                 Upgrade and Connection on.",
            )
        }
        400 => Fault::new(
            Kind::BadRequest,
            what("it does not understand the request"),
            "Often a reverse proxy has taken Upgrade or Connection away, or the server does not \
             accept the Host or a field that was given by -H: look at what it says, and into its \
             log.",
        ),
        401 => Fault::new(
            Kind::Unauthorized,
            what("it wants to know who asks"),
            "Give credentials: -H 'Authorization: Bearer TOKEN', or user:password@ in the URL.",
        ),
        403 => Fault::new(
            Kind::Forbidden,
            what("it does not let this client in"),
            "Mostly the Origin is not among those allowed, or a token or cookie is missing: try \
             -H 'Origin: https://the.site', and look into the server's log.",
        ),
        404 | 410 => Fault::new(
            Kind::NotFound,
            what("there is nothing at this path"),
            "Check the path in the URL, and how a reverse proxy passes it on.",
        ),
        426 | 505 => Fault::new(
            Kind::NotWebsocket,
            what("the request has not reached it as one for a WebSocket"),
            "Have the reverse proxy pass Upgrade and Connection on, and speak HTTP/1.1 to the \
             server (nginx: proxy_http_version 1.1, proxy_set_header Upgrade and Connection).",
        ),
        429 => Fault::new(
            Kind::TooManyRequests,
            what("there were too many attempts"),
            match retry_after {
                Some(time) => format!(
                    "Wait for {} s, as it says (Retry-After), and connect less often.",
                    time.as_secs()
                ),
                None => "Wait, and connect less often.".to_owned(),
            },
        ),
        502 | 504 => Fault::new(
            Kind::Unavailable,
            what("a gateway answers, and does not reach the server behind it"),
            "Start or mend the server behind the gateway.",
        ),
        500..=599 => Fault::new(
            Kind::Unavailable,
            what("it has failed, or has too much to do"),
            match retry_after {
                Some(time) => format!("Try again in {} s, as it says.", time.as_secs()),
                None => "Look into its log, or try later.".to_owned(),
            },
        ),
        _ => Fault::new(
            Kind::Status,
            what("it refuses the WebSocket"),
            "Look at what it says, and into its log.",
        ),
    }
}

/// An answer that no client accepts.
fn unacceptable(error: &HandshakeError, server: &str) -> Fault {
    match error {
        HandshakeError::AnswerAccept(_) => Fault::new(
            Kind::BadAccept,
            format!("{server} says yes, and has not read the request: {error}."),
            "Mend how the server makes Sec-WebSocket-Accept; or somebody between answers from a \
             cache.",
        ),
        HandshakeError::AnswerUpgrade(_) | HandshakeError::AnswerConnection(_) => Fault::new(
            Kind::BadAnswer,
            format!("{server} answers 101 without what belongs to it: {error}."),
            "Mend the server, or the reverse proxy that takes the field away.",
        ),
        HandshakeError::ProtocolNotOffered => Fault::new(
            Kind::Subprotocol,
            format!("{server} chooses a sub-protocol that this client does not offer."),
            "Offer it by --protocol, or have the server choose among those offered.",
        ),
        HandshakeError::ExtensionNotOffered(_)
        | HandshakeError::MalformedExtensions(_)
        | HandshakeError::DeflateParams(_) => Fault::new(
            Kind::Extensions,
            format!("{server} chooses extensions that cannot be: {error}."),
            "Mend the server, or switch compression off there.",
        ),
        error if is_no_http(error) => Fault::new(
            Kind::NotHttp,
            format!("What {server} sends is not HTTP: {error}."),
            "Check the port: another service listens there.",
        ),
        error => Fault::new(
            Kind::BadAnswer,
            format!("The answer of {server} cannot be accepted: {error}."),
            "Mend the server.",
        ),
    }
}
