//! The tests of one file, or of one folder.
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::catalogue::{Action, CHECKS, Group};
use super::javascript;
use crate::process::root;

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tests {
    /// Files of JavaScript tests, and the group they belong to.
    JavaScript(&'static Group, Vec<PathBuf>),
    /// What `cargo test` is given.
    Rust(Vec<String>),
}

/// Whether the word is no name of a check, but a path.
pub(super) fn is_path(word: &str) -> bool {
    word.contains(['/', '\\', '.'])
}

/// Finds the tests that a path names, from the current directory or from the root.
///
/// # Errors
/// There is nothing of that name, or no tests are in it.
pub(super) fn find(word: &str) -> Result<Tests> {
    let here = std::env::current_dir()?;
    let path = [here, root()]
        .iter()
        .map(|folder| folder.join(word))
        .find(|path| path.exists())
        .with_context(|| format!("there is no file or folder {word}"))?;
    let path = path.canonicalize()?;
    let relative = path
        .strip_prefix(root().canonicalize()?)
        .with_context(|| format!("{word} is not one of the project's"))?;
    match of_javascript(relative)? {
        Some(tests) => Ok(tests),
        None => of_rust(relative),
    }
}

fn of_javascript(path: &Path) -> Result<Option<Tests>> {
    let group = CHECKS.iter().find_map(|check| match &check.action {
        Action::JavaScript(group) if path.starts_with(group.folder) => Some(group),
        _ => None,
    });
    let Some(group) = group else { return Ok(None) };
    let absolute = root().join(path);
    let files = if absolute.is_dir() {
        javascript::files(path)?
    } else if javascript::is_test(path) {
        vec![absolute]
    } else {
        bail!(
            "{} is no file of tests: their names end in .test.mjs",
            path.display()
        );
    };
    Ok(Some(Tests::JavaScript(group, files)))
}

fn of_rust(path: &Path) -> Result<Tests> {
    let folder = path
        .ancestors()
        .find(|folder| root().join(folder).join("Cargo.toml").is_file())
        .filter(|folder| !folder.as_os_str().is_empty())
        .with_context(|| format!("{} belongs to no tests", path.display()))?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    let mut arguments: Vec<String> = ["test", "--locked", "--manifest-path", &manifest]
        .map(str::to_owned)
        .into();
    let inside = path.strip_prefix(folder)?;
    if root().join(path).is_dir() {
        if inside.as_os_str().is_empty() {
            return Ok(Tests::Rust(arguments));
        }
        bail!(
            "{}: name a file in it, or {}",
            path.display(),
            folder.display()
        );
    }
    let Some(target) = target(inside, &root().join(folder)) else {
        bail!("{} is no file of Rust tests", path.display());
    };
    arguments.extend(target);
    Ok(Tests::Rust(arguments))
}

/// What chooses a file of a crate: its target, and the module.
fn target(file: &Path, crate_: &Path) -> Option<Vec<String>> {
    if file.extension()? != "rs" {
        return None;
    }
    let without = file.with_extension("");
    let names: Vec<&str> = without
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let (mut arguments, module) = match names[..] {
        ["tests", target, ref module @ ..] => {
            (vec!["--test".to_owned(), target.to_owned()], module)
        }
        ["src", ref module @ ..] => {
            let has_library = crate_.join("src/lib.rs").is_file();
            let target = if has_library { "--lib" } else { "--bins" };
            (vec![target.to_owned()], module)
        }
        _ => return None,
    };
    let module: Vec<&str> = module
        .iter()
        .filter(|name| !["main", "lib", "mod"].contains(name))
        .copied()
        .collect();
    if !module.is_empty() {
        arguments.push("--".to_owned());
        arguments.push(format!("{}::", module.join("::")));
    }
    Some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(path: &str) -> Vec<String> {
        let Ok(Tests::Rust(arguments)) = find(path) else {
            panic!("{:?}", find(path))
        };
        arguments[4..].to_vec()
    }

    #[test]
    fn a_file_of_javascript_tests_is_run_alone_and_a_folder_whole() {
        let Ok(Tests::JavaScript(group, files)) = find("tests/codes/codes.test.mjs") else {
            panic!("not found")
        };
        assert_eq!(group.folder, "tests/codes");
        assert_eq!(files.len(), 1);
        let Ok(Tests::JavaScript(_, files)) = find("tests/tls") else {
            panic!("not found")
        };
        assert!(files.len() > 1);
    }

    #[test]
    fn a_file_of_rust_tests_is_a_target_or_a_module_of_one() {
        assert_eq!(rust("crates/outq/tests/sockets.rs"), ["--test", "sockets"]);
        let main = rust("crates/arkws/tests/socket/main.rs");
        assert_eq!(main, ["--test", "socket"]);
        let module = rust("crates/arkws/tests/socket/split.rs");
        assert_eq!(module, ["--test", "socket", "--", "split::"]);
        let unit = rust("xtask/src/check/file.rs");
        assert_eq!(unit, ["--bins", "--", "check::file::"]);
        assert!(rust("crates/proto").is_empty());
    }

    #[test]
    fn what_has_no_tests_is_refused_with_the_reason() {
        let refused = |path| find(path).unwrap_err().to_string();
        assert_eq!(
            refused("no/such.rs"),
            "there is no file or folder no/such.rs"
        );
        assert!(refused("tests/codes/../support.mjs").contains("support.mjs"));
        assert!(refused("README.md").contains("README.md"));
        assert!(refused("crates/proto/Cargo.toml").contains("Cargo.toml"));
    }
}
