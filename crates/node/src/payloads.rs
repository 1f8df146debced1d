//! Payloads as values of JavaScript: messages by themselves, and runs of them as one value of which
//! JavaScript cuts the messages.
use napi::{Error, Result, Status};

use crate::napi::{Env, Function, Value};
use crate::queue::batch::{Kind, OwnedPayload, PayloadLocation};

/// Buffers from this size on are made by JavaScript, which can say that there is no memory. Bytes.
const MADE_BY_JAVASCRIPT: usize = 1 << 20;

/// The payloads that have not been delivered.
pub(crate) struct Payloads<'b> {
    pub(crate) narrow: &'b [u8],
    pub(crate) wide: &'b [u16],
    pub(crate) lengths: &'b [u16],
    pub(crate) owned: &'b mut [OwnedPayload],
}

impl<'b> Payloads<'b> {
    /// Appends the next messages, binary ones perhaps as `views`; how many, and the bytes that were
    /// received for them. They count as consumed also where JavaScript could not make the values.
    pub(crate) fn push<'e>(
        &mut self,
        env: &'e Env,
        make_buffer: &Function,
        location: &PayloadLocation,
        views: bool,
        values: &mut Vec<Value<'e>>,
    ) -> (usize, usize, Result<()>) {
        match *location {
            PayloadLocation::Run {
                kind,
                count,
                len,
                received,
            } => {
                let lengths = split_off(&mut self.lengths, count as usize);
                let run = self.next(kind, len as usize);
                let made = push_run(env, run, lengths, views, values);
                (count as usize, received as usize, made)
            }
            PayloadLocation::Small {
                kind,
                len,
                received,
            } => {
                let value = self.next(kind, len as usize).value(env);
                let made = value.and_then(|value| push_whole(env, kind, value, views, values));
                (1, received as usize, made)
            }
            PayloadLocation::Owned { kind } => {
                let owned = std::mem::take(&mut self.owned);
                let (first, rest) = owned.split_first_mut().expect("one each");
                self.owned = rest;
                let bytes = std::mem::take(first);
                let value = match kind {
                    Kind::Binary if bytes.len() >= MADE_BY_JAVASCRIPT => make_buffer
                        .make_array_buffer(env, &bytes)
                        .and_then(|made| made.ok_or_else(no_memory)),
                    Kind::Binary => env.copied_array_buffer(&bytes),
                    Kind::Latin1 | Kind::Utf16 => env.latin1(&bytes),
                };
                let made = value.and_then(|value| push_whole(env, kind, value, views, values));
                (1, bytes.len(), made)
            }
        }
    }

    /// What lies next in the arena.
    fn next(&mut self, kind: Kind, len: usize) -> Small<'b> {
        match kind {
            Kind::Latin1 => Small::Latin1(split_off(&mut self.narrow, len)),
            Kind::Utf16 => Small::Utf16(split_off(&mut self.wide, len)),
            Kind::Binary => Small::Binary(split_off(&mut self.narrow, len)),
        }
    }
}

/// A payload in an arena.
#[derive(Clone, Copy)]
enum Small<'b> {
    Latin1(&'b [u8]),
    Utf16(&'b [u16]),
    Binary(&'b [u8]),
}

impl Small<'_> {
    fn value(self, env: &Env) -> Result<Value<'_>> {
        match self {
            Small::Latin1(bytes) => env.latin1(bytes),
            Small::Utf16(units) => env.utf16(units),
            Small::Binary(bytes) => env.copied_array_buffer(bytes),
        }
    }

    /// The next so many bytes, or units.
    fn split_off(&mut self, len: usize) -> Self {
        match self {
            Small::Latin1(bytes) => Small::Latin1(split_off(bytes, len)),
            Small::Utf16(units) => Small::Utf16(split_off(units, len)),
            Small::Binary(bytes) => Small::Binary(split_off(bytes, len)),
        }
    }
}

/// Appends a run: as one value of which JavaScript cuts the messages, or as the messages.
fn push_run<'e>(
    env: &'e Env,
    mut run: Small<'_>,
    lengths: &[u16],
    views: bool,
    values: &mut Vec<Value<'e>>,
) -> Result<()> {
    let cut = match run {
        Small::Latin1(_) | Small::Utf16(_) => lengths.len() > 1,
        Small::Binary(_) => views,
    };
    if cut {
        values.extend([env.undefined()?, run.value(env)?, env.utf16(lengths)?]);
        return Ok(());
    }
    for len in lengths {
        values.push(run.split_off(usize::from(*len)).value(env)?);
    }
    Ok(())
}

/// Appends a message that is a value by itself.
fn push_whole<'e>(
    env: &'e Env,
    kind: Kind,
    value: Value<'e>,
    views: bool,
    values: &mut Vec<Value<'e>>,
) -> Result<()> {
    if kind == Kind::Binary && views {
        values.extend([env.undefined()?, value, env.utf16(&[])?]);
    } else {
        values.push(value);
    }
    Ok(())
}

fn no_memory() -> Error {
    Error::new(
        Status::GenericFailure,
        "arkws: there is no memory for a message",
    )
}

fn split_off<'b, T>(arena: &mut &'b [T], len: usize) -> &'b [T] {
    let (head, rest) = arena.split_at(len);
    *arena = rest;
    head
}
