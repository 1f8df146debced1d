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
//!
//! Among messages, `undefined` stands before a run: a string or an ArrayBuffer, and a string whose characters are the lengths
//! of the messages that are cut out of it (of an ArrayBuffer as views). Without any, one view is all of it.
use std::vec;

use bytes::BytesMut;
use napi::Result;

use crate::environment::Environment;
use crate::event::Event;
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
    let mut batches = environment.batches.take();
    environment.queue.take(&mut batches);
    let mut delivered = Ok(());
    for batch in &mut batches {
        // An error with one does not keep the others from being delivered.
        delivered = delivered.and(deliver(call, batch));
    }
    let more = environment.queue.give_back(&mut batches);
    environment.batches.replace(batches);
    delivered?;
    call.env.convert(more)
}

fn deliver(call: &Call<'_>, batch: &mut Batch) -> Result<()> {
    let Batch {
        items,
        bodies,
        arenas,
        lengths,
        owned,
        ..
    } = batch;
    let mut delivery = Delivery {
        env: call.env,
        environment: call.environment,
        bodies: bodies.drain(..),
        payloads: Payloads {
            narrow: &arenas.narrow,
            wide: &arenas.wide,
            lengths,
            owned: owned.drain(..),
        },
        values: Vec::with_capacity(VALUES + 4),
        scope: Some(Scope::open(call.env)?),
        taken: Vec::new(),
        failures: 0,
    };
    let delivered = delivery.items(items.drain(..));
    delivery.report_taken();
    delivered
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
    /// How many `SendFailed` events it has.
    failures: usize,
}

/// The payloads that have not been delivered.
struct Payloads<'b> {
    narrow: &'b [u8],
    wide: &'b [u16],
    lengths: &'b [u16],
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
                What::Messages { of, mut bodies } => {
                    while bodies > 0 {
                        bodies -= self.messages(object, of, bodies)?;
                        self.call_if_full()?;
                    }
                }
                What::Sent { count } => {
                    self.header(object, SENT)?;
                    self.values.push(self.env.number(count)?);
                }
                What::DataEnd => self.header(object, DATA_END)?,
                What::Event(event) => {
                    if matches!(*event, Event::SendFailed { .. }) {
                        self.failures += 1;
                    }
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

    /// As many of the next messages as one call takes, of at most `bodies` bodies; of how many bodies they were.
    fn messages(&mut self, object: u32, of: Of, bodies: usize) -> Result<usize> {
        match of {
            Of::Client => self.header(object, MESSAGES)?,
            Of::Pieces => self.header(object, PIECES)?,
            Of::Connection(number) => {
                self.header(object, MESSAGES_FROM)?;
                self.values.push(self.env.number(number)?);
            }
        }
        let views = matches!(of, Of::Client | Of::Pieces) && self.environment.gives_views(object);
        let mut taken = Taken {
            object,
            of,
            events: 0,
            bytes: 0,
        };
        let mut done = 0;
        while done < bodies && (done == 0 || self.values.len() < VALUES) {
            let body = self.bodies.next().expect("as many as the item says");
            let (events, bytes) = self
                .payloads
                .push(self.env, body, views, &mut self.values)?;
            taken.events += events;
            taken.bytes += bytes;
            done += 1;
        }
        self.taken.push(taken);
        Ok(done)
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
        if self.failures > 0 {
            let failures = std::mem::take(&mut self.failures);
            self.environment.queue.told_of_failures(failures);
        }
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
    /// Appends the next messages, binary ones perhaps as `views`; how many, and the bytes that were received for them.
    fn push(
        &mut self,
        env: Env,
        body: Body,
        views: bool,
        values: &mut Vec<Value>,
    ) -> Result<(usize, usize)> {
        let (value, kind, received) = match body {
            Body::Run {
                kind,
                count,
                len,
                received,
            } => {
                let lengths = split_off(&mut self.lengths, count as usize);
                let cut = match kind {
                    Kind::Latin1 | Kind::Utf16 => count > 1,
                    Kind::Binary => views,
                };
                if cut {
                    values.push(env.undefined()?);
                    values.push(self.value(env, kind, len as usize)?);
                    values.push(env.utf16(lengths)?);
                } else {
                    for len in lengths {
                        values.push(self.value(env, kind, (*len).into())?);
                    }
                }
                return Ok((count as usize, received as usize));
            }
            Body::Small {
                kind,
                len,
                received,
            } => (
                self.value(env, kind, len as usize)?,
                kind,
                received as usize,
            ),
            Body::Owned { kind } => {
                let bytes = self.owned.next().expect("one each");
                let received = bytes.len();
                let value = match kind {
                    Kind::Binary if received >= LARGE => env.adopted_array_buffer(bytes),
                    Kind::Binary => env.copied_array_buffer(&bytes),
                    _ => env.latin1(&bytes),
                };
                (value?, kind, received)
            }
        };
        if kind == Kind::Binary && views {
            values.extend([env.undefined()?, value, env.utf16(&[])?]);
        } else {
            values.push(value);
        }
        Ok((1, received))
    }

    /// Of what lies next in the arena.
    fn value(&mut self, env: Env, kind: Kind, len: usize) -> Result<Value> {
        match kind {
            Kind::Latin1 => env.latin1(split_off(&mut self.narrow, len)),
            Kind::Utf16 => env.utf16(split_off(&mut self.wide, len)),
            Kind::Binary => env.copied_array_buffer(split_off(&mut self.narrow, len)),
        }
    }
}

fn split_off<'b, T>(arena: &mut &'b [T], len: usize) -> &'b [T] {
    let (head, rest) = arena.split_at(len);
    *arena = rest;
    head
}
