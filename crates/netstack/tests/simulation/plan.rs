//! What happens in a run, drawn from its seed before it begins: a schedule of the simulation of
//! arkws, which has the network and the servers, and what the program of a client object does.
use std::time::Duration;

use arkws::{CloseFrame, Message};
use arkws_netstack::{Proxy, Reconnect, RequestOptions};

use crate::random::Random;
use crate::schedule::{Action, Attempt, End, Program, Schedule};

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) schedule: Schedule,
    pub(crate) reconnect: Option<Reconnect>,
    /// In seconds, as the option has them; 0: none.
    pub(crate) ping_interval: u64,
    pub(crate) pong_timeout: u64,
    /// What the program does with one `connect` after the other.
    pub(crate) connects: Vec<Connect>,
}

#[derive(Debug, Clone)]
pub(crate) struct Connect {
    pub(crate) steps: Vec<(Duration, Call)>,
    pub(crate) end: Finish,
}

#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// Sends a message. `feeds`: and hands it over itself, as far as that goes.
    Send {
        message: Message,
        feeds: bool,
    },
    Ping(Option<Vec<u8>>),
    /// Pauses, or resumes.
    Hold(bool),
}

#[derive(Debug, Clone)]
pub(crate) enum Finish {
    /// Waits for the server to end it, for half an hour, and then closes.
    Waits,
    Closes(Option<CloseFrame>),
    Terminates,
    /// Closes, and does not wait for the answer.
    ClosesAndTerminates(Option<CloseFrame>, Duration),
    /// Drops the object.
    Drops,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Plan {
        let mut schedule = Schedule::new(seed);
        let mut random = Random::new(!seed);
        let reconnects = random.percent(60);
        if reconnects {
            schedule.attempts.iter_mut().for_each(|attempt| {
                if let Attempt::Link(link) = attempt
                    && random.percent(70)
                {
                    leave(&mut random, &mut link.server);
                }
            });
        }
        let retry = &schedule.retry;
        let reconnect = reconnects.then(|| Reconnect {
            initial_delay: retry.initial_delay,
            max_delay: retry.max_delay,
            factor: retry.factor,
            // That is drawn from the system.
            jitter: false,
            max_attempts: random.one_of(&[None, None, Some(1), Some(3)]),
            max_queued_bytes: random.one_of(&[Reconnect::DEFAULT_MAX_QUEUED_BYTES, 3000]),
            ..Reconnect::default()
        });
        let (ping_interval, pong_timeout) = match schedule.client.heartbeat {
            None => (0, 0),
            Some(heartbeat) => {
                let timeout = seconds(heartbeat.timeout);
                (seconds(heartbeat.interval).max(timeout), timeout)
            }
        };
        let programs = schedule
            .attempts
            .iter()
            .filter_map(|attempt| match attempt {
                Attempt::Link(link) => Some(&link.client),
                _ => None,
            });
        let connects = match reconnects {
            true => {
                let steps = programs.flat_map(|program| {
                    let mut steps = steps(&mut random, program);
                    let longest = random.one_of(&[10, 1000, 30_000]);
                    if let Some((wait, _)) = steps.first_mut() {
                        *wait += random.millis_below(longest);
                    }
                    steps
                });
                let steps = steps.collect();
                let end = match finish(&mut random, &End::Closes(None)) {
                    Finish::Waits => Finish::Terminates,
                    end => end,
                };
                vec![Connect { steps, end }]
            }
            false => programs
                .map(|program| Connect {
                    steps: steps(&mut random, program),
                    end: finish(&mut random, &program.end),
                })
                .collect(),
        };
        Plan {
            reconnect,
            ping_interval,
            pong_timeout,
            connects,
            schedule,
        }
    }

    /// But for the connector.
    pub(crate) fn options(&self) -> RequestOptions {
        let client = &self.schedule.client;
        RequestOptions {
            proxy: Proxy::None,
            ping_interval: Some(self.ping_interval as f64),
            pong_timeout: Some(self.pong_timeout as f64),
            connect_timeout: Some(self.schedule.connect_timeout),
            handshake_timeout: Some(self.schedule.handshake_timeout),
            max_queued_bytes: Some(client.limits.max_queued).filter(|&limit| limit != usize::MAX),
            write_timeout: Some(client.write_timeout.unwrap_or_default()),
            message_timeout: client.message_timeout,
            per_message_deflate: self.schedule.deflate.is_some(),
            reconnect: self.reconnect.clone(),
            ..RequestOptions::default()
        }
    }
}

/// Whole ones, and not fewer.
fn seconds(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000) as u64
}

/// The server ends its connection, so that there is a reason to reconnect.
fn leave(random: &mut Random, server: &mut Program) {
    let code = random.one_of(&[1001, 1012, 1013, 1000]);
    server.end = match random.percent(70) {
        true => {
            let code = arkws::CloseCode::new(code).expect("it may be sent");
            End::Closes(Some(CloseFrame::new(code, "for a while")))
        }
        false => End::Drops,
    };
}

fn steps(random: &mut Random, program: &Program) -> Vec<(Duration, Call)> {
    let mut steps = Vec::new();
    for (number, step) in program.steps.iter().enumerate() {
        let call = match &step.action {
            Action::Send { message, flushes } => Call::Send {
                message: message.clone(),
                feeds: *flushes,
            },
            // A client object has no such call.
            Action::Pieces { message, ends, .. } => Call::Send {
                message: message.clone(),
                feeds: *ends,
            },
            Action::Ping(data) => Call::Ping(random.percent(50).then(|| data.to_vec())),
        };
        steps.push((step.wait, call));
        for &(after, lasts) in &program.pauses {
            if after == number {
                steps.push((Duration::ZERO, Call::Hold(true)));
                steps.push((lasts, Call::Hold(false)));
            }
        }
    }
    steps
}

fn finish(random: &mut Random, end: &End) -> Finish {
    let frame = match end {
        End::Waits => return Finish::Waits,
        End::Drops if random.percent(50) => return Finish::Drops,
        End::Drops => return Finish::Terminates,
        End::Closes(frame) => frame.clone(),
    };
    match random.below(10) {
        0 => Finish::ClosesAndTerminates(frame, random.millis_below(3000)),
        1 => Finish::Drops,
        2 => Finish::Terminates,
        _ => Finish::Closes(frame),
    }
}
