//! The opening handshake through its public interface (RFC 6455, 4; RFC 7692, 5 and 7.1).
mod bad_answers;
mod bad_requests;
mod client;
mod extensions;
mod head;
mod http_request;
mod http_types;
mod linear;
mod server;

use arkws_proto::Limits;
use arkws_proto::handshake::{
    ClientHandshake, ClientRequest, ClientResponse, HandshakeError, ServerHandshake, ServerRequest,
};

/// RFC 6455, 1.3.
const SAMPLE: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// An answer that accepts, with [`answer`].
const ACCEPTANCE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// A request that differs from the default in nothing but what a test is about.
fn request() -> ClientRequest {
    ClientRequest {
        host: "server.example.com".into(),
        target: "/chat".into(),
        ..ClientRequest::default()
    }
}

/// What the server says to a whole request.
fn serve(bytes: &[u8]) -> Result<ServerRequest, HandshakeError> {
    match ServerHandshake::new(&Limits::default()).recv(bytes)? {
        Some((request, consumed)) => {
            assert_eq!(consumed, bytes.len(), "the whole request was consumed");
            Ok(request)
        }
        None => panic!("the request was incomplete"),
    }
}

/// What the client says to an answer. `{accept}` in it stands for the right proof.
fn answer(request: ClientRequest, answer: &str) -> Result<ClientResponse, HandshakeError> {
    let (mut client, sent) =
        ClientHandshake::new(request, &Limits::default()).expect("a valid request");
    let answer = answer.replace("{accept}", &accept_for(&sent));
    Ok(client
        .recv(answer.as_bytes())?
        .expect("the answer was complete")
        .0)
}

/// The proof for a request, from our own server, which the sample of RFC 6455, 1.3 vouches for.
fn accept_for(request: &[u8]) -> String {
    let accepted = serve(request)
        .unwrap()
        .accept(None, None, &http::HeaderMap::new())
        .unwrap();
    let response = String::from_utf8(accepted.response).unwrap();
    field(&response, "Sec-WebSocket-Accept")
        .expect("an accept field")
        .to_owned()
}

/// The value of a field in a head.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Why a request cannot be made.
fn refused(request: ClientRequest) -> HandshakeError {
    ClientHandshake::new(request, &Limits::default()).expect_err("the request must be refused")
}
