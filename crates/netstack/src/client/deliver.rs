//! From a connection's messages to events: whole, or in the pieces of the first API levels.
use arkws::{CloseFrame, Stats};
use arkws_proto::{Payload, Text};

use super::Object;
use super::session::invites_back;
use crate::Event;
use crate::driver::Handler;

/// A binding is told to deliver at least every so many messages, so that a fast peer does not make it wait for a
/// pause.
const BATCH: u32 = 2048;

/// Delivers what one open connection receives.
pub(super) struct Deliver<'a> {
    object: &'a Object,
    /// Whether lost connections are made again.
    reconnects: bool,
    /// Longest piece, in bytes; `None`: messages are delivered whole.
    piece: Option<usize>,
    /// Events since the last flush.
    waiting: u32,
}

impl<'a> Deliver<'a> {
    pub(super) fn new(object: &'a Object, reconnects: bool) -> Deliver<'a> {
        Deliver {
            object,
            reconnects,
            piece: object.context.level.differences().piece,
            waiting: 0,
        }
    }

    /// An event more.
    fn count(&mut self) {
        self.waiting += 1;
        if self.waiting >= BATCH {
            self.waiting = 0;
            self.object.flush();
        }
    }
}

impl Handler<()> for Deliver<'_> {
    fn text(&mut self, mut text: Text<'_>) -> usize {
        let mut pieces = 1;
        if let Some(limit) = self.piece {
            while text.len() > limit {
                let mut at = limit;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                self.object.emit(Event::Text(text.split_to(at)));
                pieces += 1;
            }
        }
        self.object.tell(|listener| listener.on_text(text));
        self.count();
        pieces
    }

    fn binary(&mut self, mut data: Payload<'_>) -> usize {
        let mut pieces = 1;
        if let Some(limit) = self.piece {
            while data.len() > limit {
                self.object.emit(Event::Binary(data.split_to(limit)));
                pieces += 1;
            }
        }
        self.object.tell(|listener| listener.on_binary(data));
        self.count();
        pieces
    }

    fn sent(&mut self, tags: &[()]) {
        let count = u32::try_from(tags.len()).expect("a batch is a few thousand messages at most");
        self.object.emit(Event::Sent { count });
        self.waiting += 1;
    }

    /// What is sent from now on may still go out, over the next connection.
    fn closing(&mut self, frame: Option<&CloseFrame>) -> bool {
        !(self.reconnects && frame.is_some_and(|frame| invites_back(frame.code().get())))
    }

    fn flush(&mut self, stats: Stats) {
        self.object.lock().stats.count(stats);
        if self.waiting > 0 {
            self.waiting = 0;
            self.object.flush();
        }
    }
}
