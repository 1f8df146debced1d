//! A count that only grows, and when it grew.
use tokio::time::Instant;

#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline(Vec<(Instant, u64)>);

impl Timeline {
    pub(crate) fn add(&mut self, now: Instant, count: u64) {
        let total = self.total() + count;
        match self.0.last_mut() {
            Some(last) if last.0 == now => last.1 = total,
            _ => self.0.push((now, total)),
        }
    }

    /// When it grew, and what it came to.
    pub(crate) fn entries(&self) -> &[(Instant, u64)] {
        &self.0
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.last().map_or(0, |&(_, total)| total)
    }

    /// What it had come to before `time`.
    pub(crate) fn before(&self, time: Instant) -> u64 {
        let later = self.0.partition_point(|&(at, _)| at < time);
        later.checked_sub(1).map_or(0, |last| self.0[last].1)
    }

    /// What it had come to by `time`, that moment included.
    pub(crate) fn by(&self, time: Instant) -> u64 {
        let later = self.0.partition_point(|&(at, _)| at <= time);
        later.checked_sub(1).map_or(0, |last| self.0[last].1)
    }

    /// When it last grew before `time`.
    pub(crate) fn last_before(&self, time: Instant) -> Option<Instant> {
        let later = self.0.partition_point(|&(at, _)| at < time);
        later.checked_sub(1).map(|last| self.0[last].0)
    }

    /// When it came to so much.
    pub(crate) fn reached(&self, total: u64) -> Option<Instant> {
        let index = self.0.partition_point(|&(_, reached)| reached < total);
        self.0.get(index).map(|&(at, _)| at)
    }

    /// The same, counted only when it has come to one of these.
    pub(crate) fn at(&self, ends: &[u64]) -> Timeline {
        let mut counted = Timeline::default();
        for &(at, total) in &self.0 {
            let passed = ends.partition_point(|&end| end <= total);
            let whole = passed.checked_sub(1).map_or(0, |last| ends[last]);
            if whole > counted.total() {
                counted.add(at, whole - counted.total());
            }
        }
        counted
    }
}
