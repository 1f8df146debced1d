//! What a run has found, for people and for programs.
mod findings;
mod json;
mod junit;
mod say;
mod table;

use std::path::Path;
use std::time::Instant;

use arkws::WebSocketUrl;

use super::case::Case;
use super::probe::Abilities;
use super::verdict::{CaseResult, Verdict};
use crate::exit::Failure;
use crate::shown_url::shown;
use findings::Findings;
use say::say;

/// A run, as it is told.
pub(super) struct ConformReport<'a> {
    findings: Findings<'a>,
    is_json: bool,
    is_verbose: bool,
}

impl<'a> ConformReport<'a> {
    pub(super) fn new(
        url: &WebSocketUrl,
        abilities: Abilities,
        is_json: bool,
        is_verbose: bool,
    ) -> ConformReport<'a> {
        let findings = Findings {
            url: shown(url),
            abilities,
            began: Instant::now(),
            played: Vec::new(),
        };
        if !is_json {
            table::begin(&findings);
        }
        ConformReport {
            findings,
            is_json,
            is_verbose,
        }
    }

    /// A case was played. What is wrong with the server is shown at once.
    pub(super) fn add(&mut self, played: CaseResult<'a>) {
        let is_shown = match played.verdict {
            Verdict::Warned(_) | Verdict::Failed(_) => true,
            Verdict::Passed | Verdict::LeftOut(_) => self.is_verbose,
        };
        if is_shown && !self.is_json {
            table::line(&played);
        }
        self.findings.played.push(played);
    }

    /// All of it.
    pub(super) fn end(&self) {
        match self.is_json {
            true => say(json::document(&self.findings)),
            false => table::end(&self.findings),
        }
    }

    /// # Errors
    /// It cannot be written.
    pub(super) fn write_junit(&self, path: &Path) -> Result<(), Failure> {
        std::fs::write(path, junit::document(&self.findings))
            .map_err(|error| Failure::fault(format!("cannot write {}: {error}", path.display())))
    }

    pub(super) fn has_failures(&self) -> bool {
        let mut played = self.findings.played.iter();
        played.any(|played| matches!(played.verdict, Verdict::Failed(_)))
    }
}

/// The cases, without a server.
pub(super) fn list(cases: &[Case], is_json: bool) {
    match is_json {
        true => say(json::list(cases)),
        false => table::list(cases),
    }
}
