//! `cargo xtask bench --plot`: draws the headline of `BENCHMARKS.md` and writes its table.
//!
//! Both come from the saved results (`bench/results/rust.md` and `bench/results/node.md`), so that
//! neither says what was not measured.
#![forbid(unsafe_code)]

mod chart;
mod headline;
mod results;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Between these lines of `BENCHMARKS.md` stands the table.
const MARKS: (&str, &str) = (
    "<!-- headline: cargo xtask bench --plot -->\n",
    "<!-- /headline -->",
);

fn main() -> Result<()> {
    // The tests of bench/plot and its users start it anywhere in the working tree.
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("bench/plot lies in bench/")?;
    let saved = bench.join("results");
    let rows = headline::read(&saved)?;

    let chart = saved.join("headline.svg");
    chart::draw(&rows, &chart).with_context(|| format!("cannot draw {}", chart.display()))?;

    let document = bench.with_file_name("BENCHMARKS.md");
    let text = fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let text = replaced(&text, &headline::table(&rows))
        .with_context(|| format!("{}: no place for the table", document.display()))?;
    fs::write(&document, text).with_context(|| format!("cannot write {}", document.display()))?;
    println!("{}\n{}", chart.display(), document.display());
    Ok(())
}

/// The document with another table between the marks.
fn replaced(document: &str, table: &str) -> Option<String> {
    let (before, rest) = document.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    Some(format!("{before}{}\n{table}\n{}{after}", MARKS.0, MARKS.1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_stands_between_the_marks_and_nothing_else_changes() {
        let document =
            "a\n<!-- headline: cargo xtask bench --plot -->\nold\n<!-- /headline -->\nb\n";
        let expected =
            "a\n<!-- headline: cargo xtask bench --plot -->\n\nnew\n\n<!-- /headline -->\nb\n";
        assert_eq!(
            super::replaced(document, "new\n").as_deref(),
            Some(expected)
        );
        assert_eq!(super::replaced("no marks", "new\n"), None);
    }
}
