//! The Cargo features of `arkws` and `arkws-proto`: sets of them build without a warning, what is
//! switched off says so, and a program pays only for what it has switched on.
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use toml_edit::DocumentMut;

use crate::counts::{self, Counts};
use crate::process::{cargo, output, root, run};

/// Sets that programs have. What one feature forgets of another shows in these.
const CHOSEN: &[&str] = &[
    "",
    "client",
    "server",
    "client,server,deflate",
    "server,tls,ring",
];

/// Sets in which one feature changes what another does.
const TOGETHER: &[&str] = &[
    "axum,http2",
    "client,aws-lc-rs",
    "client,encrypted-keys",
    "client,http2",
    "client,idna",
    "client,native-roots",
    "client,tls",
    "client,tls,ring",
    "client,tracing",
    "client,webpki-roots",
    "server,tls",
];

/// Sets whose tests are run: each test of `tests/features` in one of them, or in those of a client
/// alone.
const TESTED: &[&str] = &[
    "client,proxy,axum",
    "client,tls,ring",
    "client,server,tls",
    "client,server,aws-lc-rs,webpki-roots",
    "client,server,ring,aws-lc-rs,native-roots,webpki-roots",
];

/// The pages that say how many crates a program gets with a set, our own included, and the words
/// before the number.
const SIZES: &[(&str, &str, &str)] = &[
    (
        "server",
        "crates/arkws/src/lib.rs",
        "A server without TLS (`server`) builds ",
    ),
    (
        "server",
        "crates/arkws/README.md",
        "A server without TLS builds ",
    ),
    (
        "client,server,deflate",
        "crates/arkws/src/lib.rs",
        "TLS and `idna` ",
    ),
];

/// What compiles C, or is C, and nothing without TLS needs.
const C: [&str; 3] = ["cc", "cmake", "ring"];

/// The check: sizes, chosen sets, and that what is missing is named.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    for &(features, page, words) in SIZES {
        size(features, page, words)?;
        counts.passed += 1;
    }
    aws_lc_is_asked_for()?;
    counts.passed += 1;
    for features in ["", "deflate", "rand"] {
        run(lint("arkws-proto", features).arg("--lib").args(DENY))?;
        counts.passed += 1;
    }
    let mut bare = with("test", "arkws-proto", "");
    counts::count(bare.args(["--test", "without_deflate"]), counts)?;
    for features in CHOSEN {
        run(lint("arkws", features).arg("--lib").args(DENY))?;
        counts.passed += 1;
    }
    tests("client", counts)
}

/// The long check: every feature alone, and all.
pub(crate) fn every(counts: &mut Counts) -> Result<()> {
    let names = names()?;
    let all = names.join(",");
    let alone = names.iter().map(String::as_str);
    let together = TOGETHER.iter().copied().chain([all.as_str()]);
    for features in alone.chain(together) {
        // Without a test: one brings features of what both depend on.
        run(lint("arkws", features).arg("--lib").args(DENY))?;
        counts.passed += 1;
    }
    for features in TESTED {
        run(lint("arkws", features)
            .args(["--test", "features"])
            .args(DENY))?;
        tests(features, counts)?;
    }
    documentation()?;
    counts.passed += 1;
    Ok(())
}

const DENY: [&str; 2] = ["--", "--deny=warnings"];

/// The tests of what is switched off, and of what takes its place: without `idna`, another reader
/// of URLs.
fn tests(features: &str, counts: &mut Counts) -> Result<()> {
    let mut tests = with("test", "arkws", features);
    counts::count(tests.args(["--lib", "--test", "features"]), counts)
}

/// As docs.rs has it, whose links lead to what is optional, too.
fn documentation() -> Result<()> {
    let mut doc = cargo();
    doc.args(["doc", "--locked", "--package", "arkws", "--all-features"])
        .args(["--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "--deny=warnings");
    run(&mut doc)
}

/// Every feature of `arkws`.
fn names() -> Result<Vec<String>> {
    let manifest = fs::read_to_string(root().join("crates/arkws/Cargo.toml"))?;
    let manifest: DocumentMut = manifest.parse()?;
    let features = manifest.get("features").and_then(|item| item.as_table());
    let names = features.context("arkws has no features")?.iter();
    let names = names.map(|(name, _)| name.to_owned());
    Ok(names.filter(|name| name != "default").collect())
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

/// # Errors
/// A page says another number of crates; or C is among what builds them.
fn size(features: &str, page: &str, words: &str) -> Result<()> {
    let target = "x86_64-unknown-linux-gnu";
    let built = crates(features, "normal,build", target)?;
    if let Some(c) = built.iter().find(|name| C.contains(&name.as_str())) {
        bail!("arkws with {features} needs {c}");
    }
    let text = fs::read_to_string(root().join(page))?;
    let (_, rest) = text
        .split_once(words)
        .with_context(|| format!("{page} does not say \"{words}\""))?;
    let said = rest.split(|c: char| !c.is_ascii_digit()).next();
    let number = crates(features, "normal", target)?.len().to_string();
    ensure!(
        said == Some(number.as_str()),
        "{page}: arkws with {features} has {number} crates, not {said:?}"
    );
    println!("arkws with {features}: {number} crates");
    Ok(())
}

/// AWS-LC is C, and takes long to build. Features only add: what all others have not together, no
/// set of them has.
fn aws_lc_is_asked_for() -> Result<()> {
    const NAME: &str = "aws-lc-rs";
    let mut others = names()?;
    others.retain(|name| name != NAME);
    for (features, expected) in [(others.join(",").as_str(), false), (NAME, true)] {
        let crates = crates(features, "normal,build", "all")?;
        let found = crates.iter().any(|name| name.starts_with("aws-lc"));
        ensure!(
            found == expected,
            "AWS-LC with {features}: {found}, not {expected}"
        );
    }
    Ok(())
}

/// The crates that a program for the target gets, by these edges of the graph.
fn crates(features: &str, edges: &str, target: &str) -> Result<Vec<String>> {
    let mut tree = with("tree", "arkws", features);
    tree.args(["--edges", edges, "--prefix", "none", "--target", target]);
    let mut crates: Vec<String> = output(&mut tree)?
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(crates)
}
