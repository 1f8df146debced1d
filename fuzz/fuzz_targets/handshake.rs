//! Any bytes, cut anywhere, to either end of a handshake.
#![no_main]
use arbitrary::Arbitrary;
use arkws_fuzz::{ENTROPY, End};
use arkws_proto::Limits;
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError, ServerHandshake};
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    end: End,
    max_header_bytes: u16,
    max_headers: u8,
    deflate: Option<[u8; 2]>,
    cuts: Vec<u8>,
    bytes: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let mut input = input;
    // Mistakes show at the end of a line at the latest.
    input.bytes.extend_from_slice(b"\r\n\r\n");
    let limits = Limits {
        max_header_bytes: input.max_header_bytes.into(),
        max_headers: input.max_headers.into(),
        ..Limits::default()
    };
    // Out of range now and then.
    let deflate = input.deflate.map(|[server, client]| DeflateConfig {
        server_max_window_bits: 7 + server % 10,
        client_max_window_bits: 7 + client % 10,
        ..DeflateConfig::default()
    });
    match input.end {
        End::Server => serve(&input, &limits, deflate.as_ref()),
        End::Client => request(&input, &limits, deflate),
    }
});

fn serve(input: &Input, limits: &Limits, deflate: Option<&DeflateConfig>) {
    let whole = {
        let mut server = ServerHandshake::new(limits);
        cut(&input.bytes, &[], |bytes| server.recv(bytes))
    };
    let pieces = {
        let mut server = ServerHandshake::new(limits);
        cut(&input.bytes, &input.cuts, |bytes| server.recv(bytes))
    };
    match (whole, pieces) {
        (Ok(Some((whole, length))), Ok(Some((pieces, same_length)))) => {
            assert_eq!(length, same_length);
            assert_eq!(whole.headers, pieces.headers);
            let protocol = whole.protocols.first().map(String::as_str);
            if let Ok(accepted) = whole.accept(protocol, deflate, &HeaderMap::new()) {
                assert_one_head(&accepted.response);
                assert!(accepted.response.ends_with(b"\r\n\r\n"));
            }
        }
        (Ok(None), Ok(None)) => {}
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.to_string(), pieces.to_string());
            assert_one_head(&whole.rejection());
        }
        (whole, pieces) => panic!("{whole:?} is not {pieces:?}"),
    }
}

fn request(input: &Input, limits: &Limits, deflate: Option<DeflateConfig>) {
    let request = ClientRequest {
        host: "a".into(),
        target: "/".into(),
        protocols: vec!["p".into(), "q".into()],
        deflate,
        entropy: ENTROPY,
        ..ClientRequest::default()
    };
    let Ok((mut client, sent)) = ClientHandshake::new(request, limits) else {
        return;
    };
    // An answer can be right only if it knows the key: the byte 0xFE stands for the proof.
    let mut server = ServerHandshake::new(&Limits::default());
    let (request, _) = server.recv(&sent).unwrap().expect("a whole request");
    let accepted = request.accept(None, None, &HeaderMap::new()).unwrap();
    let text = String::from_utf8(accepted.response).unwrap();
    let proof = text
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Accept: "));
    let proof = proof.expect("a proof").as_bytes();
    let answer: Vec<u8> = input
        .bytes
        .iter()
        .flat_map(|byte| {
            if *byte == 0xFE {
                proof
            } else {
                std::slice::from_ref(byte)
            }
        })
        .copied()
        .collect();
    if let Ok(Some((response, _))) = cut(&answer, &input.cuts, |bytes| client.recv(bytes)) {
        assert_eq!(response.status, 101);
        let protocol = response.negotiated.protocol.as_deref();
        assert!(matches!(protocol, None | Some("p" | "q")));
    }
}

/// Feeds `bytes` in pieces of the lengths `cuts`, then the rest. What was found, and how many
/// bytes belong to it.
fn cut<T>(
    mut bytes: &[u8],
    cuts: &[u8],
    mut recv: impl FnMut(&[u8]) -> Result<Option<(T, usize)>, HandshakeError>,
) -> Result<Option<(T, usize)>, HandshakeError> {
    let mut before = 0;
    for length in cuts.iter().map(|&cut| usize::from(cut)).chain([usize::MAX]) {
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        if let Some((found, consumed)) = recv(piece)? {
            assert!(consumed <= piece.len());
            return Ok(Some((found, before + consumed)));
        }
        before += piece.len();
        bytes = rest;
    }
    Ok(None)
}

/// Nothing of the peer's can start a new line.
fn assert_one_head(response: &[u8]) {
    let head = response
        .split(|&byte| byte == b'\n')
        .take_while(|line| *line != b"\r");
    for line in head {
        assert!(line.ends_with(b"\r") && !line[..line.len() - 1].contains(&b'\r'));
        assert!(line.starts_with(b"HTTP/1.1 ") || line.contains(&b':'));
    }
}
