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
#[derive(Debug, Clone)]
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

    /// Cargo's `task` (`build`, `rustc`) for a target of this machine's system.
    ///
    /// # Errors
    /// There is no home folder, where cargo has the sources of other crates.
    pub(super) fn cargo(&self, task: &str, target: &str) -> Result<Command> {
        let mut cargo = cargo();
        cargo.args([task, "--locked", "--target", target]);
        self.arrange(&mut cargo, target, "")?;
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
        self.arrange(&mut cargo, target, flags)?;
        Ok(cargo)
    }

    fn arrange(&self, cargo: &mut Command, target: &str, flags: &str) -> Result<()> {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
        let home = home.context("neither CARGO_HOME nor a home folder is set")?;
        let built = match &self.target {
            Some(folder) => folder.clone(),
            None => self.sources.join("target"),
        };
        // The last that fits counts: the most special one comes last.
        let paths = [
            (&home, "/cargo"),
            (&self.sources, "/arkws"),
            (&built, "/target"),
        ];
        let remaps = paths.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
        let variable = target.to_uppercase().replace('-', "_");
        cargo
            .current_dir(&self.sources)
            .env("CARGO_INCREMENTAL", "0")
            .env(
                format!("CARGO_TARGET_{variable}_RUSTFLAGS"),
                format!("{flags} {}", remaps.join(" ")).trim_start(),
            );
        if let Some(folder) = &self.target {
            cargo.env("CARGO_TARGET_DIR", folder);
        }
        Ok(())
    }
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
