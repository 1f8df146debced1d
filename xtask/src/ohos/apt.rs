//! Debian's packages: fetched, not installed.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{command, output, run};

/// The releases of LLVM that know OpenHarmony, the best first.
const LLVM: [u32; 6] = [22, 21, 20, 19, 18, 17];

/// Debian's packages, by lists and a folder of our own: nothing is installed.
pub(super) struct Apt {
    configuration: PathBuf,
    packages: PathBuf,
}

impl Apt {
    /// With the newest lists.
    pub(super) fn new(folder: &Path) -> Result<Apt> {
        let folder = folder.join("apt");
        let packages = folder.join("archives");
        fs::create_dir_all(packages.join("partial"))
            .and_then(|()| fs::create_dir_all(folder.join("lists/partial")))
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let apt = Apt {
            configuration: folder.join("apt.conf"),
            packages,
        };
        let path = folder.display();
        // That user may write here: we do not have to become another one.
        let configuration = format!(
            "APT::Architecture \"amd64\";\n\
             APT::Architectures {{ \"amd64\"; \"arm64\"; }};\n\
             Dir::State::Lists \"{path}/lists\";\n\
             Dir::Cache \"{path}\";\n\
             APT::Sandbox::User \"root\";\n\
             Debug::NoLocking \"true\";\n"
        );
        fs::write(&apt.configuration, configuration)?;
        run(apt.command("apt-get").args(["update", "-qq"])).context(
            "the stand-in for OpenHarmony's NDK is made of Debian's packages: apt-get is needed, \
             and its sources have to be reachable",
        )?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command(program);
        command.env("APT_CONFIG", &self.configuration);
        command
    }

    /// The best release of LLVM that there is.
    pub(super) fn newest_llvm(&self) -> Result<u32> {
        for release in LLVM {
            let policy = output(
                self.command("apt-cache")
                    .arg("policy")
                    .arg(format!("clang-{release}")),
            )?;
            if policy.contains("Candidate:") && !policy.contains("Candidate: (none)") {
                return Ok(release);
            }
        }
        bail!("apt-get has no clang that knows OpenHarmony: clang-17 or newer (Debian 12 has one)")
    }

    /// Fetches packages for this machine, and what they need and it does not have.
    pub(super) fn fetch_with_dependencies(&self, names: &[String]) -> Result<()> {
        run(self
            .command("apt-get")
            .args(["install", "-qq", "--yes", "--download-only"])
            .args(["--no-install-recommends", "--reinstall"])
            .args(names))
    }

    /// Fetches packages alone.
    pub(super) fn fetch(&self, names: impl Iterator<Item = String>) -> Result<()> {
        run(self
            .command("apt-get")
            .current_dir(&self.packages)
            .args(["download", "-qq"])
            .args(names))
    }

    /// The files of the packages.
    pub(super) fn fetched(&self) -> Result<Vec<PathBuf>> {
        let mut packages = Vec::new();
        for entry in fs::read_dir(&self.packages)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                packages.push(path);
            }
        }
        Ok(packages)
    }
}
