//! What was measured, in words.
use std::fmt::Write;

use super::results::{Distribution, Flow, Results};
use super::units::{bytes, grouped, time};
use crate::escape;

/// The results as a person reads them.
pub(super) fn table(results: &Results) -> String {
    let mut text = String::new();
    for (name, value) in rows(results) {
        _ = writeln!(text, "{name:<12} {value}");
    }
    text.truncate(text.trim_end().len());
    text
}

/// Names and values; one without a name goes on with the one before.
pub(super) fn rows(results: &Results) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("server", results.url.clone()),
        ("load", load(results)),
        ("connections", connections(results)),
        ("sent", flow(&results.sent)),
    ];
    rows.extend(results.answered.as_ref().map(|it| ("answered", flow(it))));
    rows.extend(results.received.as_ref().map(|it| ("received", flow(it))));
    if let Some(latency) = &results.latency {
        let mut name = "latency";
        for (percentile, value) in percentiles(latency) {
            let value = time(value);
            rows.push((name, format!("{percentile:<8} {value:>10}")));
            name = "";
        }
    }
    if let Some(late) = &results.sent_late {
        let (half, most, all) = (time(late.p50), time(late.p99), time(late.max));
        let value = format!("50 % {half}, 99 % {most}, at most {all}");
        rows.push(("sent late", value));
    }
    rows.extend(notes(results).into_iter().map(|note| ("note", note)));
    let mut name = "errors";
    if results.errors.is_empty() {
        rows.push((name, "none".to_owned()));
    }
    for kind in &results.errors {
        let mut value = format!("{:>6}  {}", kind.count, kind.cause);
        if !kind.example.is_empty() {
            let example = kind.example.replace('\n', " ");
            _ = write!(value, " ({})", escape::controls(&example));
        }
        rows.push((name, value));
        name = "";
    }
    rows
}

/// What was asked for, in a few words.
pub(super) fn load(results: &Results) -> String {
    let load = &results.load;
    if load.receive_only {
        return match results.sent.messages {
            0 => "nothing is sent".to_owned(),
            _ => "one message is sent on each connection".to_owned(),
        };
    }
    let sizes: Vec<_> = load.sizes.iter().map(usize::to_string).collect();
    let sizes = sizes.join(", ");
    let kind = if load.text { "text" } else { "binary" };
    let pace = match (load.rate, load.window) {
        (Some(rate), _) => format!("{rate} messages a second"),
        (None, Some(window)) => format!("{window} in flight on each connection"),
        (None, None) => "as fast as the server takes them".to_owned(),
    };
    let answers = if load.send_only { ", no answers" } else { "" };
    format!("{kind} of {sizes} bytes, {pace}{answers}")
}

fn connections(results: &Results) -> String {
    let it = &results.connections;
    let (half, all) = (time(it.opening.p50), time(it.opening.max));
    let of = match it.opened == it.wanted {
        true => String::new(),
        false => format!(" of {}", it.wanted),
    };
    format!(
        "{}{of}, each opened in {half} (50 %), {all} at most",
        it.opened
    )
}

fn flow(flow: &Flow) -> String {
    format!(
        "{} messages in {:.2} s: {}/s, {}/s",
        grouped(flow.messages as f64),
        flow.seconds,
        grouped(flow.messages_per_second),
        bytes(flow.bytes_per_second)
    )
}

fn percentiles(it: &Distribution) -> [(&'static str, f64); 10] {
    [
        ("least", it.min),
        ("mean", it.mean),
        ("50 %", it.p50),
        ("75 %", it.p75),
        ("90 %", it.p90),
        ("95 %", it.p95),
        ("99 %", it.p99),
        ("99.9 %", it.p99_9),
        ("99.99 %", it.p99_99),
        ("most", it.max),
    ]
}

/// What a reader of the numbers should know.
fn notes(results: &Results) -> Vec<String> {
    let mut notes = Vec::new();
    if results.interrupted {
        notes.push("interrupted: this is what was measured until then".to_owned());
    }
    let answers = results.answered.as_ref().map_or(0, |it| it.messages);
    if results.unanswered > 0 && answers > 0 {
        notes.push(format!(
            "{} messages had no answer when the run ended; the latencies are those of the others",
            results.unanswered
        ));
    }
    if results.unasked > 0 && results.answered.is_some() {
        notes.push(format!(
            "{} messages came though none waited for an answer: if the server sends of its own \
             accord, the latencies mean nothing",
            results.unasked
        ));
    }
    notes
}
