//! The compilers for C and C++ of the machine.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A compiler for C, its sibling for C++, and Debian's packages of them.
#[derive(Clone, Copy)]
pub(crate) struct Compiler {
    pub(crate) c: &'static str,
    pub(crate) cpp: &'static str,
    packages: &'static str,
}

const KNOWN: [Compiler; 2] = [
    Compiler {
        c: "gcc",
        cpp: "g++",
        packages: "gcc g++",
    },
    Compiler {
        c: "clang",
        cpp: "clang++",
        packages: "clang",
    },
];

/// Those that the machine has; one that is missing is named.
///
/// # Panics
/// None is there, or one is missing and the environment has `ARKWS_REQUIRE_ALL`.
pub(crate) fn installed() -> Vec<Compiler> {
    let (there, missing): (Vec<_>, Vec<_>) = KNOWN.into_iter().partition(Compiler::is_there);
    for Compiler { c, packages, .. } in missing {
        let word = format!("{c} is not installed: apt-get install {packages}");
        assert!(std::env::var_os("ARKWS_REQUIRE_ALL").is_none(), "{word}");
        eprintln!("{word}");
    }
    assert!(!there.is_empty(), "there is no compiler for C");
    there
}

impl Compiler {
    fn is_there(&self) -> bool {
        [self.c, self.cpp].iter().all(|program| {
            let mut version = Command::new(program);
            let version = version.arg("--version").stdout(Stdio::null());
            version.status().is_ok_and(|status| status.success())
        })
    }
}

/// A compiler's command with all warnings as errors, our headers, and the file `tests/NAME`.
pub(crate) fn command(program: &str, standard: &str, name: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-Wall", "-Wextra", "-Werror", "-pedantic"])
        .arg(format!("-std={standard}"))
        .arg("-I")
        .arg(folder("include"));
    // By its name the file is C.
    if standard.contains("++") {
        command.args(["-x", "c++"]);
    }
    command.arg(folder("tests").join(name));
    command
}

/// Runs a command to its end.
///
/// # Panics
/// It fails: with what it said.
pub(crate) fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("cannot start {command:?}: {error}");
    });
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A folder of this crate.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
