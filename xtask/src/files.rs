//! The files of the project: those that git knows, or would add.
use anyhow::{Context, Result};

use crate::process::{command, output, root};

/// The paths from the root, sorted, of all files that match one of git's patterns.
pub(crate) fn tracked(patterns: &[String]) -> Result<Vec<String>> {
    let listed = output(
        command("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .args(["--exclude-standard", "--"])
            .args(patterns),
    )
    .context("git is needed to tell which files belong to the project")?;
    let mut files: Vec<String> = listed
        .split_terminator('\0')
        // What has been removed, but not from git's index.
        .filter(|file| root().join(file).is_file())
        .map(str::to_owned)
        .collect();
    files.sort_unstable();
    files.dedup();
    Ok(files)
}
