//! `cargo xtask capi`: the C library as its users get it.
//!
//! | file | what it does |
//! |---|---|
//! | `install.rs` | puts it where its users find it |
//! | `check.rs` | installs it, and builds and runs programs with it |
mod check;
mod install;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::build::{Profile, Target, build_by};
use crate::process;
pub(crate) use check::{check, echo, prepare};
pub(crate) use install::headers;
use install::{Library, Places, SONAME};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Optimise for development speed instead of for the library's users
    #[arg(long, global = true)]
    dev: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Install the library, its headers, and what pkg-config and CMake need to find them; below
    /// the folder that the environment's DESTDIR names, if it names one
    Install {
        /// Below which the library's users find it
        #[arg(long, default_value = "/usr/local")]
        prefix: PathBuf,
    },
}

/// `cargo xtask capi`
pub(crate) fn run(options: &Options) -> Result<()> {
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let library = build(profile)?;
    match &options.task {
        None => {
            println!("{}", library.shared.display());
            println!("{}", library.archive.display());
        }
        Some(Task::Install { prefix }) => {
            let destination = std::env::var_os("DESTDIR").map(PathBuf::from);
            let places = Places::new(prefix, destination.as_deref())?;
            for file in places.install(&library)? {
                println!("{}", file.display());
            }
        }
    }
    Ok(())
}

/// Builds the shared library and the archive.
fn build(profile: Profile) -> Result<Library> {
    // Without the library for Rust, which only tests use, all crates are optimised as one.
    let mut cargo = cargo("rustc")?;
    cargo.args(["--crate-type", "cdylib,staticlib"]);
    let built = build_by(cargo, &[Target::CLibrary], profile)?;
    Ok(Library::of(&built[0]))
}

/// Cargo for a task that builds the library, which gets the name that it is installed with.
fn cargo(task: &str) -> Result<Command> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        bail!("the C library is built and installed on Linux with glibc only, so far");
    }
    let mut cargo = process::cargo();
    cargo
        .args([task, "--locked"])
        .env("ARKWS_CAPI_SONAME", SONAME);
    Ok(cargo)
}
