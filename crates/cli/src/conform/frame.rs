//! Frames as a client writes them (RFC 6455, 5.2), and as none may write them.

/// A frame, masked and finished unless it says something else.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    first: u8,
    mask: Option<[u8; 4]>,
    length: Length,
    payload: Vec<u8>,
}

/// How the length is written.
#[derive(Debug, Clone, Copy)]
enum Length {
    Shortest,
    Bits16,
    Bits64,
    /// This one, in 64 bits, whatever the payload is.
    Announced(u64),
}

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

/// The same in each run: a case that fails fails again.
pub(super) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const FIN: u8 = 0x80;

/// A frame with any opcode.
pub(super) fn frame(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame {
        first: FIN | opcode,
        mask: Some(MASK),
        length: Length::Shortest,
        payload: payload.as_ref().to_vec(),
    }
}

pub(super) fn text(payload: impl AsRef<[u8]>) -> Frame {
    frame(TEXT, payload)
}

pub(super) fn binary(payload: impl AsRef<[u8]>) -> Frame {
    frame(BINARY, payload)
}

pub(super) fn continuation(payload: impl AsRef<[u8]>) -> Frame {
    frame(CONTINUATION, payload)
}

pub(super) fn ping(payload: impl AsRef<[u8]>) -> Frame {
    frame(PING, payload)
}

pub(super) fn pong(payload: impl AsRef<[u8]>) -> Frame {
    frame(PONG, payload)
}

/// A Close frame with any code (RFC 6455, 5.5.1).
pub(super) fn close(code: u16, reason: impl AsRef<[u8]>) -> Frame {
    frame(CLOSE, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// A Close frame with this for its payload.
pub(super) fn close_with(payload: impl AsRef<[u8]>) -> Frame {
    frame(CLOSE, payload)
}

/// Frames one behind the other, in one write.
pub(super) fn together(frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
    frames.into_iter().flat_map(Vec::from).collect()
}

/// A message in fragments: each of `parts` is one.
pub(super) fn fragments(opcode: u8, parts: &[&[u8]]) -> Vec<u8> {
    let last = parts.len().saturating_sub(1);
    together(parts.iter().enumerate().map(|(index, part)| {
        let opcode = if index == 0 { opcode } else { CONTINUATION };
        match index == last {
            true => frame(opcode, part),
            false => frame(opcode, part).unfinished(),
        }
    }))
}

impl Frame {
    /// Without FIN.
    pub(super) fn unfinished(mut self) -> Frame {
        self.first &= !FIN;
        self
    }

    /// With these reserved bits: RSV1 is 4, RSV2 2, RSV3 1.
    pub(super) fn rsv(mut self, bits: u8) -> Frame {
        self.first |= bits << 4;
        self
    }

    pub(super) fn unmasked(mut self) -> Frame {
        self.mask = None;
        self
    }

    pub(super) fn masked_with(mut self, key: [u8; 4]) -> Frame {
        self.mask = Some(key);
        self
    }

    /// The length in 16 bits, however short it is.
    pub(super) fn length16(mut self) -> Frame {
        self.length = Length::Bits16;
        self
    }

    /// The length in 64 bits, however short it is.
    pub(super) fn length64(mut self) -> Frame {
        self.length = Length::Bits64;
        self
    }

    /// Announces so many bytes, in 64 bits.
    pub(super) fn announcing(mut self, length: u64) -> Frame {
        self.length = Length::Announced(length);
        self
    }

    /// The first bytes of it.
    pub(super) fn first(self, bytes: usize) -> Vec<u8> {
        let mut all = Vec::from(self);
        all.truncate(bytes);
        all
    }
}

impl From<Frame> for Vec<u8> {
    fn from(frame: Frame) -> Vec<u8> {
        let len = frame.payload.len();
        let is_masked = if frame.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![frame.first];
        match (frame.length, len) {
            (Length::Shortest, 0..=125) => bytes.push(is_masked | len as u8),
            (Length::Shortest, 126..=0xffff) | (Length::Bits16, _) => {
                bytes.push(is_masked | 126);
                bytes.extend((len as u16).to_be_bytes());
            }
            (Length::Shortest | Length::Bits64, _) => {
                bytes.push(is_masked | 127);
                bytes.extend((len as u64).to_be_bytes());
            }
            (Length::Announced(length), _) => {
                bytes.push(is_masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend(frame.mask.into_iter().flatten());
        let key = frame.mask.unwrap_or_default();
        let masked = frame.payload.iter().zip(key.iter().cycle());
        bytes.extend(masked.map(|(byte, key)| byte ^ key));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6455, 5.7.
    #[test]
    fn frames_are_as_the_rfc_has_them() {
        let hello = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(Vec::from(text("Hello")), hello);
        assert_eq!(Vec::from(text("Hello").unmasked()), b"\x81\x05Hello");
        let unmasked = |frame: Frame| Vec::from(frame.unmasked());
        assert_eq!(unmasked(text("Hel").unfinished()), b"\x01\x03Hel");
        assert_eq!(unmasked(continuation("lo")), b"\x80\x02lo");
        assert_eq!(unmasked(binary([0; 256]))[..4], *b"\x82\x7e\x01\x00");
        assert_eq!(
            unmasked(binary(vec![0; 65_536]))[..10],
            *b"\x82\x7f\0\0\0\0\0\x01\0\0"
        );
        assert_eq!(unmasked(text("a").length16().rsv(4)), b"\xc1\x7e\0\x01a");
    }
}
