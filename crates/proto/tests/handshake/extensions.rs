//! Negotiation of permessage-deflate (RFC 7692, 5 and 7.1).
use arkws_proto::Limits;
use arkws_proto::deflate::{DeflateConfig, DeflateParams};
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError};
use http::HeaderMap;
use proptest::prelude::*;

use crate::{answer, field, refused, request, serve};

/// What one end does with its compressor's context after a message, and its window in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    Kept(u8),
    Reset(u8),
}
use Context::{Kept, Reset};

impl Context {
    fn new(no_context_takeover: bool, window_bits: u8) -> Context {
        match no_context_takeover {
            false => Kept(window_bits),
            true => Reset(window_bits),
        }
    }

    fn window_bits(self) -> u8 {
        match self {
            Kept(bits) | Reset(bits) => bits,
        }
    }
}

/// The server's context, and the client's.
type Terms = (Context, Context);

fn config(server: Context, client: Context) -> DeflateConfig {
    DeflateConfig {
        server_no_context_takeover: matches!(server, Reset(_)),
        client_no_context_takeover: matches!(client, Reset(_)),
        server_max_window_bits: server.window_bits(),
        client_max_window_bits: client.window_bits(),
        ..DeflateConfig::default()
    }
}

/// The terms that an end asks for.
fn terms_of(config: &DeflateConfig) -> Terms {
    (
        Context::new(
            config.server_no_context_takeover,
            config.server_max_window_bits,
        ),
        Context::new(
            config.client_no_context_takeover,
            config.client_max_window_bits,
        ),
    )
}

/// The terms that were agreed on.
fn terms(params: &DeflateParams) -> Terms {
    (
        Context::new(
            params.server_no_context_takeover,
            params.server_max_window_bits,
        ),
        Context::new(
            params.client_no_context_takeover,
            params.client_max_window_bits,
        ),
    )
}

/// What a server answers to an offer: the field's value, and the terms.
fn accept(offer: &str, config: &DeflateConfig) -> Option<(String, Terms)> {
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: {offer}\r\n\r\n"
    );
    let accepted = serve(head.as_bytes())
        .expect(offer)
        .accept(None, Some(config), &HeaderMap::new())
        .unwrap();
    let response = String::from_utf8(accepted.response).unwrap();
    let answer = field(&response, "Sec-WebSocket-Extensions").map(str::to_owned);
    assert_eq!(answer.is_some(), accepted.negotiated.deflate.is_some());
    Some((answer?, terms(&accepted.negotiated.deflate?)))
}

/// What a client makes of an answer to its offer.
fn confirm(config: &DeflateConfig, extensions: &str) -> Result<Option<Terms>, HandshakeError> {
    let text = format!(
        "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {{accept}}\r\n\
         Sec-WebSocket-Extensions: {extensions}\r\n\r\n"
    );
    let offer = ClientRequest {
        deflate: Some(config.clone()),
        ..request()
    };
    Ok(answer(offer, &text)?.negotiated.deflate.as_ref().map(terms))
}

#[test]
fn an_offer_says_what_differs_from_the_default() {
    for (config, expected) in [
        (
            config(Kept(15), Kept(15)),
            "permessage-deflate; client_max_window_bits",
        ),
        (
            config(Kept(15), Kept(10)),
            "permessage-deflate; client_max_window_bits=10",
        ),
        (
            config(Kept(9), Kept(15)),
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits",
        ),
        (
            config(Reset(8), Reset(8)),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=8; client_max_window_bits=8",
        ),
    ] {
        let offer = ClientRequest {
            deflate: Some(config),
            ..request()
        };
        let (_, bytes) = ClientHandshake::new(offer, &Limits::default()).unwrap();

        assert_eq!(
            field(
                &String::from_utf8(bytes).unwrap(),
                "Sec-WebSocket-Extensions"
            ),
            Some(expected)
        );
    }
}

#[test]
fn offers_are_answered_as_rfc_7692_7_1_says() {
    let plain = &config(Kept(15), Kept(15));
    let frugal = &config(Reset(10), Reset(11));
    for (offer, config, expected, terms) in [
        (
            "permessage-deflate",
            plain,
            "permessage-deflate",
            (Kept(15), Kept(15)),
        ),
        (
            "permessage-deflate; client_max_window_bits",
            plain,
            "permessage-deflate",
            (Kept(15), Kept(15)),
        ),
        (
            "permessage-deflate; client_max_window_bits=12",
            plain,
            "permessage-deflate; client_max_window_bits=12",
            (Kept(15), Kept(12)),
        ),
        (
            "permessage-deflate; server_max_window_bits=9",
            plain,
            "permessage-deflate; server_max_window_bits=9",
            (Kept(9), Kept(15)),
        ),
        (
            "permessage-deflate; server_max_window_bits=8",
            plain,
            "permessage-deflate; server_max_window_bits=8",
            (Kept(8), Kept(15)),
        ),
        (
            "permessage-deflate; server_max_window_bits=15",
            plain,
            "permessage-deflate; server_max_window_bits=15",
            (Kept(15), Kept(15)),
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            plain,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            (Reset(15), Reset(15)),
        ),
        // 7.1.2.2: without the client's permission its window is not limited.
        (
            "permessage-deflate",
            frugal,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10",
            (Reset(10), Reset(15)),
        ),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=12",
            frugal,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; \
             client_max_window_bits=11",
            (Reset(10), Reset(11)),
        ),
        // RFC 6455, 9.1: quoted values, white space.
        (
            "permessage-deflate ;\tserver_max_window_bits = \"1\\0\" ",
            plain,
            "permessage-deflate; server_max_window_bits=10",
            (Kept(10), Kept(15)),
        ),
    ] {
        assert_eq!(
            accept(offer, config),
            Some((expected.to_owned(), terms)),
            "{offer}"
        );
    }
}

#[test]
fn an_offer_that_cannot_be_honoured_is_declined_and_the_next_is_taken() {
    for declined in [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        // undici CVE-2026-2229.
        "permessage-deflate; server_max_window_bits=1000",
        "permessage-deflate; server_max_window_bits=4294967305",
        "permessage-deflate; client_max_window_bits=\"1000\"",
        "permessage-deflate; server_max_window_bits=-8",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=1e1",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=010",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
        "permessage-bzip2",
        "x-webkit-deflate-frame",
    ] {
        let plain = &config(Kept(15), Kept(15));

        assert_eq!(accept(declined, plain), None, "{declined}");
        let with_fallback =
            format!("{declined}, permessage-deflate; server_max_window_bits=9, permessage-deflate");
        assert_eq!(
            accept(&with_fallback, plain).expect(declined).1,
            (Kept(9), Kept(15)),
            "{declined}"
        );
        let in_two_fields = format!("{declined}\r\nSec-WebSocket-Extensions: permessage-deflate");
        assert_eq!(
            accept(&in_two_fields, plain).expect(declined).1,
            (Kept(15), Kept(15)),
            "{declined}"
        );
    }
}

#[test]
fn a_server_without_compression_declines_every_offer() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

    let accepted = serve(head.as_bytes())
        .unwrap()
        .accept(None, None, &HeaderMap::new())
        .unwrap();

    assert_eq!(accepted.negotiated.deflate, None);
    assert!(
        !String::from_utf8(accepted.response)
            .unwrap()
            .contains("Extensions")
    );
}

#[test]
fn a_client_takes_the_answers_that_go_with_its_offer() {
    for (config, extensions, expected) in [
        (config(Kept(15), Kept(15)), "", None),
        (
            config(Kept(15), Kept(15)),
            "permessage-deflate",
            Some((Kept(15), Kept(15))),
        ),
        // 7.1.1 and 7.1.2.1: a server may promise, and demand, more than was asked for.
        (
            config(Kept(15), Kept(15)),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            Some((Reset(15), Reset(15))),
        ),
        (
            config(Kept(15), Kept(15)),
            "permessage-deflate; server_max_window_bits=\"8\"",
            Some((Kept(8), Kept(15))),
        ),
        (
            config(Kept(15), Kept(15)),
            "permessage-deflate; client_max_window_bits=9",
            Some((Kept(15), Kept(9))),
        ),
        (
            config(Kept(15), Kept(12)),
            "permessage-deflate; client_max_window_bits=12",
            Some((Kept(15), Kept(12))),
        ),
        (
            config(Kept(12), Kept(15)),
            "permessage-deflate; server_max_window_bits=10",
            Some((Kept(10), Kept(15))),
        ),
        // What the client promised it keeps, even if the server does not repeat it.
        (
            config(Kept(15), Reset(12)),
            "permessage-deflate",
            Some((Kept(15), Reset(12))),
        ),
    ] {
        assert_eq!(
            confirm(&config, extensions).expect(extensions),
            expected,
            "{extensions}"
        );
    }
}

#[test]
fn a_client_fails_the_connection_for_every_other_answer() {
    let plain = &config(Kept(15), Kept(15));
    let frugal = &config(Reset(12), Kept(11));
    for (config, extensions, words) in [
        (
            plain,
            "permessage-deflate; unknown",
            "unknown is not a parameter",
        ),
        (
            plain,
            "permessage-deflate; server_no_context_takeover=1",
            "takes no value, but has 1",
        ),
        (
            plain,
            "permessage-deflate; client_no_context_takeover=\"x\"",
            "takes no value, but has x",
        ),
        (
            plain,
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "given twice",
        ),
        (
            plain,
            "permessage-deflate; server_max_window_bits",
            "server_max_window_bits has no value",
        ),
        (
            plain,
            "permessage-deflate; server_max_window_bits=16",
            "from 8 to 15, not 16",
        ),
        (
            plain,
            "permessage-deflate; server_max_window_bits=7",
            "from 8 to 15, not 7",
        ),
        (
            plain,
            "permessage-deflate; server_max_window_bits=09",
            "from 8 to 15, not 09",
        ),
        (
            plain,
            "permessage-deflate; client_max_window_bits",
            "client_max_window_bits has no value",
        ),
        (
            plain,
            "permessage-deflate; client_max_window_bits=0",
            "from 8 to 15, not 0",
        ),
        (
            plain,
            "permessage-deflate, permessage-deflate",
            "permessage-deflate is given twice",
        ),
        (
            plain,
            "permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate",
            "given more than once",
        ),
        (
            plain,
            "permessage-bzip2",
            "\"permessage-bzip2\", which was not offered",
        ),
        (
            plain,
            "permessage-deflate, x",
            "\"x\", which was not offered",
        ),
        (plain, "permessage-deflate;", "malformed"),
        (
            plain,
            "permessage-deflate; server_max_window_bits=",
            "malformed",
        ),
        (
            plain,
            "permessage-deflate; server_max_window_bits=\"9",
            "malformed",
        ),
        (
            plain,
            "permessage-deflate server_max_window_bits",
            "malformed",
        ),
        (
            frugal,
            "permessage-deflate",
            "server_no_context_takeover was demanded",
        ),
        (
            frugal,
            "permessage-deflate; server_no_context_takeover",
            "server_max_window_bits=12 was demanded",
        ),
        (
            frugal,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=13",
            "server_max_window_bits=13 exceeds the offered 12",
        ),
        (
            frugal,
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
            "client_max_window_bits=12 exceeds the offered 11",
        ),
    ] {
        let error = confirm(config, extensions)
            .expect_err(extensions)
            .to_string();

        assert!(error.contains(words), "{extensions}: {error}");
    }
}

fn any_context() -> impl Strategy<Value = Context> {
    (any::<bool>(), 8u8..=15).prop_map(|(reset, bits)| Context::new(reset, bits))
}

prop_compose! {
    fn any_config()(server in any_context(), client in any_context()) -> DeflateConfig {
        config(server, client)
    }
}

proptest! {
    #[test]
    fn client_and_server_agree_whatever_they_are_configured_for(
        client_config in proptest::option::of(any_config()),
        server_config in proptest::option::of(any_config()),
        chosen in proptest::option::of(0usize..3),
        split in 0usize..2000,
    ) {
        let protocols: Vec<String> = ["a", "b.c", "v1"].map(String::from).into();
        let offer = ClientRequest {
            deflate: client_config.clone(),
            protocols: protocols.clone(),
            ..request()
        };
        let (mut client, sent) = ClientHandshake::new(offer, &Limits::default()).unwrap();
        let chosen = chosen.map(|index| protocols[index].as_str());
        let request = serve(&sent).unwrap();
        let accepted = request.accept(chosen, server_config.as_ref(), &HeaderMap::new()).unwrap();

        let (first, second) = accepted.response.split_at(split % accepted.response.len());
        prop_assert!(client.recv(first).unwrap().is_none());
        let (response, consumed) = client.recv(second).unwrap().expect("complete");

        prop_assert_eq!(consumed, second.len());
        prop_assert_eq!(&response.negotiated, &accepted.negotiated);
        prop_assert_eq!(response.negotiated.protocol.as_deref(), chosen);
        let asked = client_config.as_ref().zip(server_config.as_ref());
        let agreed = response.negotiated.deflate.as_ref();
        prop_assert_eq!(agreed.is_some(), asked.is_some());
        if let Some((params, (client, server))) = agreed.zip(asked) {
            let both = |one: Context, other: Context| {
                let resets = matches!((one, other), (Reset(_), _) | (_, Reset(_)));
                Context::new(resets, one.window_bits().min(other.window_bits()))
            };
            let (client, server) = (terms_of(client), terms_of(server));
            prop_assert_eq!(terms(params), (both(client.0, server.0), both(client.1, server.1)));
        }
    }
}

#[test]
fn window_bits_outside_of_8_to_15_are_refused() {
    for bits in [0, 7, 16] {
        let deflate = Some(DeflateConfig {
            client_max_window_bits: bits,
            ..DeflateConfig::default()
        });

        assert!(matches!(
            refused(ClientRequest {
                deflate,
                ..request()
            }),
            HandshakeError::WindowBits(_)
        ));
    }
}
