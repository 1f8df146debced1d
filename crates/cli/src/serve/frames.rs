//! What a server writes: the head of its answer, then frames (RFC 6455, 5.2), none of them masked.

/// Where in it the next byte is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Frames {
    /// How much of the empty line that ends the head has been seen; 4: all of it.
    end_of_head: usize,
    /// The frame's header, as far as it has come.
    header: [u8; 10],
    header_len: usize,
    /// What is left of the frame's payload.
    payload: u64,
}

const END_OF_HEAD: &[u8; 4] = b"\r\n\r\n";
const PONG: u8 = 0xa;

impl Frames {
    /// How many of these bytes belong to what the first belongs to, the head or one frame, and
    /// whether that is a pong. Nothing has passed by that.
    pub(super) fn look(mut self, bytes: &[u8]) -> (usize, bool) {
        let is_pong = match bytes.first() {
            Some(&first) if self.end_of_head == 4 => {
                let opening = if self.header_len == 0 {
                    first
                } else {
                    self.header[0]
                };
                opening & 0xf == PONG
            }
            _ => false,
        };
        (self.one(bytes), is_pong)
    }

    /// These bytes have passed. They belong to one frame, or to the head.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.one(bytes);
    }

    /// Goes to the end of the head or frame, or of the bytes; how many there were.
    fn one(&mut self, bytes: &[u8]) -> usize {
        if self.end_of_head < 4 {
            return self.head(bytes);
        }
        let mut at = 0;
        while self.payload == 0 && at < bytes.len() {
            self.header[self.header_len] = bytes[at];
            self.header_len += 1;
            at += 1;
            if let Some(payload) = self.announced() {
                self.payload = payload;
                if payload == 0 {
                    self.header_len = 0;
                    return at;
                }
            }
        }
        let taken = self.payload.min((bytes.len() - at) as u64);
        self.payload -= taken;
        if self.payload == 0 && taken > 0 {
            self.header_len = 0;
        }
        at + taken as usize
    }

    fn head(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            self.end_of_head = match *byte {
                byte if byte == END_OF_HEAD[self.end_of_head] => self.end_of_head + 1,
                b'\r' => 1,
                _ => 0,
            };
            if self.end_of_head == 4 {
                return at + 1;
            }
        }
        bytes.len()
    }

    /// The length of the payload, if the header is complete.
    fn announced(&self) -> Option<u64> {
        let header = &self.header[..self.header_len];
        match *header.get(1)? & 0x7f {
            126 => Some(u16::from_be_bytes(header.get(2..4)?.try_into().ok()?).into()),
            127 => Some(u64::from_be_bytes(header.get(2..10)?.try_into().ok()?)),
            length => Some(length.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of this without pongs, if it is written in such pieces.
    fn without_pongs(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut frames = Frames::default();
        let mut left = Vec::new();
        for mut piece in bytes.chunks(piece) {
            while !piece.is_empty() {
                let (len, is_pong) = frames.look(piece);
                frames.pass(&piece[..len]);
                if !is_pong {
                    left.extend_from_slice(&piece[..len]);
                }
                piece = &piece[len..];
            }
        }
        left
    }

    #[test]
    fn pongs_are_found_however_the_bytes_are_cut() {
        let head = b"HTTP/1.1 101 x\r\nA: b\r\n\r\n".to_vec();
        let long = [&[0x82, 126, 1, 0][..], &[0x8a; 256]].concat();
        let longer = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[0x8a; 65536]].concat();
        let pong = b"\x8a\x03abc".to_vec();
        let (empty_pong, empty, text) = (b"\x8a\0".to_vec(), b"\x81\0".to_vec(), b"\x81\x01x");
        let all = [
            &head,
            &pong,
            &long,
            &empty_pong,
            &empty,
            &longer,
            &pong,
            &text.to_vec(),
        ];
        let kept = [&head, &long, &empty, &longer, &text.to_vec()];
        let (all, kept) = (
            all.map(|part| &part[..]).concat(),
            kept.map(|part| &part[..]).concat(),
        );
        for piece in [1, 2, 3, 7, 100, all.len()] {
            assert!(without_pongs(&all, piece) == kept, "pieces of {piece}");
        }
    }
}
