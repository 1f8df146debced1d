//! Counts, bytes and contents: a fast library that loses a byte is not fast.
use std::rc::Rc;

use crate::payload::Content;

/// Messages to be sent, again and again.
#[derive(Clone)]
pub struct Source {
    messages: Rc<[Vec<u8>]>,
    /// The same as strings, if they are text: a program has them as such, and does not validate
    /// them in order to send them.
    texts: Rc<[String]>,
    at: usize,
    /// As text, or as binary messages.
    pub text: bool,
}

impl Source {
    /// Messages of one content and size.
    pub fn new(content: Content, size: usize) -> Source {
        let messages = content.messages(size);
        let string = |message: &Vec<u8>| String::from_utf8(message.clone()).expect("text");
        let texts = match content.is_text() {
            true => messages.iter().map(string).collect(),
            false => Vec::new(),
        };
        Source {
            messages: messages.into(),
            texts: texts.into(),
            at: 0,
            text: content.is_text(),
        }
    }

    /// The next one.
    #[inline]
    pub fn next(&mut self) -> &[u8] {
        let at = self.advance();
        &self.messages[at]
    }

    /// The next one, of text.
    #[inline]
    pub fn next_text(&mut self) -> &str {
        let at = self.advance();
        &self.texts[at]
    }

    #[inline]
    fn advance(&mut self) -> usize {
        let at = self.at;
        self.at += 1;
        if self.at == self.messages.len() {
            self.at = 0;
        }
        at
    }

    /// Checks that what arrives is what this sends.
    pub fn check(&self) -> Check {
        Check::new(Rc::clone(&self.messages))
    }
}

/// Checks received messages against those that are expected again and again.
#[derive(Clone)]
pub struct Check {
    expected: Rc<[Vec<u8>]>,
    at: usize,
    len: usize,
    ends: (u64, u64),
    seen: u64,
}

impl Check {
    /// Expects these in turn, any number of times.
    pub fn new(expected: Rc<[Vec<u8>]>) -> Check {
        Check {
            at: 0,
            len: expected[0].len(),
            ends: ends(&expected[0]),
            expected,
            seen: 0,
        }
    }

    /// Expects one message, any number of times.
    pub fn one(expected: &[u8]) -> Check {
        Check::new([expected.to_vec()].into())
    }

    /// Length and both ends of every message, all bytes of every 256th.
    #[inline(always)]
    pub fn message(&mut self, data: &[u8]) {
        if data.len() != self.len || ends(data) != self.ends || self.seen & 0xFF == 0 {
            self.whole(data);
        }
        self.seen += 1;
        if self.expected.len() > 1 {
            self.advance();
        }
    }

    #[cold]
    fn whole(&self, data: &[u8]) {
        let seen = self.seen;
        assert_eq!(data.len(), self.len, "message {seen} has the wrong length");
        assert!(
            data == self.expected[self.at],
            "message {seen} has the wrong contents"
        );
    }

    fn advance(&mut self) {
        self.at = (self.at + 1) % self.expected.len();
        self.len = self.expected[self.at].len();
        self.ends = ends(&self.expected[self.at]);
    }

    /// The message that is expected next.
    pub fn expected(&self) -> &[u8] {
        &self.expected[self.at]
    }

    /// How many messages have been seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

/// The first and the last eight bytes, of messages that have as many; comparing numbers costs
/// nothing next to what is measured.
#[inline(always)]
fn ends(data: &[u8]) -> (u64, u64) {
    match (data.first_chunk(), data.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_ne_bytes(*first), u64::from_ne_bytes(*last)),
        _ => (0, 0),
    }
}
