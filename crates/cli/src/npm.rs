//! `arkws run`, `test` and `check`: npm's package `arkws` has these commands, and Node.js runs it.
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::exit::{Exit, Failure};

/// What npm's command is given. It has its own help, too.
#[derive(Debug, Args)]
pub(crate) struct NpmArguments {
    /// What npm's arkws is given; --help shows it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Where the command is in a `node_modules` folder.
const SCRIPT: &str = "arkws/bin/arkws.mjs";

/// Set for what is started here. npm's command takes it away, so that programs that it runs may
/// start `arkws` again; another file of that name may well start us.
const STARTED: &str = "ARKWS_STARTED_BY_CLI";

/// Becomes npm's command. Never by the name `arkws`: that is us.
///
/// # Errors
/// It is not installed, or Node.js is not.
pub(crate) fn run(subcommand: &str, given: NpmArguments) -> Result<Exit, Failure> {
    let script = find().map_err(|nowhere| nowhere.failure(subcommand))?;
    if env::var_os(STARTED).is_some() {
        return Err(Failure::usage(format!(
            "arkws {subcommand} has started itself: {} is not the command of npm's package arkws",
            script.display()
        )));
    }
    let mut node = Command::new("node");
    node.arg(script)
        .arg(subcommand)
        .args(given.arguments)
        .env(STARTED, "1");
    become_it(node).map_err(|error| {
        Failure::usage(format!(
            "cannot start node: {error}\nInstall Node.js 20.6 or newer: https://nodejs.org"
        ))
    })
}

/// There is then one process: input, output, signals and exit status are its own.
#[cfg(unix)]
fn become_it(mut node: Command) -> io::Result<Exit> {
    use std::os::unix::process::CommandExt;
    Err(node.exec())
}

#[cfg(not(unix))]
fn become_it(mut node: Command) -> io::Result<Exit> {
    let status = node.status()?;
    std::process::exit(status.code().unwrap_or(1));
}

/// Where the command was looked for.
struct Nowhere {
    /// From this folder upwards.
    folder: PathBuf,
    /// npm's global folder, if there is npm.
    global: Option<PathBuf>,
}

impl Nowhere {
    fn failure(self, subcommand: &str) -> Failure {
        let folder = self.folder.display();
        let (global, npm) = match &self.global {
            Some(global) => (
                format!("npm's global folder ({})", global.display()),
                "Install it",
            ),
            None => (
                "a global folder of npm, which is not there".to_owned(),
                "Install Node.js 20.6 or newer, which has npm (https://nodejs.org), then it",
            ),
        };
        Failure::usage(format!(
            "arkws {subcommand} is done by npm's package arkws, which is neither in a node_modules \
             folder of {folder}, nor of one above, nor in {global}.\n\
             {npm}: npm install arkws (for all folders: npm install --global arkws)"
        ))
    }
}

/// The command's file: the nearest, as Node.js finds packages, else npm's global one.
fn find() -> Result<PathBuf, Nowhere> {
    let folder = env::current_dir().unwrap_or_default();
    let mut above = folder.ancestors().map(|place| place.join("node_modules"));
    let local = above.find_map(|modules| command_in(&modules));
    if let Some(script) = local {
        return Ok(script);
    }
    let global = global_modules();
    let script = global.as_deref().and_then(command_in);
    script.ok_or(Nowhere { folder, global })
}

fn command_in(modules: &Path) -> Option<PathBuf> {
    let script = modules.join(SCRIPT);
    script.is_file().then_some(script)
}

/// npm knows: it depends on its settings, and on who has installed it.
fn global_modules() -> Option<PathBuf> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let said = Command::new(npm)
        .args(["root", "--global"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(said.stdout).ok()?;
    let path = path.trim();
    (said.status.success() && !path.is_empty()).then(|| path.into())
}
