//! Building for OpenHarmony: the N-API module in its two forms, the C library, the Rust library.
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::abc;
use super::ndk::Ndk;
use super::target::{AARCH64, ALL, Target, directory};
use crate::packages::place::Place;
use crate::process::run as run_command;

/// How thoroughly to optimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    /// What users get.
    Release,
    /// What checks get: built fast, and without what only a debugger needs.
    Check,
}

impl Profile {
    /// Cargo's arguments for it.
    pub(super) fn apply(self, cargo: &mut Command) {
        match self {
            Profile::Release => cargo.arg("--release"),
            Profile::Check => cargo
                .args(["--config", "profile.dev.debug=false"])
                .args(["--config", r#"profile.dev.strip="symbols""#])
                .args(["--config", r#"profile.dev.package."*".opt-level=1"#])
                // It runs while others are built, and takes longer to be made fast than to run.
                .args(["--config", "profile.dev.package.syn.opt-level=0"]),
        };
    }

    /// The folder that cargo builds into.
    fn folder(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Check => "debug",
        }
    }
}

/// What is built of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The N-API module that registers itself with OpenHarmony's ArkTS runtime.
    ArkModule,
    /// The same as a module of the system: it has its JavaScript half, too.
    SystemModule,
    /// The N-API module for Node.js on OpenHarmony.
    NodeModule,
    /// The C library, by a name that the system's own has not.
    CLibrary,
}

/// The file of the C library, and its soname.
pub(super) const C_LIBRARY: &str = "libarkws_websocket.so";

/// What every build of a check, and its tests, ask cargo for, which makes what crates depend on of
/// the features that all of these ask for: with another list it would build most of it once more.
/// (It builds a little once more without the module, of which no test program can be linked.)
pub(super) const PACKAGES: [&str; 11] = [
    "--package",
    "arkws-proto",
    "--package",
    "arkws",
    "--package",
    "arkws-netstack",
    "--package",
    "arkws-capi",
    "--lib",
    // Over TLS, with a client and a server, the network thread, and certificates from files.
    "--test",
    "echo",
];

/// What makes the module one for OpenHarmony's ArkTS runtime.
const ARK: [&str; 2] = ["--features", "arkws-node/ark"];

/// A library that was built.
pub(super) struct Built {
    pub(super) kind: Kind,
    pub(super) target: Target,
    pub(super) path: PathBuf,
}

/// Where the libraries are put.
fn output_folder(place: &Place) -> PathBuf {
    directory(place).join("out")
}

impl Kind {
    /// As cargo calls it.
    fn file(self) -> &'static str {
        match self {
            Kind::ArkModule | Kind::SystemModule | Kind::NodeModule => "libarkws_node.so",
            Kind::CLibrary => "libnet_websocket.so",
        }
    }

    /// Where cargo builds the library.
    fn built(self, target: &Target, profile: Profile, place: &Place) -> PathBuf {
        let folder = directory(place).join(target.triple).join(profile.folder());
        folder.join(self.file())
    }

    /// Where the library is put, in [`output_folder`].
    fn path(self, target: &Target) -> PathBuf {
        match self {
            Kind::ArkModule => [target.abi, "libarkws.so"].iter().collect(),
            // The runtime makes this name of the module's, `net.webSocket`.
            Kind::SystemModule => ["system", target.abi, "module/net/libwebsocket.z.so"]
                .iter()
                .collect(),
            Kind::CLibrary => [target.abi, C_LIBRARY].iter().collect(),
            Kind::NodeModule => {
                let processor = match target.processor {
                    "aarch64" => "arm64",
                    _ => "x64",
                };
                PathBuf::from("node").join(format!("arkws.openharmony-{processor}.node"))
            }
        }
    }
}

/// Builds everything for these targets, at a place. Without a compiler of JavaScript there is no
/// module of the system.
pub(super) fn build(
    ndk: &Ndk,
    profile: Profile,
    targets: &[Target],
    es2abc: Option<&Path>,
    place: &Place,
) -> Result<Vec<Built>> {
    let cargo = |task: &str, targets: &[Target]| {
        let mut cargo = ndk.cargo(task, targets, place)?;
        profile.apply(&mut cargo);
        cargo.env("ARKWS_CAPI_SONAME", C_LIBRARY);
        anyhow::Ok(cargo)
    };
    // What users get is built alone: beside others it would have the features that those ask of
    // what they share.
    let packages: &[&str] = match profile {
        Profile::Check => &PACKAGES,
        Profile::Release => &[],
    };
    let module = ["--package", "arkws-node"];
    // What an earlier run has put there is not of this one, and may be of another kind.
    let _ = fs::remove_dir_all(output_folder(place));
    let mut built = Vec::new();

    // Before the one for apps, which cargo then has built last.
    if let Some(es2abc) = es2abc {
        run_command(
            cargo("build", targets)?
                .args(packages)
                .args(module)
                .args(ARK)
                .env("ARKWS_ABC", abc::compile(es2abc)?),
        )?;
        built.extend(collect(Kind::SystemModule, profile, targets, place)?);
    }

    run_command(
        cargo("build", targets)?
            .args(packages)
            .args(module)
            .args(ARK),
    )?;
    built.extend(collect(Kind::ArkModule, profile, targets, place)?);

    run_command(cargo("build", targets)?.args(packages).args(module))?;
    built.extend(collect(Kind::NodeModule, profile, targets, place)?);

    if profile == Profile::Release {
        // Of one type alone, so that it is optimised as a whole: which cargo does for one target.
        for target in targets {
            run_command(
                cargo("rustc", &[*target])?
                    .args(["--package", "arkws-capi", "--lib"])
                    .args(["--crate-type", "cdylib"]),
            )?;
        }
    }
    built.extend(collect(Kind::CLibrary, profile, targets, place)?);
    mark(ndk.is_real && profile == Profile::Release, place)?;
    Ok(built)
}

/// Builds for devices what an app has, as for users, where cargo builds: not to be shipped.
pub(super) fn build_for_devices(ndk: &Ndk) -> Result<Vec<Built>> {
    let (place, profile, target) = (Place::own(), Profile::Release, AARCH64);
    let libraries = [
        (
            Kind::ArkModule,
            vec!["--package", "arkws-node", ARK[0], ARK[1]],
        ),
        (Kind::CLibrary, vec!["--package", "arkws-capi"]),
    ];
    let built = libraries.into_iter().map(|(kind, package)| {
        let mut cargo = ndk.cargo("rustc", &[target], &place)?;
        profile.apply(&mut cargo);
        cargo
            .args(package)
            .args(["--lib", "--crate-type", "cdylib"])
            .env("ARKWS_CAPI_SONAME", C_LIBRARY);
        run_command(&mut cargo)?;
        let path = kind.built(&target, profile, &place);
        Ok(Built { kind, target, path })
    });
    built.collect()
}

/// The module for Node.js on devices.
pub(super) fn node_module(place: &Place) -> PathBuf {
    output_folder(place).join(Kind::NodeModule.path(&AARCH64))
}

/// The file that says that the libraries beside it may not be shipped.
const MARK: &str = "DO-NOT-SHIP.txt";

/// Says beside the libraries whether they may be shipped.
fn mark(may_be_shipped: bool, place: &Place) -> Result<()> {
    let mark = output_folder(place).join(MARK);
    let why = "These libraries were built for tests only: with a stand-in for OpenHarmony's NDK, or\n\
               not optimised, as by `cargo xtask ohos --check`. `cargo xtask ohos` with\n\
               OHOS_NDK_HOME builds those that can be shipped.\n";
    match may_be_shipped {
        true => fs::remove_file(&mark).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        }),
        false => fs::write(&mark, why),
    }
    .with_context(|| format!("cannot change {}", mark.display()))
}

/// Whether what was built last at a place is for tests only.
pub(super) fn is_for_tests(place: &Place) -> bool {
    output_folder(place).join(MARK).exists()
}

/// What the package for ohpm has of it, built or not: the path in the package's `libs`, and the
/// file.
pub(super) fn packaged(place: &Place) -> Vec<(PathBuf, PathBuf)> {
    let kinds = [Kind::ArkModule, Kind::CLibrary];
    let paths = ALL
        .iter()
        .flat_map(|target| kinds.map(|kind| kind.path(target)));
    paths
        .map(|path| (path.clone(), output_folder(place).join(path)))
        .collect()
}

/// Puts what cargo has built where it stays.
fn collect(kind: Kind, profile: Profile, targets: &[Target], place: &Place) -> Result<Vec<Built>> {
    let mut built = Vec::new();
    for &target in targets {
        let from = kind.built(&target, profile, place);
        let path = output_folder(place).join(kind.path(&target));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::copy(&from, &path)
            .with_context(|| format!("cannot copy {} to {}", from.display(), path.display()))?;
        built.push(Built { kind, target, path });
    }
    Ok(built)
}
