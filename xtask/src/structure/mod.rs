//! `cargo xtask structure`: no file imports, by whatever way, a file that imports it, no crate one
//! that stands above it, no two types of a crate share a name, and what runs without Node.js loads
//! nothing of it.
//!
//! | file | what it does |
//! |---|---|
//! | `layers.rs` | which crate may use which |
//! | `rust.rs` | reads the modules of a crate: what they define, and what they refer to |
//! | `names.rs` | finds the file that defines what a path names, through all re-exports |
//! | `javascript.rs` | reads which modules JavaScript files load |
//! | `circles.rs` | finds circles |
//! | `types.rs` | finds types that share a name |
//!
//! A re-export is no import by itself: who uses what it names depends on the file that defines
//! that. Nor is one that a file needs for its `impl` blocks of a type of its own folder: a type may
//! be spread over files. Tests are left out.
mod circles;
mod javascript;
mod layers;
mod names;
mod rust;
mod types;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::process::root;
use circles::Import;

/// Folders of JavaScript whose files belong together.
const JAVASCRIPT: &[&str] = &["npm", "bench/node"];

/// Those whose files load nothing but each other: they run where there is no Node.js, too.
const PORTABLE: &[&str] = &["npm/core"];

/// Crates beside those of `crates/`.
const RUST: &[&str] = &["xtask", "bench", "bench/plot", "tests/peer"];

/// `cargo xtask structure`, and the check of that name: prints every circle and every step up.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let mut faults = Vec::new();
    for crate_ in crates()? {
        faults.extend(layers::faults(&crate_)?);
        let read = rust::read(&crate_.join("src"))
            .with_context(|| format!("while reading {}", crate_.display()))?;
        faults.extend(circles::all(&names::imports(&read)).iter().map(shown));
        // The commands of xtask and the peers of bench are alternatives, alike by intent.
        if crate_
            .parent()
            .is_some_and(|folder| folder.ends_with("crates"))
        {
            faults.extend(types::shared(&read).iter().map(listed));
        }
        counts.passed += 1;
    }
    for folder in JAVASCRIPT {
        faults.extend(
            circles::all(&javascript::imports(&root().join(folder))?)
                .iter()
                .map(shown),
        );
        counts.passed += 1;
    }
    for folder in PORTABLE {
        faults.extend(javascript::foreign(&root().join(folder))?);
        counts.passed += 1;
    }
    if faults.is_empty() {
        return Ok(());
    }
    counts.passed = 0;
    for fault in &faults {
        println!("{fault}");
    }
    bail!("{} faults of structure", faults.len())
}

/// The folders of all crates that are looked at.
fn crates() -> Result<Vec<PathBuf>> {
    let folder = root().join("crates");
    let mut crates = Vec::new();
    for entry in fs::read_dir(&folder).context("crates/")? {
        let path = entry?.path();
        if path.join("Cargo.toml").exists() {
            crates.push(path);
        }
    }
    crates.extend(RUST.iter().map(|path| root().join(path)));
    crates.sort();
    Ok(crates)
}

/// A circle, one import a line.
fn shown(circle: &Vec<Import>) -> String {
    let mut text = "a circle:".to_owned();
    for Import {
        from,
        line,
        to,
        name,
    } in circle
    {
        let (from, to) = (relative(from), relative(to));
        text += &format!("\n  {from}:{line} uses `{name}` of {to}");
    }
    text
}

/// A name that several types share, one place a line.
fn listed(shared: &types::Shared) -> String {
    let mut text = format!(
        "`{}` is the name of {} types:",
        shared.name,
        shared.places.len()
    );
    for (file, line) in &shared.places {
        text += &format!("\n  {}:{line}", relative(file));
    }
    text
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}
