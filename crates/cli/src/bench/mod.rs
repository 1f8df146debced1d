//! `arkws bench`: how much a server answers, and how long its answers take.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs`, `size.rs`, `plan.rs`, `payload.rs` | the arguments; what is sent, and when |
//! | `schedule.rs`, `alarm.rs` | when each message of a rate is due; waiting for that to less than a millisecond |
//! | `run.rs`, `phase.rs`, `shared.rs` | a run from its first connection to its end; what its connections share |
//! | `connection.rs`, `descriptors.rs` | one connection: sends what is due, pairs answers with messages; as many as are asked for |
//! | `numbers.rs`, `errors.rs`, `timeline.rs` | what is counted: by all, by cause, over time |
//! | `progress.rs` | what a person sees meanwhile |
//! | `results.rs`, `table.rs`, `units.rs` | what was measured, as JSON and in words |
//! | `report.rs`, `chart.rs` | the same as a page or a picture |
mod alarm;
mod arguments;
mod chart;
mod connection;
mod descriptors;
mod errors;
mod numbers;
mod payload;
mod phase;
mod plan;
mod progress;
mod report;
mod results;
mod run;
mod schedule;
mod shared;
mod size;
mod table;
mod timeline;
mod units;

pub(crate) use arguments::BenchArguments;

use std::io::{self, Write};
use std::thread;

use arkws::WebSocketUrl;

use crate::exit::{Exit, Failure};
use crate::stop::{Reason, Stop};
use plan::Plan;
use report::ReportFile;
use results::Results;
use run::Run;

/// Threads to run it on: who measures shall be no slower than what is measured.
pub(crate) fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Runs the subcommand.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: BenchArguments) -> Result<Exit, Failure> {
    let url = WebSocketUrl::parse(&arguments.url);
    let url = url.map_err(Failure::of_url)?;
    let plan = Plan::new(&arguments)?;
    descriptors::allow(plan.connections)?;
    let report = arguments.report.map(ReportFile::new).transpose()?;
    let client = arguments.client.client()?;
    let stop = Stop::on_ctrl_c();
    let Some(run) = Run::start(client, &url, plan, &stop).await? else {
        return Ok(Exit::Interrupted);
    };
    let results = run.finish(&stop).await;
    print(&results, arguments.json)?;
    if let Some(report) = report {
        report.write(&results)?;
    }
    if stop.reason() == Some(Reason::Interrupted) {
        return Ok(Exit::Interrupted);
    }
    results.verdict()
}

fn print(results: &Results, as_json: bool) -> Result<(), Failure> {
    let text = match as_json {
        true => serde_json::to_string_pretty(results).map_err(io::Error::other),
        false => Ok(table::table(results)),
    };
    let mut stdout = io::stdout().lock();
    let written = text.and_then(|text| writeln!(stdout, "{text}"));
    written.map_err(|error| Failure::fault(format!("cannot write the results: {error}")))
}
