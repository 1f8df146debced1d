//! From the queue to JavaScript: a batch becomes a few calls of one function, each with a few
//! hundred values.
//!
//! The values are read from left to right. A record begins with the number of the object it
//! concerns and an [`Operation`], and goes on with what that needs:
//!
//! | operation | values |
//! |---|---|
//! | `Messages`, `Pieces` | strings and ArrayBuffers, until the next number |
//! | `MessagesFrom` | the id of a client; then the same |
//! | `Sent` | the number of a send |
//! | `SentTo` | the id of a client; the number of a send |
//! | `DataEnd` | none |
//! | any other | one value, see [`crate::event`] |
//!
//! Among messages, `undefined` stands before a run: a string or an ArrayBuffer, and a string whose
//! characters are the lengths of the messages that are cut out of it (of an ArrayBuffer as views).
//! Without any, one view is all of it.
use std::time::{Duration, Instant};

use arkws_netstack::{BusinessError, CloseOptions, ConnectionCause};
use napi::{Error, Result};

use crate::call::Call;
use crate::environment::Environment;
use crate::event::Event;
use crate::napi::{Env, Scope, Value};
use crate::object_id::ObjectId;
use crate::operation::Operation;
use crate::options::BinaryType;
use crate::payloads::Payloads;
use crate::queue::batch::{Batch, Cursor, Item, ItemKind, Origin, PayloadLocation};
use crate::report::{Consumed, Interrupted};

/// A call is made when it has so many values...
const VALUES: usize = 256;
/// ...or so many messages, of which one value may hold many.
const MESSAGES_AT_ONCE: usize = 1024;

/// `drain` stops between two calls after this long: timers and other sockets have their turn.
const BUDGET: Duration = Duration::from_millis(10);

/// `drain()`: delivers what lies ready, for a few milliseconds, and tells whether there is more. If
/// so, JavaScript calls again after a turn of its event loop, so that timers and other sockets get
/// theirs; if not, `wake` will be called: when there is something new, or at once, if `deliver` has
/// stopped. Node-API runs what is due in JavaScript, promise jobs among it, between two calls of
/// `wake`, and only there.
pub(crate) fn drain(call: Call<'_>) -> Result<Value<'_>> {
    let environment = call.environment;
    let more = match deliver_all(call.env, environment) {
        Ok(Progress::Done) => {
            let mut batches = environment.batches.take();
            let more = environment.queue.give_back(&mut batches);
            environment.batches.replace(batches);
            more
        }
        Ok(Progress::Paused) => true,
        Ok(Progress::Stopped) => {
            environment.wake_again();
            false
        }
        // No JavaScript runs any more.
        Err(_) => {
            environment.queue.close();
            false
        }
    };
    call.env.convert(more)
}

/// Delivers what was interrupted, then what lies ready.
///
/// # Errors
/// No JavaScript can run in the environment.
fn deliver_all(env: &mut Env, environment: &Environment) -> Result<Progress> {
    let interrupted = environment.interrupted.take();
    let was_interrupted = interrupted.is_some();
    let Interrupted { until, consumed } = interrupted.unwrap_or_default();
    let now = Instant::now();
    let mut segment = Segment {
        environment,
        until: until.unwrap_or(now + BUDGET),
        consumed,
    };
    if now >= segment.until {
        segment.interrupt(None);
        return Ok(Progress::Paused);
    }
    if was_interrupted && segment.call(env, &[])? == Called::Stopped {
        segment.interrupt(Some(segment.until));
        return Ok(Progress::Stopped);
    }
    let mut batches = environment.batches.take();
    if batches.is_empty() {
        environment.queue.take(&mut batches);
    }
    let mut progress = Progress::Done;
    for batch in &mut batches {
        progress = deliver(env, &mut segment, batch)?;
        if progress != Progress::Done {
            break;
        }
    }
    environment.batches.replace(batches);
    if progress == Progress::Stopped {
        segment.interrupt(Some(segment.until));
    }
    Ok(progress)
}

/// How far a batch has come.
#[derive(PartialEq, Eq)]
enum Progress {
    Done,
    /// Its time was over; its [`Cursor`] says where to go on.
    Paused,
    /// `deliver` has stopped; the [`Cursor`] is behind what it was given.
    Stopped,
}

/// What a call of `deliver` has come to.
#[derive(PartialEq, Eq)]
enum Called {
    /// It was not called: there is room for more values.
    Not,
    Done,
    /// What the program has to do now comes first, as promise jobs. JavaScript has the rest of the
    /// values.
    Stopped,
}

/// What is delivered without a stop.
struct Segment<'e> {
    environment: &'e Environment,
    until: Instant,
    /// What the network thread is told when values have been handed on.
    consumed: Vec<Consumed>,
}

impl Segment<'_> {
    /// Has JavaScript hand on values, or what it has kept. Only then do they count as consumed.
    ///
    /// # Errors
    /// No JavaScript can run in the environment.
    fn call(&mut self, env: &Env, values: &[Value<'_>]) -> Result<Called> {
        let called = match self.environment.deliver.call(env, values) {
            Ok(stopped) if env.is_true(stopped)? => return Ok(Called::Stopped),
            Ok(_) => Ok(Called::Done),
            Err(error) => recover(env, error).map(|()| Called::Done),
        };
        self.report();
        called
    }

    fn report(&mut self) {
        for consumed in self.consumed.drain(..) {
            let Consumed {
                object,
                origin,
                events,
                bytes,
            } = consumed;
            // An object that a listener has freed needs no report.
            match origin {
                Origin::Client | Origin::Pieces => {
                    if let Ok(object) = self.environment.client(object) {
                        object.consumed(events, bytes);
                    }
                }
                Origin::Connection(client) => {
                    if let Ok(object) = self.environment.server(object) {
                        object.consumed(client, events, bytes);
                    }
                }
            }
        }
    }

    /// The next `drain` goes on with what JavaScript has kept.
    fn interrupt(&mut self, until: Option<Instant>) {
        let consumed = std::mem::take(&mut self.consumed);
        let interrupted = Interrupted { until, consumed };
        self.environment.interrupted.replace(Some(interrupted));
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Raises the exception that made a call fail as one that nobody has caught, and goes on.
///
/// # Errors
/// There is none, or it cannot be cleared: no JavaScript can run in the environment.
fn recover(env: &Env, error: Error) -> Result<()> {
    match env.take_exception()? {
        Some(exception) => env.uncaught(exception),
        None => Err(error),
    }
}

/// Delivers what is left of a batch.
///
/// # Errors
/// No JavaScript can run in the environment.
fn deliver(env: &mut Env, segment: &mut Segment<'_>, batch: &mut Batch) -> Result<Progress> {
    let Batch {
        items,
        locations,
        arenas,
        lengths,
        owned,
        cursor,
        ..
    } = batch;
    let mut delivery = Delivery {
        environment: segment.environment,
        segment,
        locations: &locations[cursor.locations..],
        payloads: Payloads {
            narrow: &arenas.narrow[cursor.narrow..],
            wide: &arenas.wide[cursor.wide..],
            lengths: &lengths[cursor.lengths..],
            owned: &mut owned[cursor.owned..],
        },
        messages: 0,
    };
    let delivered = delivery.items(env, &mut items[cursor.items..]);
    let left = delivery.left();
    *cursor = Cursor {
        items: items.len() - delivered.as_ref().map_or(0, |(left, _)| *left),
        locations: locations.len() - left.locations,
        narrow: arenas.narrow.len() - left.narrow,
        wide: arenas.wide.len() - left.wide,
        lengths: lengths.len() - left.lengths,
        owned: owned.len() - left.owned,
    };
    delivered.map(|(_, progress)| progress)
}

struct Delivery<'b, 's, 'e> {
    environment: &'e Environment,
    segment: &'s mut Segment<'e>,
    locations: &'b [PayloadLocation],
    payloads: Payloads<'b>,
    /// How many messages the values of the next call are.
    messages: usize,
}

impl Delivery<'_, '_, '_> {
    /// Delivers items until they are done, the time is over, or `deliver` stops; how many are left.
    ///
    /// # Errors
    /// No JavaScript can run in the environment.
    fn items(&mut self, env: &mut Env, items: &mut [Item]) -> Result<(usize, Progress)> {
        let mut spare = Vec::with_capacity(VALUES + 4);
        let mut done = 0;
        loop {
            let scope = Scope::open(env)?;
            let mut values = emptied(spare);
            done += self.fill(scope.env(), &mut items[done..], &mut values)?;
            let is_full = self.is_full(&values);
            let called = self.call(scope.env(), &values)?;
            spare = emptied(values);
            let left = items.len() - done;
            match called {
                Called::Stopped => return Ok((left, Progress::Stopped)),
                // Before it is full it takes all items.
                _ if !is_full => return Ok((0, Progress::Done)),
                Called::Done if self.segment.is_over() => return Ok((left, Progress::Paused)),
                Called::Not | Called::Done => {}
            }
        }
    }

    /// The values of one call, as many as it takes; the items that are done with them.
    fn fill<'v>(
        &mut self,
        env: &'v Env,
        items: &mut [Item],
        values: &mut Vec<Value<'v>>,
    ) -> Result<usize> {
        for (index, Item { object, kind }) in items.iter_mut().enumerate() {
            let object = *object;
            match kind {
                ItemKind::Messages { origin, locations } => {
                    while *locations > 0 {
                        *locations -= self.messages(env, object, *origin, *locations, values)?;
                        if self.is_full(values) {
                            // With no locations left this item is passed over next time.
                            return Ok(index);
                        }
                    }
                }
                ItemKind::Sent { client, through } => {
                    match *client {
                        None => header(env, object, Operation::Sent, values)?,
                        Some(client) => {
                            header(env, object, Operation::SentTo, values)?;
                            values.push(env.number(client)?);
                        }
                    }
                    values.push(env.number(*through)?);
                }
                ItemKind::DataEnd => header(env, object, Operation::DataEnd, values)?,
                ItemKind::Event(event) => {
                    if let Some(event) = event.take() {
                        self.event(env, object, *event, values)?;
                    }
                }
            }
            if self.is_full(values) {
                return Ok(index + 1);
            }
        }
        Ok(items.len())
    }

    fn is_full(&self, values: &[Value<'_>]) -> bool {
        values.len() >= VALUES || self.messages >= MESSAGES_AT_ONCE
    }

    /// What is left of the batch.
    fn left(&self) -> Cursor {
        Cursor {
            items: 0,
            locations: self.locations.len(),
            narrow: self.payloads.narrow.len(),
            wide: self.payloads.wide.len(),
            lengths: self.payloads.lengths.len(),
            owned: self.payloads.owned.len(),
        }
    }

    fn event<'v>(
        &mut self,
        env: &'v Env,
        object: ObjectId,
        event: Event,
        values: &mut Vec<Value<'v>>,
    ) -> Result<()> {
        match &event {
            Event::Close(_) | Event::Idle => self.environment.forget_refusal(object, None),
            Event::Disconnected { client, .. } => {
                self.environment.forget_refusal(object, Some(*client));
            }
            _ => {}
        }
        let (operation, value) = match event.into_js(env, self.environment, object) {
            Ok(event) => event,
            // It cannot be told in JavaScript's own words: then as an exception that nobody caught.
            Err(error) => return recover(env, error),
        };
        header(env, object, operation, values)?;
        values.push(value);
        Ok(())
    }

    /// As many of the next messages as one call takes, of at most `locations`; how many of those
    /// that were.
    fn messages<'v>(
        &mut self,
        env: &'v Env,
        object: ObjectId,
        origin: Origin,
        locations: usize,
        values: &mut Vec<Value<'v>>,
    ) -> Result<usize> {
        let begun = values.len();
        match origin {
            Origin::Client => header(env, object, Operation::Messages, values)?,
            Origin::Pieces => header(env, object, Operation::Pieces, values)?,
            Origin::Connection(client) => {
                header(env, object, Operation::MessagesFrom, values)?;
                values.push(env.number(client)?);
            }
        }
        let headed = values.len();
        let views = origin.connection().is_none()
            && self.environment.binary_type(object) == BinaryType::Uint8Array;
        let mut consumed = Consumed {
            object,
            origin,
            events: 0,
            bytes: 0,
        };
        let mut refused = self.environment.is_refused(object, origin.connection());
        let mut dropped = None;
        let mut done = 0;
        while done < locations
            && (done == 0 || values.len() < VALUES)
            && self.messages < MESSAGES_AT_ONCE
        {
            let (location, rest) = self
                .locations
                .split_first()
                .expect("as many as the item says");
            self.locations = rest;
            let whole = values.len();
            let make_buffer = &self.environment.make_buffer;
            let (events, bytes, made) =
                self.payloads
                    .push(env, make_buffer, location, views, values);
            if made.is_err() && !refused {
                refused = true;
                dropped = Some(bytes);
            }
            if refused {
                values.truncate(whole);
            }
            consumed.events += events;
            consumed.bytes += bytes;
            self.messages += events;
            done += 1;
        }
        self.segment.consumed.push(consumed);
        if values.len() == headed {
            values.truncate(begun);
        }
        if let Some(bytes) = dropped {
            self.refuse(env, object, origin, bytes, values)?;
        }
        Ok(done)
    }

    /// JavaScript has no room for a message: its connection is closed, and nothing else is touched.
    fn refuse<'v>(
        &mut self,
        env: &'v Env,
        object: ObjectId,
        origin: Origin,
        bytes: usize,
        values: &mut Vec<Value<'v>>,
    ) -> Result<()> {
        // What was said of it was said to us.
        env.take_exception()?;
        let connection = origin.connection();
        self.environment.refuse(object, connection);
        let why = format!("no room in JavaScript's memory for a message of {bytes} bytes");
        let options = CloseOptions {
            code: Some(CloseOptions::TOO_BIG),
            reason: Some(why.clone()),
        };
        // One that is closing already needs no other close; one that is gone neither.
        match connection {
            None => {
                if let Ok(object) = self.environment.client(object) {
                    let _ = object.close(options);
                }
            }
            Some(client) => {
                if let Ok(object) = self.environment.server(object) {
                    object.close_client(client, options);
                }
            }
        }
        let error = BusinessError::connection_lost(why, ConnectionCause::TooBig);
        self.event(env, object, Event::Error(error), values)
    }

    /// Has JavaScript hand on the values that were made.
    fn call(&mut self, env: &Env, values: &[Value<'_>]) -> Result<Called> {
        self.messages = 0;
        if values.is_empty() {
            // Of messages that are not given to JavaScript.
            self.segment.report();
            return Ok(Called::Not);
        }
        self.segment.call(env, values)
    }
}

/// Begins a record.
fn header<'v>(
    env: &'v Env,
    object: ObjectId,
    operation: Operation,
    values: &mut Vec<Value<'v>>,
) -> Result<()> {
    values.push(env.number(object)?);
    values.push(env.number(operation)?);
    Ok(())
}

/// The memory of a list for values of another scope: the compiler reuses it, since both are of one
/// size.
fn emptied<'v>(mut values: Vec<Value<'_>>) -> Vec<Value<'v>> {
    values.clear();
    values
        .into_iter()
        .map(|_| -> Value<'v> { unreachable!("it is empty") })
        .collect()
}
