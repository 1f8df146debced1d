//! Answers at which a client must fail the connection (RFC 6455, 4.1).
use arkws_proto::handshake::ClientRequest;

use crate::{answer, request};

/// Each row: section, what the answer does wrong, the answer, and the words that the error must
/// have.
pub(crate) const MUST_FAIL: &[(&str, &str, &str, &str)] = &[
    (
        "4.1 (2)",
        "no Upgrade",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "Upgrade field must be \"websocket\", but it is missing",
    ),
    (
        "4.1 (2)",
        "another Upgrade",
        "HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"h2c\"",
    ),
    (
        "4.1 (2)",
        "several Upgrades",
        "HTTP/1.1 101 S\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"websocket, h2c\"",
    ),
    (
        "4.1 (3)",
        "no Connection",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "Connection field must have \"Upgrade\", but it is missing",
    ),
    (
        "4.1 (3)",
        "Connection without the token",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: keep-alive, upgraded\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "is \"keep-alive, upgraded\"",
    ),
    (
        "4.1 (4)",
        "no proof",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "Sec-WebSocket-Accept does not match the key that was sent: it is missing",
    ),
    (
        "4.1 (4)",
        "the proof of another key",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        "it is \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
    ),
    (
        "11.3.3",
        "two proofs",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "sec-websocket-accept is given more than once",
    ),
    (
        "4.1 (5)",
        "an extension that was not offered",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        "the extension \"permessage-deflate\", which was not offered",
    ),
    (
        "9.1",
        "extensions that do not follow the grammar",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: foo; bar=\"a b\"\r\n\r\n",
        "Sec-WebSocket-Extensions is malformed",
    ),
    (
        "4.1 (6)",
        "a protocol that was not offered",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        "a sub-protocol that was not offered",
    ),
    (
        "4.1 (6)",
        "a protocol in another case",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: Chat\r\n\r\n",
        "a sub-protocol that was not offered",
    ),
    (
        "4.1 (6)",
        "more than one protocol",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n",
        "a sub-protocol that was not offered",
    ),
    (
        "4.1 (6)",
        "an empty protocol",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol:\r\n\r\n",
        "a sub-protocol that was not offered",
    ),
    (
        "11.3.4",
        "two protocol fields",
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        "sec-websocket-protocol is given more than once",
    ),
    (
        "4.1",
        "HTTP/1.0",
        "HTTP/1.0 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
        "not HTTP/1.1",
    ),
    (
        "RFC 9112, 4",
        "another protocol",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "not HTTP/1.1",
    ),
    (
        "RFC 9112, 4",
        "a bad status",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "the status is not three digits",
    ),
    (
        "RFC 9112, 5",
        "a space before the colon",
        "HTTP/1.1 101 S\r\nUpgrade : websocket\r\n\r\n",
        "is not a token",
    ),
    (
        "RFC 9112, 5.2",
        "a folded field",
        "HTTP/1.1 101 S\r\nUpgrade:\r\n websocket\r\n\r\n",
        "is not a token",
    ),
    (
        "RFC 9110, 5.5",
        "NUL in a value",
        "HTTP/1.1 101 S\r\nUpgrade: web\0socket\r\n\r\n",
        "forbidden character",
    ),
];

#[test]
fn every_answer_that_must_fail_the_connection_does() {
    for (section, what, text, words) in MUST_FAIL {
        let offer = ClientRequest {
            protocols: vec!["chat".into(), "superchat".into()],
            ..request()
        };

        let error = answer(offer, text).expect_err(what).to_string();

        assert!(error.contains(words), "{section}, {what}: {error}");
        assert!(error.contains("RFC"), "{error} names its rule");
    }
}
