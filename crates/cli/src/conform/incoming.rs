//! What a server sends: frames, of which messages are made. It is checked as it comes.
use flate2::{Decompress, FlushDecompress, Status};

use super::extensions::Deflate;
use super::frame::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT};

/// What a server has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Message {
        is_text: bool,
        data: Vec<u8>,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>),
    /// More than is looked at, though it may be right.
    TooMuch(&'static str),
}

/// The largest frame and the largest message that are looked at: four times what is sent.
const LARGEST: usize = 16 << 20;
const LARGE_FRAME: Said = Said::TooMuch("a frame of more than 16 MiB");
const LARGE_MESSAGE: Said = Said::TooMuch("a message of more than 16 MiB");

/// Where frames become messages.
pub(super) struct Incoming {
    deflate: Option<(Deflate, Decompress)>,
    /// What has come of a message: whether it is text, whether it is compressed.
    message: Option<(bool, bool, Vec<u8>)>,
    is_closed: bool,
}

impl Incoming {
    pub(super) fn new(deflate: Option<Deflate>) -> Incoming {
        Incoming {
            deflate: deflate.map(|deflate| (deflate, inflater(deflate))),
            message: None,
            is_closed: false,
        }
    }

    /// Takes what is whole off the front; `None`: more bytes are needed.
    ///
    /// # Errors
    /// What the server may not send.
    pub(super) fn next(&mut self, received: &mut Vec<u8>) -> Result<Option<Said>, String> {
        while let Some((header, size)) = header(received)? {
            if size > LARGEST {
                return Ok(Some(LARGE_FRAME));
            }
            let Some(frame) = received.get(..size) else {
                break;
            };
            let payload = frame[header.len..].to_vec();
            received.drain(..size);
            if self.is_closed {
                return Err("it sends a frame behind its Close frame (RFC 6455, 5.5.1)".to_owned());
            }
            if let Some(said) = self.frame(&header, payload)? {
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    fn frame(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Said>, String> {
        let Header {
            is_last,
            rsv,
            opcode,
            ..
        } = *header;
        let may_be_compressed = self.deflate.is_some() && matches!(opcode, TEXT | BINARY);
        if rsv != 0 && !(rsv == 4 && may_be_compressed) {
            return Err("its frame has reserved bits (RFC 6455, 5.2)".to_owned());
        }
        let (is_text, is_compressed, data) = match opcode {
            PING => return Ok(Some(Said::Ping(payload))),
            PONG => return Ok(Some(Said::Pong(payload))),
            CLOSE => return self.close(&payload).map(Some),
            CONTINUATION => match self.message.take() {
                Some((is_text, is_compressed, mut data)) => {
                    data.extend(payload);
                    (is_text, is_compressed, data)
                }
                None => return Err("it continues no message (RFC 6455, 5.4)".to_owned()),
            },
            TEXT | BINARY if self.message.is_some() => {
                return Err("its messages are mixed (RFC 6455, 5.4)".to_owned());
            }
            TEXT | BINARY => (opcode == TEXT, rsv == 4, payload),
            _ => return Err(format!("its frame has the opcode {opcode} (RFC 6455, 5.2)")),
        };
        if data.len() > LARGEST {
            return Ok(Some(LARGE_MESSAGE));
        }
        if !is_last {
            self.message = Some((is_text, is_compressed, data));
            return Ok(None);
        }
        let data = match &mut self.deflate {
            Some((deflate, inflater)) if is_compressed => {
                let data = inflate(inflater, data, deflate.server_max_window_bits);
                if deflate.server_no_context_takeover {
                    *inflater = self::inflater(*deflate);
                }
                data.map_err(|why| {
                    format!("its message cannot be inflated: {why} (RFC 7692, 7.2)")
                })?
            }
            _ => data,
        };
        if data.len() > LARGEST {
            return Ok(Some(LARGE_MESSAGE));
        }
        if is_text && std::str::from_utf8(&data).is_err() {
            return Err("its text message is no UTF-8 (RFC 6455, 5.6)".to_owned());
        }
        Ok(Some(Said::Message { is_text, data }))
    }

    fn close(&mut self, payload: &[u8]) -> Result<Said, String> {
        self.is_closed = true;
        let (code, reason) = match payload {
            [] => return Ok(Said::Close(None)),
            [_] => return Err("its Close frame has one byte (RFC 6455, 5.5.1)".to_owned()),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        // RFC 6455, 7.4.1.
        if let 1005 | 1006 | 1015 = code {
            return Err(format!(
                "its Close frame has the code {code}, which nobody may send (RFC 6455, 7.4.1)"
            ));
        }
        match std::str::from_utf8(reason) {
            Ok(_) => Ok(Said::Close(Some(code))),
            Err(_) => Err("its Close frame's reason is no UTF-8 (RFC 6455, 5.5.1)".to_owned()),
        }
    }
}

/// Those of RFC 6455, 7.4.1 and of IANA's registry, and those of libraries and applications.
pub(super) fn has_meaning(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[derive(Debug, Clone, Copy)]
struct Header {
    is_last: bool,
    rsv: u8,
    opcode: u8,
    len: usize,
}

/// The header and the size of the whole frame, once the header is there.
fn header(received: &[u8]) -> Result<Option<(Header, usize)>, String> {
    let [first, second, rest @ ..] = received else {
        return Ok(None);
    };
    if second & 0x80 != 0 {
        return Err("its frame is masked (RFC 6455, 5.1)".to_owned());
    }
    let (len, payload, least) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b])), 126),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (10, length, 65_536)
        }
        (126 | 127, _) => return Ok(None),
        (length, _) => (2, u64::from(length), 0),
    };
    if payload < least {
        return Err("its frame's length is not the shortest (RFC 6455, 5.2)".to_owned());
    }
    let header = Header {
        is_last: first & 0x80 != 0,
        rsv: (first >> 4) & 7,
        opcode: first & 15,
        len,
    };
    if header.opcode & 8 != 0 && (!header.is_last || payload > 125) {
        return Err("its control frame is fragmented or too long (RFC 6455, 5.5)".to_owned());
    }
    let size = usize::try_from(payload)
        .ok()
        .and_then(|payload| payload.checked_add(len));
    let size = size.ok_or("its frame's length is beyond measure")?;
    Ok(Some((header, size)))
}

fn inflater(deflate: Deflate) -> Decompress {
    // `flate2` has no smaller window than 9, which holds what one of 8 refers to.
    let bits = deflate.server_max_window_bits.unwrap_or(15).max(9);
    Decompress::new_with_window_bits(false, bits)
}

/// RFC 7692, 7.2.2. Ends early with what is too large.
fn inflate(
    inflater: &mut Decompress,
    mut data: Vec<u8>,
    window_bits: Option<u8>,
) -> Result<Vec<u8>, String> {
    data.extend([0, 0, 0xff, 0xff]);
    let mut all = Vec::new();
    let mut rest = data.as_slice();
    // What lies in the output may be referred to beyond the window: with a small one, in small
    // pieces, so that it is found out.
    let piece = if window_bits.is_some() { 64 } else { 16 * 1024 };
    let mut buffer = vec![0; piece];
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(rest, &mut buffer, FlushDecompress::Sync);
        let status = status.map_err(|error| error.to_string())?;
        let consumed = (inflater.total_in() - before_in) as usize;
        let produced = (inflater.total_out() - before_out) as usize;
        rest = &rest[consumed..];
        all.extend_from_slice(&buffer[..produced]);
        if status == Status::StreamEnd {
            // A block with BFINAL ends the stream: the next one begins anew.
            inflater.reset(false);
        }
        let is_too_large = all.len() > LARGEST;
        if is_too_large || (consumed == 0 && produced == 0) || (rest.is_empty() && produced < piece)
        {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(deflate: Option<Deflate>, bytes: &[u8]) -> Result<Vec<Said>, String> {
        let mut incoming = Incoming::new(deflate);
        let (mut received, mut all) = (Vec::new(), Vec::new());
        // Wherever the bytes are split.
        for byte in bytes {
            received.push(*byte);
            while let Some(said) = incoming.next(&mut received)? {
                all.push(said);
            }
        }
        Ok(all)
    }

    fn text(data: &str) -> Said {
        let data = data.as_bytes().to_vec();
        Said::Message {
            is_text: true,
            data,
        }
    }

    #[test]
    fn messages_are_put_together_and_inflated() {
        let said = all(None, b"\x01\x03Hel\x8a\x01!\x80\x02lo\x88\x02\x03\xe8").unwrap();
        assert_eq!(
            said,
            [
                Said::Pong(b"!".to_vec()),
                text("Hello"),
                Said::Close(Some(1000))
            ]
        );
        // RFC 7692, 7.2.3.2: the second refers to the first.
        let twice = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
        let said = all(Some(Deflate::default()), twice).unwrap();
        assert_eq!(said, [text("Hello"), text("Hello")]);
        let forgetful = Deflate {
            server_no_context_takeover: true,
            ..Deflate::default()
        };
        assert!(all(Some(forgetful), twice).is_err());
    }

    #[test]
    fn what_is_too_large_is_not_looked_at() {
        let frame = b"\x82\x7f\0\0\0\0\x40\0\0\0";
        let first = Incoming::new(None).next(&mut frame.to_vec());
        assert_eq!(first, Ok(Some(LARGE_FRAME)));

        let part = [&b"\0\x7f\0\0\0\0\0\x60\0\0"[..], &[0; 0x60_0000]].concat();
        let mut parts = [&b"\x02\0"[..], &part, &part, &part].concat();
        let said = Incoming::new(None).next(&mut parts);
        assert_eq!(said, Ok(Some(LARGE_MESSAGE)));

        let bomb = super::super::deflated::deflated(&vec![0; LARGEST + 1]);
        let mut bomb = Vec::from(super::super::frame::binary(bomb).rsv(4).unmasked());
        let said = Incoming::new(Some(Deflate::default())).next(&mut bomb);
        assert_eq!(said, Ok(Some(LARGE_MESSAGE)));
    }

    #[test]
    fn what_a_server_may_not_send_is_found() {
        let wrong: &[&[u8]] = &[
            b"\x81\x81\0\0\0\0a",
            b"\xc1\x01a",
            b"\x83\x00",
            b"\x80\x00",
            b"\x01\x00\x81\x00",
            b"\x81\x7e\x00\x01a",
            b"\x09\x00",
            b"\x89\x7e\x00\x7e",
            b"\x81\x01\xff",
            b"\x88\x01\x03",
            b"\x88\x02\x03\xed",
            b"\x88\x03\x03\xe8\xff",
            b"\x88\x00\x88\x00",
        ];
        for bytes in wrong {
            assert!(all(None, bytes).is_err(), "{bytes:x?}");
        }
    }
}
