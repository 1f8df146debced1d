//! For people: what is wrong, and a table.
use super::findings::{Counts, Findings};
use super::say::say;
use crate::conform::case::Case;
use crate::conform::verdict::CaseResult;
use crate::escape;

/// What is known before the first case.
pub(super) fn begin(findings: &Findings<'_>) {
    let abilities = findings.abilities;
    say(format_args!("arkws conform {}", findings.url));
    for (has_it, words) in [
        (
            abilities.echoes,
            "it does not send messages back: the cases that need it are left out",
        ),
        (
            abilities.compresses,
            "it does not compress: the cases about that are left out",
        ),
    ] {
        if !has_it {
            say(words);
        }
    }
    say("");
}

/// A case.
pub(super) fn line(played: &CaseResult<'_>) {
    let Case {
        id,
        level,
        section,
        title,
        ..
    } = played.case;
    say(format_args!(
        "{:<8} {id}  ({} of {section})",
        played.verdict.name(),
        level.name()
    ));
    say(format_args!("         {}", escape::controls(title)));
    if let Some(detail) = played.verdict.detail() {
        say(format_args!("         {}", escape::controls(detail)));
    }
}

/// The table.
pub(super) fn end(findings: &Findings<'_>) {
    say("");
    row("", ["cases", "passed", "warnings", "failed", "left out"]);
    for (area, played) in findings.areas() {
        counts(area, Counts::of(played));
    }
    counts("all", Counts::of(&findings.played));
    say(format_args!(
        "in {:.1} s",
        findings.began.elapsed().as_secs_f64()
    ));
}

fn counts(name: &str, counts: Counts) {
    let Counts {
        cases,
        passed,
        warnings,
        failed,
        left_out,
    } = counts;
    row(name, [cases, passed, warnings, failed, left_out]);
}

fn row<T: std::fmt::Display>(name: &str, columns: [T; 5]) {
    let [cases, passed, warnings, failed, left_out] = columns;
    say(format_args!(
        "{name:<10}{cases:>8}{passed:>8}{warnings:>10}{failed:>8}{left_out:>10}"
    ));
}

/// The cases, one a line.
pub(super) fn list(cases: &[Case]) {
    let longest = cases
        .iter()
        .map(|case| case.id.len())
        .max()
        .unwrap_or_default();
    for Case {
        id,
        level,
        section,
        title,
        ..
    } in cases
    {
        let (level, title) = (level.name(), escape::controls(title));
        say(format_args!(
            "{id:<longest$}  {level:<6}  {section:<17}  {title}"
        ));
    }
}
