//! Checks that watch each access to memory: valgrind, Miri, AddressSanitizer.
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::build::{Profile, Target, build, place_module};
use crate::check::count;
use crate::instructions::Valgrind;
use crate::long::Missing;
use crate::peers::{self, Node};
use crate::process::{cargo, command, root};
use crate::report::Counts;

/// What the module does, as a program.
const LOAD: &str = "tests/memory/load.mjs";

/// The target that this machine compiles for: a sanitizer needs it said, so that build scripts and
/// macros are compiled without it.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The module as users get it, in Node.js under valgrind: reads and writes beyond what was allocated
/// or after it was freed, and memory that nobody can free any more.
pub(crate) fn valgrind(counts: &mut Counts) -> Result<()> {
    if Valgrind::of_machine().is_none() {
        bail!(Valgrind::MISSING);
    }
    let node = Node::of_machine()?;
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    let built = build(&[Target::NodeModule], Profile::Release)?;
    for module in &built {
        place_module(module)?;
    }
    let mut run = command("valgrind");
    // What V8 leaves uninitialised it knows how to use; what it compiles at run time valgrind would
    // have to translate again and again.
    run.args([
        "--quiet",
        "--undef-value-errors=no",
        "--leak-check=full",
        // What the network thread holds while it ends with the process is not lost.
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
        "--error-exitcode=99",
    ])
    .arg(&node.path)
    .args(["--jitless", "--expose-gc", LOAD]);
    one(run, counts)
}

/// The interpreter that knows Rust's rules, on what has `unsafe` and no sockets.
pub(crate) fn miri(counts: &mut Counts) -> Result<()> {
    if !has_miri() {
        // Where there is a nightly toolchain its parts can be added, on most machines.
        let _ = rustup("rustup")
            .args([
                "component",
                "add",
                "miri",
                "rust-src",
                "--toolchain",
                "nightly",
            ])
            .status();
    }
    if !has_miri() {
        let how = "there is no Miri: `rustup toolchain install nightly --component miri,rust-src`";
        return Err(Missing(how.to_owned()).into());
    }
    // The protocol, but for compression and what is large, which take Miri hours. And the conversions
    // of text, with the vector instructions, which Miri knows when it is told that they are there;
    // `simdutf8`, of which the protocol makes use, then computes addresses for prefetching that Miri
    // does not allow.
    let protocol = [
        "--package",
        "arkws-proto",
        "--test",
        "protocol",
        "--",
        "--skip=deflate",
        "--skip=large",
        "--skip=events_are_the_same",
    ];
    let text = ["--package", "arkws-node", "--test", "text"];
    for (flags, arguments) in [
        ("", &protocol[..]),
        ("-Ctarget-feature=+avx2,+popcnt", &text),
    ] {
        let mut test = rustup("cargo");
        test.args(["+nightly", "miri", "test", "--locked"])
            .args(arguments)
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .env("RUSTFLAGS", flags)
            .env("CARGO_TARGET_DIR", target("miri"));
        count(&mut test, counts)?;
    }
    Ok(())
}

/// The Rust tests, compiled so that each access to memory is checked.
pub(crate) fn address(counts: &mut Counts) -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--locked", "--lib", "--tests", "--target", TARGET])
        .args([
            "--package",
            "arkws-proto",
            "--package",
            "arkws",
            "--package",
            "arkws-netstack",
        ])
        // The sanitizer is in the stable compiler, which only does not promise to keep the flag.
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "RUSTFLAGS",
            "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
        )
        .env("CARGO_TARGET_DIR", target("address-sanitizer"));
    count(&mut test, counts)
}

/// Runs a program that is a test case by itself.
fn one(mut program: Command, counts: &mut Counts) -> Result<()> {
    match program.status()? {
        status if status.success() => {
            counts.passed += 1;
            Ok(())
        }
        status => {
            counts.failed += 1;
            bail!("ended with {status}")
        }
    }
}

fn has_miri() -> bool {
    rustup("cargo")
        .args(["+nightly", "miri", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A program of rustup's, which chooses the toolchain by its arguments.
fn rustup(program: &str) -> Command {
    let mut program = command(program);
    // Set by the cargo that runs us: they would choose its toolchain.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        program.env_remove(variable);
    }
    program
}

/// Where a check's own builds go, so that they do not disturb the others.
fn target(name: &str) -> PathBuf {
    root().join("target").join(name)
}
