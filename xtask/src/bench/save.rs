//! `--save`: what was measured, as a document that says on what, of what and when.
use std::fmt::Write;
use std::fs;
use std::thread;

use anyhow::{Context, Result};
use toml_edit::DocumentMut;

use crate::process::{command, output, root};

/// What decides speed below the libraries that are compared, and is none of them.
const BELOW: &[&str] = &["ring", "zlib-rs"];

/// A name for `--save`: what a file can be called everywhere.
pub(super) fn name(name: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(good) {
        return Ok(name.to_owned());
    }
    Err("letters, digits, and `-`, `_` and `.` between them".to_owned())
}

/// Writes `bench/results/NAME.md`, in place of what is there.
pub(super) fn write(name: &str, tables: &str) -> Result<()> {
    let folder = root().join("bench/results");
    let path = folder.join(format!("{name}.md"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let tables = tables.trim_end();
    let document = format!("# Benchmarks: {name}\n\n{}\n{tables}\n", head()?);
    fs::write(&path, document).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

/// The table at the head.
fn head() -> Result<String> {
    let mut head = "| | |\n|---|---|\n".to_owned();
    for (what, value) in [
        ("command", typed()),
        ("date", line("date", &["-u", "+%Y-%m-%d"])?),
        ("commit", commit()?),
        ("machine", machine()?),
        ("system", line("uname", &["-sr"])?),
        ("compiler", line("rustc", &["--version"])?),
        ("crates", crates()?),
    ] {
        writeln!(head, "| {what} | {value} |")?;
    }
    if let Some(version) = libwebsockets() {
        writeln!(head, "| libwebsockets | {version} |")?;
    }
    if let Some(version) = uwebsockets() {
        writeln!(head, "| uwebsockets | {version} |")?;
    }
    Ok(head)
}

/// How this run was asked for.
fn typed() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("`cargo xtask {}`", arguments.join(" "))
}

fn commit() -> Result<String> {
    let commit = line("git", &["rev-parse", "--short", "HEAD"])?;
    let changes = line("git", &["status", "--porcelain", "--untracked-files=no"])?;
    Ok(if changes.is_empty() {
        commit
    } else {
        format!("{commit}, with changes that are not committed")
    })
}

fn machine() -> Result<String> {
    let info = fs::read_to_string("/proc/cpuinfo").context("the benches run on Linux")?;
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("a processor without a name", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores"))
}

/// The crates that `arkws-bench` is built with, and their versions: its lock file has them.
fn crates() -> Result<String> {
    let path = root().join("bench/Cargo.lock");
    let lock: DocumentMut = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .parse()
        .with_context(|| format!("{}: no TOML", path.display()))?;
    versions(&lock).with_context(|| format!("{}: no package arkws-bench", path.display()))
}

fn versions(lock: &DocumentMut) -> Option<String> {
    let packages = lock.get("package")?.as_array_of_tables()?;
    let text = |package: &toml_edit::Table, key| Some(package.get(key)?.as_str()?.to_owned());
    let bench = packages
        .iter()
        .find(|package| text(package, "name").is_some_and(|name| name == "arkws-bench"))?;
    let direct: Vec<&str> = bench
        .get("dependencies")?
        .as_array()?
        .iter()
        .filter_map(|value| value.as_str())
        .collect();
    let mut versions = Vec::new();
    for package in packages {
        let (name, version) = (text(package, "name")?, text(package, "version")?);
        // A crate of which there are two versions is listed with the one that is meant.
        let meant = format!("{name} {version}");
        let wanted = |listed: &&str| *listed == name || *listed == meant;
        let ours = package.get("source").is_none();
        if !ours && (direct.iter().any(wanted) || BELOW.contains(&name.as_str())) {
            versions.push(meant);
        }
    }
    Some(versions.join(", "))
}

/// The version of the peer in C, where the machine has it.
fn libwebsockets() -> Option<String> {
    let mut config = command("pkg-config");
    let output = config
        .args(["--modversion", "libwebsockets"])
        .output()
        .ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned())
}

/// The version of the Python package that brings the peer in C++, where it is installed.
fn uwebsockets() -> Option<String> {
    let installed = root().join(".test-env/uwebsockets/installed.txt");
    let installed = fs::read_to_string(installed).ok()?;
    let package = installed.lines().find(|line| line.contains("=="))?;
    Some(format!(
        "as {package} brings it, of October 2024: not today's uWebSockets"
    ))
}

/// What a program prints, which is one line.
fn line(program: &str, arguments: &[&str]) -> Result<String> {
    Ok(output(command(program).args(arguments))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files() {
        assert_eq!(name("rust-2026.11"), Ok("rust-2026.11".to_owned()));
        for bad in ["", ".", "../rust", "a/b", "a b", "-a"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_versions_are_those_that_the_bench_is_built_with() {
        let lock = r#"
            [[package]]
            name = "arkws-bench"
            version = "0.0.0"
            dependencies = ["arkws", "tokio", "sha1 0.10.6"]

            [[package]]
            name = "arkws"
            version = "0.1.0"

            [[package]]
            name = "other"
            version = "1.0.0"
            source = "registry"

            [[package]]
            name = "ring"
            version = "0.17.14"
            source = "registry"

            [[package]]
            name = "sha1"
            version = "0.10.6"
            source = "registry"

            [[package]]
            name = "sha1"
            version = "0.11.0"
            source = "registry"

            [[package]]
            name = "tokio"
            version = "1.54.1"
            source = "registry"
        "#;
        let versions = versions(&lock.parse().unwrap());
        assert_eq!(versions.unwrap(), "ring 0.17.14, sha1 0.10.6, tokio 1.54.1");
    }
}
