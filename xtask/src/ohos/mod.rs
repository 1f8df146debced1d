//! `cargo xtask ohos`: arkws for OpenHarmony, built and checked.
//!
//! | file | what it does |
//! |---|---|
//! | `target.rs` | the two targets, and what each is called where |
//! | `ndk.rs` | the compiler and the libraries of the SDK, or those of the stand-in |
//! | `stand_in.rs` | makes a stand-in for them of Debian's packages |
//! | `names.rs` | the functions that OpenHarmony's runtime has |
//! | `abc.rs` | the JavaScript half of a module of the system |
//! | `build.rs` | builds the libraries |
//! | `gates.rs` | checks what their ELF files say |
//! | `loader.rs` | loads the module as the runtime does |
//! | `misuse.rs` | the C library, used as it must not be |
//! | `example.rs` | a program in C, as the documentation has it |
//! | `run.rs` | runs Rust tests of both targets |
mod abc;
mod build;
mod example;
mod gates;
mod loader;
mod misuse;
mod names;
mod ndk;
mod run;
mod stand_in;
mod target;

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};

use crate::counts::Counts;
use crate::nightly;
use crate::packages::place::Place;
use crate::process::root;
use build::Profile;
use ndk::Ndk;
use stand_in::StandIn;
use target::Target;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build fast instead of for users, then load the module as the runtime does and run Rust tests
    /// of both targets: by musl's loader and under qemu
    #[arg(long)]
    check: bool,
}

/// `cargo xtask ohos`
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut counts = Counts::default();
    let result = match options.check {
        true => prepare().and_then(|()| check(&mut counts)),
        false => release(&mut counts),
    };
    println!("\n{counts}");
    result
}

/// The libraries that an app has, built at a place or not: the path in the `libs` of its package,
/// and the file that [`run()`] makes.
pub(crate) fn packaged(place: &Place) -> Vec<(PathBuf, PathBuf)> {
    build::packaged(place)
}

/// Whether they were built for tests only: with the stand-in for the NDK, or not optimised.
pub(crate) fn are_for_tests(place: &Place) -> bool {
    build::is_for_tests(place)
}

/// The target of devices, as Rust calls it.
pub(crate) const TRIPLE: &str = target::AARCH64.triple;

/// The targets that packages for apps have libraries of, as Rust calls them.
pub(crate) fn triples() -> [&'static str; 2] {
    target::ALL.map(|target| target.triple)
}

/// Whether the machine has the NDK of an SDK, so that what it builds can be shipped.
pub(crate) fn has_sdk() -> bool {
    Ndk::is_named()
}

/// For which processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machines {
    All,
    /// Not for the emulator.
    Devices,
}

/// Builds what packages have for OpenHarmony, at a place; for development, for tests only. Returns
/// what of it an app has, as [`packaged`] does.
///
/// # Errors
/// It does not build, is not as it should be, or is for users and the machine has no SDK.
pub(crate) fn make(
    profile: crate::build::Profile,
    machines: Machines,
    place: &Place,
) -> Result<Vec<(PathBuf, PathBuf)>> {
    let profile = match profile {
        crate::build::Profile::Dev => Profile::Check,
        crate::build::Profile::Release if has_sdk() => Profile::Release,
        crate::build::Profile::Release => bail!(
            "what is built for OpenHarmony without its SDK is for tests only: OHOS_NDK_HOME names \
             the SDK's folder, in which `native` is"
        ),
    };
    nightly::install("rust-src")?;
    let ndk = Ndk::of_machine()?;
    let targets: &[Target] = match machines {
        Machines::All => &target::ALL,
        Machines::Devices => &[target::AARCH64],
    };
    let built = build::build(&ndk, profile, targets, None, place)?;
    gates::check(&ndk, &built, profile, place, &mut Counts::default())?;
    let mut packaged = packaged(place);
    packaged.retain(|(_, file)| built.iter().any(|library| library.path == *file));
    Ok(packaged)
}

/// The module for Node.js on OpenHarmony's devices, as `cargo xtask ohos` or [`make`] has built it
/// at a place.
///
/// # Errors
/// It has not; or for tests only, and this is not for tests.
pub(crate) fn node_module(profile: crate::build::Profile, place: &Place) -> Result<PathBuf> {
    let module = build::node_module(place);
    if !module.is_file() {
        bail!(
            "there is no {}: `cargo xtask ohos` builds it",
            module.display()
        );
    }
    if profile == crate::build::Profile::Release && are_for_tests(place) {
        bail!(
            "{} was built for tests only, with a stand-in for OpenHarmony's NDK or not optimised: \
             `cargo xtask ohos` with OHOS_NDK_HOME builds what can be shipped",
            module.display()
        );
    }
    Ok(module)
}

/// Sees to it that there is what [`check`] builds and runs with.
pub(crate) fn prepare() -> Result<()> {
    // Not left out for want of it: nothing else looks at what devices get.
    nightly::install("rust-src").map_err(|missing| anyhow!("{missing:#}"))?;
    StandIn::prepare().map(drop)
}

/// Builds what users get.
fn release(counts: &mut Counts) -> Result<()> {
    nightly::install("rust-src")?;
    let ndk = Ndk::of_machine()?;
    let place = Place::own();
    let built = build::build(
        &ndk,
        Profile::Release,
        &target::ALL,
        abc::compiler().as_deref(),
        &place,
    )?;
    gates::check(&ndk, &built, Profile::Release, &place, counts)
}

/// The long check `ohos-size`: what devices get is no larger than it may be. Of the larger
/// libraries for x86-64 there are limits, too, which whoever builds for users meets.
pub(crate) fn check_size(counts: &mut Counts) -> Result<()> {
    let ndk = Ndk::of_machine()?;
    let built = build::build_for_devices(&ndk)?;
    gates::check(&ndk, &built, Profile::Release, &Place::own(), counts)
}

/// Builds for both targets, and runs what can be run here.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let (ndk, stand_in) = (Ndk::of_machine()?, StandIn::prepare()?);
    let es2abc = root().join(abc::STAND_IN);
    let place = Place::own();
    let built = build::build(&ndk, Profile::Check, &target::ALL, Some(&es2abc), &place)?;
    // One after the other; what fails keeps no other from being run.
    gates::check(&ndk, &built, Profile::Check, &place, counts)
        .and(loader::check(&ndk, &stand_in, &built, counts))
        .and(misuse::check(&ndk, &stand_in, &built, counts))
        .and(example::check(&ndk, &stand_in, &built, counts))
        .and(run::tests(&ndk, &stand_in, counts))
}
