//! The check of columns: no line of code, of a comment or of a document is wider than 100.
//!
//! A line is measured without what cannot be broken in two: what its string literals hold, and
//! URLs. Rows of Markdown tables are not measured, nor is what a program or somebody else wrote.
//!
//! | file | what it does |
//! |---|---|
//! | `literals.rs` | finds the string literals of a source file |
mod literals;

use std::fs;
use std::ops::Range;

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::files::tracked;
use crate::process::root;
use literals::{Language, literals};

/// The widest line.
const MOST: usize = 100;

/// The endings of the files that are looked at, and what is written in them.
const LANGUAGES: &[(&str, Option<Language>)] = &[
    ("rs", Some(Language::Rust)),
    ("c", Some(Language::Rust)),
    ("js", Some(Language::JavaScript)),
    ("cjs", Some(Language::JavaScript)),
    ("mjs", Some(Language::JavaScript)),
    ("ts", Some(Language::JavaScript)),
    ("cts", Some(Language::JavaScript)),
    ("mts", Some(Language::JavaScript)),
    ("ets", Some(Language::JavaScript)),
    ("py", Some(Language::Python)),
    ("toml", Some(Language::Python)),
    ("sh", Some(Language::Shell)),
    ("md", None),
    ("yml", None),
];

/// Scripts whose names do not tell.
const SHELL: &[&str] = &[".ci/run"];

/// What programs write.
const GENERATED: &[&str] = &["bench/results/"];

/// What the platform's documentation says, word for word.
const QUOTED: &[&str] = &["examples/api-reference/", "examples/documentation.ets"];

/// The check: prints each line that is too wide.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let patterns: Vec<String> = LANGUAGES
        .iter()
        .map(|(end, _)| format!("*.{end}"))
        .chain(SHELL.iter().map(|&file| file.to_owned()))
        .collect();
    let skipped = |file: &String| {
        let mut folders = GENERATED.iter().chain(QUOTED);
        folders.any(|folder| file.starts_with(folder))
    };
    let mut faults = 0;
    for file in tracked(&patterns)? {
        if skipped(&file) {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).with_context(|| file.clone())?;
        for (line, width) in too_wide(&text, language(&file)) {
            println!("{file}:{line}: {width} columns");
            faults += 1;
        }
    }
    if faults > 0 {
        bail!("{faults} lines are wider than {MOST} columns");
    }
    counts.passed += 1;
    Ok(())
}

/// What is written in a file; `None`: prose.
fn language(file: &str) -> Option<Language> {
    if SHELL.contains(&file) {
        return Some(Language::Shell);
    }
    let (_, end) = file.rsplit_once('.')?;
    let (_, language) = LANGUAGES.iter().find(|(known, _)| *known == end)?;
    *language
}

/// The numbers of the lines that are too wide, and their widths.
fn too_wide(text: &str, language: Option<Language>) -> Vec<(usize, usize)> {
    let literals = language.map_or_else(Vec::new, |language| literals(text, language));
    let mut literals = literals.as_slice();
    let mut found = Vec::new();
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = start + line.len();
        while literals.first().is_some_and(|literal| literal.end <= start) {
            literals = &literals[1..];
        }
        let line = line.trim_end_matches(['\n', '\r']);
        if line.len() > MOST && !is_table_row(line) {
            let here = literals.iter().take_while(|literal| literal.start < end);
            let mut unbroken: Vec<_> = here
                .map(|literal| literal.start.saturating_sub(start)..literal.end - start)
                .collect();
            unbroken.extend(urls(line));
            let width = line
                .char_indices()
                .filter(|(at, _)| unbroken.iter().all(|range| !range.contains(at)))
                .count();
            if width > MOST {
                found.push((index + 1, width));
            }
        }
        start = end;
    }
    found
}

/// Whether the line is a row of a Markdown table, in a document or a comment.
fn is_table_row(line: &str) -> bool {
    let comment = ["///", "//!", "*"];
    let line = line.trim_start();
    let prose = comment
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .unwrap_or(line);
    prose.trim_start().starts_with('|')
}

/// The URLs of a line, and the targets of Markdown links.
fn urls(line: &str) -> Vec<Range<usize>> {
    let mut urls = Vec::new();
    for (at, _) in line.match_indices("://") {
        let before = line[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric());
        let ends = |c: char| c.is_whitespace() || "<>()[]'\"`".contains(c);
        let length = line[at..].find(ends).unwrap_or(line.len() - at);
        urls.push(before.len()..at + length);
    }
    for (at, mark) in line.match_indices("](") {
        let target = at + mark.len();
        let length = line[target..].find(')').unwrap_or(0);
        urls.push(target..target + length);
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widths of the lines that are too wide.
    fn widths(text: &str, language: Option<Language>) -> Vec<usize> {
        let found = too_wide(text, language).into_iter();
        found.map(|(_, width)| width).collect()
    }

    #[test]
    fn a_line_has_as_many_columns_as_characters() {
        let at_most = "é".repeat(MOST);
        assert_eq!(too_wide(&format!("{at_most}\r\n"), None), []);
        let text = format!("short\n{at_most}!\nshort\n");
        assert_eq!(too_wide(&text, None), [(2, 101)]);
    }

    #[test]
    fn comments_are_measured_with_what_they_quote() {
        let comment = format!("// \"{}\"", "x ".repeat(60));
        assert_eq!(widths(&comment, Some(Language::Rust)), [comment.len()]);
    }

    #[test]
    fn a_literal_is_not_measured_but_what_stands_beside_it_is() {
        let long = "x".repeat(200);
        let fits = format!("{}say(\"{long}\");\n", " ".repeat(80));
        assert!(widths(&fits, Some(Language::Rust)).is_empty());
        let beside = format!("{}say(\"{long}\");\n", " ".repeat(95));
        assert_eq!(widths(&beside, Some(Language::Rust)), [103]);
    }

    #[test]
    fn a_literal_of_several_lines_is_not_measured_on_any() {
        let long = "x".repeat(200);
        let text = format!("let a = \"{long}\n{long}\n{long}\";\n");
        assert!(widths(&text, Some(Language::Rust)).is_empty());
    }

    #[test]
    fn urls_and_targets_of_links_are_not_measured() {
        let path = "a/".repeat(60);
        for line in [
            format!("see https://example.org/{path} there"),
            format!("// [the place](../{path}x.md), in words"),
        ] {
            assert!(widths(&line, None).is_empty(), "{line}");
            let with_words = format!("{line} {}", "word ".repeat(20));
            assert_eq!(widths(&with_words, None).len(), 1, "{line}");
        }
    }

    #[test]
    fn rows_of_tables_are_not_measured() {
        let row = format!("| {} |", "x ".repeat(60));
        assert!(widths(&row, None).is_empty());
        assert!(widths(&format!("    /// {row}"), Some(Language::Rust)).is_empty());
        assert_eq!(widths(&format!("x {row}"), None).len(), 1);
    }

    #[test]
    fn what_is_looked_at_goes_by_the_name() {
        assert_eq!(language("a/b.rs"), Some(Language::Rust));
        assert_eq!(language("a.d.mts"), Some(Language::JavaScript));
        assert_eq!(language(".ci/run"), Some(Language::Shell));
        assert_eq!(language("README.md"), None);
    }
}
