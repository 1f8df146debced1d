//! What a run does.
use std::time::Duration;

use super::arguments::BenchArguments;
use super::payload::Payload;
use crate::exit::Failure;

/// What is sent on how many connections, when, and for how long.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) connections: u32,
    /// The time over which they are opened.
    pub(super) ramp: Duration,
    pub(super) duration: Duration,
    /// Most messages, on all connections.
    pub(super) messages: Option<u64>,
    pub(super) pace: SendPace,
    /// Whether answers are expected.
    pub(super) expects_answers: bool,
    /// For how long they are, when nothing more is sent.
    pub(super) wait: Duration,
    pub(super) payload: Payload,
    pub(super) verifies: bool,
}

/// When a connection sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum SendPace {
    /// So many messages a second, on all connections.
    Rate(f64),
    /// While fewer messages than this wait for answers, on one connection.
    Window(usize),
    /// As fast as the server takes messages.
    Unbounded,
    /// At the beginning, so many messages.
    AtFirst(u64),
}

/// Messages without an answer in all, at most, so that memory has a bound whatever the rate is.
const MOST_IN_FLIGHT: usize = 1 << 20;

impl Plan {
    /// # Errors
    /// The arguments cannot be used.
    pub(super) fn new(arguments: &BenchArguments) -> Result<Plan, Failure> {
        let load = &arguments.load;
        let payload = &arguments.payload;
        let pace = match (load.rate, load.send_only) {
            _ if load.receive_only => {
                let is_given = payload.message.is_some() || payload.file.is_some();
                SendPace::AtFirst(u64::from(is_given))
            }
            (Some(rate), _) => SendPace::Rate(rate),
            (None, true) => SendPace::Unbounded,
            (None, false) => SendPace::Window(load.window.unwrap_or(1) as usize),
        };
        Ok(Plan {
            connections: load.connections,
            ramp: load.ramp.unwrap_or_default(),
            duration: load.duration,
            messages: load.messages,
            pace,
            expects_answers: !load.send_only && !load.receive_only,
            wait: load.wait,
            payload: Payload::new(payload)?,
            verifies: payload.verify,
        })
    }

    /// Whether messages are only received.
    pub(super) fn only_receives(&self) -> bool {
        matches!(self.pace, SendPace::AtFirst(_))
    }

    /// Messages of one connection that may wait for answers.
    pub(super) fn most_in_flight(&self) -> usize {
        match self.pace {
            SendPace::Window(window) => window,
            _ => (MOST_IN_FLIGHT / self.connections as usize).max(1),
        }
    }
}
