//! Offers of compression, and what a server may agree to (RFC 7692, 7.1).
use crate::conform::case::{Case, Opening, must, should};
use crate::conform::frame::text;

const NEGOTIATION: &str = "RFC 7692, 7";

/// Offers that have to be declined.
const DECLINED: &[(&str, &str, &str)] = &[
    ("unknown", NEGOTIATION, "permessage-deflate; x-arkws"),
    (
        "unknown-value",
        NEGOTIATION,
        "permessage-deflate; x-arkws=1",
    ),
    (
        "server-takeover-value",
        "RFC 7692, 7.1.1.1",
        "permessage-deflate; server_no_context_takeover=1",
    ),
    (
        "server-takeover-twice",
        NEGOTIATION,
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    ),
    (
        "client-takeover-value",
        "RFC 7692, 7.1.1.2",
        "permessage-deflate; client_no_context_takeover=true",
    ),
    (
        "client-takeover-twice",
        NEGOTIATION,
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ),
    (
        "server-bits-none",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits",
    ),
    (
        "server-bits-7",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=7",
    ),
    (
        "server-bits-16",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=16",
    ),
    (
        "server-bits-0",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=0",
    ),
    (
        "server-bits-08",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=08",
    ),
    (
        "server-bits-minus",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=-9",
    ),
    (
        "server-bits-word",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=ten",
    ),
    (
        "server-bits-junk",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=10x",
    ),
    (
        "server-bits-twice",
        NEGOTIATION,
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=11",
    ),
    (
        "client-bits-7",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits=7",
    ),
    (
        "client-bits-16",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits=16",
    ),
    (
        "client-bits-010",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits=010",
    ),
    (
        "client-bits-word",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits=x",
    ),
    (
        "client-bits-twice",
        NEGOTIATION,
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    ),
];

/// Offers that may be declined; what is agreed to is checked in any case.
const OFFERED: &[(&str, &str, &str)] = &[
    (
        "server-takeover",
        "RFC 7692, 7.1.1.1",
        "permessage-deflate; server_no_context_takeover",
    ),
    (
        "client-takeover",
        "RFC 7692, 7.1.1.2",
        "permessage-deflate; client_no_context_takeover",
    ),
    (
        "server-bits-8",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=8",
    ),
    (
        "server-bits-9",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=9",
    ),
    (
        "server-bits-12",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=12",
    ),
    (
        "server-bits-15",
        "RFC 7692, 7.1.2.1",
        "permessage-deflate; server_max_window_bits=15",
    ),
    (
        "server-bits-quoted",
        "RFC 6455, 9.1",
        "permessage-deflate; server_max_window_bits=\"12\"",
    ),
    (
        "client-bits",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits",
    ),
    (
        "client-bits-10",
        "RFC 7692, 7.1.2.2",
        "permessage-deflate; client_max_window_bits=10",
    ),
    (
        "all",
        NEGOTIATION,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=11; client_max_window_bits=12",
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let declined = DECLINED.iter().map(|(name, section, offer)| {
        must(
            format!("declines-{name}"),
            section,
            format!("declined: {offer}"),
        )
        .offers(offer)
        .declined()
    });
    let offered = OFFERED.iter().map(|(name, section, offer)| {
        let title = format!("the answer is within the offer, and is kept to: {offer}");
        must(format!("offer-{name}"), section, title)
            .offers(offer)
            .agreed()
            .send(text("Hello"))
            .text("Hello")
    });
    declined.chain(offered).chain(several()).collect()
}

/// Several offers.
fn several() -> Vec<Case> {
    let at_once = |name, title, offer| {
        should(name, "RFC 7692, 5.1", title)
            .offers(offer)
            .opening(Opening::AgreedAtOnce)
    };
    vec![
        at_once(
            "offers-fallback",
            "the second offer is accepted where the first has to be declined",
            "permessage-deflate; x-arkws, permessage-deflate",
        ),
        at_once(
            "offers-bad-value-first",
            "the second offer is accepted where the first has a wrong value",
            "permessage-deflate; server_max_window_bits=99, permessage-deflate",
        ),
        at_once(
            "offers-same",
            "of two offers that are the same one is accepted",
            "permessage-deflate, permessage-deflate",
        ),
        at_once(
            "offers-beside-unknown",
            "an offer beside unknown extensions is accepted",
            "x-arkws; a=\"b\", permessage-deflate, x-arkws",
        ),
        must(
            "name-in-full",
            NEGOTIATION,
            "an extension whose name only begins like it is not accepted",
        )
        .offers("permessage-deflate-x")
        .declined(),
    ]
}
