//! What a person sees while a run goes on: one line, at a terminal.
use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::phase::Phase;
use super::plan::Plan;
use super::shared::Bench;
use super::timeline::Timeline;
use super::units::{grouped, time};

/// The line, if there is a terminal on standard error.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(plan: &Plan) -> Progress {
        if !io::stderr().is_terminal() {
            return Progress(None);
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(millis(plan.duration)), target);
        let style = ProgressStyle::with_template("{wide_bar} {msg}");
        bar.set_style(style.expect("a template").progress_chars("━╸ "));
        Progress(Some(bar))
    }

    pub(super) fn show(&self, bench: &Bench, timeline: &Timeline) {
        let Some(bar) = &self.0 else {
            return;
        };
        let open = bench.open.load(Ordering::Relaxed);
        let Some(last) = timeline.moments.last() else {
            let wanted = bench.plan.connections;
            return bar.set_message(format!("opening: {open} of {wanted} open"));
        };
        let elapsed = bench.schedule.began().elapsed();
        let by_time = elapsed.as_secs_f64() / bench.plan.duration.as_secs_f64();
        let most = bench.schedule.most();
        let by_count = timeline.total.sent as f64 / most as f64;
        let done = by_time.max(by_count).min(1.0);
        let length = bar.length().unwrap_or_default() as f64;
        bar.set_position((done * length) as u64);
        let (answers, plan) = (grouped(last.answered_per_second), &bench.plan);
        let per_second = match plan.expects_answers {
            true => format!("{answers} answers/s"),
            false if plan.only_receives() => format!("{answers} received/s"),
            false => format!("{} sent/s", grouped(last.sent_per_second)),
        };
        let latency = match plan.expects_answers && last.answered_per_second > 0.0 {
            true => format!("  99 % {}", time(last.p99)),
            false => String::new(),
        };
        let errors = match bench.errors.count() {
            0 => String::new(),
            count => format!("  {count} errors"),
        };
        let phase = match bench.phases.now() {
            Phase::Opening | Phase::Sending => "",
            Phase::Waiting => "  waiting for answers",
            Phase::Closing => "  closing",
        };
        let seconds = elapsed.as_secs_f64();
        bar.set_message(format!(
            "{seconds:.0} s  {open} open  {per_second}{latency}{errors}{phase}"
        ));
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
