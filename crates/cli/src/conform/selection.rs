//! Which cases are run: `--only` and `--skip`.
use arkws::matches_wildcard;

use super::case::Case;
use crate::exit::Failure;

/// Those that the first patterns choose, or all, without those of the others.
///
/// # Errors
/// A pattern chooses nothing.
pub(super) fn select(
    cases: Vec<Case>,
    only: &[String],
    skip: &[String],
) -> Result<Vec<Case>, Failure> {
    for pattern in only.iter().chain(skip) {
        if !cases.iter().any(|case| is_chosen(case, pattern)) {
            return Err(Failure::usage(format!(
                "\"{pattern}\" is no case: arkws conform --list has them"
            )));
        }
    }
    let any =
        |case: &Case, patterns: &[String]| patterns.iter().any(|pattern| is_chosen(case, pattern));
    let is_wanted = |case: &Case| (only.is_empty() || any(case, only)) && !any(case, skip);
    let chosen = cases.into_iter().filter(is_wanted).collect::<Vec<_>>();
    match chosen.is_empty() {
        true => Err(Failure::usage("no case is left")),
        false => Ok(chosen),
    }
}

fn is_chosen(case: &Case, pattern: &str) -> bool {
    pattern == case.area() || matches_wildcard(pattern, &case.id)
}
