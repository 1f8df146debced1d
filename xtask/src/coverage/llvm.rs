//! LLVM's tools that read what instrumented programs write: those of the toolchain, or Debian's.
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::process::{command, output};

/// Releases of Debian's packages, the newest first. Older ones do not read this compiler's
/// profiles.
const RELEASES: [u32; 4] = [22, 21, 20, 19];

/// `llvm-profdata` and `llvm-cov`.
pub(super) struct Llvm {
    profdata: PathBuf,
    cov: PathBuf,
}

impl Llvm {
    /// # Errors
    /// There are none; the error says how to get them.
    pub(super) fn of_machine() -> Result<Llvm> {
        let named = |ending: &str| ["profdata", "cov"].map(|tool| format!("llvm-{tool}{ending}"));
        let mut places = Vec::new();
        if let Ok(libraries) = output(command("rustc").args(["--print", "target-libdir"])) {
            let tools = PathBuf::from(libraries.trim()).join("../bin");
            places.push(named("").map(|tool| tools.join(tool)));
        }
        let of_debian = RELEASES.map(|release| named(&format!("-{release}")).map(PathBuf::from));
        places.extend(of_debian);
        for [profdata, cov] in places {
            if runs(&profdata) && runs(&cov) {
                return Ok(Llvm { profdata, cov });
            }
        }
        bail!(
            "llvm-profdata and llvm-cov are not installed: `rustup component add llvm-tools`, or \
             `apt-get install llvm-19`"
        )
    }

    pub(super) fn profdata(&self) -> Command {
        command(&self.profdata)
    }

    pub(super) fn cov(&self) -> Command {
        command(&self.cov)
    }
}

fn runs(program: &PathBuf) -> bool {
    let mut version = command(program);
    version.arg("--version").stdout(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}
