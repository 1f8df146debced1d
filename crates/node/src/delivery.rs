//! From the queue to JavaScript: a batch becomes a few calls of one function, each with a few hundred values.
//!
//! The values are read from left to right. A record begins with the number of the object it concerns, and goes on with
//!
//! | next | then | meaning |
//! |---|---|---|
//! | 0 | strings and ArrayBuffers, until the next number | whole messages to a client: `message` and `dataEnd` for each |
//! | 1 | the same | pieces of messages: `message` for each |
//! | 2 | number of a connection; the same | messages to a server |
//! | 3 | a number | so many of the oldest sends of a client are done |
//! | 4 | | `dataEnd` |
//! | a string | a value | call of the method of that name, see [`crate::event`] |
use std::vec;

use bytes::BytesMut;
use napi::Result;

use crate::environment::Environment;
use crate::queue::{Batch, Body, Item, Kind, LARGE, Of, What};
use crate::raw::{Call, Env, Scope, Value};

const MESSAGES: u32 = 0;
const PIECES: u32 = 1;
const MESSAGES_FROM: u32 = 2;
const SENT: u32 = 3;
const DATA_END: u32 = 4;

/// A call is made when it has so many values.
const VALUES: usize = 256;

/// `drain()`: delivers all that lies ready, and tells whether more has come meanwhile. If so, JavaScript calls again after a turn
/// of its event loop, so that timers and other sockets get theirs; if not, `wake` will be called.
pub(crate) fn drain(call: &Call<'_>) -> Result<Value> {
    let environment = call.environment;
    let mut batch = environment.queue.take(environment.spare.take());
    let Batch {
        items,
        bodies,
        arenas,
        owned,
        ..
    } = &mut batch;
    let mut delivery = Delivery {
        env: call.env,
        environment,
        bodies: bodies.drain(..),
        payloads: Payloads {
            narrow: &arenas.narrow,
            wide: &arenas.wide,
            owned: owned.drain(..),
        },
        values: Vec::with_capacity(VALUES + 4),
        scope: Some(Scope::open(call.env)?),
        taken: Vec::new(),
    };
    let delivered = delivery.items(items.drain(..));
    delivery.report_taken();
    drop(delivery);
    batch.recycle();
    environment.spare.replace(batch);
    let more = environment.queue.has_more();
    delivered?;
    call.env.convert(more)
}

struct Delivery<'b> {
    env: Env,
    environment: &'b Environment,
    bodies: vec::Drain<'b, Body>,
    payloads: Payloads<'b>,
    /// The arguments of the next call, and what keeps them.
    values: Vec<Value>,
    scope: Option<Scope>,
    /// Whose messages the next call has.
    taken: Vec<Taken>,
}

/// The payloads that have not been delivered.
struct Payloads<'b> {
    narrow: &'b [u8],
    wide: &'b [u16],
    owned: vec::Drain<'b, BytesMut>,
}

struct Taken {
    object: u32,
    of: Of,
    events: usize,
    bytes: usize,
}

impl Delivery<'_> {
    fn items(&mut self, items: impl Iterator<Item = Item>) -> Result<()> {
        for Item { object, what } in items {
            match what {
                What::Messages { of, mut count } => {
                    while count > 0 {
                        count -= self.messages(object, of, count)?;
                        self.call_if_full()?;
                    }
                }
                What::Sent { count } => {
                    self.header(object, SENT)?;
                    self.values.push(self.env.number(count)?);
                }
                What::DataEnd => self.header(object, DATA_END)?,
                What::Event(event) => {
                    let (name, value) = event.into_js(self.env, self.environment)?;
                    self.values.push(self.env.number(object)?);
                    self.values.push(self.env.latin1(name.as_bytes())?);
                    self.values.push(value);
                }
            }
            self.call_if_full()?;
        }
        self.call()
    }

    fn header(&mut self, object: u32, operation: u32) -> Result<()> {
        self.values.push(self.env.number(object)?);
        self.values.push(self.env.number(operation)?);
        Ok(())
    }

    /// As many of the next `count` messages as one call takes.
    fn messages(&mut self, object: u32, of: Of, count: usize) -> Result<usize> {
        match of {
            Of::Client => self.header(object, MESSAGES)?,
            Of::Pieces => self.header(object, PIECES)?,
            Of::Connection(number) => {
                self.header(object, MESSAGES_FROM)?;
                self.values.push(self.env.number(number)?);
            }
        }
        let room = VALUES.saturating_sub(self.values.len());
        let events = count.min(room.max(1));
        let mut taken = Taken {
            object,
            of,
            events,
            bytes: 0,
        };
        for body in self.bodies.by_ref().take(events) {
            let (value, bytes) = self.payloads.next(self.env, body)?;
            self.values.push(value);
            taken.bytes += bytes;
        }
        self.taken.push(taken);
        Ok(events)
    }

    fn call_if_full(&mut self) -> Result<()> {
        match self.values.len() >= VALUES {
            true => self.call(),
            false => Ok(()),
        }
    }

    /// Runs the listeners. Only then does what they were given count as consumed.
    fn call(&mut self) -> Result<()> {
        if self.values.is_empty() {
            return Ok(());
        }
        let called = self.environment.deliver.call(self.env, &self.values);
        self.values.clear();
        self.report_taken();
        called?;
        // The next values are kept by the next scope; it can only be opened when the last has been closed.
        self.scope = None;
        self.scope = Some(Scope::open(self.env)?);
        Ok(())
    }

    fn report_taken(&mut self) {
        for taken in self.taken.drain(..) {
            let Taken {
                object,
                of,
                events,
                bytes,
            } = taken;
            // An object that a listener has freed needs no report.
            let _ = match of {
                Of::Client | Of::Pieces => self
                    .environment
                    .client(object, |client| client.consumed(events, bytes)),
                Of::Connection(number) => self
                    .environment
                    .server(object, |server| server.consumed(number, events, bytes)),
            };
        }
    }
}

impl Payloads<'_> {
    /// The next message, and the bytes that were received for it.
    fn next(&mut self, env: Env, body: Body) -> Result<(Value, usize)> {
        match body {
            Body::Small {
                kind,
                len,
                received,
            } => {
                let len = len as usize;
                let value = match kind {
                    Kind::Latin1 => env.latin1(split_off(&mut self.narrow, len)),
                    Kind::Utf16 => env.utf16(split_off(&mut self.wide, len)),
                    Kind::Binary => env.copied_array_buffer(split_off(&mut self.narrow, len)),
                };
                Ok((value?, received as usize))
            }
            Body::Owned { kind } => {
                let bytes = self.owned.next().expect("one each");
                let received = bytes.len();
                let value = match kind {
                    Kind::Binary if received >= LARGE => env.adopted_array_buffer(bytes),
                    Kind::Binary => env.copied_array_buffer(&bytes),
                    _ => env.latin1(&bytes),
                };
                Ok((value?, received))
            }
        }
    }
}

fn split_off<'b, T>(arena: &mut &'b [T], len: usize) -> &'b [T] {
    let (head, rest) = arena.split_at(len);
    *arena = rest;
    head
}
