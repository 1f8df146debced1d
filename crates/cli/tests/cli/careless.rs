//! A server that looks at nothing: what it gets is right, it believes. It sends messages back, cut
//! if they are long; answers pings, without their payload; and echoes any Close frame.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

/// Starts one, which serves as long as the process is there. Its URL.
pub(crate) fn careless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("TCP");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    format!("ws://{address}/")
}

/// Until something goes wrong.
fn serve(mut stream: TcpStream) -> Option<()> {
    let head = head(&mut stream)?;
    // A head that is too long for it is not answered.
    let head = String::from_utf8_lossy(&head[..head.len().min(100_000)]).into_owned();
    let field = |name: &str| {
        let mut lines = head.split("\r\n");
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
    };
    let key = field("Sec-WebSocket-Key").unwrap_or_default();
    let mut hash = Sha1::new();
    hash.update(key.trim());
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let proof = BASE64_STANDARD.encode(hash.finalize());
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {proof}\r\n"
    );
    // It compresses nothing, which is allowed.
    if field("Sec-WebSocket-Extensions").is_some_and(|offer| offer.contains("deflate")) {
        answer += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    }
    if let Some(protocols) = field("Sec-WebSocket-Protocol") {
        answer += &format!("Sec-WebSocket-Protocol: {protocols}\r\n");
    }
    stream.write_all((answer + "\r\n").as_bytes()).ok()?;
    loop {
        let (first, mut payload) = frame(&mut stream)?;
        let first = match first & 15 {
            0..=2 => {
                payload.truncate(65_535);
                first & 0x8f
            }
            9 => {
                payload.clear();
                0x8a
            }
            8 => first & 0x8f,
            _ => continue,
        };
        let mut answer = vec![first];
        match payload.len() {
            len @ ..126 => answer.push(len as u8),
            len => {
                answer.push(126);
                answer.extend((len as u16).to_be_bytes());
            }
        }
        answer.extend(payload);
        stream.write_all(&answer).ok()?;
        if first & 15 == 8 {
            return None;
        }
    }
}

fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(head)
}

/// Its first byte and its payload, unmasked if it is masked.
fn frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let [first, second] = read(stream)?;
    let len = match second & 0x7f {
        126 => u64::from(u16::from_be_bytes(read(stream)?)),
        127 => u64::from_be_bytes(read(stream)?),
        len => u64::from(len),
    };
    let key = match second & 0x80 {
        0 => [0; 4],
        _ => read(stream)?,
    };
    let mut payload = Vec::new();
    stream.take(len).read_to_end(&mut payload).ok()?;
    let masked = payload.iter_mut().zip(key.iter().cycle());
    masked.for_each(|(byte, key)| *byte ^= key);
    Some((first, payload))
}

fn read<const N: usize>(stream: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
