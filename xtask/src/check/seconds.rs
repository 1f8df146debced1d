//! How long each check took when it last ran in this working tree.
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use toml_edit::{DocumentMut, value};

use crate::process::root;

/// Seconds by the names of the checks.
pub(super) struct Seconds(DocumentMut);

fn file() -> PathBuf {
    root().join("target/check-seconds.toml")
}

impl Seconds {
    /// What is known; nothing in a fresh clone.
    pub(super) fn read() -> Seconds {
        let text = fs::read_to_string(file()).unwrap_or_default();
        Seconds(text.parse().unwrap_or_default())
    }

    pub(super) fn of(&self, check: &str) -> Option<i64> {
        self.0.get(check)?.as_integer()
    }

    pub(super) fn note(&mut self, check: &str, took: Duration) {
        let rounded = took.as_secs_f64().ceil();
        self.0[check] = value(rounded as i64);
    }

    pub(super) fn write(&self) -> Result<()> {
        let file = file();
        fs::write(&file, self.0.to_string())
            .with_context(|| format!("cannot write {}", file.display()))
    }
}
