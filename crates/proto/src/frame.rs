//! Frame headers (RFC 6455, 5.2).
//!
//! ```text
//!  byte 0           byte 1          then
//! +-+---+-------+  +-+-------------+ +------------------+-------------+---------+
//! |F|RSV| opcode|  |M| length (7)  | | length (0/16/64) | key (0/32)  | payload |
//! +-+---+-------+  +-+-------------+ +------------------+-------------+---------+
//! ```
use crate::ProtocolError;

/// RFC 6455, 5.5: control frames carry at most 125 bytes.
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The longest header: two bytes, a 64-bit length, a masking key (RFC 6455, 5.2).
pub const MAX_HEADER: usize = 14;

/// Bit of the first byte: the last frame of a message.
pub(crate) const FIN: u8 = 0x80;
/// Bit of the first byte: a compressed message (RFC 7692, 6), if that was negotiated.
pub(crate) const RSV1: u8 = 0x40;
/// Bits of the first byte that no extension of ours defines.
const RSV2: u8 = 0x20;
const RSV3: u8 = 0x10;
/// Bit of the second byte: a masking key follows the length.
pub(crate) const MASKED: u8 = 0x80;
/// Value of the 7-bit length: the next two bytes are the length.
pub(crate) const LENGTH_16: u8 = 126;
/// Value of the 7-bit length: the next eight bytes are the length.
const LENGTH_64: u8 = 127;

/// The opcodes of RFC 6455, 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// Continues a fragmented message.
    Continuation = 0x0,
    /// Starts a text message.
    Text = 0x1,
    /// Starts a binary message.
    Binary = 0x2,
    /// Closes the connection.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping.
    Pong = 0xA,
}

impl Opcode {
    /// The opcode with this number; `None` for the reserved ones.
    pub const fn new(number: u8) -> Option<Opcode> {
        Some(match number {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xA => Opcode::Pong,
            _ => return None,
        })
    }

    /// Close, ping and pong (RFC 6455, 5.5).
    pub const fn is_control(self) -> bool {
        self as u8 >= 0x8
    }
}

/// What stands before the payload of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// The first frame of a compressed message (RFC 7692, 6).
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key; `None`: the payload is not masked.
    pub mask: Option<[u8; 4]>,
    /// Length of the payload, in bytes; less than 2^63.
    pub len: u64,
}

impl Header {
    /// The header of a whole message or control frame that is neither compressed nor masked, and
    /// empty: what differs is set by who makes the frame.
    #[inline]
    pub(crate) const fn whole(opcode: Opcode) -> Header {
        Header {
            fin: true,
            rsv1: false,
            opcode,
            mask: None,
            len: 0,
        }
    }

    /// Reads a header at the front of `bytes`. `None`: more bytes are needed. Otherwise the header,
    /// and its own length.
    ///
    /// # Errors
    /// A rule that the header breaks by itself: reserved bits and opcodes, the shape of control
    /// frames, the encoding of the length. What depends on the connection (masking direction, RSV1,
    /// order, limits) is not checked here.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Header, usize)>, ProtocolError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RSV2 != 0 {
            return Err(ProtocolError::ReservedBit(2));
        }
        if first & RSV3 != 0 {
            return Err(ProtocolError::ReservedBit(3));
        }
        let Some(opcode) = Opcode::new(first & 0x0F) else {
            return Err(ProtocolError::UnknownOpcode(first & 0x0F));
        };
        let fin = first & FIN != 0;
        let len7 = second & !MASKED;
        if opcode.is_control() {
            if !fin {
                return Err(ProtocolError::FragmentedControl);
            }
            if usize::from(len7) > MAX_CONTROL_PAYLOAD {
                return Err(ProtocolError::ControlTooLong);
            }
        }

        let (len, rest) = match len7 {
            LENGTH_16 => {
                let Some((len, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let len = u64::from(u16::from_be_bytes(*len));
                if len < u64::from(LENGTH_16) {
                    return Err(ProtocolError::LengthNotMinimal(len));
                }
                (len, rest)
            }
            LENGTH_64 => {
                let Some((len, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let len = u64::from_be_bytes(*len);
                if len >> 63 != 0 {
                    return Err(ProtocolError::LengthOverflow);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(ProtocolError::LengthNotMinimal(len));
                }
                (len, rest)
            }
            len => (u64::from(len), rest),
        };
        let (mask, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            let Some((key, rest)) = rest.split_first_chunk() else {
                return Ok(None);
            };
            (Some(*key), rest)
        };
        let header = Header {
            fin,
            rsv1: first & RSV1 != 0,
            opcode,
            mask,
            len,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// Writes the header to the front of `out`, with the length in as few bytes as possible;
    /// returns its own length.
    #[inline]
    pub fn encode(&self, out: &mut [u8; MAX_HEADER]) -> usize {
        out[0] =
            self.opcode as u8 | if self.fin { FIN } else { 0 } | if self.rsv1 { RSV1 } else { 0 };
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let end = if self.len < u64::from(LENGTH_16) {
            out[1] = masked | self.len as u8;
            2
        } else if let Ok(len) = u16::try_from(self.len) {
            out[1] = masked | LENGTH_16;
            out[2..4].copy_from_slice(&len.to_be_bytes());
            4
        } else {
            out[1] = masked | LENGTH_64;
            out[2..10].copy_from_slice(&self.len.to_be_bytes());
            10
        };
        match self.mask {
            Some(key) => {
                out[end..end + 4].copy_from_slice(&key);
                end + 4
            }
            None => end,
        }
    }
}
