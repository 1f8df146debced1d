//! From a connection's messages to events: whole, or in the pieces of the first API levels.

use std::ops::Range;

use arkws::{CloseFrame, Stats, Transport};
use arkws::{Payload, Text};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::object::{ErasedListener, Link, Object};
use crate::close::invites_back;
use crate::connection::driver::{ConnectionEnd, Handler, drive, linger};
use crate::connection::pings::PingAnswer;
use crate::connection::shared_socket::SharedSocket;
use crate::{BusinessError, Event, LanguageLimits, Listener};

/// A binding is asked to deliver after so many messages, so that a peer which never pauses does not
/// keep them waiting.
const FLUSH_AFTER: u32 = 2048;

impl<L: Listener> ErasedListener for L {
    fn drive<'a>(
        &'a self,
        object: &'a Object,
        link: &'a Link,
        reconnects: bool,
    ) -> BoxFuture<'a, (ConnectionEnd, Range<u64>)> {
        async move {
            let mut deliver = Deliver::new(object, self, reconnects);
            drive(&link.socket, &link.mailbox, &mut deliver).await
        }
        .boxed()
    }

    fn linger(&self, socket: SharedSocket<Transport>) -> BoxFuture<'static, ()> {
        async move { linger(&socket).await }.boxed()
    }
}

/// Delivers what one open connection receives.
struct Deliver<'a, L> {
    object: &'a Object,
    listener: &'a L,
    /// Whether lost connections are made again.
    reconnects: bool,
    /// Longest piece, in bytes; `None`: messages are delivered whole.
    piece: Option<usize>,
    limits: LanguageLimits,
    /// Events since the last flush.
    waiting: u32,
}

impl<'a, L: Listener> Deliver<'a, L> {
    fn new(object: &'a Object, listener: &'a L, reconnects: bool) -> Self {
        Deliver {
            object,
            listener,
            reconnects,
            piece: object.context.level.differences().piece,
            limits: object.context.language_limits(),
            waiting: 0,
        }
    }

    fn call(&self, call: impl FnOnce(&L)) {
        if !self.object.is_dropped() {
            call(self.listener);
        }
    }

    /// Out of line: few programs ask for an old level, and a message that is not cut need not be
    /// moved.
    #[cold]
    fn pieces_of_text(&mut self, mut text: Text<'_>, limit: usize) -> usize {
        let mut pieces = 1;
        while text.len() > limit {
            let mut at = limit;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let piece = text.split_to(at);
            self.call(|listener| listener.on_event(Event::Text(piece)));
            pieces += 1;
        }
        self.call(|listener| listener.on_text(text));
        self.count();
        pieces
    }

    /// As [`pieces_of_text`](Self::pieces_of_text).
    #[cold]
    fn pieces_of_binary(&mut self, mut data: Payload<'_>, limit: usize) -> usize {
        let mut pieces = 1;
        while data.len() > limit {
            let piece = data.split_to(limit);
            self.call(|listener| listener.on_event(Event::Binary(piece)));
            pieces += 1;
        }
        self.call(|listener| listener.on_binary(data));
        self.count();
        pieces
    }

    /// Counts an event, and flushes after [`FLUSH_AFTER`] of them.
    fn count(&mut self) {
        self.waiting += 1;
        if self.waiting >= FLUSH_AFTER {
            self.waiting = 0;
            self.call(Listener::flush);
        }
    }
}

impl<L: Listener> Handler for Deliver<'_, L> {
    fn text(&mut self, text: Text<'_>) -> usize {
        if let Some(limit) = self.piece
            && text.len() > limit
        {
            return self.pieces_of_text(text, limit);
        }
        self.call(|listener| listener.on_text(text));
        self.count();
        1
    }

    fn binary(&mut self, data: Payload<'_>) -> usize {
        if let Some(limit) = self.piece
            && data.len() > limit
        {
            return self.pieces_of_binary(data, limit);
        }
        self.call(|listener| listener.on_binary(data));
        self.count();
        1
    }

    fn shared_from(&self) -> usize {
        self.listener.shared_from()
    }

    fn shared(&mut self, data: Bytes) -> usize {
        if self.piece.is_some_and(|limit| data.len() > limit) {
            return self.binary(Payload::Owned(data.into()));
        }
        self.call(|listener| listener.on_shared(data));
        self.count();
        1
    }

    fn refuse(&self, text: &str) -> Option<String> {
        // Pieces are short.
        match self.piece {
            None => self.limits.refuse_text(text),
            Some(_) => None,
        }
    }

    fn too_big(&mut self, why: String) {
        let error = BusinessError::connection_lost(why, arkws::Cause::TooBig);
        self.call(|listener| listener.on_event(Event::Error(error)));
        self.waiting += 1;
    }

    fn sent(&mut self, through: u64) {
        self.call(|listener| listener.on_event(Event::Sent { through }));
        self.waiting += 1;
    }

    fn ping(&mut self, data: &[u8]) {
        if self.object.observes_pings() {
            self.call(|listener| listener.on_event(Event::Ping(data)));
            self.count();
        }
    }

    fn pong(&mut self, data: &[u8], answer: Option<PingAnswer>) {
        if answer.is_some() || self.object.observes_pings() {
            let answer = answer.map(|answer| (answer.through, answer.round_trip));
            self.call(|listener| listener.on_event(Event::Pong { data, answer }));
            self.count();
        }
    }

    /// What is sent from now on may still go out, over the next connection.
    fn closing(&mut self, frame: Option<&CloseFrame>) -> bool {
        self.call(|listener| listener.on_close_frame(frame));
        self.waiting += 1;
        !(self.reconnects && frame.is_some_and(|frame| invites_back(frame.code().get())))
    }

    fn flush(&mut self, stats: Stats) {
        self.object.lock().stats.counters = stats;
        if self.waiting > 0 {
            self.waiting = 0;
            self.call(Listener::flush);
        }
    }
}
