//! From the messages of a client's connection to events.
use std::ops::Range;

use arkws::{Payload, Stats, Text, Transport};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::event::{ServerEvent, ServerListener};
use super::identity::ConnectedClient;
use super::object::{ErasedServerListener, ServerObject};
use super::peer::Peer;
use crate::BusinessError;
use crate::connection::driver::{ConnectionEnd, Handler, drive, linger};
use crate::connection::shared_socket::SharedSocket;

/// The listener is flushed after at most so many events, so that they reach the program even if a
/// fast client makes no pause.
const FLUSH_AFTER: u32 = 256;

impl<L: ServerListener> ErasedServerListener for L {
    fn drive<'a>(
        &'a self,
        object: &'a ServerObject,
        peer: &'a Peer,
        socket: &'a SharedSocket<Transport>,
    ) -> BoxFuture<'a, (ConnectionEnd, Range<u64>)> {
        async move {
            let mut events = PeerEvents {
                object,
                listener: self,
                client: &peer.client,
                waiting: 1,
            };
            drive(socket, &peer.mailbox, &mut events).await
        }
        .boxed()
    }

    fn linger<'a>(&self, socket: &'a SharedSocket<Transport>) -> BoxFuture<'a, ()> {
        linger(socket).boxed()
    }
}

/// Turns what one client's connection does into events.
struct PeerEvents<'a, L> {
    object: &'a ServerObject,
    listener: &'a L,
    client: &'a ConnectedClient,
    /// Events since the last flush.
    waiting: u32,
}

impl<L: ServerListener> PeerEvents<'_, L> {
    fn emit(&mut self, event: ServerEvent<'_>) {
        self.object.call(|| self.listener.on_event(event));
        self.count();
    }

    #[inline]
    fn count(&mut self) {
        self.waiting += 1;
        if self.waiting >= FLUSH_AFTER {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.waiting) > 0 {
            self.object.call(|| self.listener.flush());
        }
    }
}

impl<L: ServerListener> Handler for PeerEvents<'_, L> {
    const HOLDS_BACK: bool = true;

    fn refuse(&self, text: &str) -> Option<String> {
        self.object.context.language_limits().refuse_text(text)
    }

    fn too_big(&mut self, why: String) {
        let why = format!("{}: {why}", self.client.connection);
        let error = BusinessError::connection_lost(why, arkws::Cause::TooBig);
        self.emit(ServerEvent::Error {
            client: Some(self.client),
            error,
        });
    }

    fn text(&mut self, text: Text<'_>) -> usize {
        self.emit(ServerEvent::Text(self.client, text));
        1
    }

    fn binary(&mut self, data: Payload<'_>) -> usize {
        self.emit(ServerEvent::Binary(self.client, data));
        1
    }

    fn shared_from(&self) -> usize {
        self.listener.shared_from()
    }

    fn shared(&mut self, data: Bytes) -> usize {
        self.object
            .call(|| self.listener.on_shared(self.client, data));
        self.count();
        1
    }

    fn sent(&mut self, through: u64) {
        let client = self.client;
        self.emit(ServerEvent::Sent { client, through });
    }

    fn flush(&mut self, _: Stats) {
        self.settle();
    }
}
