//! How a case ends.
use std::time::Duration;

use super::case::{Case, Level};

/// What a case was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    /// What a server should do, and this one does not.
    Warned(String),
    /// What a server has to do, and this one does not.
    Failed(String),
    /// It could not be judged of this server.
    LeftOut(String),
}

impl Verdict {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Warned(_) => "warning",
            Verdict::Failed(_) => "failed",
            Verdict::LeftOut(_) => "left out",
        }
    }

    pub(super) fn detail(&self) -> Option<&str> {
        match self {
            Verdict::Passed => None,
            Verdict::Warned(why) | Verdict::Failed(why) | Verdict::LeftOut(why) => Some(why),
        }
    }
}

/// A case that was played.
#[derive(Debug)]
pub(super) struct CaseResult<'a> {
    pub(super) case: &'a Case,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// What was found while a case was played. The first of each kind counts.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    broken: Option<String>,
    hard: Option<String>,
    soft: Option<String>,
    left_out: Option<String>,
}

impl Judgement {
    /// What no server may do, whatever the case is about.
    pub(super) fn broken(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// What the case is about went wrong.
    pub(super) fn hard(&mut self, why: String) {
        self.hard.get_or_insert(why);
    }

    /// It went right, but not as it should.
    pub(super) fn soft(&mut self, why: String) {
        self.soft.get_or_insert(why);
    }

    /// This server cannot be judged by it.
    pub(super) fn left_out(&mut self, why: String) {
        self.left_out.get_or_insert(why);
    }

    /// Whether nothing that follows matters any more.
    pub(super) fn is_decided(&self) -> bool {
        self.broken.is_some() || self.hard.is_some() || self.left_out.is_some()
    }

    pub(super) fn verdict(self, level: Level) -> Verdict {
        match (self, level) {
            (
                Judgement {
                    broken: Some(why), ..
                },
                _,
            ) => Verdict::Failed(why),
            (
                Judgement {
                    left_out: Some(why),
                    ..
                },
                _,
            ) => Verdict::LeftOut(why),
            (
                Judgement {
                    hard: Some(why), ..
                },
                Level::Must,
            ) => Verdict::Failed(why),
            (
                Judgement {
                    hard: Some(why), ..
                },
                Level::Should,
            ) => Verdict::Warned(why),
            (
                Judgement {
                    soft: Some(why), ..
                },
                _,
            ) => Verdict::Warned(why),
            _ => Verdict::Passed,
        }
    }
}
