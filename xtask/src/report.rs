//! What a run of checks came to: its steps with their times, and a summary to end with.
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::Counts;
use crate::nightly;

/// What came of one step.
struct Step {
    name: String,
    took: Duration,
    counts: Counts,
    failure: Option<anyhow::Error>,
}

/// The steps of a run, in order.
pub(crate) struct Report {
    steps: Vec<Step>,
    left_out: Vec<String>,
    /// What cannot be done on this machine is a failure, but for want of a nightly toolchain.
    nothing_left_out: bool,
}

impl Report {
    /// With `nothing_left_out`, what cannot be done on this machine is a failure, but for want of a
    /// nightly toolchain.
    pub(crate) fn new(nothing_left_out: bool) -> Report {
        Report {
            steps: Vec::new(),
            left_out: Vec::new(),
            nothing_left_out,
        }
    }

    /// Runs a step; `true` if it succeeded.
    pub(crate) fn step(
        &mut self,
        name: impl Into<String>,
        run: impl FnOnce(&mut Counts) -> Result<()>,
    ) -> bool {
        let name = name.into();
        println!("\n━━ {name}");
        let start = Instant::now();
        let mut counts = Counts::default();
        let failure = run(&mut counts).err();
        if let Some(error) = &failure {
            println!("✗ {name}: {error:#}");
            // A step can fail without any test case having failed: that counts too.
            counts.failed = counts.failed.max(1);
        }
        let succeeded = failure.is_none();
        self.steps.push(Step {
            name,
            took: start.elapsed(),
            counts,
            failure,
        });
        succeeded
    }

    /// Notes a step for which the machine lacks something that cannot be installed.
    pub(crate) fn missing(&mut self, name: &str, error: anyhow::Error) {
        if self.nothing_left_out && !error.is::<nightly::Missing>() {
            self.step(name, |_| Err(error));
        } else {
            println!("\n━━ {name}\n!! LEFT OUT: {error:#}");
            self.leave_out(format!("{name}: {error:#}"));
        }
    }

    /// Whether no step was run.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Notes something that was not done, and why.
    pub(crate) fn leave_out(&mut self, what: impl Into<String>) {
        self.left_out.push(what.into());
    }

    /// Prints the summary, the counts alone on its last line; `true` if everything succeeded.
    pub(crate) fn finish(&self) -> bool {
        let mut all = Counts::default();
        println!("\n━━ Summary");
        for step in &self.steps {
            all.add(step.counts);
            let mark = if step.failure.is_none() { '✓' } else { '✗' };
            let seconds = step.took.as_secs_f64();
            print!("{mark} {seconds:>6.1} s  {}", step.name);
            if step.counts != Counts::default() {
                print!("  ({})", step.counts);
            }
            println!();
        }
        for what in &self.left_out {
            println!("– left out  {what}");
        }
        // Last, where whoever sees only the end of the output finds it.
        for step in &self.steps {
            if let Some(error) = &step.failure {
                println!("\n✗ {}: {error:#}", step.name);
            }
        }
        let took: Duration = self.steps.iter().map(|step| step.took).sum();
        println!("  {:>6.1} s  in all\n", took.as_secs_f64());
        println!("{all}");
        self.steps.iter().all(|step| step.failure.is_none())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn what_is_missing_is_a_failure_where_nothing_may_be_left_out_but_for_a_nightly_toolchain() {
        let without_nightly = || {
            let refused = Err::<(), _>(anyhow!("the network is down"));
            let missing = refused.context(nightly::Missing("there is none".to_owned()));
            missing.context("miri").unwrap_err()
        };
        for (nothing_left_out, error, passes) in [
            (false, anyhow!("there is no openssl"), true),
            (true, anyhow!("there is no openssl"), false),
            (false, without_nightly(), true),
            (true, without_nightly(), true),
        ] {
            let mut report = Report::new(nothing_left_out);
            report.missing("it", error);
            assert_eq!(report.finish(), passes);
            assert_eq!(report.left_out.len(), usize::from(passes));
        }
    }
}
