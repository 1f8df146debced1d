//! `cargo xtask capi`: the C library as its users get it, and where it is installed.
mod install;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build::{Profile, messages};
use crate::process::cargo;
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
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        bail!("the C library is built and installed on Linux with glibc only, so far");
    }
    let mut cargo = cargo();
    cargo
        .args(["rustc", "--locked", "--package", "arkws-capi", "--lib"])
        // Without the library for Rust, which only tests use, all crates are optimised as one.
        .args(["--crate-type", "cdylib,staticlib"])
        .env("ARKWS_CAPI_SONAME", SONAME);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo.arg("--message-format=json-render-diagnostics");
    let messages = messages(&mut cargo)?;
    let file = |extension: &str| {
        messages
            .iter()
            .filter(|message| message["target"]["name"] == "net_websocket")
            .filter_map(|message| message["filenames"].as_array())
            .flatten()
            .filter_map(Value::as_str)
            .map(Path::new)
            .find(|file| file.extension().is_some_and(|found| found == extension))
            .map(Path::to_path_buf)
            .with_context(|| format!("cargo did not say where it put libnet_websocket.{extension}"))
    };
    Ok(Library {
        shared: file("so")?,
        archive: file("a")?,
    })
}
