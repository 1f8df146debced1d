//! The misuse matrix: programs in C that do with every function what they must not, and go on.
//!
//! With `ARKWS_WATCH_MEMORY=address` they run under AddressSanitizer, with which the library has to
//! have been built; with `ARKWS_WATCH_MEMORY=valgrind` under valgrind. Either also finds what is
//! never freed.
mod compilers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use compilers::{command, installed, succeed};

/// What watches the memory of the programs.
enum Watch {
    Nothing,
    AddressSanitizer,
    Valgrind,
}

fn watch() -> Watch {
    match std::env::var("ARKWS_WATCH_MEMORY").as_deref() {
        Err(_) => Watch::Nothing,
        Ok("address") => Watch::AddressSanitizer,
        Ok("valgrind") => Watch::Valgrind,
        Ok(other) => panic!("ARKWS_WATCH_MEMORY is {other}, not address or valgrind"),
    }
}

/// The folder of the shared library: cargo has built it for this test, and puts it beside it.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_path_buf()
}

/// Builds the program with each compiler, and runs it.
fn run(name: &str) {
    let mut compilers = installed();
    let watch = watch();
    if !matches!(watch, Watch::Nothing) {
        // What is watched is the library.
        compilers.truncate(1);
    }
    for compiler in compilers {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join(format!("{name}-{}", compiler.c));
        let mut build = command(compiler.c, "c11", &format!("{name}.c"));
        build.args(["-g", "-pthread", "-o"]).arg(&program);
        build.arg("-L").arg(library()).arg("-lnet_websocket");
        if let Watch::AddressSanitizer = watch {
            build.arg("-fsanitize=address");
        }
        succeed(&mut build);

        let mut run = match watch {
            Watch::Valgrind => {
                let mut valgrind = Command::new("valgrind");
                valgrind
                    .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
                    // What the network thread holds when the process ends can still be reached.
                    .args([
                        "--show-leak-kinds=definite",
                        "--errors-for-leak-kinds=definite",
                    ])
                    .arg(program);
                valgrind
            }
            Watch::Nothing | Watch::AddressSanitizer => Command::new(program),
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
    let programs = ["tests/misuse_platform.c", "tests/misuse_arkws.c"]
        .map(read)
        .concat();
    for header in ["include/net_websocket.h", "include/arkws.h"] {
        for function in functions(&read(header)) {
            assert!(
                programs.contains(&format!("{function}(")),
                "{function} of {header} is in no program"
            );
        }
    }
}
