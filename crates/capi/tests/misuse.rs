//! The misuse matrix: programs in C that do with every function what they must not, and go on.
//!
//! They run as they are, by each compiler, and under AddressSanitizer, which sees what is freed
//! twice, read after that, or never freed. `ARKWS_WATCH_MEMORY=address` has them run under it
//! alone: then the library has to have been built with it, and each of its accesses is seen too.
//! `ARKWS_WATCH_MEMORY=thread` is the same for ThreadSanitizer, which sees what threads read and
//! write without an order. `ARKWS_WATCH_MEMORY=valgrind` has them run under valgrind.
mod compilers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compilers::{Compiler, command, folder, installed, succeed};

/// What watches the memory of the programs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    Nothing,
    AddressSanitizer,
    ThreadSanitizer,
    Valgrind,
}

/// The compilers, and what watches the programs that they make.
fn runs() -> Vec<(Compiler, Watch)> {
    let compilers = installed();
    let first = compilers[0];
    match std::env::var("ARKWS_WATCH_MEMORY").as_deref() {
        Ok("address") => vec![(first, Watch::AddressSanitizer)],
        Ok("thread") => vec![(first, Watch::ThreadSanitizer)],
        Ok("valgrind") => vec![(first, Watch::Valgrind)],
        Ok(other) => panic!("ARKWS_WATCH_MEMORY is {other}, not address, thread or valgrind"),
        Err(_) => {
            let plain = compilers
                .into_iter()
                .map(|compiler| (compiler, Watch::Nothing));
            let watched = has_address_sanitizer(first).then_some((first, Watch::AddressSanitizer));
            plain.chain(watched).collect()
        }
    }
}

/// Whether the compiler has AddressSanitizer's library.
///
/// # Panics
/// It has not, and the environment has `ARKWS_REQUIRE_ALL`.
fn has_address_sanitizer(compiler: Compiler) -> bool {
    let output = Command::new(compiler.c)
        .arg("-print-file-name=libasan.so")
        .output();
    let said = output.expect("it is installed").stdout;
    // What it has not got it names without a folder; what is left of a link leads nowhere.
    let library = PathBuf::from(String::from_utf8_lossy(&said).trim());
    let is_there = library.is_absolute() && library.exists();
    if !is_there {
        let word = "AddressSanitizer's library is not installed: apt-get install libasan8";
        assert!(std::env::var_os("ARKWS_REQUIRE_ALL").is_none(), "{word}");
        eprintln!("{word}");
    }
    is_there
}

/// The folder of the shared library: cargo has built it for this test, and puts it beside it.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_path_buf()
}

/// ThreadSanitizer's library of the Rust toolchain: that of a compiler for C may be older, and lack
/// what the Rust library calls.
fn thread_sanitizer() -> PathBuf {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir"])
        .output();
    let said = output.expect("rustc has built this test").stdout;
    let folder = PathBuf::from(String::from_utf8_lossy(&said).trim());
    folder.join("librustc-nightly_rt.tsan.a")
}

/// Builds the program; returns where it is.
fn build(name: &str, compiler: Compiler, watch: Watch) -> PathBuf {
    let suffix = match watch {
        Watch::Nothing | Watch::Valgrind => "",
        Watch::AddressSanitizer => "-address",
        Watch::ThreadSanitizer => "-thread",
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(format!("{name}-{}{suffix}", compiler.c));
    let mut build = command(compiler.c, "c11", &format!("{name}.c"));
    build.args(["-g", "-pthread"]);
    if watch == Watch::AddressSanitizer {
        build.arg("-fsanitize=address");
    }
    if watch == Watch::ThreadSanitizer {
        let object = program.with_extension("o");
        // ThreadSanitizer has a thread of its own.
        build.args(["-fsanitize=thread", "-DOWN_THREADS=4", "-c", "-o"]);
        succeed(build.arg(&object));
        build = Command::new(compiler.c);
        build.arg(object).args(["-pthread", "-rdynamic"]);
        build.arg("-Wl,--whole-archive").arg(thread_sanitizer());
        build.args(["-Wl,--no-whole-archive", "-ldl", "-lm", "-lrt"]);
    }
    build.arg("-L").arg(library()).arg("-lnet_websocket");
    succeed(build.arg("-o").arg(&program));
    program
}

/// Builds the program and runs it, in each way.
fn run(name: &str) {
    let suppressions = folder("packaging").join("valgrind.supp");
    for (compiler, watch) in runs() {
        let program = build(name, compiler, watch);
        let mut run = match watch {
            Watch::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind
                    .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
                    // As its users have it.
                    .arg(format!("--suppressions={}", suppressions.display()))
                    .arg(program);
                valgrind
            }
            _ => Command::new(program),
        };
        run.env("LD_LIBRARY_PATH", library());
        run.env("ASAN_OPTIONS", "detect_leaks=1");
        succeed(&mut run);
    }
}

#[test]
fn no_misuse_of_the_platforms_functions_harms() {
    run("misuse_platform");
}

#[test]
fn no_misuse_of_our_own_functions_harms() {
    run("misuse_arkws");
}

#[test]
fn no_caller_harms() {
    run("misuse_callers");
}

#[test]
fn no_random_calls_harm() {
    run("misuse_random");
}

/// The names of functions: a word that has one of our beginnings, and then a parenthesis.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices('(')
        .filter_map(move |(end, _)| text[..end].rsplit(|c| !is_part(c)).next())
        .filter(|name| {
            ["arkws_", "OH_"]
                .iter()
                .any(|start| name.starts_with(start))
        })
}

#[test]
fn every_function_is_misused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let with_what = ["tests/misuse_platform.c", "tests/misuse_arkws.c"]
        .map(read)
        .concat();
    for (programs, how) in [
        (with_what, "misused"),
        (read("tests/misuse_callers.c"), "called from anywhere"),
    ] {
        for header in ["include/net_websocket.h", "include/arkws.h"] {
            for function in functions(&read(header)) {
                assert!(
                    programs.contains(&format!("{function}(")),
                    "{function} of {header} is {how} by no program"
                );
            }
        }
    }
}
