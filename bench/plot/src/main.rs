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

/// Between these lines of `BENCHMARKS.md` stands the table. (They are mdBook's: a page of the book
/// includes what is between them.)
const MARKS: (&str, &str) = (
    "<!-- ANCHOR: headline, by cargo xtask bench --plot -->\n",
    "<!-- ANCHOR_END: headline -->",
);

/// The chart, which lies with the pages of the book: that has only what is there.
const CHART: &str = "docs/src/headline.svg";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .context("bench/plot lies below the root")?;
    let rows = headline::read(&root.join("bench/results"))?;

    let chart = root.join(CHART);
    chart::draw(&rows, &chart).with_context(|| format!("cannot draw {}", chart.display()))?;

    let document = root.join("BENCHMARKS.md");
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
    use super::{MARKS, replaced};

    #[test]
    fn the_table_stands_between_the_marks_and_nothing_else_changes() {
        let (begin, end) = MARKS;
        let document = format!("a\n{begin}old\n{end}\nb\n");
        let expected = format!("a\n{begin}\nnew\n\n{end}\nb\n");
        assert_eq!(replaced(&document, "new\n"), Some(expected));
        assert_eq!(replaced("no marks", "new\n"), None);
    }
}
