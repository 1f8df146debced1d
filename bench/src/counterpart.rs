//! The other end: a server on raw sockets, one thread per connection, told by the path what to do.
//!
//! - `/blast/SIZE/N/CONTENT`: sends N frames, then waits for the end.
//! - `/drain/SIZE/N/CONTENT`: reads N frames, checks them, answers with the text `ok`; prints how
//!   many bytes of payload they had on the wire.
//! - `/echo`: sends every frame back, many per write.
//!
//! CONTENT is `binary`, `text`, or `json`: those messages are compressed (permessage-deflate
//! without parameters, so with context takeover and windows of 15 bits; the answer to the handshake
//! says so).
use std::io::{Read, Write};
use std::net::TcpListener;

use crate::check::Source;
use crate::deflate::{self, Inflater};
use crate::payload::Content;
use crate::{tls, wire};

/// Serves for ever; prints the address first.
pub fn serve(secure: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let tls = secure.then(tls::server);
    for stream in listener.incoming() {
        let stream = stream.expect("a connection");
        let tls = tls.clone();
        std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || {
                // A peer that goes away ends its thread only.
                let _ = stream.set_nodelay(true);
                let _ = match tls {
                    None => serve_one(stream),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).expect("settings");
                        serve_one(rustls::StreamOwned::new(connection, stream))
                    }
                };
            })
            .expect("a thread");
    }
}

fn serve_one(mut stream: impl Read + Write) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let (path, response) = wire::accept(&String::from_utf8_lossy(&head));
    stream.write_all(response.as_bytes())?;
    let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let count = |word: &str| word.parse::<usize>().expect("a number");
    match *words.as_slice() {
        ["blast", size, n, content] => {
            blast(stream, count(size), count(n), Content::named(content))
        }
        ["drain", size, n, content] => {
            drain(stream, count(size), count(n), Content::named(content))
        }
        _ => echo(stream),
    }
}

fn blast(
    mut stream: impl Read + Write,
    size: usize,
    n: usize,
    content: Content,
) -> std::io::Result<()> {
    let messages = content.messages(size);
    let frames: Vec<Vec<u8>> = if content == Content::Json {
        let [first, later] = deflate::endless(&messages);
        stream.write_all(&block(content, &first, true))?;
        later
    } else {
        messages
    };
    // Blocks of about 128 KiB and whole rounds; the last one is cut.
    let mut left = n;
    if content == Content::Json {
        left = left.checked_sub(frames.len()).expect("a round at least");
    }
    let round = block(content, &frames, content == Content::Json);
    let block = round.repeat((128 << 10) / round.len() + 1);
    let per_block = frames.len() * (block.len() / round.len());
    while left >= per_block {
        stream.write_all(&block)?;
        left -= per_block;
    }
    let last: Vec<Vec<u8>> = frames.iter().cycle().take(left).cloned().collect();
    stream.write_all(&self::block(content, &last, content == Content::Json))?;
    std::io::copy(&mut stream, &mut std::io::sink())?;
    Ok(())
}

fn block(content: Content, payloads: &[Vec<u8>], compressed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for payload in payloads {
        let start = out.len();
        wire::server_frame(content.opcode(), payload, &mut out);
        if compressed {
            out[start] |= wire::RSV1;
        }
    }
    out
}

fn drain(
    stream: impl Read + Write,
    size: usize,
    n: usize,
    content: Content,
) -> std::io::Result<()> {
    let mut check = Source::new(content, size).check();
    let mut inflater = (content == Content::Json).then(|| Inflater::new(size));
    let mut on_wire = 0;
    let mut stream = frames(stream, |header, payload, _| {
        if header.opcode == content.opcode() {
            on_wire += payload.len();
            match &mut inflater {
                None => check.message(payload),
                Some(inflater) => {
                    assert!(header.compressed, "a message was not compressed");
                    check.message(inflater.message(payload));
                }
            }
        }
        check.seen() < n as u64
    })?;
    println!("{on_wire}");
    let mut out = Vec::new();
    wire::server_frame(1, b"ok", &mut out);
    stream.write_all(&out)?;
    stream.flush()?;
    std::io::copy(&mut stream, &mut std::io::sink())?;
    Ok(())
}

fn echo(stream: impl Read + Write) -> std::io::Result<()> {
    frames(stream, |header, payload, out| {
        match header.opcode {
            9 => wire::server_frame(10, payload, out),
            10 => {}
            opcode => wire::server_frame(opcode, payload, out),
        }
        header.opcode != 8
    })?;
    Ok(())
}

/// Reads frames, many per read; what `each` appends to the output leaves in one write per read.
fn frames<S: Read + Write>(
    mut stream: S,
    mut each: impl FnMut(&wire::Header, &[u8], &mut Vec<u8>) -> bool,
) -> std::io::Result<S> {
    let mut buffer = vec![0; 2 << 20];
    let (mut start, mut end) = (0, 0);
    let mut out = Vec::new();
    loop {
        if start == end {
            (start, end) = (0, 0);
        } else if end == buffer.len() {
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end - start);
        }
        let n = stream.read(&mut buffer[end..])?;
        if n == 0 {
            return Ok(stream);
        }
        end += n;
        while let Some(header) = wire::header(&buffer[start..end]) {
            let total = header.len + header.payload;
            if end - start < total {
                break;
            }
            let payload = &mut buffer[start + header.len..start + total];
            if let Some(key) = header.key {
                wire::unmask(payload, key);
            }
            let go_on = each(&header, payload, &mut out);
            start += total;
            if !go_on {
                stream.write_all(&out)?;
                return Ok(stream);
            }
        }
        stream.write_all(&out)?;
        out.clear();
    }
}
