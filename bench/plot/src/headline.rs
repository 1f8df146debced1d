//! The ten rows of the headline: arkws beside the best other library.
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::results::{Cell, column};

const CPU: &str = "CPU ns/message";

/// Which results the headline shows: what a row is called, the saved file, the scenario in it, the
/// column that is compared, and the unit of its numbers. Rows that arkws loses are among them.
const ROWS: [(&str, &str, &str, &str, &str); 10] = [
    ("Rust: receive 16 B", "rust", "recv-16", CPU, "ns"),
    ("Rust: receive 64 KiB", "rust", "recv-64k", CPU, "ns"),
    ("Rust: send 16 B, batched", "rust", "send-16", CPU, "ns"),
    (
        "Rust: server echoes 16 B",
        "rust",
        "server-echo-16",
        CPU,
        "ns",
    ),
    ("Rust: connect and drop", "rust", "handshake", CPU, "ns"),
    (
        "Rust: memory of an idle connection",
        "rust",
        "idle",
        "resident bytes per connection",
        "B",
    ),
    (
        "Node.js: receive 16 B, text",
        "node",
        "recv-text-16",
        CPU,
        "ns",
    ),
    (
        "Node.js: receive 1 KiB, binary",
        "node",
        "recv-1k",
        CPU,
        "ns",
    ),
    (
        "Node.js: send 1 KiB, text",
        "node",
        "send-text-1k",
        CPU,
        "ns",
    ),
    (
        "Node.js: there and back, 16 B",
        "node",
        "ping-pong",
        CPU,
        "ns",
    ),
];

/// Peers that no library is compared with: sockets without a library, and bun, which is no library
/// for Node.js but another runtime.
const NO_LIBRARIES: &[&str] = &["raw", "bun"];

/// One row.
pub(crate) struct Row {
    pub(crate) about: &'static str,
    unit: &'static str,
    ours: Cell,
    best: Cell,
    best_name: String,
}

impl Row {
    /// What arkws takes of what the best other library takes.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours.value / self.best.value
    }

    /// The ratio with three significant digits.
    pub(crate) fn shown_ratio(&self) -> String {
        let ratio = self.ratio();
        if ratio < 1.0 {
            format!("{ratio:.3}")
        } else {
            format!("{ratio:.2}")
        }
    }
}

/// Reads the rows from a folder of saved results.
///
/// # Errors
/// A file or a result in it is missing.
pub(crate) fn read(saved: &Path) -> Result<Vec<Row>> {
    ROWS.iter()
        .map(|&(about, file, scenario, title, unit)| {
            let path = saved.join(file).with_extension("md");
            let document = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let all =
                column(&document, scenario, title).with_context(|| path.display().to_string())?;
            row(about, unit, &all).with_context(|| format!("{}: {scenario}", path.display()))
        })
        .collect()
}

fn row(about: &'static str, unit: &'static str, all: &[(&str, Cell)]) -> Result<Row> {
    let (_, ours) = all
        .iter()
        .find(|(name, _)| *name == "arkws")
        .context("arkws was not measured")?;
    let (best_name, best) = all
        .iter()
        .filter(|(name, _)| !name.starts_with("arkws") && !NO_LIBRARIES.contains(name))
        .min_by(|(_, a), (_, b)| a.value.total_cmp(&b.value))
        .context("no other library was measured")?;
    Ok(Row {
        about,
        unit,
        ours: ours.clone(),
        best: best.clone(),
        best_name: (*best_name).to_owned(),
    })
}

/// The rows as a table in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = "| | arkws | best other library | ratio |\n|---|---:|---:|---:|\n".to_owned();
    for row in rows {
        let Row {
            about,
            unit,
            best_name,
            ..
        } = row;
        let (ours, best, ratio) = (&row.ours.text, &row.best.text, row.shown_ratio());
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {about} | {ours} {unit} | {best} {unit}, {best_name} | {ratio} |"
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Cell, row};

    #[test]
    fn the_best_other_library_is_neither_ours_nor_raw_sockets() {
        let all = [
            ("arkws", 15.0),
            ("arkws-stream", 1.0),
            ("slow", 90.0),
            ("quick", 30.0),
            ("raw", 2.0),
        ];
        let all = all.map(|(name, value)| {
            (
                name,
                Cell {
                    value,
                    text: value.to_string(),
                },
            )
        });
        let row = row("receive", "ns", &all).unwrap();
        assert_eq!(
            (row.best_name.as_str(), row.shown_ratio().as_str()),
            ("quick", "0.500")
        );
    }
}
