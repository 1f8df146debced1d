//! What was found: the steps, as they happen, and the faults.
use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arkws::{Cause, Error};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fault::Fault;
use crate::escape;
use crate::exit::Exit;

/// What is tried, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    Name,
    Address,
    Proxy,
    Tls,
    Http,
    Subprotocol,
    Extensions,
    Ping,
    Idle,
    Close,
}

impl Stage {
    const ALL: [Stage; 10] = [
        Stage::Name,
        Stage::Address,
        Stage::Proxy,
        Stage::Tls,
        Stage::Http,
        Stage::Subprotocol,
        Stage::Extensions,
        Stage::Ping,
        Stage::Idle,
        Stage::Close,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Stage::Name => "name",
            Stage::Address => "address",
            Stage::Proxy => "proxy",
            Stage::Tls => "tls",
            Stage::Http => "http",
            Stage::Subprotocol => "subprotocol",
            Stage::Extensions => "extensions",
            Stage::Ping => "ping",
            Stage::Idle => "idle",
            Stage::Close => "close",
        }
    }
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Failed,
    Skipped,
}

/// One step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    step: Stage,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<f64>,
    words: String,
    /// Of a failed one: the name by which the book knows why.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// What else there is to say, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<String>,
    /// The same for programs.
    #[serde(flatten)]
    data: Map<String, Value>,
}

impl Step {
    fn new(step: Stage, state: State, words: impl Into<String>) -> Step {
        Step {
            step,
            state,
            milliseconds: None,
            words: words.into(),
            cause: None,
            details: Vec::new(),
            data: Map::new(),
        }
    }

    pub(super) fn ok(step: Stage, words: impl Into<String>) -> Step {
        Step::new(step, State::Ok, words)
    }

    pub(super) fn failed(step: Stage, cause: Cause, words: impl Into<String>) -> Step {
        Step {
            cause: Some(cause.as_str()),
            ..Step::new(step, State::Failed, words)
        }
    }

    /// With the words of this error.
    pub(super) fn failed_with(step: Stage, error: &Error) -> Step {
        Step::failed(step, error.cause(), error.to_string())
    }

    pub(super) fn skipped(step: Stage, words: impl Into<String>) -> Step {
        Step::new(step, State::Skipped, words)
    }

    /// It began then, and is over now.
    pub(super) fn since(self, began: Instant) -> Step {
        self.took(began.elapsed())
    }

    pub(super) fn took(mut self, time: Duration) -> Step {
        // Microseconds are enough.
        self.milliseconds = Some((time.as_secs_f64() * 1e6).round() / 1e3);
        self
    }

    pub(super) fn details(mut self, details: impl IntoIterator<Item = String>) -> Step {
        self.details.extend(details);
        self
    }

    pub(super) fn data(mut self, name: &str, value: impl Into<Value>) -> Step {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

/// All that was found, shared by those who find it.
#[derive(Debug, Clone)]
pub(super) struct Report(Arc<Mutex<Found>>);

#[derive(Debug)]
struct Found {
    url: String,
    json: bool,
    steps: Vec<Step>,
    faults: Vec<Fault>,
    notes: Vec<String>,
    has_colours: bool,
}

/// The whole document.
#[derive(Debug, Serialize)]
struct Document<'a> {
    url: &'a str,
    good: bool,
    steps: &'a [Step],
    faults: &'a [Fault],
    notes: &'a [String],
}

impl Report {
    pub(super) fn new(url: &str, json: bool) -> Report {
        Report(Arc::new(Mutex::new(Found {
            url: url.to_owned(),
            json,
            steps: Vec::new(),
            faults: Vec::new(),
            notes: Vec::new(),
            has_colours: io::stdout().is_terminal() && !is_set("NO_COLOR"),
        })))
    }

    /// Shows a step.
    pub(super) fn step(&self, step: Step) {
        let mut found = self.found();
        if !found.json {
            print(&shown(&step, found.has_colours));
        }
        found.steps.push(step);
    }

    /// Something is wrong.
    pub(super) fn fault(&self, fault: Fault) {
        self.found().faults.push(fault);
    }

    /// Something that is no fault yet.
    pub(super) fn note(&self, note: String) {
        self.found().notes.push(note);
    }

    /// Makes another fault of the one that was found last.
    pub(super) fn amend(&self, amend: impl FnOnce(&Fault) -> Fault) {
        if let Some(last) = self.found().faults.last_mut() {
            *last = amend(last);
        }
    }

    /// Says which steps there was no coming to.
    pub(super) fn skip_the_rest(&self) {
        let mut found = self.found();
        let last = found.steps.iter().map(|step| step.step).max();
        let rest = Stage::ALL.into_iter().filter(|name| Some(*name) > last);
        let rest: Vec<Stage> = rest.collect();
        if !rest.is_empty() && !found.json {
            let names: Vec<_> = rest.iter().map(|name| name.as_str()).collect();
            let skipped = state_words(State::Skipped, found.has_colours);
            print(&format!("{skipped} {}", names.join(", ")));
        }
        let steps = rest
            .into_iter()
            .map(|name| Step::skipped(name, "not reached"));
        found.steps.extend(steps);
    }

    /// The verdict.
    pub(super) fn end(&self) -> Exit {
        let found = self.found();
        let good = found.faults.is_empty();
        if found.json {
            let document = Document {
                url: &found.url,
                good,
                steps: &found.steps,
                faults: &found.faults,
                notes: &found.notes,
            };
            let text = serde_json::to_string_pretty(&document);
            print(&text.expect("strings and numbers"));
        } else {
            print("");
            if good {
                let words = format!("{} is well: no fault was found.", found.url);
                print(&one_line(&words));
            }
            for fault in &found.faults {
                print(&one_line(&fault.what));
                print(&one_line(&fault.advice));
            }
            for note in &found.notes {
                print(&one_line(note));
            }
        }
        match good {
            true => Exit::Good,
            false => Exit::Fault,
        }
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step as lines for a person.
fn shown(step: &Step, has_colours: bool) -> String {
    let state = state_words(step.state, has_colours);
    let time = step.milliseconds.map(|time| format!(" ({time:.1} ms)"));
    let mut text = format!(
        "{state} {:<12} {}{}",
        step.step.as_str(),
        one_line(&step.words),
        time.unwrap_or_default()
    );
    let cause = step.cause.map(|name| format!("[{name}]"));
    for detail in cause.iter().chain(&step.details) {
        text.push_str(&format!("\n{:22}{}", "", one_line(detail)));
    }
    text
}

fn state_words(state: State, has_colours: bool) -> String {
    let (word, colour) = match state {
        State::Ok => ("ok", "32"),
        State::Failed => ("failed", "31"),
        State::Skipped => ("skipped", "2"),
    };
    match has_colours {
        true => format!("\x1b[{colour}m{word:<8}\x1b[0m"),
        false => format!("{word:<8}"),
    }
}

/// What others have said may be in it: that makes no line of its own, which would look like ours.
fn one_line(text: &str) -> String {
    escape::controls(text).replace('\n', "\\n")
}

fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Writes it to standard output, now. Whoever does not want to read on is told nothing more.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    _ = writeln!(stdout, "{text}");
    _ = stdout.flush();
}
