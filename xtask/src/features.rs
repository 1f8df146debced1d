//! The Cargo features of `arkws` and `arkws-proto`: sets of them build without a warning, what is
//! switched off says so, and a program pays only for what it has switched on.
use std::process::Command;

use anyhow::{Result, bail};

use crate::counts::{self, Counts};
use crate::process::{cargo, output, run};

/// Sets that programs have. What one feature forgets of another shows in these.
const CHOSEN: &[&str] = &[
    "",
    "client",
    "server",
    "client,server,deflate",
    "server,tls,ring",
];

/// Each feature alone, and all together.
const EVERY: &[&str] = &[
    "aws-lc-rs",
    "axum",
    "axum,http2",
    "client",
    "client,aws-lc-rs",
    "client,encrypted-keys",
    "client,idna",
    "client,native-roots",
    "client,tls",
    "client,tls,ring",
    "client,tracing",
    "client,webpki-roots",
    "deflate",
    "encrypted-keys",
    "client,http2",
    "http2",
    "hyper",
    "idna",
    "native-roots",
    "nested-tls",
    "proxy",
    "ring",
    "server",
    "server,tls",
    "tls",
    "tower",
    "tracing",
    "webpki-roots",
    "client,server,deflate,tls,ring,aws-lc-rs,native-roots,webpki-roots,encrypted-keys,proxy,\
     nested-tls,idna,tracing,hyper,axum,http2,tower",
];

/// Sets whose tests are run: each test of `tests/features.rs` in one of them, or in those of a
/// client alone.
const TESTED: &[&str] = &[
    "client,tls",
    "client,tls,ring",
    "client,tls,aws-lc-rs",
    "client,proxy,axum",
];

/// Sets with the most crates that a program may get with them, our own included.
const SIZES: &[(&str, usize)] = &[("server", 46), ("client,server,deflate", 60)];

/// What compiles C, or is C, and nothing without TLS needs.
const C: [&str; 3] = ["cc", "cmake", "ring"];

/// The check: sizes, chosen sets, and that what is missing is named.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    for &(features, most) in SIZES {
        let crates = crates(features)?;
        if crates.len() > most {
            bail!(
                "arkws with {features} has {} crates, {most} at most",
                crates.len()
            );
        }
        println!("arkws with {features}: {} crates", crates.len());
        counts.passed += 1;
    }
    for features in ["", "deflate", "rand"] {
        run(lint("arkws-proto", features).arg("--lib").args(DENY))?;
        counts.passed += 1;
    }
    for features in CHOSEN {
        run(lint("arkws", features).arg("--lib").args(DENY))?;
        counts.passed += 1;
    }
    missing("client", counts)
}

/// The long check: every feature alone, and all.
pub(crate) fn every(counts: &mut Counts) -> Result<()> {
    for features in EVERY {
        run(lint("arkws", features)
            .args(["--lib", "--test", "features"])
            .args(DENY))?;
        counts.passed += 1;
    }
    for features in TESTED {
        missing(features, counts)?;
    }
    Ok(())
}

const DENY: [&str; 2] = ["--", "--deny=warnings"];

/// The tests of what is switched off, and of what takes its place: without `idna`, another reader
/// of URLs.
fn missing(features: &str, counts: &mut Counts) -> Result<()> {
    let mut tests = with("test", "arkws", features);
    counts::count(tests.args(["--lib", "--test", "features"]), counts)
}

fn lint(package: &str, features: &str) -> Command {
    let mut clippy = with("clippy", package, features);
    clippy.arg("--quiet");
    clippy
}

fn with(task: &str, package: &str, features: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([task, "--locked", "--package", package]).args([
        "--no-default-features",
        "--features",
        features,
    ]);
    cargo
}

/// The crates that a program on Linux gets.
///
/// # Errors
/// Among what builds them is C.
fn crates(features: &str) -> Result<Vec<String>> {
    let tree = |edges: &str| {
        let mut tree = with("tree", "arkws", features);
        tree.args(["--edges", edges, "--prefix", "none"])
            .args(["--target", "x86_64-unknown-linux-gnu"]);
        let mut crates: Vec<String> = output(&mut tree)?
            .lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        crates.sort_unstable();
        crates.dedup();
        Ok::<_, anyhow::Error>(crates)
    };
    if let Some(c) = tree("normal,build")?
        .iter()
        .find(|name| C.contains(&name.as_str()))
    {
        bail!("arkws with {features} needs {c}");
    }
    tree("normal")
}
