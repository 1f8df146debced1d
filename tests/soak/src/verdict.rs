//! What flat means: behind the warm-up, memory in the last quarter of a run is what it was in the
//! second quarter, and in the end no descriptor is open that was not open before. A run that is
//! over before processes are warm is not judged by memory.
use crate::sample::{Held, Sample};

/// By how much memory may be more in the last quarter, as a part of what it was. Allocators keep
/// what they have had; what leaks with every connection or message is more than this in a minute.
const MORE: f64 = 0.1;
/// And this many bytes, for processes that have little.
const NOISE: f64 = 8.0 * 1024.0 * 1024.0;
/// From how many samples on, one a second, a process has been warm for half of the run.
const LONG: usize = 240;

/// What an end held in a part of the run, and whether that is too much.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    /// Before, and in the end.
    pub(crate) values: (f64, f64),
    pub(crate) flat: bool,
}

/// Compares the second and the last quarter of a run, and what was held before any client was with
/// what is held when all have left.
pub(crate) fn rows(samples: &[Sample], before: Held, after: Held) -> Vec<Row> {
    let quarter = samples.len() / 4;
    let second = &samples[quarter..2 * quarter];
    let last = &samples[samples.len() - quarter..];
    let grown = |what, of: fn(&Sample) -> f64| {
        let values = (median(second, of), median(last, of));
        let flat = samples.len() < LONG || values.1 <= values.0 * (1.0 + MORE) + NOISE;
        Row { what, values, flat }
    };
    let left = |what, of: fn(&Held) -> usize| {
        let values = (of(&before) as f64, of(&after) as f64);
        let flat = values.1 <= values.0;
        Row { what, values, flat }
    };
    vec![
        grown("memory", |sample| sample.held.memory as f64),
        grown("memory of JavaScript", |sample| sample.counts.heap as f64),
        left("descriptors", |held| held.descriptors),
        left("threads", |held| held.threads),
    ]
}

fn median(samples: &[Sample], of: fn(&Sample) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::end::Counts;

    const BEFORE: Held = Held {
        memory: 0,
        descriptors: 20,
        threads: 4,
    };

    /// A run of some seconds in which an end holds this much at each of them.
    fn run(seconds: u64, memory: impl Fn(u64) -> u64) -> Vec<Sample> {
        let sample = |second| Sample {
            at: second as f64,
            held: Held {
                memory: memory(second),
                ..BEFORE
            },
            counts: Counts::default(),
        };
        (0..seconds).map(sample).collect()
    }

    fn flat(rows: &[Row]) -> Vec<bool> {
        rows.iter().map(|row| row.flat).collect()
    }

    #[test]
    fn what_goes_up_and_down_is_flat_and_what_only_grows_is_not() {
        let waves = run(400, |second| (100 + 20 * (second % 7)) << 20);
        assert_eq!(flat(&rows(&waves, BEFORE, BEFORE)), [true; 4]);
        let grows = |second| (100 + second) << 20;
        let long = rows(&run(400, grows), BEFORE, BEFORE);
        assert_eq!(flat(&long), [false, true, true, true]);
        assert_eq!(long[0].values, (250.0 * 1048576.0, 450.0 * 1048576.0));
        assert_eq!(flat(&rows(&run(60, grows), BEFORE, BEFORE)), [true; 4]);
    }

    #[test]
    fn one_descriptor_that_is_left_is_too_many() {
        let after = Held {
            descriptors: 21,
            ..BEFORE
        };
        let rows = rows(&run(400, |_| 1), BEFORE, after);
        assert_eq!(flat(&rows), [true, true, false, true]);
    }
}
