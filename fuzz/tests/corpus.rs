//! The saved inputs of each target, and what it makes of none.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use arkws_fuzz::TARGETS;

/// All of the inputs together may have so many bytes.
const MOST: u64 = 300 << 10;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_must_hold_does_for_every_saved_input() {
    for target in TARGETS {
        (target.run)(&[]);
        let files = files(&corpus().join(target.name));
        assert!(!files.is_empty(), "{} has none", target.name);
        for file in files {
            // The output of a test that fails is shown: the last line names the input.
            println!("{}", file.display());
            (target.run)(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_folder_of_inputs_has_its_target() {
    let folders: BTreeSet<_> = files(&corpus())
        .into_iter()
        .map(|folder| folder.file_name().unwrap().to_owned())
        .collect();
    let targets = TARGETS.iter().map(|target| target.name.into()).collect();
    assert_eq!(folders, targets);
}

#[test]
fn the_saved_inputs_are_small() {
    let size = |file: &PathBuf| file.metadata().unwrap().len();
    let folders = files(&corpus());
    let all: u64 = folders
        .iter()
        .flat_map(|folder| files(folder))
        .map(|file| size(&file))
        .sum();
    assert!(all <= MOST, "{all} bytes");
}
