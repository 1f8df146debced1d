//! Checks that watch each access to memory, and what threads share under every order of theirs.
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build::{Profile, Target, build, build_by, is_small, place_module};
use crate::counts::{Counts, count};
use crate::instructions::Valgrind;
use crate::nightly;
use crate::peers::{self, Node};
use crate::process::{cargo, command, host, output, root, run as run_command};

/// The packages whose Rust tests are run under AddressSanitizer.
const ADDRESS: [&str; 5] = [
    "arkws-proto",
    "arkws",
    "arkws-netstack",
    "arkws-node",
    "arkws-capi",
];

/// Those that are run under ThreadSanitizer: what their objects have, the program's threads share
/// with the network thread.
const THREADS: [&str; 3] = ["arkws-netstack", "arkws-node", "arkws-capi"];

/// What has the tests of the C library watch the memory of the programs in C.
const WATCH: &str = "ARKWS_WATCH_MEMORY";

/// What Miri runs: the compiler's flags, and the tests. Compression has no `unsafe` code of ours;
/// without them are also those that take minutes: of the protocol's modules `direct`, one text of
/// which alone takes more than half of one, `limits` and `send`, in which much arrives. The others,
/// `entropy`, `pieces`, `recv`, `shown` and the handshake, have not been timed on a quiet machine.
const MIRI: [(&str, &str); 4] = [
    // Without AVX2, for which `simdutf8` 0.1.5 computes addresses beyond its slice, to prefetch.
    (
        "",
        "--package arkws-proto --lib --test protocol -- utf8:: buffer:: mask:: closing:: must_fail:: \
         payload:: rfc_examples:: --skip deflate \
         --skip events_are_the_same_through_a_buffer --skip byte_by_byte",
    ),
    (
        "-Ctarget-feature=+avx2,+popcnt",
        "--package arkws-node --test text",
    ),
    (
        "-Ctarget-feature=+avx2,+popcnt",
        "--package arkws-netstack --lib mailbox:: -- --skip much_that_is_fed",
    ),
    // Without those that make sockets, and those that make as many header fields as there may be.
    (
        "-Ctarget-feature=+avx2,+popcnt",
        "--package arkws-capi --lib -- --skip a_poll --skip what_waits --skip a_list_that \
         --skip as_many",
    ),
];

/// What the module does, as a program.
const LOAD: &str = "tests/memory/load.mjs";

/// Sees to it that there is valgrind.
pub(crate) fn prepare_valgrind() -> Result<()> {
    match Valgrind::of_machine() {
        Some(_) => Ok(()),
        None => bail!(Valgrind::MISSING),
    }
}

/// The module as users get it, in Node.js under valgrind, and what C programs do wrong with the C
/// library: reads and writes beyond what was allocated or after it was freed, and memory that
/// nobody can free any more. Of the C library nothing is told but what `valgrind.supp` names.
pub(crate) fn valgrind(counts: &mut Counts) -> Result<()> {
    let node = Node::of_machine()?;
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    let built = build(&[Target::NodeModule], Profile::Release)?;
    for module in &built {
        is_small(module)?;
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
    one(run, counts).context("the module in Node.js")?;

    let mut misuse = cargo();
    misuse
        // Of all packages there are, so that dependencies are built as for the Rust tests.
        .args(["test", "--locked", "--workspace", "--test", "misuse"])
        .env(WATCH, "valgrind");
    count(&mut misuse, counts).context("the C library")
}

/// Sees to it that there is AddressSanitizer's library.
pub(crate) fn prepare_address() -> Result<()> {
    address_library().map(drop)
}

/// AddressSanitizer's library, for Node.js, which has been built without it.
fn address_library() -> Result<PathBuf> {
    let library = PathBuf::from(output(command("cc").arg("-print-file-name=libasan.so.8"))?.trim());
    if !library.is_absolute() {
        bail!("AddressSanitizer's library is not installed: apt-get install libasan8");
    }
    Ok(library)
}

/// The Rust tests, what C programs do wrong with the C library, and the module in Node.js, under
/// AddressSanitizer: reads and writes beyond what was allocated, on the stack too, or after it was
/// freed. The programs in C also see what of the library's memory nobody can free any more.
pub(crate) fn address(counts: &mut Counts) -> Result<()> {
    let library = address_library()?;
    let host = host()?;
    let cargo = |task: &str| {
        let mut cargo = cargo();
        cargo
            // With a target, what runs while building is built as ever.
            .args([task, "--locked", "--target", &host])
            .args(["--target-dir", "target/asan"])
            // The sanitizer works, but for its option that is not stable.
            .env("RUSTC_BOOTSTRAP", "1")
            .env(
                "RUSTFLAGS",
                "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
            );
        cargo
    };
    // What is still there when a process ends is not lost: the network thread does not end before.
    let options = "detect_leaks=0";
    let mut tests = cargo("test");
    tests.args(["--lib", "--tests", "--no-fail-fast"]);
    for package in ADDRESS {
        tests.args(["--package", package]);
    }
    // The programs in C, with the library that is built so: they set options of their own.
    tests.env(WATCH, "address");
    let tests = count(tests.env("ASAN_OPTIONS", options), counts);

    let node = Node::of_machine()?;
    peers::install_npm("npm", false)?;
    peers::install_npm("tests", false)?;
    let built = build_by(cargo("build"), &[Target::NodeModule], Profile::Dev)?;
    // Not where the package looks for it: a Node.js without that library could not load it.
    let module = root().join("target/asan/arkws.node");
    fs::copy(&built[0], &module).with_context(|| format!("cannot write {}", module.display()))?;
    let mut run = command(&node.path);
    run.args(["--expose-gc", LOAD])
        .env("ARKWS_NATIVE", module)
        .env("LD_PRELOAD", library)
        .env("ASAN_OPTIONS", options);
    one(run, counts).context("the module in Node.js")?;
    tests.context("the Rust tests")
}

/// Sees to it that there is a nightly toolchain with the sources of the standard library, and that
/// a program may be told where its memory lies, which the sanitizer needs.
pub(crate) fn prepare_threads() -> Result<()> {
    nightly::install("rust-src")?;
    run_command(command("setarch").args(["-R", "true"]))
        .context("the addresses of a program cannot be fixed here")
}

/// What crosses threads, in the Rust tests and in what C programs do wrong with the C library,
/// under ThreadSanitizer: one thread writes what another reads or writes, and nothing says which
/// is first.
pub(crate) fn threads(counts: &mut Counts) -> Result<()> {
    let mut tests = command("setarch");
    tests
        .args([
            "-R",
            "rustup",
            "run",
            nightly::NIGHTLY,
            "cargo",
            "test",
            "--locked",
        ])
        // What the standard library does to order threads it has to see, too.
        .args(["-Zbuild-std", "--target", &host()?])
        .args(["--target-dir", "target/tsan", "--lib", "--tests"])
        .arg("--no-fail-fast")
        .env("RUSTFLAGS", "-Zsanitizer=thread")
        // A race is only told if it is still known where the other thread was.
        // tokio joins the thread of its pool that has ended last when its runtime ends, and the
        // process of a test may end first: that is no leak.
        .env("TSAN_OPTIONS", "history_size=7:report_thread_leaks=0")
        .env(WATCH, "thread");
    for package in THREADS {
        tests.args(["--package", package]);
    }
    count(&mut tests, counts)
}

/// Sees to it that there is a nightly toolchain with Miri.
pub(crate) fn prepare_miri() -> Result<()> {
    nightly::install("miri")?;
    nightly::install("rust-src")
}

/// Rust tests under Miri, which knows what the language leaves undefined: those of the code that
/// has `unsafe` in it or is shared by threads. It takes a hundred times as long.
pub(crate) fn miri(counts: &mut Counts) -> Result<()> {
    let mut result = Ok(());
    for (features, tests) in MIRI {
        let mut miri = nightly::cargo();
        miri.args(["miri", "test", "--locked"])
            .args(["--target-dir", "target/miri"])
            .args(tests.split_whitespace())
            // The tests read the clock, and proptest files.
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .env("RUSTFLAGS", features)
            .env("PROPTEST_CASES", "4");
        result = result.and(count(&mut miri, counts));
    }
    result
}

/// What threads share, with more changes of thread than a plain `cargo test` tries.
pub(crate) fn loom(counts: &mut Counts) -> Result<()> {
    let mut tests = cargo();
    tests
        .args(["test", "--locked", "--package", "arkws-loom"])
        .env("LOOM_MAX_PREEMPTIONS", "3");
    count(&mut tests, counts)
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
