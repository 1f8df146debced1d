//! For programs: one JSON document.
use serde::Serialize;

use super::findings::{Counts, Findings};
use crate::conform::case::Case;
use crate::conform::verdict::CaseResult;

#[derive(Serialize)]
struct RunDocument<'a> {
    url: &'a str,
    version: &'static str,
    echoes: bool,
    compresses: bool,
    counts: Counts,
    cases: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    area: &'a str,
    level: &'static str,
    section: &'static str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

/// A run.
pub(super) fn document(findings: &Findings<'_>) -> String {
    let document = RunDocument {
        url: &findings.url,
        version: env!("CARGO_PKG_VERSION"),
        echoes: findings.abilities.echoes,
        compresses: findings.abilities.compresses,
        counts: Counts::of(&findings.played),
        cases: findings.played.iter().map(of_played).collect(),
    };
    text(&document)
}

/// The cases, without a server.
pub(super) fn list(cases: &[Case]) -> String {
    text(&cases.iter().map(of_case).collect::<Vec<_>>())
}

fn of_played<'a>(played: &'a CaseResult<'a>) -> Row<'a> {
    Row {
        verdict: Some(played.verdict.name()),
        detail: played.verdict.detail(),
        seconds: Some(played.took.as_secs_f64()),
        ..of_case(played.case)
    }
}

fn of_case(case: &Case) -> Row<'_> {
    Row {
        id: &case.id,
        area: case.area(),
        level: case.level.name(),
        section: case.section,
        title: &case.title,
        verdict: None,
        detail: None,
        seconds: None,
    }
}

fn text(document: &impl Serialize) -> String {
    // Strings and numbers: it cannot fail.
    serde_json::to_string_pretty(document).unwrap_or_default()
}
