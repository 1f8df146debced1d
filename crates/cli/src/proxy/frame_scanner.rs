//! Finds pings and the close frame in what a client sends: the head of its request, then frames
//! (RFC 6455, 5.2).
use arkws::CloseFrame;

/// Where in it the next byte is.
#[derive(Debug)]
pub(super) enum FrameScanner {
    /// In the head, so much of whose end has been seen.
    Head(usize),
    /// In the header of a frame, of which this has come.
    Header(Vec<u8>),
    /// So many bytes are left of a frame.
    Payload(u64),
    /// In a ping or close frame, of which this has come.
    Control(Vec<u8>),
    /// Nothing is looked for any more.
    PassAll,
}

/// What a byte leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// It belongs to something whose end has not come.
    Nothing,
    /// This is nothing special.
    Pass(Passed),
    Ping(Vec<u8>),
    /// A close frame, and its bytes.
    Close(Option<CloseFrame>, Vec<u8>),
}

/// Bytes that pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passed {
    One([u8; 1]),
    Several(Vec<u8>),
}

impl Passed {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Passed::One(byte) => byte,
            Passed::Several(bytes) => bytes,
        }
    }
}

const END_OF_HEAD: &[u8; 4] = b"\r\n\r\n";
/// First bytes of whole frames without extensions.
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
/// In the second byte: the frame is masked, as those of clients are.
const MASKED: u8 = 0x80;
/// The longest payload of a control frame.
const MAX_CONTROL: u8 = 125;

impl Default for FrameScanner {
    fn default() -> FrameScanner {
        FrameScanner::Head(0)
    }
}

impl FrameScanner {
    /// From here on everything passes.
    pub(super) fn pass_all(&mut self) {
        *self = FrameScanner::PassAll;
    }

    /// Takes bytes that belong to nothing that is looked for: how many of these do.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> usize {
        match self {
            FrameScanner::PassAll => bytes.len(),
            FrameScanner::Payload(left) => {
                let skipped = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                let left = *left - skipped as u64;
                self.payload(left);
                skipped
            }
            _ => 0,
        }
    }

    /// Takes the next byte.
    pub(super) fn next(&mut self, byte: u8) -> Scanned {
        let pass = Scanned::Pass(Passed::One([byte]));
        match self {
            FrameScanner::PassAll | FrameScanner::Payload(_) => {
                self.skip(&[byte]);
                pass
            }
            FrameScanner::Head(seen) => {
                *seen = match byte {
                    byte if byte == END_OF_HEAD[*seen] => *seen + 1,
                    b'\r' => 1,
                    _ => 0,
                };
                if *seen == END_OF_HEAD.len() {
                    *self = FrameScanner::Header(Vec::new());
                }
                pass
            }
            FrameScanner::Header(header) if header.is_empty() && matches!(byte, CLOSE | PING) => {
                *self = FrameScanner::Control(vec![byte]);
                Scanned::Nothing
            }
            FrameScanner::Header(header) => {
                header.push(byte);
                if let Some(payload) = announced(header) {
                    self.payload(payload);
                }
                pass
            }
            FrameScanner::Control(frame) => {
                frame.push(byte);
                let frame = std::mem::take(frame);
                self.control(frame)
            }
        }
    }

    fn payload(&mut self, left: u64) {
        *self = match left {
            0 => FrameScanner::Header(Vec::new()),
            left => FrameScanner::Payload(left),
        };
    }

    fn control(&mut self, frame: Vec<u8>) -> Scanned {
        let second = frame[1];
        let len = second & !MASKED;
        if second & MASKED == 0 || len > MAX_CONTROL {
            // What is wrong with it is found by whoever reads it.
            *self = FrameScanner::PassAll;
            return Scanned::Pass(Passed::Several(frame));
        }
        if frame.len() < 6 + usize::from(len) {
            *self = FrameScanner::Control(frame);
            return Scanned::Nothing;
        }
        *self = FrameScanner::Header(Vec::new());
        let (header, payload) = frame.split_at(6);
        let mask = header[2..].iter().cycle();
        let payload: Vec<u8> = payload.iter().zip(mask).map(|(it, key)| it ^ key).collect();
        if frame[0] == PING {
            return Scanned::Ping(payload);
        }
        match CloseFrame::decode(&payload) {
            Ok(close) => Scanned::Close(close, frame),
            Err(_) => Scanned::Pass(Passed::Several(frame)),
        }
    }
}

/// How many bytes follow behind the length, if the header has come so far: the key of the mask and
/// the payload.
fn announced(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let payload = match second & !MASKED {
        126 => u16::from_be_bytes(header.get(2..4)?.try_into().ok()?).into(),
        127 => u64::from_be_bytes(header.get(2..10)?.try_into().ok()?),
        length => length.into(),
    };
    let key = if second & MASKED == 0 { 0 } else { 4 };
    Some(payload.saturating_add(key))
}

#[cfg(test)]
mod tests {
    use arkws::CloseCode;

    use super::*;

    const HEAD: &[u8] = b"GET / HTTP/1.1\r\nA: b\r\n\r\n";
    const KEY: [u8; 4] = [1, 2, 3, 0x88];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            len @ 0..126 => frame.push(0x80 | len as u8),
            len @ 126..0x10000 => {
                frame.push(0x80 | 126);
                frame.extend((len as u16).to_be_bytes());
            }
            len => {
                frame.push(0x80 | 127);
                frame.extend((len as u64).to_be_bytes());
            }
        }
        frame.extend(KEY);
        frame.extend(
            payload
                .iter()
                .zip(KEY.iter().cycle())
                .map(|(it, key)| it ^ key),
        );
        frame
    }

    /// What passes, and what is found.
    fn scan(mut bytes: &[u8], at_once: usize) -> (Vec<u8>, Vec<Scanned>) {
        let mut scanner = FrameScanner::default();
        let (mut passed, mut found) = (Vec::new(), Vec::new());
        while !bytes.is_empty() {
            let skipped = scanner.skip(&bytes[..bytes.len().min(at_once)]);
            passed.extend(&bytes[..skipped]);
            bytes = &bytes[skipped..];
            let Some((&byte, rest)) = bytes.split_first() else {
                break;
            };
            bytes = rest;
            match scanner.next(byte) {
                Scanned::Nothing => {}
                Scanned::Pass(bytes) => passed.extend(bytes.as_slice()),
                other => found.push(other),
            }
        }
        (passed, found)
    }

    #[test]
    fn pings_and_the_close_frame_are_found_among_frames_of_any_length() {
        // Their payloads look like control frames.
        let data = [0, 1, 125, 126, 0xffff, 0x10000].map(|len| frame(0x82, &vec![0x89; len]));
        let (ping, pong) = (frame(0x89, b"\x88are you"), frame(0x8a, b"x"));
        let close = frame(0x88, b"\x0f\xa0bye");
        let mut bytes = HEAD.to_vec();
        let mut expected = HEAD.to_vec();
        for data in &data {
            for part in [&ping, data, &pong] {
                bytes.extend(part);
            }
            expected.extend(data);
            expected.extend(&pong);
        }
        bytes.extend(&close);
        let frame = CloseFrame::new(CloseCode::new(4000).unwrap(), "bye");
        for at_once in [0, 1, 1000, bytes.len()] {
            let (passed, found) = scan(&bytes, at_once);
            assert!(passed == expected);
            let ping = |_| Scanned::Ping(b"\x88are you".to_vec());
            let mut all: Vec<_> = data.iter().map(ping).collect();
            all.push(Scanned::Close(Some(frame.clone()), close.clone()));
            assert_eq!(found, all);
        }
    }

    #[test]
    fn what_breaks_the_protocol_passes() {
        for wrong in [
            b"\x88\x00".to_vec(),
            b"\x89\xfe\x00\x7e1234".to_vec(),
            frame(0x88, b"\x0f"),
            frame(0x88, b"\x03\xed"),
        ] {
            let bytes = [HEAD, &wrong].concat();
            assert_eq!(scan(&bytes, 1), (bytes.clone(), Vec::new()), "{wrong:?}");
        }
    }
}
