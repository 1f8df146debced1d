//! What a program is told that was built without compression, and what its peers are.
#![cfg(not(feature = "deflate"))]
use arkws_proto::deflate::{DeflateConfig, DeflateParams};
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError, ServerHandshake};
use arkws_proto::{Config, Connection, Entropy, EntropySource, Limits, ProtocolError, Role};
use http::HeaderMap;

const ENTROPY: Entropy = Entropy::Source(EntropySource(|bytes| bytes.fill(7)));

/// RFC 6455, 1.3, and an offer to compress.
const OFFER: &[u8] = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

fn request(deflate: Option<DeflateConfig>) -> ClientRequest {
    ClientRequest {
        host: "server.example.com".into(),
        target: "/chat".into(),
        protocols: Vec::new(),
        deflate,
        headers: HeaderMap::new(),
        entropy: ENTROPY,
    }
}

fn says_so(error: &HandshakeError) {
    assert!(matches!(error, HandshakeError::NoDeflate), "{error:?}");
    assert!(error.is_own_mistake());
    assert_eq!(
        error.to_string(),
        "permessage-deflate needs the feature `deflate`, which is switched off"
    );
}

#[test]
fn a_client_that_is_to_offer_it_is_told_so_and_sends_nothing() {
    let wants = request(Some(DeflateConfig::default()));
    says_so(&ClientHandshake::new(wants, &Limits::default()).unwrap_err());
}

#[test]
fn a_server_that_is_to_agree_is_told_so_and_one_that_is_not_declines() {
    let mut server = ServerHandshake::new(&Limits::default());
    let (request, _) = server.recv(OFFER).unwrap().unwrap();
    let wants = DeflateConfig::default();
    says_so(
        &request
            .accept(None, Some(&wants), &HeaderMap::new())
            .unwrap_err(),
    );

    let accepted = request.accept(None, None, &HeaderMap::new()).unwrap();

    assert_eq!(accepted.negotiated.deflate, None);
    let response = String::from_utf8(accepted.response).unwrap();
    assert!(!response.contains("permessage-deflate"), "{response}");
}

#[test]
fn a_server_that_compresses_uninvited_is_refused() {
    let (mut client, sent) = ClientHandshake::new(request(None), &Limits::default()).unwrap();
    let mut server = ServerHandshake::new(&Limits::default());
    let (asked, _) = server.recv(&sent).unwrap().unwrap();
    let answer = asked
        .accept(None, None, &HeaderMap::new())
        .unwrap()
        .response;
    let answer = String::from_utf8(answer).unwrap().replace(
        "\r\n\r\n",
        "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    );

    let error = client.recv(answer.as_bytes()).unwrap_err();

    assert!(error.to_string().contains("permessage-deflate"), "{error}");
    assert!(!error.is_own_mistake());
}

/// RFC 7692, 6.1: RSV1 marks a message that is compressed.
#[test]
fn a_compressed_message_ends_the_connection() {
    let agreed = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 6,
        min_size: 0,
    };
    // Whatever the program says was agreed on.
    for deflate in [None, Some(agreed)] {
        let config = Config {
            limits: Limits::default(),
            deflate,
            entropy: ENTROPY,
        };
        let mut client = Connection::new(Role::Client, config);
        // "Hello" (RFC 7692, 7.2.3.1).
        let mut frame = *b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
        let error = client.recv(&mut &mut frame[..]).unwrap_err();
        assert_eq!(error, ProtocolError::ReservedBit(1));
    }
}
