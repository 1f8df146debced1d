//! The platforms that the Node module is packaged for, and how each is built.
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::elf::Present;
use super::place::Place;
use super::traces;
use crate::build::{Profile, Target, build_by};
use crate::ohos;
use crate::peers;
use crate::process::cargo;

/// A platform that has a package of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    /// As napi-rs names platforms; the package is `@arkws/NAME`.
    pub(crate) name: &'static str,
    /// What Node.js has as `process.platform` and `process.arch`.
    pub(super) os: &'static str,
    pub(super) cpu: &'static str,
    /// As npm names C libraries, where the system has several.
    pub(super) libc: Option<&'static str>,
    /// As Rust names the platform.
    pub(crate) target: &'static str,
    how: How,
}

/// How a platform's module is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// With zig as the linker and C compiler. Its argument: what follows the target's name, the
    /// oldest glibc that the module shall run with.
    Zig(&'static str),
    /// With OpenHarmony's toolchain (`cargo xtask ohos`).
    OpenHarmony,
    /// On a machine of this platform alone: there are no libraries of its system elsewhere.
    There,
}

/// The compiler's flag for what shares musl with the program that loads it.
pub(crate) const DYNAMIC: &str = "-Ctarget-feature=-crt-static";

/// The oldest glibc of any Linux that runs the oldest Node.js that arkws supports.
const GLIBC: &str = ".2.28";

/// All platforms; `npm/lib/native.js` has their names too.
pub(crate) const PLATFORMS: &[Platform] = &[
    platform("darwin-arm64", None, "aarch64-apple-darwin", How::There),
    platform("darwin-x64", None, "x86_64-apple-darwin", How::There),
    platform(
        "linux-arm64-gnu",
        Some("glibc"),
        "aarch64-unknown-linux-gnu",
        How::Zig(GLIBC),
    ),
    platform(
        "linux-arm64-musl",
        Some("musl"),
        "aarch64-unknown-linux-musl",
        How::Zig(""),
    ),
    platform(
        "linux-x64-gnu",
        Some("glibc"),
        "x86_64-unknown-linux-gnu",
        How::Zig(GLIBC),
    ),
    platform(
        "linux-x64-musl",
        Some("musl"),
        "x86_64-unknown-linux-musl",
        How::Zig(""),
    ),
    platform(
        "openharmony-arm64",
        None,
        "aarch64-unknown-linux-ohos",
        How::OpenHarmony,
    ),
    platform("win32-x64-msvc", None, "x86_64-pc-windows-msvc", How::There),
];

/// `os` and `cpu` are the first two words of the name.
const fn platform(
    name: &'static str,
    libc: Option<&'static str>,
    target: &'static str,
    how: How,
) -> Platform {
    let (os, rest) = split(name);
    let (cpu, _) = split(rest);
    Platform {
        name,
        os,
        cpu,
        libc,
        target,
        how,
    }
}

/// What stands before the first `-`, and what after it.
const fn split(name: &'static str) -> (&'static str, &'static str) {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'-' {
        at += 1;
    }
    let (before, after) = name.split_at(at);
    (
        before,
        if after.is_empty() {
            ""
        } else {
            after.split_at(1).1
        },
    )
}

impl Platform {
    /// The platform of this name.
    ///
    /// # Errors
    /// There is none; the message has those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Platform> {
        let found = PLATFORMS.iter().find(|platform| platform.name == name);
        found.with_context(|| {
            let names: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
            format!(
                "no platform is named {name}; there are {}",
                names.join(", ")
            )
        })
    }

    /// The machine's own.
    pub(crate) fn of_machine() -> Result<&'static Platform> {
        Platform::named(&peers::platform_abi())
    }

    /// The file that the module has.
    pub(crate) fn file(&self) -> String {
        format!("arkws.{}.node", self.name)
    }

    /// Whether its module can be built on this machine.
    pub(crate) fn is_buildable(&self) -> bool {
        match self.how {
            How::Zig(_) => cfg!(target_os = "linux"),
            How::OpenHarmony => ohos::has_sdk(),
            How::There => self.name == peers::platform_abi(),
        }
    }

    /// Builds the module; where it is.
    ///
    /// For development that of the machine is built as everything else is, so that nothing is built
    /// twice.
    ///
    /// # Errors
    /// The platform's module can only be built elsewhere, a tool is missing, it does not build, or
    /// it needs what not every system of the platform has.
    pub(crate) fn build(&self, profile: Profile, place: &Place) -> Result<PathBuf> {
        if self.how == How::OpenHarmony {
            return ohos::node_module(profile, place);
        }
        let is_own = self.name == peers::platform_abi();
        let is_plain = is_own && profile == Profile::Dev && place.is_own();
        let cargo = match self.how {
            _ if is_plain => {
                let mut cargo = cargo();
                cargo.args(["build", "--locked"]);
                cargo
            }
            How::Zig(glibc) => {
                let dynamic = match self.libc {
                    Some("musl") => DYNAMIC,
                    _ => "",
                };
                place.zigbuild("build", self.target, glibc, dynamic, profile)?
            }
            How::There if is_own => place.cargo("build", self.target)?,
            How::There | How::OpenHarmony => bail!(
                "the module for {} needs libraries of that system: run this on such a machine",
                self.name
            ),
        };
        let built = build_by(cargo, &[Target::NodeModule], profile);
        let mut built = built.with_context(|| format!("cannot build for {}", self.name))?;
        let module = built.remove(0);
        if let (How::Zig(glibc), false) = (self.how, is_plain) {
            let present = Present {
                cpu: self.cpu,
                glibc: glibc.strip_prefix('.'),
            };
            present.suffices_for(&module)?;
            traces::has_none(&module, &place.folders()?)?;
        }
        Ok(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::root;

    #[test]
    fn the_loader_knows_the_same_platforms() {
        let loader = std::fs::read_to_string(root().join("npm/lib/native.js")).unwrap();
        let (_, list) = loader.split_once("const PACKAGED = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let names: Vec<&str> = list.split('\'').skip(1).step_by(2).collect();
        let ours: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
        assert_eq!(names, ours);
    }

    #[test]
    fn a_name_says_the_system_and_the_processor() {
        let platform = Platform::named("linux-arm64-musl").unwrap();
        assert_eq!((platform.os, platform.cpu), ("linux", "arm64"));
        let platform = Platform::named("openharmony-arm64").unwrap();
        assert_eq!((platform.os, platform.cpu), ("openharmony", "arm64"));
        assert!(Platform::named("linux-x64").is_err());
    }
}
