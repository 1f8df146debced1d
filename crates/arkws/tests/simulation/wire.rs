//! Frames as they pass (RFC 6455, 5.2), read by a parser that has nothing of arkws's.
use arkws::Role;
use tokio::time::Instant;

/// A frame, and when the last of its bytes was accepted by a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) at: Instant,
    pub(crate) opcode: u8,
    /// Of a control frame: what it carries.
    pub(crate) payload: Vec<u8>,
    /// How many bytes the writer has written with it, in all.
    pub(crate) through: u64,
}

pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// What one end has written.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    writer: Role,
    /// The last bytes of the head of HTTP; `None` behind it.
    head: Option<[u8; 4]>,
    /// How many bytes the head has.
    pub(crate) head_len: u64,
    /// How many bytes were written, in all.
    written: u64,
    header: Vec<u8>,
    /// Of the frame whose header is complete: how many bytes are to come.
    left: Option<u64>,
    payload: Vec<u8>,
    /// Control frames; data is only followed.
    pub(crate) frames: Vec<Frame>,
    /// What no peer may send.
    pub(crate) violations: Vec<String>,
    /// Over TLS, where no more is seen than this.
    records: Option<Records>,
}

/// Records as they pass (RFC 8446, 5.1).
#[derive(Debug, Clone, Default)]
struct Records {
    header: Vec<u8>,
    /// Of the record whose header is complete: how many bytes are to come.
    left: usize,
    /// Behind how many bytes each of them has ended.
    ends: Vec<u64>,
}

/// The type of TLS's first record; no head of HTTP begins with that.
const HANDSHAKE: u8 = 22;

impl Records {
    fn write(&mut self, mut written: u64, mut bytes: &[u8]) {
        while let [first, ..] = bytes {
            let count = match self.left {
                0 => {
                    self.header.push(*first);
                    1
                }
                left => left.min(bytes.len()),
            };
            bytes = &bytes[count..];
            written += count as u64;
            match self.header[..] {
                [_, _, _, high, low] => {
                    self.left = usize::from(u16::from_be_bytes([high, low]));
                    self.header.clear();
                }
                _ => self.left = self.left.saturating_sub(count),
            }
            if self.left == 0 && self.header.is_empty() {
                self.ends.push(written);
            }
        }
    }
}

impl Wire {
    pub(crate) fn new(writer: Role) -> Wire {
        Wire {
            writer,
            head: Some([0; 4]),
            head_len: 0,
            written: 0,
            header: Vec::new(),
            left: None,
            payload: Vec::new(),
            frames: Vec::new(),
            violations: Vec::new(),
            records: None,
        }
    }

    /// Over TLS: behind how many bytes each record ends.
    pub(crate) fn records(&self) -> Option<&[u64]> {
        self.records.as_ref().map(|records| &records.ends[..])
    }

    pub(crate) fn write(&mut self, now: Instant, mut bytes: &[u8]) {
        if self.written == 0 && bytes.first() == Some(&HANDSHAKE) {
            self.records = Some(Records::default());
        }
        if let Some(records) = &mut self.records {
            records.write(self.written, bytes);
            self.written += bytes.len() as u64;
            return;
        }
        while !bytes.is_empty() {
            let count = match (&mut self.head, self.left) {
                (Some(last), _) => {
                    last.rotate_left(1);
                    last[3] = bytes[0];
                    self.head_len += 1;
                    if last == b"\r\n\r\n" {
                        self.head = None;
                    }
                    1
                }
                (None, None) => {
                    self.header.push(bytes[0]);
                    self.read_header();
                    1
                }
                (None, Some(left)) => {
                    let count = left.min(bytes.len() as u64) as usize;
                    if self.header[0] & 8 != 0 {
                        self.payload.extend_from_slice(&bytes[..count]);
                    }
                    self.left = Some(left - count as u64);
                    count
                }
            };
            bytes = &bytes[count..];
            self.written += count as u64;
            if self.left == Some(0) {
                self.end_frame(now);
            }
        }
    }

    /// Looks whether the header is complete.
    fn read_header(&mut self) {
        let [_, second, rest @ ..] = &self.header[..] else {
            return;
        };
        let is_masked = second & 0x80 != 0;
        let extended = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if rest.len() < extended + usize::from(is_masked) * 4 {
            return;
        }
        let bytes = rest[..extended].iter();
        let len = bytes.fold(0, |len, &byte| len << 8 | u64::from(byte));
        self.left = Some(match extended {
            0 => u64::from(second & 0x7F),
            _ => len,
        });
        if is_masked != (self.writer == Role::Client) {
            self.violations
                .push(format!("{:?} masks wrongly", self.writer));
        }
        if self.frames.last().is_some_and(|last| last.opcode == CLOSE) {
            self.violations
                .push(format!("{:?}: a frame after the close frame", self.writer));
        }
    }

    fn end_frame(&mut self, at: Instant) {
        let opcode = self.header[0] & 0xF;
        if opcode & 8 != 0 {
            let mut payload = std::mem::take(&mut self.payload);
            if self.writer == Role::Client {
                let key = self.header[self.header.len() - 4..].iter().cycle();
                payload
                    .iter_mut()
                    .zip(key)
                    .for_each(|(byte, key)| *byte ^= key);
            }
            self.frames.push(Frame {
                at,
                opcode,
                payload,
                through: self.written,
            });
        }
        self.header.clear();
        self.left = None;
    }

    /// Whether no frame is begun.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.head.is_none() && self.header.is_empty()
    }

    /// The close frame, if it has been accepted as a whole.
    pub(crate) fn close(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.opcode == CLOSE)
    }
}
