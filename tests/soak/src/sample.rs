//! What a process holds at one moment. Linux tells it under `/proc`.
use std::fs;

use anyhow::{Context, Result};

use crate::end::Counts;

/// What a process holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Resident memory, in bytes.
    pub(crate) memory: u64,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
}

/// One end at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Since the run began, in seconds.
    pub(crate) at: f64,
    pub(crate) held: Held,
    pub(crate) counts: Counts,
}

impl Held {
    /// # Errors
    /// The process is gone, or the system is not Linux.
    pub(crate) fn of(process: u32) -> Result<Held> {
        let folder = format!("/proc/{process}");
        let read = || -> Result<Held> {
            let status = fs::read_to_string(format!("{folder}/status"))?;
            let memory = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .and_then(|rest| rest.split_whitespace().next())
                .context("no VmRSS")?;
            Ok(Held {
                memory: memory.parse::<u64>()? * 1024,
                descriptors: fs::read_dir(format!("{folder}/fd"))?.count(),
                threads: fs::read_dir(format!("{folder}/task"))?.count(),
            })
        };
        read().with_context(|| format!("cannot read {folder}"))
    }
}
