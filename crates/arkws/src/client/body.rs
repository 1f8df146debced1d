//! The body of a response (RFC 9112, 6), as far as it is kept.
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, StatusCode};

/// How a body's end is found.
#[derive(Debug)]
enum Framing {
    /// It has so many bytes.
    Length(u64),
    /// It comes in chunks (RFC 9112, 7.1).
    Chunked(Chunk),
    /// It lasts until the connection ends.
    UntilEnd,
}

/// What comes next of a chunked body.
#[derive(Debug)]
enum Chunk {
    /// The line with a chunk's size; what of it has been read.
    Size { size: u64, is_over: bool },
    /// So many bytes of the chunk's data.
    Data(u64),
    /// The end of the line behind the data.
    End,
    /// Nothing: the last chunk was there, or something that is none.
    Nothing,
}

/// Collects the body of a response: its first bytes, without the framing of its transfer.
#[derive(Debug)]
pub(super) struct BodyReader {
    framing: Framing,
    body: Vec<u8>,
    most: usize,
    /// Bytes that may still arrive: those of the framing are bounded, too.
    patience: usize,
}

impl BodyReader {
    /// At most `most` bytes of the body of `response` are kept.
    pub(super) fn new<T>(response: &Response<T>, most: usize) -> BodyReader {
        BodyReader {
            framing: framing(response),
            body: Vec::new(),
            most,
            patience: 2 * most,
        }
    }

    /// Whether there is nothing more to be kept.
    pub(super) fn is_complete(&self) -> bool {
        let is_over = match self.framing {
            Framing::Length(left) => left == 0,
            Framing::Chunked(Chunk::Nothing) => true,
            Framing::Chunked(_) | Framing::UntilEnd => false,
        };
        is_over || self.body.len() >= self.most || self.patience == 0
    }

    /// What has been collected.
    pub(super) fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Takes bytes that have arrived.
    pub(super) fn recv(&mut self, bytes: &[u8]) {
        self.patience = self.patience.saturating_sub(bytes.len());
        match &mut self.framing {
            Framing::Length(left) => {
                let taken = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                keep(&mut self.body, self.most, &bytes[..taken]);
            }
            Framing::UntilEnd => keep(&mut self.body, self.most, bytes),
            Framing::Chunked(chunk) => {
                let mut bytes = bytes;
                while !bytes.is_empty() && !matches!(chunk, Chunk::Nothing) {
                    let data = chunk.recv(&mut bytes);
                    keep(&mut self.body, self.most, data);
                }
            }
        }
    }
}

fn keep(body: &mut Vec<u8>, most: usize, bytes: &[u8]) {
    let room = most - body.len();
    body.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl Chunk {
    /// Takes some of `bytes`; returns those of them that are data.
    fn recv<'b>(&mut self, bytes: &mut &'b [u8]) -> &'b [u8] {
        if let Chunk::Data(left) = self {
            let taken = bytes
                .len()
                .min(usize::try_from(*left).unwrap_or(usize::MAX));
            let (data, rest) = bytes.split_at(taken);
            *bytes = rest;
            *left -= taken as u64;
            if *left == 0 {
                *self = Chunk::End;
            }
            return data;
        }
        let (byte, rest) = (bytes[0], &bytes[1..]);
        *bytes = rest;
        match (&mut *self, byte) {
            (Chunk::Size { size: 0, .. }, b'\n') => *self = Chunk::Nothing,
            (Chunk::Size { size, .. }, b'\n') => *self = Chunk::Data(*size),
            (
                Chunk::Size {
                    size,
                    is_over: false,
                },
                digit,
            ) if digit.is_ascii_hexdigit() => {
                let digit = char::from(digit).to_digit(16).unwrap_or_default();
                *size = size.saturating_mul(16).saturating_add(digit.into());
            }
            // An extension, or the end of the line.
            (Chunk::Size { is_over, .. }, b';' | b' ' | b'\t' | b'\r') => *is_over = true,
            (Chunk::Size { is_over: true, .. }, _) | (Chunk::End, b'\r') => {}
            (Chunk::End, b'\n') => {
                *self = Chunk::Size {
                    size: 0,
                    is_over: false,
                }
            }
            _ => *self = Chunk::Nothing,
        }
        &[]
    }
}

fn framing<T>(response: &Response<T>) -> Framing {
    if matches!(
        response.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        return Framing::Length(0);
    }
    // RFC 9112, 6.3: it overrides a length.
    if let Some(coding) = response
        .headers()
        .get_all(TRANSFER_ENCODING)
        .iter()
        .next_back()
    {
        let last = coding.as_bytes().rsplit(|byte| *byte == b',').next();
        let is_chunked =
            last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        return match is_chunked {
            true => Framing::Chunked(Chunk::Size {
                size: 0,
                is_over: false,
            }),
            false => Framing::UntilEnd,
        };
    }
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    length.map_or(Framing::UntilEnd, Framing::Length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 10;

    fn read(head: &[(&str, &str)], status: u16, bytes: &[u8], piece: usize) -> (String, bool) {
        let mut response = Response::builder().status(status);
        for (name, value) in head {
            response = response.header(*name, *value);
        }
        let mut reader = BodyReader::new(&response.body(()).unwrap(), MOST);
        for piece in bytes.chunks(piece) {
            if !reader.is_complete() {
                reader.recv(piece);
            }
        }
        let is_complete = reader.is_complete();
        (String::from_utf8(reader.into_body()).unwrap(), is_complete)
    }

    #[test]
    fn a_body_has_a_length_or_chunks_or_lasts_until_the_end_whatever_pieces_it_comes_in() {
        let chunked = ("transfer-encoding", "gzip, Chunked");
        for (head, status, bytes, body, is_complete) in [
            (vec![("content-length", "3")], 403, "abcdef", "abc", true),
            (vec![("content-length", "3")], 403, "ab", "ab", false),
            (vec![("content-length", "x")], 403, "ab", "ab", false),
            (
                vec![("content-length", "99")],
                403,
                "0123456789ab",
                "0123456789",
                true,
            ),
            (vec![("content-length", "3")], 204, "abc", "", true),
            (vec![], 403, "abc", "abc", false),
            (
                vec![("transfer-encoding", "gzip")],
                403,
                "abc",
                "abc",
                false,
            ),
            (
                vec![chunked],
                403,
                "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
                "abcd",
                true,
            ),
            (vec![chunked], 403, "3 \r\nabc\r\n", "abc", false),
            (vec![chunked], 403, "a\nabcdefghij\n", "abcdefghij", true),
            (
                vec![chunked, ("content-length", "1")],
                403,
                "2\r\nab\r\n0\r\n",
                "ab",
                true,
            ),
            (vec![chunked], 403, "2\r\nab?", "ab", true),
            (vec![chunked], 403, "<html>", "", true),
            (vec![chunked], 403, "fffffffffffffffff\na", "a", false),
            (
                vec![chunked],
                403,
                "1;                            \r\n",
                "",
                true,
            ),
        ] {
            for piece in [1, 2, 100] {
                let read = read(&head, status, bytes.as_bytes(), piece);
                assert_eq!(read, (body.to_owned(), is_complete), "{head:?} {bytes:?}");
            }
        }
    }
}
