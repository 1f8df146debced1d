//! `cargo xtask release --dry-run`: all that a release has, in `target/release-artifacts/`.
//!
//! | file | what it does |
//! |---|---|
//! | `twice.rs` | builds the same at two places, packs it twice, and compares |
//! | `sbom.rs` | says what is in it |
//! | `cli.rs` | the command `arkws`, which needs no other file to run |
//! | `static_library.rs` | the C library for programs that need no other library |
//! | `archive.rs` | packs what is neither npm's nor cargo's |
//! | `ohpm.rs` | the package for apps of OpenHarmony |
//! | `musl.rs`, `arm64.rs`, `openharmony.rs` | run what is made for other machines |
//! | `elsewhere.rs` | runs npm packages under Node.js for other machines |
mod archive;
pub(crate) mod arm64;
mod cli;
mod elsewhere;
pub(crate) mod musl;
mod ohpm;
pub(crate) mod openharmony;
mod sbom;
mod static_library;
mod twice;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::build::Profile;
use crate::counts::Counts;
use crate::crates;
use crate::ohos::{self, Machines};
use crate::packages;
use crate::packages::place::Place;
use crate::packages::platform::{PLATFORMS, Platform};
use crate::process::{command, output, root};
use sbom::Subject;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Make everything and publish nothing. There is no other way yet: publishing is done by hand
    #[arg(long, required = true)]
    dry_run: bool,
    /// Optimise for development speed, to see that everything is made
    #[arg(long)]
    dev: bool,
    /// The platforms of the npm packages [default: all that can be built for on this machine]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    platform: Vec<String>,
    /// Build and pack once: whether a second time makes the same is not looked at
    #[arg(long)]
    once: bool,
}

/// Where everything is put.
const FOLDER: &str = "target/release-artifacts";

/// Where checks put it.
const FOLDER_OF_CHECKS: &str = "target/release-artifacts-of-checks";

/// `cargo xtask release`
pub(crate) fn run(options: &Options) -> Result<()> {
    let platforms: Vec<&Platform> = match options.platform.as_slice() {
        [] => PLATFORMS.iter().filter(|one| one.is_buildable()).collect(),
        names => names
            .iter()
            .map(|name| Platform::named(name))
            .collect::<Result<_>>()?,
    };
    tell_left_out(&platforms);
    let profile = if options.dev {
        Profile::Dev
    } else {
        Profile::Release
    };
    let again = match options.once {
        true => Again::Nothing,
        false => Again::Everything,
    };
    make(&platforms, profile, again, FOLDER)?;
    // Again, where it is read.
    tell_left_out(&platforms);
    Ok(())
}

/// Says what is not made.
fn tell_left_out(platforms: &[&Platform]) {
    for platform in PLATFORMS.iter().filter(|one| !platforms.contains(one)) {
        println!("– left out  {}", platform.name);
    }
    if !has_openharmony(platforms) {
        println!("– left out  the HAR, which goes with openharmony-arm64");
    }
}

/// Whether there is something for OpenHarmony: then its apps get their package, too.
fn has_openharmony(platforms: &[&Platform]) -> bool {
    platforms
        .iter()
        .any(|platform| platform.target == ohos::TRIPLE)
}

/// What is done a second time, to see that it makes the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Nothing,
    /// What is packed, of what was built once.
    Packing,
    /// What is built, of OpenHarmony's for devices alone, and what is packed.
    Building,
    /// The same, where nothing was built before. What cargo packages is built, too.
    Everything,
}

/// The check: what a release has can be made of what the other checks have built, and a second time
/// it is the same.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let platforms = [Platform::of_machine()?];
    make(&platforms, Profile::Dev, Again::Packing, FOLDER_OF_CHECKS)?;
    counts.passed += 1;
    Ok(())
}

/// The long check `reproducible`: whoever builds it again, elsewhere, gets the same bytes.
pub(crate) fn reproducible(counts: &mut Counts) -> Result<()> {
    // With it goes the archive of the C library.
    let platforms = [Platform::of_machine()?, Platform::named("linux-x64-musl")?];
    make(
        &platforms,
        Profile::Dev,
        Again::Everything,
        FOLDER_OF_CHECKS,
    )?;
    counts.passed += 1;
    Ok(())
}

/// Of the check `ohos`: what a release has for OpenHarmony, which has been built for that check.
fn make_openharmony() -> Result<()> {
    let platforms = [Platform::named("openharmony-arm64")?];
    make(&platforms, Profile::Dev, Again::Building, FOLDER_OF_CHECKS)
}

/// Makes everything, in the folder `to`; for `profile` [`Profile::Dev`] fast, for tests. The
/// static library and the commands go with the platform that they are for.
fn make(platforms: &[&Platform], profile: Profile, again: Again, to: &str) -> Result<()> {
    let start = Instant::now();
    let has_archive = platforms
        .iter()
        .any(|platform| platform.target == static_library::TARGET);
    let with_command: Vec<&Platform> = platforms
        .iter()
        .copied()
        .filter(|platform| cli::goes_with(platform))
        .collect();
    let own = Place::own();
    let place = match again {
        Again::Everything => twice::first_place(),
        _ => own.clone(),
    };
    let is_twice = matches!(again, Again::Building | Again::Everything);
    let built = twice::build(&place, is_twice, |place| {
        let mut outputs = Vec::new();
        let mut libraries = Vec::new();
        if has_openharmony(platforms) {
            let machines = match again {
                Again::Building if *place != own => Machines::Devices,
                _ => Machines::All,
            };
            // With them it makes the platform's module.
            libraries = ohos::make(profile, machines, place)?;
        }
        for platform in platforms {
            outputs.push((platform.file(), platform.build(profile, place)?));
        }
        for platform in &with_command {
            let command = cli::build_for(platform.target, profile, place)?;
            outputs.push((format!("the command for {}", platform.name), command));
        }
        if has_archive {
            let archive = static_library::build(profile, place)?;
            outputs.push(("the static library".to_owned(), archive));
        }
        let libraries = libraries.into_iter();
        outputs.extend(libraries.map(|(name, file)| (name.display().to_string(), file)));
        Ok(outputs)
    })?;
    let files: Vec<PathBuf> = built.into_iter().map(|(_, file)| file).collect();
    let (modules, files) = files.split_at(platforms.len());
    let (commands, files) = files.split_at(with_command.len());
    let (archives, _libraries) = files.split_at(usize::from(has_archive));
    let built = Built {
        platforms,
        modules,
        with_command: &with_command,
        commands,
        archives,
        place,
        profile,
    };

    let sums = built.pack(&root().join(to), again == Again::Everything)?;
    if again != Again::Nothing {
        let folder = root().join(format!("{to}-again"));
        twice::compare_sums(&sums, &built.pack(&folder, false)?)?;
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
        println!(
            "{} files were packed twice, and are the same",
            sums.lines().count()
        );
    }
    print!("{sums}");
    println!(
        "{to}: {} files in {} s; nothing is published",
        sums.lines().count(),
        start.elapsed().as_secs()
    );
    Ok(())
}

/// What was built for a release.
struct Built<'a> {
    platforms: &'a [&'a Platform],
    /// Of each of these platforms.
    modules: &'a [PathBuf],
    with_command: &'a [&'a Platform],
    /// For each of these.
    commands: &'a [PathBuf],
    archives: &'a [PathBuf],
    /// Where the libraries for OpenHarmony are, if it is among the platforms.
    place: Place,
    profile: Profile,
}

impl Built<'_> {
    /// Packs everything into `folder`, which becomes new; what `SHA256SUMS` says. `is_verified`:
    /// what cargo packages is built.
    fn pack(&self, folder: &Path, is_verified: bool) -> Result<String> {
        // What an earlier run has put there is not of this one.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let mut published = Vec::new();
        let npm = packages::pack(
            self.platforms,
            self.modules,
            self.profile,
            &folder.join("npm"),
        )?;
        published.extend(
            npm.modules
                .into_iter()
                .zip(self.platforms)
                .map(|(file, platform)| (file, Subject::platform(platform))),
        );
        published.push((npm.arkws, Subject::arkws()));
        for (command, platform) in self.commands.iter().zip(self.with_command) {
            let file = cli::pack(command, platform.target, &folder.join("cli"))?;
            published.push((file, Subject::cli(platform.target)));
        }
        for archive in self.archives {
            let file = static_library::pack(archive, &folder.join("c"))?;
            published.push((file, Subject::archive(static_library::TARGET)));
        }
        if has_openharmony(self.platforms) {
            let file = ohpm::pack(&self.place, &folder.join("ohpm"))?;
            published.push((file, Subject::har()));
        }
        let names = crates::published()?;
        crates::package(&names, is_verified)?;
        let files = collect_crates(&names, &folder.join("crates"))?;
        published.extend(
            files
                .into_iter()
                .zip(&names)
                .map(|(file, name)| (file, Subject::sources(name))),
        );
        write_bills(&published, folder)?;
        write_sums(folder)
    }
}

/// Writes the bills of materials of what is in `folder`, which nothing is without.
fn write_bills(published: &[(PathBuf, Subject)], folder: &Path) -> Result<()> {
    let files = files_below(folder)?;
    let bills = folder.join("sbom");
    fs::create_dir_all(&bills)?;
    let written = published
        .iter()
        .map(|(file, subject)| sbom::write(subject, file, &bills))
        .collect::<Result<Vec<_>>>()?;
    sbom::is_of_each(&files, &bills)?;
    sbom::validate(&written)
}

/// Copies what cargo has packaged; the files.
fn collect_crates(names: &[String], to: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(to)?;
    let from = root().join("target/package");
    let copies = names.iter().map(|name| {
        let version = env!("CARGO_PKG_VERSION");
        let file = format!("{name}-{version}.crate");
        let copy = to.join(&file);
        fs::copy(from.join(&file), &copy)
            .with_context(|| format!("cannot copy {file} from {}", from.display()))?;
        Ok(copy)
    });
    copies.collect()
}

/// The files in the folders of `folder`, by path from there.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for kind in fs::read_dir(folder)? {
        let kind = kind?;
        for file in fs::read_dir(kind.path())? {
            let (kind, file) = (kind.file_name(), file?.file_name());
            files.push(Path::new(&kind).join(file));
        }
    }
    files.sort();
    Ok(files)
}

/// Writes `SHA256SUMS` of all files below the folder, for `sha256sum --check`; what is in it.
fn write_sums(folder: &Path) -> Result<String> {
    let files = files_below(folder)?;
    if files.is_empty() {
        bail!("there is nothing in {}", folder.display());
    }
    let sums = output(
        command("sha256sum")
            .current_dir(folder)
            .arg("--")
            .args(&files),
    )?;
    fs::write(folder.join("SHA256SUMS"), &sums).context("cannot write SHA256SUMS")?;
    Ok(sums)
}
