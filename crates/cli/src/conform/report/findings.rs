//! What a run has found so far.
use std::time::Instant;

use crate::conform::probe::Abilities;
use crate::conform::verdict::{CaseResult, Verdict};

/// A run, and each case of it that was played.
pub(in crate::conform) struct Findings<'a> {
    pub(super) url: String,
    pub(super) abilities: Abilities,
    pub(super) began: Instant,
    pub(super) played: Vec<CaseResult<'a>>,
}

/// How many cases came to which end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Counts {
    pub(super) cases: usize,
    pub(super) passed: usize,
    pub(super) warnings: usize,
    pub(super) failed: usize,
    pub(super) left_out: usize,
}

impl Counts {
    pub(super) fn of<'p>(played: impl IntoIterator<Item = &'p CaseResult<'p>>) -> Counts {
        let mut counts = Counts::default();
        for played in played {
            counts.cases += 1;
            match played.verdict {
                Verdict::Passed => counts.passed += 1,
                Verdict::Warned(_) => counts.warnings += 1,
                Verdict::Failed(_) => counts.failed += 1,
                Verdict::LeftOut(_) => counts.left_out += 1,
            }
        }
        counts
    }
}

impl<'a> Findings<'a> {
    /// The cases of each area, in order.
    pub(super) fn areas(&self) -> impl Iterator<Item = (&str, &[CaseResult<'a>])> {
        let areas = self
            .played
            .chunk_by(|one, other| one.case.area() == other.case.area());
        areas.map(|played| (played[0].case.area(), played))
    }
}
