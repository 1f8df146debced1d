//! `arkws run`, `test` and `check`: npm's command is found and started. `node` and `npm` are
//! scripts here; with the real ones the tests are in `tests/command`.
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::command::{Ran, arkws, finish};

/// A folder of projects, and a PATH of our own.
struct Machine {
    folder: TempDir,
}

impl Machine {
    /// One on which these programs are installed, shell scripts.
    fn with(programs: &[(&str, &str)]) -> Machine {
        let folder = tempfile::tempdir().expect("a folder");
        let machine = Machine { folder };
        fs::create_dir_all(machine.path("bin")).expect("a folder");
        fs::create_dir_all(machine.path("project/src/deep")).expect("a folder");
        for (name, script) in programs {
            let file = machine.path("bin").join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("it is written");
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&file, executable).expect("it is ours");
        }
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// npm's package is in this `node_modules` folder.
    fn install(&self, modules: &str) -> PathBuf {
        let script = self.path(modules).join("arkws/bin/arkws.mjs");
        fs::create_dir_all(script.parent().expect("a folder")).expect("a folder");
        fs::write(&script, "").expect("it is written");
        script
    }

    /// The command in a folder of the project.
    fn arkws(&self, arguments: &[&str]) -> Command {
        let mut command = arkws(arguments);
        command
            .current_dir(self.path("project/src/deep"))
            .env("PATH", self.path("bin"))
            .env_remove("ARKWS_STARTED_BY_CLI");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.arkws(arguments).spawn().expect("it starts"))
    }
}

/// Says what it is started with.
const TELLS: (&str, &str) = ("node", "printf '[%s]' \"$@\"");

fn told(script: &Path, arguments: &str) -> String {
    format!("[{}]{arguments}", script.display())
}

#[test]
fn the_nearest_package_is_started_with_all_arguments() {
    let machine = Machine::with(&[TELLS]);
    let far = machine.install("node_modules");
    let ran = machine.run(&["check", "."]).with(0);
    assert_eq!(ran.text(), told(&far, "[check][.]"));
    let near = machine.install("project/node_modules");
    let ran = machine
        .run(&["run", "--watch", "a b.ets", "--help", "-V", "--", "x"])
        .with(0);
    let arguments = "[run][--watch][a b.ets][--help][-V][--][x]";
    assert_eq!(ran.text(), told(&near, arguments));
    let ran = machine.run(&["test", "--help"]).with(0);
    assert_eq!(ran.text(), told(&near, "[test][--help]"));
    let ran = machine.run(&["test"]).with(0);
    assert_eq!(ran.text(), told(&near, "[test]"));
}

#[test]
fn else_it_is_that_of_npms_global_folder() {
    let says = "[ \"$*\" = 'root --global' ] && echo \"${0%/bin/npm}/global\"";
    let machine = Machine::with(&[TELLS, ("npm", says)]);
    let ran = machine.run(&["run", "a.ets"]).with(2);
    let folder = machine.path("project/src/deep");
    for part in [
        "arkws: arkws run is done by npm's package arkws",
        folder.to_str().expect("UTF-8"),
        machine.path("global").to_str().expect("UTF-8"),
        "npm install arkws",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    let global = machine.install("global");
    let ran = machine.run(&["run", "a.ets"]).with(0);
    assert_eq!(ran.text(), told(&global, "[run][a.ets]"));
}

#[test]
fn who_has_no_node_is_told_where_there_is_one() {
    let machine = Machine::with(&[]);
    let ran = machine.run(&["test"]).with(2);
    assert!(ran.stderr.contains("https://nodejs.org"), "{}", ran.stderr);
    assert!(ran.stderr.contains("npm install arkws"), "{}", ran.stderr);
    machine.install("node_modules");
    let ran = machine.run(&["test"]).with(2);
    assert!(ran.stderr.contains("cannot start node"), "{}", ran.stderr);
    assert!(ran.stderr.contains("https://nodejs.org"), "{}", ran.stderr);
}

#[test]
fn what_starts_us_again_is_a_circle() {
    let us = env!("CARGO_BIN_EXE_arkws");
    let again = format!("shift; exec '{us}' \"$@\"");
    let machine = Machine::with(&[("node", &again)]);
    machine.install("node_modules");
    let ran = machine.run(&["run", "a.ets"]).with(2);
    assert!(ran.stderr.contains("has started itself"), "{}", ran.stderr);
}

#[test]
fn input_output_exit_status_and_signals_are_its_own() {
    let machine = Machine::with(&[("node", "/bin/cat; echo oops >&2; exit 7")]);
    machine.install("node_modules");
    let mut child = machine.arkws(&["run", "a.ets"]).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"through").expect("it reads");
    drop(stdin);
    let ran = finish(child).with(7);
    assert_eq!((ran.text(), ran.stderr.as_str()), ("through", "oops\n"));

    let waits = "trap 'echo told; exit 3' TERM; echo ready; while :; do read line; done";
    let machine = Machine::with(&[("node", waits)]);
    machine.install("node_modules");
    let mut child = machine.arkws(&["run", "a.ets"]).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it lives");
    drop(child.stdin.take());
    stdout.read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\ntold\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));

    let machine = Machine::with(&[("node", "kill -KILL $$")]);
    machine.install("node_modules");
    let mut child = machine
        .arkws(&["run"])
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    assert_eq!(child.wait().expect("it ends").signal(), Some(9));
}
