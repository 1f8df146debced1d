//! What a run came to, in words.
use std::fmt::Write;

use crate::Run;
use crate::drive::Outcome;

/// The table.
pub(crate) fn text(outcomes: &[Outcome]) -> String {
    let mut text = "| | Rust | Node.js |\n|---|---:|---:|\n".to_owned();
    let mut row = |what: &str, of: &dyn Fn(&Outcome) -> String| {
        let cells: Vec<String> = outcomes.iter().map(of).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
    };
    row("connections of its clients", &|end| {
        grouped(end.counts.connections)
    });
    row("… closed by both sides", &|end| {
        grouped(end.counts.closed)
    });
    row("messages there and back", &|end| {
        grouped(end.counts.messages)
    });
    row("… in MiB", &|end| grouped(end.counts.bytes >> 20));
    row("faults", &|end| grouped(end.counts.faults));
    for (number, what) in [
        "memory, second → last quarter, in MiB",
        "memory of JavaScript, likewise",
    ]
    .iter()
    .enumerate()
    {
        row(what, &|end| {
            let (before, after) = end.rows[number].values;
            format!("{:.1} → {:.1}", mebibytes(before), mebibytes(after))
        });
    }
    for (number, what) in [
        (2, "descriptors, before the first and after the last client"),
        (3, "threads, likewise"),
    ] {
        row(what, &|end| {
            let (before, after) = end.rows[number].values;
            format!("{before} → {after}")
        });
    }
    row(
        "event loop late, 99 % of each second, median of all, in ms",
        &|end| {
            let mut late: Vec<f64> = end
                .samples
                .iter()
                .map(|sample| sample.counts.late)
                .collect();
            late.sort_by(f64::total_cmp);
            let median = late.get(late.len() / 2).copied().unwrap_or_default();
            if median == 0.0 {
                "–".to_owned()
            } else {
                format!("{median:.1}")
            }
        },
    );
    text
}

/// The page of the book.
pub(crate) fn page(run: &Run, outcomes: &[Outcome]) -> String {
    let Run { minutes, load, .. } = run;
    let half = load.connections / 2;
    format!(
        "\
# Soak

Two processes for {minutes} minutes, one in Rust and one in Node.js. Each has a server that sends
messages back, and {half} clients of the other's server. Half of them compress. A client sends
messages of up to 1 MiB one after the other and checks what comes back. After at most 60 it closes,
or asks the server to, or drops the connection; then it connects anew. `cargo xtask soak` does the
same, and fails when anything is lost, or what a process holds grows.

{}
![Memory and how late the event loop was, over time](soak.svg)
",
        text(outcomes)
    )
}

pub(crate) fn mebibytes(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

/// With a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_have_commas() {
        let grouped = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }
}
