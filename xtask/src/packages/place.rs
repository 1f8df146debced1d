//! Where something is built for users, so that nothing of the place is in what is built.
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::zig;
use crate::build::Profile;
use crate::process::{cargo, command, output, root, run};

/// What is not for users is built fast.
const QUICK: [&str; 2] = [
    "profile.dev.debug=false",
    r#"profile.dev.package."*".opt-level=0"#,
];

/// The project's files, and where cargo builds from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    sources: PathBuf,
    /// [`None`]: where cargo does by itself.
    target: Option<PathBuf>,
}

impl Place {
    /// The working tree.
    pub(crate) fn own() -> Place {
        let (sources, target) = (root(), None);
        Place { sources, target }
    }

    /// A folder with the project's files, built into another folder.
    pub(crate) fn new(sources: &Path, target: &Path) -> Place {
        Place {
            sources: sources.to_owned(),
            target: Some(target.to_owned()),
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.target.is_none()
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> PathBuf {
        match &self.target {
            Some(folder) => folder.clone(),
            None => self.sources.join("target"),
        }
    }

    /// Cargo's `task` (`build`, `rustc`) for a target of this machine's system.
    ///
    /// # Errors
    /// There is no home folder, where cargo has the sources of other crates.
    pub(super) fn cargo(&self, task: &str, target: &str) -> Result<Command> {
        let mut cargo = cargo();
        cargo.args([task, "--locked", "--target", target]);
        self.arrange(&mut cargo, &[target], "", &[])?;
        Ok(cargo)
    }

    /// The same for any target of Linux, with zig. `libc`: the version of the C library (`.2.28`;
    /// none: the one that zig has); `flags`: the compiler's.
    ///
    /// # Errors
    /// Rust's standard library for the target or zig is missing, and cannot be installed.
    pub(crate) fn zigbuild(
        &self,
        task: &str,
        target: &str,
        libc: &str,
        flags: &str,
        profile: Profile,
    ) -> Result<Command> {
        add_target(target)?;
        let mut cargo = zig::cargo()?;
        cargo.args([task, "--locked", "--target", &format!("{target}{libc}")]);
        if profile == Profile::Dev {
            QUICK.iter().for_each(|setting| {
                cargo.args(["--config", setting]);
            });
        }
        // C of other crates asks for what a debugger needs, whatever the profile, and an archive is
        // not stripped: the paths of this machine would be in it.
        cargo.env(format!("CFLAGS_{}", target.replace('-', "_")), "-g0");
        self.arrange(&mut cargo, &[target], flags, &[])?;
        Ok(cargo)
    }

    /// Has cargo build at this place for targets, with these flags of the compiler. `others`:
    /// folders elsewhere whose sources are compiled too, each with what it is called instead.
    ///
    /// # Errors
    /// As [`Place::cargo`].
    pub(crate) fn arrange(
        &self,
        cargo: &mut Command,
        targets: &[&str],
        flags: &str,
        others: &[(PathBuf, &str)],
    ) -> Result<()> {
        // The last that fits counts: the most special one comes last.
        let mut paths = vec![(cargo_home()?, "/cargo")];
        paths.extend_from_slice(others);
        paths.push((self.sources.clone(), "/arkws"));
        paths.push((self.target(), "/target"));
        let mut all = flags.to_owned();
        for (from, to) in paths {
            all.push_str(&format!(" --remap-path-prefix={}={to}", from.display()));
        }
        for target in targets {
            let variable = target.to_uppercase().replace('-', "_");
            let variable = format!("CARGO_TARGET_{variable}_RUSTFLAGS");
            cargo.env(variable, all.trim_start());
        }
        cargo
            .current_dir(&self.sources)
            .env("CARGO_INCREMENTAL", "0");
        if let Some(folder) = &self.target {
            cargo.env("CARGO_TARGET_DIR", folder);
        }
        Ok(())
    }

    /// What nothing that was built here may say: the folders of this place, and of this machine.
    ///
    /// # Errors
    /// As [`Place::cargo`].
    pub(crate) fn folders(&self) -> Result<Vec<PathBuf>> {
        let mut folders = vec![self.sources.clone(), self.target(), root(), cargo_home()?];
        folders.extend(env::var_os("RUSTUP_HOME").map(PathBuf::from));
        folders.extend(env::home_dir());
        Ok(folders)
    }
}

/// Where cargo has the sources of other crates.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    home.context("neither CARGO_HOME nor a home folder is set")
}

/// Sees to it that there is the standard library for a target.
fn add_target(target: &str) -> Result<()> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(target);
    if library.join("lib").is_dir() {
        return Ok(());
    }
    run(command("rustup").args(["target", "add", target])).with_context(|| {
        format!("Rust's standard library for {target} is missing: `rustup target add {target}`")
    })
}
