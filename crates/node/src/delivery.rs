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
use napi::Result;

use crate::environment::Environment;
use crate::queue::{Body, Item, Kind, LARGE, Stored, What};
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
    let mut delivery = Delivery {
        env: call.env,
        environment,
        values: Vec::with_capacity(VALUES + 4),
        run: None,
        taken: Vec::new(),
    };
    let delivered = delivery.batch(batch.items.drain(..), &batch.arena);
    delivery.report_taken();
    batch.recycle();
    environment.spare.replace(batch);
    let more = environment.queue.has_more();
    delivered?;
    call.env.convert(more)
}

struct Delivery<'e> {
    env: Env,
    environment: &'e Environment,
    /// The arguments of the next call.
    values: Vec<Value>,
    /// What further messages can be appended to without a new header.
    run: Option<Run>,
    /// Whose messages the next call has.
    taken: Vec<Taken>,
}

#[derive(Clone, Copy, PartialEq)]
struct Run {
    object: u32,
    operation: u32,
    connection: Option<u32>,
}

struct Taken {
    run: Run,
    events: usize,
    bytes: usize,
}

impl Delivery<'_> {
    fn batch(&mut self, items: impl Iterator<Item = Item>, mut arena: &[u8]) -> Result<()> {
        let mut items = items.peekable();
        while items.peek().is_some() {
            let scope = Scope::open(self.env)?;
            while self.values.len() < VALUES
                && let Some(item) = items.next()
            {
                self.item(item, &mut arena)?;
            }
            self.call()?;
            drop(scope);
        }
        Ok(())
    }

    fn item(&mut self, item: Item, arena: &mut &[u8]) -> Result<()> {
        let object = item.object;
        match item.what {
            What::Message { body, last } => {
                let operation = if last { MESSAGES } else { PIECES };
                self.message(object, operation, None, body, arena)
            }
            What::MessageFrom { connection, body } => {
                self.message(object, MESSAGES_FROM, Some(connection), body, arena)
            }
            What::Sent { count } => {
                self.header(object, SENT)?;
                self.values.push(self.env.number(count)?);
                Ok(())
            }
            What::DataEnd => self.header(object, DATA_END),
            What::Event(event) => {
                let (name, value) = event.into_js(self.env, self.environment)?;
                self.run = None;
                self.values.push(self.env.number(object)?);
                self.values.push(self.env.latin1(name.as_bytes())?);
                self.values.push(value);
                Ok(())
            }
        }
    }

    fn header(&mut self, object: u32, operation: u32) -> Result<()> {
        self.run = None;
        self.values.push(self.env.number(object)?);
        self.values.push(self.env.number(operation)?);
        Ok(())
    }

    fn message(
        &mut self,
        object: u32,
        operation: u32,
        connection: Option<u32>,
        body: Body,
        arena: &mut &[u8],
    ) -> Result<()> {
        let run = Run {
            object,
            operation,
            connection,
        };
        if self.run != Some(run) {
            self.header(object, operation)?;
            if let Some(connection) = connection {
                self.values.push(self.env.number(connection)?);
            }
            self.run = Some(run);
            self.taken.push(Taken {
                run,
                events: 0,
                bytes: 0,
            });
        }
        let bytes = match &body.bytes {
            Stored::Arena(len) => *len,
            Stored::Owned(bytes) => bytes.len(),
        };
        let value = self.value(body, arena)?;
        self.values.push(value);
        if let Some(taken) = self.taken.last_mut() {
            taken.events += 1;
            taken.bytes += bytes;
        }
        Ok(())
    }

    fn value(&self, body: Body, arena: &mut &[u8]) -> Result<Value> {
        let owned;
        let bytes = match body.bytes {
            Stored::Arena(len) => {
                let (bytes, rest) = arena.split_at(len);
                *arena = rest;
                bytes
            }
            Stored::Owned(bytes) if matches!(body.kind, Kind::Binary) && bytes.len() >= LARGE => {
                return self.env.adopted_array_buffer(bytes);
            }
            Stored::Owned(bytes) => {
                owned = bytes;
                &*owned
            }
        };
        match body.kind {
            Kind::Ascii => self.env.latin1(bytes),
            Kind::Utf8 => self.env.utf8(bytes),
            Kind::Binary => self.env.copied_array_buffer(bytes),
        }
    }

    /// Runs the listeners. Only then does what they were given count as consumed.
    fn call(&mut self) -> Result<()> {
        let called = self.environment.deliver.call(self.env, &self.values);
        self.values.clear();
        self.run = None;
        self.report_taken();
        called
    }

    fn report_taken(&mut self) {
        for Taken { run, events, bytes } in self.taken.drain(..) {
            // An object that a listener has freed needs no report.
            let _ = match run.connection {
                None => self
                    .environment
                    .client(run.object, |client| client.consumed(events, bytes)),
                Some(connection) => self.environment.server(run.object, |server| {
                    server.consumed(connection, events, bytes)
                }),
            };
        }
    }
}
