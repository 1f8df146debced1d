//! PEM (RFC 7468), and the header fields that OpenSSL's encrypted keys have in it (RFC 1421).
//!
//! Of our own, because what is decoded may be a private key: it is decoded only where it is asked
//! for, once, and every buffer on the way is wiped.
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::error::TlsError;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// A block of PEM that is not decoded yet.
pub(super) struct Block<'a> {
    /// `CERTIFICATE` and the like.
    pub(super) label: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    data: &'a [u8],
}

/// What is in a file. None of it is left behind in a buffer that was too small.
pub(super) fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut text = Zeroizing::new(vec![0; 16 << 10]);
    let mut length = 0;
    loop {
        match file.read(&mut text[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == text.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * length]);
            larger[..length].copy_from_slice(&text);
            text = larger;
        }
    }
    text.truncate(length);
    Ok(text)
}

/// The blocks in `pem`; what is around them is ignored. `place` is what errors call it.
pub(super) fn blocks<'a>(pem: &'a [u8], place: &str) -> Result<Vec<Block<'a>>, TlsError> {
    let mut blocks = Vec::new();
    let mut rest = pem;
    while let Some((_, begun)) = split(rest, BEGIN) {
        let block = split(begun, DASHES).and_then(|(label, inside)| {
            let (inside, ended) = split(inside, END)?;
            let (end, behind) = split(ended, DASHES)?;
            Some((label, inside, end, behind))
        });
        let Some((label, inside, end, behind)) = block else {
            return Err(damaged(place, "a block has no end"));
        };
        if label != end {
            return Err(damaged(
                place,
                "a block ends as another one than it began as",
            ));
        }
        let Ok(label) = str::from_utf8(label) else {
            return Err(damaged(place, "the name of a block is not UTF-8"));
        };
        let (headers, data) = headers(inside);
        blocks.push(Block {
            label,
            headers,
            data,
        });
        rest = behind;
    }
    Ok(blocks)
}

impl Block<'_> {
    /// The value of a header field (RFC 1421, 4.6).
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|header| header.0 == name)
            .map(|header| header.1)
    }

    /// What the block holds.
    pub(super) fn decode(&self, place: &str) -> Result<Zeroizing<Vec<u8>>, TlsError> {
        let mut text = Zeroizing::new(Vec::with_capacity(self.data.len()));
        text.extend(self.data.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let mut decoded = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
        let length = BASE64_STANDARD
            .decode_slice(&*text, &mut decoded)
            // Its words quote the text.
            .map_err(|_| damaged(place, "the text of a block is not base64"))?;
        decoded.truncate(length);
        Ok(decoded)
    }
}

/// The header fields before the data: lines with a colon, which base64 has not.
fn headers(inside: &[u8]) -> (Vec<(&str, &str)>, &[u8]) {
    let mut headers = Vec::new();
    let mut data = inside.trim_ascii_start();
    while let Some((line, behind)) = split(data, "\n") {
        let field = str::from_utf8(line)
            .ok()
            .and_then(|line| line.split_once(':'));
        let Some((name, value)) = field else { break };
        headers.push((name.trim(), value.trim()));
        data = behind;
    }
    (headers, data)
}

/// What is before and behind the first `mark`.
fn split<'a>(text: &'a [u8], mark: &str) -> Option<(&'a [u8], &'a [u8])> {
    let at = text
        .windows(mark.len())
        .position(|part| part == mark.as_bytes())?;
    Some((&text[..at], &text[at + mark.len()..]))
}

fn damaged(place: &str, reason: &str) -> TlsError {
    TlsError::Pem {
        place: place.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "the PEM";

    /// Label, header field and contents.
    type Found = (String, Option<String>, Vec<u8>);

    fn read(pem: &str) -> Result<Vec<Found>, String> {
        let blocks = blocks(pem.as_bytes(), PLACE).map_err(|error| error.to_string())?;
        let read = blocks.iter().map(|block| {
            let contents = block.decode(PLACE).map_err(|error| error.to_string())?;
            let header = block.header("DEK-Info").map(str::to_owned);
            Ok((block.label.to_owned(), header, contents.to_vec()))
        });
        read.collect()
    }

    #[test]
    fn blocks_are_found_between_other_text() {
        let pem = "subject=a\n-----BEGIN A B-----\nAQID\nBAUG\n-----END A B-----\nmore\r\n\
                   ------BEGIN C-----\r\nAQ==\r\n-----END C-----";
        let expected = [
            ("A B".to_owned(), None, vec![1, 2, 3, 4, 5, 6]),
            ("C".to_owned(), None, vec![1]),
        ];
        assert_eq!(read(pem).unwrap(), expected);
        assert_eq!(read("nothing").unwrap(), []);
    }

    #[test]
    fn header_fields_stand_before_the_data() {
        for end in ["\n", "\r\n"] {
            let pem = "-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: X,00\n\nAQ==\n\
                       -----END K-----\n"
                .replace('\n', end);
            let expected = [("K".to_owned(), Some("X,00".to_owned()), vec![1])];
            assert_eq!(read(&pem).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_damaged_says_how_and_shows_nothing() {
        for (pem, reason) in [
            ("-----BEGIN K-----\nSECRET\n", "has no end"),
            (
                "-----BEGIN K-----\nSECRET\n-----END L-----\n",
                "as another one",
            ),
            (
                "-----BEGIN K-----\nSECRET!\n-----END K-----\n",
                "not base64",
            ),
        ] {
            let error = read(pem).unwrap_err();
            assert!(error.starts_with("the PEM is damaged"), "{error}");
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }
}
