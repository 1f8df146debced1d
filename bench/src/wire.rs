//! Frames by hand, for the counterpart and the `raw` peer: no library has a part in them.
use base64::Engine;
use sha1::{Digest, Sha1};

/// RFC 7692, 6: the message is compressed.
pub const RSV1: u8 = 0x40;

/// A whole unmasked (server) frame.
pub fn server_frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=0xFFFF => {
            out.push(126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(payload);
}

/// A whole masked (client) frame.
pub fn client_frame(opcode: u8, payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    let start = out.len();
    server_frame(opcode, payload, out);
    let header = out.len() - start - payload.len();
    out[start + 1] |= 0x80;
    let body = out.split_off(start + header);
    out.extend(key);
    out.extend(body.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
}

/// A parsed frame header.
pub struct Header {
    /// Opcode.
    pub opcode: u8,
    /// The message is compressed.
    pub compressed: bool,
    /// Bytes before the payload.
    pub len: usize,
    /// Bytes of payload.
    pub payload: usize,
    /// Masking key.
    pub key: Option<[u8; 4]>,
}

/// Parses a header, if all of it is there.
pub fn header(bytes: &[u8]) -> Option<Header> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (mut len, payload) = match second & 0x7F {
        126 => (
            4,
            u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?) as usize,
        ),
        127 => (
            10,
            u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize,
        ),
        short => (2, short as usize),
    };
    let key = if second & 0x80 != 0 {
        let key: [u8; 4] = bytes.get(len..len + 4)?.try_into().ok()?;
        len += 4;
        Some(key)
    } else {
        None
    };
    Some(Header {
        opcode: first & 0x0F,
        compressed: first & RSV1 != 0,
        len,
        payload,
        key,
    })
}

/// Unmasks in place.
pub fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3],
    ]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes((&*chunk).try_into().expect("8 bytes")) ^ wide;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    for (byte, key) in chunks
        .into_remainder()
        .iter_mut()
        .zip(key.into_iter().cycle())
    {
        *byte ^= key;
    }
}

/// The answer to a handshake request; the request's path.
pub fn accept(request: &str) -> (String, String) {
    let path = request
        .split_whitespace()
        .nth(1)
        .expect("a path")
        .to_owned();
    let key = request
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then(|| value.trim().to_owned())
        })
        .expect("a key");
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = base64::engine::general_purpose::STANDARD.encode(hash.finalize());
    let extension = if path.ends_with("/json") {
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    } else {
        ""
    };
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{extension}\r\n"
    );
    (path, response)
}

/// The request of all peers whose own handshake is not what is measured.
pub fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_frame_of_any_length_is_read_back() {
        for len in (0..40).chain([125, 126, 127, 1_000, 65_535, 65_536]) {
            let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut frame = Vec::new();
            client_frame(2, &payload, [1, 2, 4, 8], &mut frame);
            let header = header(&frame).expect("a whole header");
            let body = &mut frame[header.len..];
            unmask(body, header.key.expect("a key"));
            assert_eq!(body, payload);
        }
    }
}
