//! Which checks there are, in the order in which they find faults fastest.
use anyhow::Result;

use crate::autobahn::Side;
use crate::capi;
use crate::columns;
use crate::counts::Counts;
use crate::crates;
use crate::demo;
use crate::deny;
use crate::features;
use crate::javascript_style;
use crate::links;
use crate::release;
use crate::rust_version;
use crate::soak;
use crate::structure;
use Need::{Command, EachNode, EveryNode, Har, Packages, Peer, Python};

/// A check that a word of its name chooses.
pub(super) struct Check {
    pub(super) name: &'static str,
    /// How long it takes on two cores, with `--all`, when everything is installed and built.
    pub(super) seconds: u64,
    pub(super) action: Action,
}

/// What a check does.
pub(super) enum Action {
    /// Cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// A function of ours.
    Own(fn(&mut Counts) -> Result<()>),
    /// The same, if the first function finds what it needs of the machine.
    OwnWith(fn() -> Result<()>, fn(&mut Counts) -> Result<()>),
    /// The book, for which mdBook may have to be installed.
    Book,
    /// The instruction counts, for which the machine may have no valgrind.
    Instructions,
    /// The JavaScript tests of a folder.
    JavaScript(Group),
    /// The Autobahn cases, against some of our programs.
    Autobahn,
}

/// The JavaScript tests of a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) folder: &'static str,
    needs: &'static [Need],
}

/// What a group of JavaScript tests needs beside the module and npm's packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The command `arkws`.
    Command,
    /// To run under every supported Node.js.
    EachNode,
    /// To start programs under every supported Node.js.
    EveryNode,
    /// The folder of the package for ohpm, without its native libraries.
    Har,
    /// The packages as npm packs them, with the module that the other tests have.
    Packages,
    /// `arkws-test-peer`: servers and clients written with the `arkws` crate.
    Peer,
    /// The Python packages of `tests/requirements.txt`.
    Python,
}

impl Group {
    pub(super) fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }
}

/// Every check but the long ones.
pub(super) const CHECKS: &[Check] = &[
    cargo("format", 1, &["fmt", "--all", "--check"]),
    own("columns", 1, columns::check),
    own("javascript style", 2, javascript_style::check),
    own("links", 1, links::check),
    Check {
        name: "book",
        seconds: 1,
        action: Action::Book,
    },
    own("rust version", 1, rust_version::check),
    Check {
        name: "dependencies",
        seconds: 12,
        action: Action::OwnWith(deny::prepare, deny::check),
    },
    own("structure", 2, structure::check),
    own("crate packages", 4, crates::check),
    own("features", 60, features::check),
    cargo("lints", 150, &clippy("Cargo.toml")),
    cargo("fuzz lints", 19, FUZZ_LINTS),
    // A workspace of its own, which must not rot.
    cargo("bench lints", 47, &clippy("bench/Cargo.toml")),
    cargo("bench tests", 60, BENCH_TESTS),
    cargo("rustdoc", 9, DOC),
    cargo("rust tests", 121, &["test", "--locked", "--workspace"]),
    Check {
        name: "instruction counts",
        seconds: 28,
        action: Action::Instructions,
    },
    Check {
        name: "c library",
        seconds: 40,
        action: Action::OwnWith(capi::prepare, capi::check),
    },
    group("npm tests", 118, "npm/test", &[EachNode]),
    group("readme tests", 8, "tests/readme", &[]),
    group("interop tests", 105, "tests/interop", &[Peer, Python]),
    group("bad input tests", 14, "tests/bad-input", &[EachNode]),
    group("tls tests", 6, "tests/tls", &[]),
    group("proxy tests", 2, "tests/proxy", &[Peer, Python]),
    group("server tests", 33, "tests/server", &[EachNode, Peer]),
    group(
        "command tests",
        60,
        "tests/command",
        &[Command, Peer, Python],
    ),
    group("error code tests", 3, "tests/codes", &[EachNode, Peer]),
    group(
        "lost connection tests",
        36,
        "tests/lost-connections",
        &[EachNode, Peer],
    ),
    group("fault tests", 15, "tests/faults", &[]),
    group("resource tests", 200, "tests/resources", &[EachNode]),
    group("install tests", 45, "tests/install", &[EveryNode, Packages]),
    own("release artifacts", 20, release::check),
    group("bundler tests", 23, "tests/bundlers", &[EachNode]),
    group("har tests", 8, "tests/har", &[Har]),
    group("runner tests", 60, "tests/runners", &[EachNode]),
    group("fake timer tests", 14, "tests/timers", &[EachNode]),
    group("exit tests", 18, "tests/exit", &[EachNode, Peer]),
    group("release tests", 18, "tests/release", &[EachNode]),
    own("demo", 14, |_| demo::run()),
    own("soak", 25, |_| soak::check()),
    Check {
        name: "autobahn",
        seconds: 460,
        action: Action::Autobahn,
    },
];

/// Clippy for the fuzzer: what it runs is linted, and tested, with the rest.
const FUZZ_LINTS: &[&str] = &[
    "clippy",
    "--locked",
    "--package",
    "arkws-fuzz",
    "--features",
    "libfuzzer",
    "--",
    "--deny=warnings",
];

const DOC: &[&str] = &["doc", "--locked", "--workspace", "--no-deps", "--quiet"];

/// The tests of what measures, and of what saves and draws results.
const BENCH_TESTS: &[&str] = &[
    "test",
    "--locked",
    "--manifest-path",
    "bench/Cargo.toml",
    "--package",
    "arkws-bench",
    "--package",
    "arkws-bench-plot",
];

/// Clippy for all of a workspace.
const fn clippy(manifest: &str) -> [&str; 8] {
    [
        "clippy",
        "--locked",
        "--manifest-path",
        manifest,
        "--workspace",
        "--all-targets",
        "--",
        "--deny=warnings",
    ]
}

const fn cargo(name: &'static str, seconds: u64, arguments: &'static [&'static str]) -> Check {
    let action = Action::Cargo(arguments);
    Check {
        name,
        seconds,
        action,
    }
}

const fn own(name: &'static str, seconds: u64, run: fn(&mut Counts) -> Result<()>) -> Check {
    let action = Action::Own(run);
    Check {
        name,
        seconds,
        action,
    }
}

const fn group(
    name: &'static str,
    seconds: u64,
    folder: &'static str,
    needs: &'static [Need],
) -> Check {
    let action = Action::JavaScript(Group { folder, needs });
    Check {
        name,
        seconds,
        action,
    }
}

impl Check {
    /// Whether the word is part of the name; for Autobahn that of a side may follow.
    pub(super) fn matches(&self, word: &str) -> bool {
        match self.action {
            Action::Autobahn => Side::ALL.into_iter().any(|side| side_matches(side, word)),
            _ => self.name.contains(word),
        }
    }
}

/// Whether the word is part of `autobahn server` and the like.
pub(super) fn side_matches(side: Side, word: &str) -> bool {
    format!("autobahn {}", side.name()).contains(word)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::check::javascript;
    use crate::process::root;

    #[test]
    fn the_folder_of_each_group_is_there() {
        for check in CHECKS {
            if let Action::JavaScript(group) = &check.action {
                assert!(root().join(group.folder).is_dir(), "{}", group.folder);
            }
        }
    }

    /// With the other groups it is there, and nobody sees that one does not ask for it.
    #[test]
    fn each_group_that_starts_the_rust_peer_says_so() {
        for check in CHECKS {
            let Action::JavaScript(group) = &check.action else {
                continue;
            };
            let starts = javascript::files(&root().join(group.folder))
                .unwrap()
                .iter()
                .map(|file| fs::read_to_string(file).unwrap())
                .any(|text| text.contains("rust(") || text.contains("certificates()"));
            assert_eq!(starts, group.needs(Need::Peer), "{}", check.name);
        }
    }

    #[test]
    fn a_word_of_one_side_of_autobahn_chooses_it() {
        let matching = |word| {
            let matching = CHECKS.iter().filter(move |check| check.matches(word));
            matching.map(|check| check.name).collect::<Vec<_>>()
        };
        assert_eq!(matching("autobahn module"), ["autobahn"]);
        assert_eq!(matching("server"), ["server tests", "autobahn"]);
        assert_eq!(matching("lints"), ["lints", "fuzz lints", "bench lints"]);
    }
}
