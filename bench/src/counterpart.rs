//! The other end: a server on raw sockets, one thread per connection, told by the path what to do.
//!
//! - `/blast/OPCODE/SIZE/N/TEXT`: sends N frames, then waits for the end.
//! - `/drain/OPCODE/SIZE/N/TEXT`: reads N frames, checks them, answers with the text `ok`.
//! - `/echo`: sends every frame back, many per write.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::check::Check;
use crate::{scenario, wire};

/// Serves for ever; prints the address first.
pub fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    for stream in listener.incoming() {
        let stream = stream.expect("a connection");
        std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || {
                // A peer that goes away ends its thread only.
                let _ = serve_one(stream);
            })
            .expect("a thread");
    }
}

fn serve_one(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
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
    match words.as_slice() {
        ["blast", size, n, text] => blast(stream, size, n, text),
        ["drain", size, n, text] => drain(stream, size, n, text),
        _ => echo(stream),
    }
}

fn message(size: &str, text: &str) -> (u8, Vec<u8>) {
    let text = text == "text";
    let payload = scenario::payload(size.parse().expect("a size"), text);
    (if text { 1 } else { 2 }, payload)
}

fn blast(mut stream: TcpStream, size: &str, n: &str, text: &str) -> std::io::Result<()> {
    let (opcode, payload) = message(size, text);
    let mut frame = Vec::new();
    wire::server_frame(opcode, &payload, &mut frame);
    let per_block = (128 << 10) / frame.len() + 1;
    let block = frame.repeat(per_block);
    let mut left: usize = n.parse().expect("a count");
    while left > 0 {
        let now = left.min(per_block);
        stream.write_all(&block[..now * frame.len()])?;
        left -= now;
    }
    std::io::copy(&mut stream, &mut std::io::sink())?;
    Ok(())
}

fn drain(stream: TcpStream, size: &str, n: &str, text: &str) -> std::io::Result<()> {
    let (opcode, payload) = message(size, text);
    let n: u64 = n.parse().expect("a count");
    let mut check = Check::new(payload);
    let mut stream = frames(stream, |found, payload, _| {
        if found == opcode {
            check.message(payload);
        }
        check.seen() < n
    })?;
    let mut out = Vec::new();
    wire::server_frame(1, b"ok", &mut out);
    stream.write_all(&out)?;
    std::io::copy(&mut stream, &mut std::io::sink())?;
    Ok(())
}

fn echo(stream: TcpStream) -> std::io::Result<()> {
    frames(stream, |opcode, payload, out| {
        match opcode {
            9 => wire::server_frame(10, payload, out),
            10 => {}
            opcode => wire::server_frame(opcode, payload, out),
        }
        opcode != 8
    })?;
    Ok(())
}

/// Reads frames, many per read; what `each` appends to the output leaves in one write per read.
fn frames(
    mut stream: TcpStream,
    mut each: impl FnMut(u8, &mut [u8], &mut Vec<u8>) -> bool,
) -> std::io::Result<TcpStream> {
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
            let go_on = each(header.opcode, payload, &mut out);
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
