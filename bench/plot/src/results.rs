//! Tables of saved results, as `cargo xtask bench --save` writes them, read back.
use anyhow::{Context, Result};

/// One cell: a number, and how it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub(crate) value: f64,
    pub(crate) text: String,
}

/// What the peers of a scenario came to in one column, in the order of the table.
///
/// # Errors
/// The document has no such scenario or column, or a cell is no number.
pub(crate) fn column<'a>(
    document: &'a str,
    scenario: &str,
    title: &str,
) -> Result<Vec<(&'a str, Cell)>> {
    let heading = format!("### {scenario}: ");
    let mut lines = document
        .lines()
        .skip_while(|line| !line.starts_with(&heading))
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let titles = cells(
        lines
            .next()
            .with_context(|| format!("no table of {scenario}"))?,
    );
    let index = titles
        .iter()
        .position(|&found| found == title)
        .with_context(|| format!("{scenario} has no column {title:?}"))?;
    // The line below the titles is a rule.
    let rows = lines.skip(1).map(cells);
    rows.map(|row| {
        let text = row.get(index).copied().unwrap_or_default().to_owned();
        let value = text.replace(',', "").parse();
        let value = value.with_context(|| format!("{scenario}, {}: {text:?}", row[0]))?;
        Ok((row[0], Cell { value, text }))
    })
    .collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::{Cell, column};

    const SAVED: &str = "\
# Benchmarks: rust

| date | 2026-11-22 |

### recv-16: receive 16 B binary

| peer | messages/s | CPU ns/message |
|---|---:|---:|
| arkws | 65,200,000 | 15.1 |
| soketto | 1,070,000 | 933 |

### recv-1k: receive 1 KiB binary
";

    #[test]
    fn a_column_is_found_by_its_title_and_numbers_may_have_commas() {
        let cell = |value: f64, text: &str| Cell {
            value,
            text: text.to_owned(),
        };
        let rate = column(SAVED, "recv-16", "messages/s").unwrap();
        let (ours, theirs) = (
            cell(65_200_000.0, "65,200,000"),
            cell(1_070_000.0, "1,070,000"),
        );
        assert_eq!(rate, [("arkws", ours), ("soketto", theirs)]);
        let cpu = column(SAVED, "recv-16", "CPU ns/message").unwrap();
        assert_eq!(
            cpu,
            [
                ("arkws", cell(15.1, "15.1")),
                ("soketto", cell(933.0, "933"))
            ]
        );
    }

    #[test]
    fn what_was_not_measured_is_an_error() {
        for (scenario, title) in [
            ("recv-1k", "messages/s"),
            ("send-16", "messages/s"),
            ("recv-16", "MB/s"),
        ] {
            assert!(
                column(SAVED, scenario, title).is_err(),
                "{scenario}, {title}"
            );
        }
    }
}
