//! Any bytes, cut anywhere, to either end of an opening handshake.
use arkws_proto::deflate::DeflateConfig;
use arkws_proto::handshake::{ClientHandshake, ClientRequest, HandshakeError, ServerHandshake};
use arkws_proto::{Limits, Role};
use http::HeaderMap;

use crate::config::{ENTROPY, role};
use crate::input::{Cuts, Input};

/// In the bytes of a server it stands for the proof that it knows the client's key.
pub(crate) const PROOF: u8 = 0xFE;

/// Cuts make no difference, and nothing of the peer's starts a new line in an answer.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let role = role(&mut input);
    let defaults = Limits::default();
    let limits = Limits {
        max_header_bytes: or(input.u16().into(), defaults.max_header_bytes),
        max_headers: or(input.byte().into(), defaults.max_headers),
        ..defaults
    };
    let [windows, cuts] = input.array();
    // Out of range now and then.
    let deflate = (windows != 0).then(|| DeflateConfig {
        server_max_window_bits: 7 + windows % 10,
        client_max_window_bits: 7 + (windows >> 4) % 10,
        ..DeflateConfig::default()
    });
    // Mistakes show at the end of a line at the latest.
    let bytes = [input.rest(), b"\r\n\r\n"].concat();
    match role {
        Role::Server => serve(&bytes, Cuts::new(cuts), &limits, deflate.as_ref()),
        Role::Client => request(&bytes, Cuts::new(cuts), &limits, deflate),
    }
}

/// `limit`, or the default if it is zero.
fn or(limit: usize, default: usize) -> usize {
    match limit {
        0 => default,
        limit => limit,
    }
}

fn serve(bytes: &[u8], cuts: Cuts, limits: &Limits, deflate: Option<&DeflateConfig>) {
    let mut server = ServerHandshake::new(limits);
    let whole = cut(bytes, Cuts::new(0), |bytes| server.recv(bytes));
    let mut server = ServerHandshake::new(limits);
    let pieces = cut(bytes, cuts, |bytes| server.recv(bytes));
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

fn request(bytes: &[u8], cuts: Cuts, limits: &Limits, deflate: Option<DeflateConfig>) {
    let request = ClientRequest {
        host: "a".into(),
        target: "/".into(),
        protocols: vec!["p".into(), "q".into()],
        deflate,
        entropy: ENTROPY,
        ..ClientRequest::default()
    };
    let Ok((mut client, sent)) = ClientHandshake::new(request.clone(), limits) else {
        return;
    };
    let answer = with_proof(bytes, &sent);
    let whole = cut(&answer, Cuts::new(0), |bytes| client.recv(bytes));
    let (mut client, _) = ClientHandshake::new(request, limits).expect("it was made before");
    let pieces = cut(&answer, cuts, |bytes| client.recv(bytes));
    match (whole, pieces) {
        (Ok(Some((whole, length))), Ok(Some((pieces, same_length)))) => {
            assert_eq!(length, same_length);
            assert_eq!(whole.headers, pieces.headers);
            assert_eq!(whole.status, 101);
            let protocol = whole.negotiated.protocol.as_deref();
            assert!(matches!(protocol, None | Some("p" | "q")));
        }
        (Ok(None), Ok(None)) => {}
        (Err(whole), Err(pieces)) => assert_eq!(whole.to_string(), pieces.to_string()),
        (whole, pieces) => panic!("{whole:?} is not {pieces:?}"),
    }
}

/// `bytes` with the proof that belongs to a request in the place of [`PROOF`]: an answer can be
/// right only if it knows the key.
pub(crate) fn with_proof(bytes: &[u8], request: &[u8]) -> Vec<u8> {
    let mut server = ServerHandshake::new(&Limits::default());
    let (request, _) = server.recv(request).unwrap().expect("a whole request");
    let accepted = request.accept(None, None, &HeaderMap::new()).unwrap();
    let text = String::from_utf8(accepted.response).unwrap();
    let proof = text
        .lines()
        .find_map(|line| line.strip_prefix("Sec-WebSocket-Accept: "));
    let proof = proof.expect("a proof").as_bytes();
    let answer = bytes.iter().flat_map(|byte| match *byte {
        PROOF => proof,
        _ => std::slice::from_ref(byte),
    });
    answer.copied().collect()
}

/// Feeds `bytes` in pieces. What was found, and how many bytes belong to it.
fn cut<T>(
    mut bytes: &[u8],
    cuts: Cuts,
    mut recv: impl FnMut(&[u8]) -> Result<Option<(T, usize)>, HandshakeError>,
) -> Result<Option<(T, usize)>, HandshakeError> {
    let mut before = 0;
    for length in cuts {
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        if let Some((found, consumed)) = recv(piece)? {
            assert!(consumed <= piece.len());
            return Ok(Some((found, before + consumed)));
        }
        if rest.is_empty() {
            break;
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
