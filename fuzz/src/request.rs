//! What programs put into a handshake: header fields, sub-protocols, host and target of a client's
//! request, and header fields of a server's answer.
use arkws_proto::Limits;
use arkws_proto::handshake::{
    ClientHandshake, ClientRequest, HandshakeError, ServerHandshake, ServerRequest,
};
use http::header::HOST;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::ENTROPY;
use crate::input::Input;

/// What is taken arrives as it was given, and is all that arrives.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let [protocols, fields, answers] = input.array();
    let text = |input: &mut Input<'_>| String::from_utf8_lossy(input.short()).into_owned();
    let given = ClientRequest {
        host: text(&mut input),
        target: text(&mut input),
        protocols: (0..protocols % 4).map(|_| text(&mut input)).collect(),
        deflate: None,
        headers: headers(&mut input, fields % 8),
        entropy: ENTROPY,
    };
    over_http(&given);
    let limits = Limits::default();
    let Ok((mut client, sent)) = ClientHandshake::new(given.clone(), &limits) else {
        return;
    };
    let received = ServerHandshake::new(&limits).recv(&sent);
    let (request, len) = received.expect("valid").expect("whole");
    assert_eq!(len, sent.len());
    assert_eq!(request.target, given.target);
    assert_eq!(request.protocols, given.protocols);
    for name in given.headers.keys() {
        assert!(
            same_values(name, &given.headers, &request.headers),
            "{name}"
        );
    }
    if !given.headers.contains_key("host") {
        assert_eq!(request.headers["host"], given.host);
    }
    let ours = ["host", "upgrade", "connection"];
    let unknown = request.headers.keys().find(|name| {
        !given.headers.contains_key(*name)
            && !ours.contains(&name.as_str())
            && !name.as_str().starts_with("sec-websocket-")
    });
    assert_eq!(unknown, None, "nobody gave it");

    let added = headers(&mut input, answers % 8);
    let protocol = given.protocols.last().map(String::as_str);
    let Ok(accepted) = request.accept(protocol, None, &added) else {
        return;
    };
    let received = client.recv(&accepted.response);
    let (response, len) = received.expect("valid").expect("whole");
    assert_eq!(len, accepted.response.len());
    assert_eq!(response.negotiated.protocol.as_deref(), protocol);
    for name in added.keys() {
        assert!(same_values(name, &added, &response.headers), "{name}");
    }
}

/// The same through HTTP implementations: an upgrade, and an extended CONNECT.
fn over_http(given: &ClientRequest) {
    let is_valid = ClientHandshake::new(given.clone(), &Limits::default()).is_ok();
    let upgrade = given.clone().into_http().map(|(request, _)| {
        let read = ServerRequest::from_http(&request);
        read.expect("a valid upgrade")
    });
    let connect = given.clone().into_extended_connect(Scheme::HTTPS);
    let connect = connect.map(|(request, _)| {
        let read = ServerRequest::from_extended_connect(&request, Some("websocket"));
        read.expect("a valid extended CONNECT")
    });
    for read in [upgrade, connect] {
        match read {
            Ok(read) => {
                assert!(is_valid, "{given:?}");
                assert_eq!(read.target, given.target);
                assert_eq!(read.protocols, given.protocols);
                for name in given.headers.keys().filter(|name| *name != HOST) {
                    assert!(same_values(name, &given.headers, &read.headers), "{name}");
                }
            }
            // A `http::Uri` does not have every character.
            Err(error) => assert!(
                !is_valid || matches!(error, HandshakeError::InvalidTarget(_)),
                "{error}"
            ),
        }
    }
}

fn headers(input: &mut Input<'_>, count: u8) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for _ in 0..count {
        let name = HeaderName::from_bytes(input.short());
        let value = HeaderValue::from_bytes(input.short());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// White space around a value is none of it (RFC 9110, 5.5).
fn same_values(name: &HeaderName, given: &HeaderMap, received: &HeaderMap) -> bool {
    let values = |headers: &HeaderMap| -> Vec<Vec<u8>> {
        let values = headers.get_all(name).iter();
        values
            .map(|value| value.as_bytes().trim_ascii().to_vec())
            .collect()
    };
    values(given) == values(received)
}
