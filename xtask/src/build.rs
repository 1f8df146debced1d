//! Building with cargo: examples by name, and the Node module, put where the npm package looks.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::peers;
use crate::process::{cargo, command, describe, root, run};

/// How thoroughly to optimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build: dependencies optimised, our code barely.
    Dev,
    /// What users get.
    Release,
}

/// What cargo is to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An example of a package.
    Example(&'static str, &'static str),
    /// A binary of a package.
    Binary(&'static str, &'static str),
    /// The Node module.
    NodeModule,
    /// The C library that is shared; the archive is beside it.
    CLibrary,
    /// The C library as an archive alone.
    CArchive,
}

impl Target {
    fn is_library(self) -> bool {
        matches!(
            self,
            Target::NodeModule | Target::CLibrary | Target::CArchive
        )
    }
}

/// A server, and more, for tests.
pub(crate) const PEER: Target = Target::Binary("arkws-test-peer", "peer");

/// The packages of the Node module and of the C library.
pub(crate) const NODE_PACKAGE: &str = "arkws-node";
pub(crate) const C_PACKAGE: &str = "arkws-capi";

/// Builds the targets, cargo's progress shown; returns the files, in the same order. A library is
/// built by itself: beside others it would have the features that those ask of what they share, and
/// not be the one that users get.
pub(crate) fn build(targets: &[Target], profile: Profile) -> Result<Vec<PathBuf>> {
    build_in("Cargo.toml", targets, profile)
}

/// The same for the workspace of a manifest, named from the root.
pub(crate) fn build_in(
    manifest: &str,
    targets: &[Target],
    profile: Profile,
) -> Result<Vec<PathBuf>> {
    let build = |targets: &[Target]| {
        let mut cargo = cargo();
        cargo.args(["build", "--manifest-path", manifest]);
        build_by(cargo, targets, profile)
    };
    let programs: Vec<Target> = targets
        .iter()
        .copied()
        .filter(|one| !one.is_library())
        .collect();
    let mut programs = match programs.is_empty() {
        true => Vec::new(),
        false => build(&programs)?,
    }
    .into_iter();
    let mut files = Vec::with_capacity(targets.len());
    for target in targets {
        match target.is_library() {
            true => files.extend(build(&[*target])?),
            false => files.extend(programs.next()),
        }
    }
    Ok(files)
}

/// The same in one go, with a `cargo build`, or `cargo rustc`, that has arguments already.
pub(crate) fn build_by(
    mut cargo: Command,
    targets: &[Target],
    profile: Profile,
) -> Result<Vec<PathBuf>> {
    cargo.arg("--message-format=json-render-diagnostics");
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    for target in targets {
        match target {
            Target::Example(package, name) => {
                cargo.args(["--package", package, "--example", name]);
            }
            Target::Binary(package, name) => {
                cargo.args(["--package", package, "--bin", name]);
            }
            Target::NodeModule => {
                cargo.args(["--package", NODE_PACKAGE]);
            }
            Target::CLibrary | Target::CArchive => {
                cargo.args(["--package", C_PACKAGE]);
            }
        }
    }
    if targets.iter().any(|target| target.is_library()) {
        cargo.arg("--lib");
    }
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`{}` failed: see above", describe(&cargo));
    }
    let messages: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    targets
        .iter()
        .map(|&target| {
            messages
                .iter()
                .find_map(|message| artifact(message, target))
                .with_context(|| format!("cargo did not say where it put {target:?}"))
        })
        .collect()
}

/// The file that a `compiler-artifact` message of cargo names, if it is about the target.
fn artifact(message: &Value, wanted: Target) -> Option<PathBuf> {
    let target = message.get("target")?;
    let (kind, name) = match wanted {
        Target::Example(_, name) => ("example", name.to_owned()),
        Target::Binary(_, name) => ("bin", name.to_owned()),
        Target::NodeModule => ("cdylib", NODE_PACKAGE.replace('-', "_")),
        Target::CLibrary => ("cdylib", "net_websocket".to_owned()),
        Target::CArchive => ("staticlib", "net_websocket".to_owned()),
    };
    let is_kind = target
        .get("kind")?
        .as_array()?
        .iter()
        .any(|value| value == kind);
    if !is_kind || target.get("name")? != name.as_str() {
        return None;
    }
    if wanted.is_library() {
        let endings: &[&str] = match wanted {
            Target::CArchive => &[".a"],
            // Of any system: it may be built for another one.
            _ => &[".so", ".dylib", ".dll"],
        };
        let files = message.get("filenames")?.as_array()?;
        return files
            .iter()
            .filter_map(Value::as_str)
            .find(|file| endings.iter().any(|end| file.ends_with(end)))
            .map(PathBuf::from);
    }
    Some(PathBuf::from(message.get("executable")?.as_str()?))
}

/// Makes one file of `npm/core`, where the npm package looks for it.
pub(crate) fn bundle_core() -> Result<()> {
    peers::install_npm("npm", true)?;
    run(command("node").arg("npm/bundle.mjs")).context("cannot make npm/dist/core.js")
}

/// Puts both halves of the Node module where the npm package looks for them: the built one, and
/// the JavaScript of `npm/core`, made one file.
pub(crate) fn place_module(built: &Path) -> Result<PathBuf> {
    bundle_core()?;
    let directory = root().join("npm/native");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let place = directory.join(format!("arkws.{}.node", peers::platform_abi()));
    // A new file, not new contents of the old one: a running Node.js may have that mapped.
    let fresh = place.with_extension("fresh");
    fs::copy(built, &fresh).with_context(|| format!("cannot copy {}", built.display()))?;
    fs::rename(&fresh, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}

/// The largest that the optimised module may be on x86-64 Linux, in bytes. It is 3.81 million; the
/// aim is 3 MiB (`BENCHMARKS.md`). It was 3.41 million with what the contract needs. Since then:
///
/// - what bounds peers, such as time-outs, budgets, admission and allowed origins, took 0.1
///   million;
/// - what leaves before the process ends, causes of failures, and connections named in the log:
///   0.06;
/// - servers beside those of Node.js, behind proxies, with certificates and answers of the
///   program's own, and rooms; clients that ping, pause, look names up and ask for tokens; and the
///   web's `WebSocket`: 0.32;
/// - a `Host` and fields that no server takes, what comes behind an end of TLS, and names that are
///   never resolved: 0.01;
/// - servers that verify their clients by the rules of clients, with the certificate at fault
///   named, a budget for each JavaScript thread, and what Node.js carries, of which the kernel is
///   asked and which leaves before the process ends: 0.04;
/// - one writer of objects and one reader of options in `crates/node`, in place of code that
///   napi-rs made for each property, gave back 0.07, and a cryptography whose C is not unrolled
///   0.07.
const MODULE_AT_MOST: u64 = 3_820_000;

/// `cargo xtask npm`
pub(crate) fn npm(dev: bool) -> Result<()> {
    let place = module(if dev { Profile::Dev } else { Profile::Release })?;
    let size = fs::metadata(&place)?.len();
    println!(
        "{} ({:.2} MiB)",
        place.display(),
        size as f64 / f64::from(1 << 20)
    );
    match dev {
        true => Ok(()),
        false => is_small(&place),
    }
}

/// Sees to it that a module for users has not grown, where it is known how large it may be.
///
/// # Errors
/// It has.
pub(crate) fn is_small(module: &Path) -> Result<()> {
    let size = fs::metadata(module)?.len();
    let is_limited = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    if is_limited && size > MODULE_AT_MOST {
        bail!("the module has {size} bytes, more than {MODULE_AT_MOST}");
    }
    Ok(())
}

/// Builds the Node module, puts it where the npm package looks for it, and installs what that
/// package needs.
pub(crate) fn module(profile: Profile) -> Result<PathBuf> {
    peers::Node::of_machine()?;
    let built = build(&[Target::NodeModule], profile)?;
    place_module(&built[0])
}
