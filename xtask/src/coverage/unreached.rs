//! The lines that no test can reach, each with the reason: `.ci/unreached.toml`.
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use toml_edit::DocumentMut;

use super::lcov::Lines;

const FILE: &str = ".ci/unreached.toml";

/// Leaves out the lines that the list names.
///
/// # Errors
/// A line of the list was reached or is not there, or has no reason: the list must not rot.
pub(super) fn leave_out(lines: &mut Lines, root: &Path) -> Result<()> {
    let text =
        fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
    let document: DocumentMut = text
        .parse()
        .with_context(|| format!("{FILE} is not TOML"))?;
    let entries = document
        .get("line")
        .and_then(|item| item.as_array_of_tables());
    for entry in entries.into_iter().flatten() {
        let field = |name: &str| {
            let value = entry.get(name).and_then(|value| value.as_str());
            value.with_context(|| format!("{FILE}: a line has no {name}"))
        };
        let (file, text) = (field("file")?, field("text")?);
        ensure!(!field("reason")?.is_empty(), "{FILE}: {file}: no reason");
        let source =
            fs::read_to_string(root.join(file)).with_context(|| format!("{FILE}: {file}"))?;
        let Some(ran) = lines.0.get_mut(file) else {
            continue;
        };
        let before = ran.len();
        let numbered: Vec<&str> = source.lines().collect();
        ran.retain(|&number, &mut ran| {
            let is_named = numbered
                .get(number - 1)
                .is_some_and(|line| line.trim() == text);
            ran || !is_named
        });
        if ran.len() == before {
            bail!("{FILE}: {file} has no line that was not reached and says `{text}`: take it off");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A project of one file, of which line 2 did not run.
    fn left(list: &str) -> Result<Vec<usize>> {
        let root = tempfile::tempdir()?;
        fs::create_dir(root.path().join(".ci"))?;
        fs::write(root.path().join(FILE), list)?;
        fs::write(root.path().join("x.rs"), "one();\n  two();\nthree();\n")?;
        let mut lines = Lines::default();
        let report = "SF:x.rs\nDA:1,1\nDA:2,0\nDA:3,1\n";
        lines.read(report, Path::new("/"));
        leave_out(&mut lines, root.path())?;
        Ok(Lines::missed(&lines.0["x.rs"]))
    }

    #[test]
    fn a_line_of_the_list_is_left_out_and_one_that_ran_is_an_error() {
        let entry =
            |text: &str| format!("[[line]]\nfile = \"x.rs\"\ntext = \"{text}\"\nreason = \"r\"\n");
        assert_eq!(left("").unwrap(), [2]);
        assert_eq!(left(&entry("two();")).unwrap(), [0; 0]);
        for stale in ["one();", "four();"] {
            let error = left(&entry(stale)).unwrap_err().to_string();
            assert!(error.contains("take it off"), "{error}");
        }
        let bare = "[[line]]\nfile = \"x.rs\"\ntext = \"two();\"\n";
        assert!(left(bare).unwrap_err().to_string().contains("no reason"));
    }
}
