//! `cargo xtask packages`: what is published on npm.
//!
//! | file | what it does |
//! |---|---|
//! | `platform.rs` | the platforms, and how the module of each is built |
//! | `place.rs` | where they are built, so that nothing of the place is in them |
//! | `traces.rs` | looks for what of the place is in it all the same |
//! | `elf.rs` | what a module asks of the system that loads it |
//! | `zig.rs` | the compiler for platforms that are not the machine's |
//! | `linked.rs`, `notices.rs` | the crates that are linked in, and their licences |
//! | `npm.rs` | the folders that npm packs, and packing them |
mod elf;
pub(crate) mod linked;
pub(crate) mod notices;
mod npm;
pub(crate) mod place;
pub(crate) mod platform;
pub(crate) mod traces;
pub(crate) mod zig;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::build::{Profile, bundle_core};
use crate::peers;
use crate::process::root;
use place::Place;
use platform::{PLATFORMS, Platform};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Optimise for development speed: what is packed is for tests
    #[arg(long)]
    dev: bool,
    /// The platforms to build for, as `linux-x64-musl` [default: the machine's]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    platform: Vec<String>,
    /// Build for every platform that can be built for on this machine
    #[arg(long, conflicts_with = "platform")]
    all: bool,
    /// Where the packages are put
    #[arg(long, value_name = "FOLDER", default_value = "target/packages")]
    to: PathBuf,
}

/// `cargo xtask packages`
pub(crate) fn run(options: &Options) -> Result<()> {
    let platforms = match (options.all, options.platform.as_slice()) {
        (true, _) => PLATFORMS.iter().filter(|one| one.is_buildable()).collect(),
        (false, []) => vec![Platform::of_machine()?],
        (false, names) => names
            .iter()
            .map(|name| Platform::named(name))
            .collect::<Result<_>>()?,
    };
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let modules = platforms
        .iter()
        .map(|platform| platform.build(profile, &Place::own()))
        .collect::<Result<Vec<_>>>()?;
    let folder = root().join(&options.to);
    let packed = pack(&platforms, &modules, profile, &folder)?;
    for file in packed.modules.into_iter().chain([packed.arkws]) {
        let size = fs::metadata(&file)?.len();
        println!("{} ({size} bytes)", file.display());
    }
    Ok(())
}

/// Packs the machine's module, which was built for development, for tests; the folder.
///
/// # Errors
/// npm does not pack it.
pub(crate) fn pack_own(module: &Path) -> Result<PathBuf> {
    let folder = root().join("target/packages");
    let platform = Platform::of_machine()?;
    pack(&[platform], &[module.to_path_buf()], Profile::Dev, &folder)?;
    Ok(folder)
}

/// The tarballs that npm has packed.
pub(crate) struct Tarballs {
    /// Of the platforms, in their order.
    pub(crate) modules: Vec<PathBuf>,
    /// The package that programs ask for.
    pub(crate) arkws: PathBuf,
}

/// Packs what is built into `folder`, which becomes new.
///
/// # Errors
/// npm does not pack it.
pub(crate) fn pack(
    platforms: &[&Platform],
    modules: &[PathBuf],
    profile: Profile,
    folder: &Path,
) -> Result<Tarballs> {
    peers::Node::of_machine()?;
    bundle_core()?;
    // What an earlier run has put there is not of this one.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let stage = tempfile::tempdir().context("cannot create a folder to pack from")?;
    let modules = platforms.iter().zip(modules).map(|(platform, module)| {
        let from = npm::stage_platform(platform, module, stage.path())?;
        npm::pack(&from, folder, profile)
    });
    let modules = modules.collect::<Result<_>>()?;
    let from = npm::stage_arkws(stage.path())?;
    let arkws = npm::pack(&from, folder, profile)?;
    Ok(Tarballs { modules, arkws })
}
