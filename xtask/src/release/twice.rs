//! Builds the same at two places, packs it twice, and compares: whoever makes a release again gets
//! the very bytes.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::tracked;
use crate::packages::place::Place;
use crate::process::root;

/// Where it is built.
const FOLDER: &str = "target/reproducible";

/// A place of the working tree where nothing else is built.
pub(super) fn first_place() -> Place {
    Place::new(&root(), &root().join(FOLDER).join("first"))
}

/// What is built, from its name to its file.
pub(super) type Outputs = Vec<(String, PathBuf)>;

/// Builds at a place of the working tree; if it is to be twice, from a copy of the files too, whose
/// folders have other names. Returns what the former has made.
///
/// # Errors
/// One of them does not build, or they differ.
pub(super) fn build(
    place: &Place,
    is_twice: bool,
    build: impl Fn(&Place) -> Result<Outputs>,
) -> Result<Outputs> {
    let first = build(place)?;
    if !is_twice {
        return Ok(first);
    }
    let folder = root().join(FOLDER);
    let copy = folder.join("second/a-copy-of-the-sources");
    copy_sources(&copy)?;
    let second = build(&Place::new(&copy, &folder.join("second/built")))?;
    compare(&first, &second)?;
    println!("{} files were built twice, and are the same", second.len());
    // It takes as much as the first, and nobody needs it.
    let second = folder.join("second");
    fs::remove_dir_all(&second).with_context(|| format!("cannot remove {}", second.display()))?;
    Ok(first)
}

/// # Errors
/// A file that was built the second time differs from the first with its name, or there is none.
fn compare(first: &Outputs, second: &Outputs) -> Result<()> {
    let mut different = Vec::new();
    for (name, other) in second {
        let one = first.iter().find(|(of_first, _)| of_first == name);
        let (_, one) = one.with_context(|| format!("{name} was built once"))?;
        if read(one)? != read(other)? {
            different.push(format!("{name}: {} and {}", one.display(), other.display()));
        }
    }
    if second.is_empty() || !different.is_empty() {
        bail!("built twice, these differ: {}", different.join("; "));
    }
    Ok(())
}

/// Compares what `sha256sum` says of the files that were packed, and of those a second time.
///
/// # Errors
/// A file differs from the other with its name, or there is no other.
pub(super) fn compare_sums(first: &str, second: &str) -> Result<()> {
    let lines = |sums: &str| sums.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (first, second) = (lines(first), lines(second));
    // A line is the sum, two spaces and the name.
    let names: BTreeSet<&str> = first
        .symmetric_difference(&second)
        .map(|line| {
            line.split_once("  ")
                .map_or(line.as_str(), |(_, name)| name)
        })
        .collect();
    if !names.is_empty() {
        bail!("packed twice, these differ: {names:?}");
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Copies the project's files to `folder`, which becomes new.
fn copy_sources(folder: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    for file in tracked(&[])? {
        let to = folder.join(&file);
        let parent = to.parent().context("a file has a folder")?;
        fs::create_dir_all(parent)
            .and_then(|()| fs::copy(root().join(&file), &to).map(drop))
            .with_context(|| format!("cannot copy {file} to {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let outputs = |place: &str, second: &str| -> Outputs {
            let write = |name: &str, text: &str| {
                let file = folder.path().join(format!("{place}-{name}"));
                fs::write(&file, text).unwrap();
                (name.to_owned(), file)
            };
            vec![write("module", "same"), write("archive", second)]
        };
        let first = outputs("one", "same");
        compare(&first, &outputs("other", "same")).unwrap();
        let different = compare(&first, &outputs("third", "with its path")).unwrap_err();
        let said = different.to_string();
        assert!(
            said.contains("archive: ") && !said.contains("module: "),
            "{said}"
        );
    }

    #[test]
    fn packed_files_that_differ_or_are_missing_are_named() {
        let first = "aa  npm/arkws.tgz\nbb  sbom/one.json\n";
        compare_sums(first, first).unwrap();
        let second = "aa  npm/arkws.tgz\ncc  sbom/one.json\ndd  sbom/two.json\n";
        let said = compare_sums(first, second).unwrap_err().to_string();
        assert!(
            said.ends_with(r#"{"sbom/one.json", "sbom/two.json"}"#),
            "{said}"
        );
    }

    #[test]
    fn a_copy_has_the_files_that_git_knows() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        copy_sources(&copy).unwrap();
        for file in ["Cargo.lock", "crates/node/src/lib.rs", "npm/package.json"] {
            assert_eq!(
                read(&copy.join(file)).unwrap(),
                read(&root().join(file)).unwrap()
            );
        }
        assert!(!copy.join("target").exists());
    }
}
