//! Debian's packages: fetched, not installed.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{command, output, run};

/// Where packages come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sources {
    /// Of the machine's release, for x86-64 and ARM, by the machine's own sources.
    Machine,
    /// Of the Debian release of this name, for both, from where the machine has its own.
    Release(&'static str),
}

/// Debian's packages, by lists and a folder of our own: nothing is installed.
pub(crate) struct Apt {
    configuration: PathBuf,
    packages: PathBuf,
}

impl Apt {
    /// With the newest lists, which are put below `folder`.
    ///
    /// # Errors
    /// There is no apt-get, it has no such sources, or they cannot be reached.
    pub(crate) fn new(folder: &Path, sources: Sources) -> Result<Apt> {
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
        let particular = match sources {
            Sources::Machine => String::new(),
            Sources::Release(release) => {
                let list = format!("deb {} {release} main\n", debian()?);
                fs::write(folder.join("sources.list"), list)?;
                // What the machine has installed is of another release.
                fs::write(folder.join("status"), "")?;
                format!(
                    "Acquire::Languages \"none\";\n\
                     Dir::State::status \"{path}/status\";\n\
                     Dir::Etc::sourcelist \"{path}/sources.list\";\n\
                     Dir::Etc::sourceparts \"/dev/null\";\n"
                )
            }
        };
        // That user may write here: we do not have to become another one.
        let configuration = format!(
            "APT::Architecture \"amd64\";\n\
             APT::Architectures {{ \"amd64\"; \"arm64\"; }};\n\
             {particular}\
             Dir::State::Lists \"{path}/lists\";\n\
             Dir::Cache \"{path}\";\n\
             APT::Sandbox::User \"root\";\n\
             Debug::NoLocking \"true\";\n"
        );
        fs::write(&apt.configuration, configuration)?;
        run(apt.command("apt-get").args(["update", "-qq"]))
            .context("apt-get is needed, and its sources have to be reachable")?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command(program);
        command.env("APT_CONFIG", &self.configuration);
        command
    }

    /// Whether there is a package of this name.
    pub(crate) fn has(&self, name: &str) -> Result<bool> {
        let policy = output(self.command("apt-cache").arg("policy").arg(name))?;
        Ok(policy.contains("Candidate:") && !policy.contains("Candidate: (none)"))
    }

    /// Fetches packages for this machine, and what they need and it does not have.
    pub(crate) fn fetch_with_dependencies(&self, names: &[String]) -> Result<()> {
        run(self
            .command("apt-get")
            .args(["install", "-qq", "--yes", "--download-only"])
            .args(["--no-install-recommends", "--reinstall"])
            .args(names))
    }

    /// Fetches packages alone.
    pub(crate) fn fetch(&self, names: impl Iterator<Item = String>) -> Result<()> {
        run(self
            .command("apt-get")
            .current_dir(&self.packages)
            .args(["download", "-qq"])
            .args(names))
    }

    /// The files of the packages.
    pub(crate) fn fetched(&self) -> Result<Vec<PathBuf>> {
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

/// Where the machine has Debian's packages from, known before any list was fetched.
fn debian() -> Result<String> {
    let sites = output(command("apt-get").args([
        "indextargets",
        "--no-release-info",
        "--format",
        "$(SITE)",
        "Created-By: Packages",
    ]))
    .context("apt-get is needed")?;
    let debian = sites.lines().find(|site| site.ends_with("/debian"));
    Ok(debian
        .context("apt-get has no source of Debian's")?
        .to_owned())
}
