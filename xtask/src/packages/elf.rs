//! What the file of a module asks of the Linux that loads it.
use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{command, output};

/// The libraries of glibc, and its loader, that every program there has.
const GLIBC: [&str; 7] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// What musl is called by whoever needs it.
const MUSL: [&str; 1] = ["libc.so"];

/// What is there on every Linux of a platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    /// As Node.js names processors.
    pub(super) cpu: &'static str,
    /// The C library: the version of glibc, as `2.28`; [`None`]: it is musl.
    pub(super) glibc: Option<&'static str>,
}

impl Present {
    /// # Errors
    /// The file is for another processor, or needs what may not be there.
    pub(super) fn suffices_for(self, module: &Path) -> Result<()> {
        let said = output(
            command("readelf")
                .env("LC_ALL", "C")
                .args(["--wide", "--file-header", "--dynamic", "--version-info"])
                .arg(module),
        )?;
        let lacking = self.lacking(&said);
        if !lacking.is_empty() {
            bail!("{}: {}", module.display(), lacking.join("; "));
        }
        Ok(())
    }

    /// What is wrong with a file, of what readelf says about it.
    fn lacking(self, said: &str) -> Vec<String> {
        let mut lacking = Vec::new();
        let after = |label| {
            said.lines()
                .filter_map(move |line| Some(line.split_once(label)?.1.trim()))
        };
        let machine = after("Machine:").next().unwrap_or_default();
        let wanted = match self.cpu {
            "arm64" => "AArch64",
            _ => "Advanced Micro Devices X86-64",
        };
        if machine != wanted {
            lacking.push(format!("it is for {machine}, not for {wanted}"));
        }
        let libraries: &[&str] = match self.glibc {
            Some(_) => &GLIBC,
            None => &MUSL,
        };
        for library in after("(NEEDED)") {
            // `Shared library: [libc.so.6]`
            let library = library.trim_end_matches(']');
            let library = library.rsplit('[').next().unwrap_or_default();
            if !libraries.contains(&library) {
                lacking.push(format!("it needs {library}"));
            }
        }
        let newest = self.glibc.map_or(Vec::new(), numbers);
        for rest in after("Name: GLIBC_") {
            let version = rest.split_whitespace().next().unwrap_or_default();
            if numbers(version) > newest {
                lacking.push(format!("it needs glibc {version}"));
            }
        }
        lacking
    }
}

/// `2.28` → 2, 28; what is no number is newer than all.
fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.');
    parts.map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
  Machine:                           AArch64
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [ld-linux-aarch64.so.1]
  000000: Version: 1  File: libc.so.6  Cnt: 2
  0x0010:   Name: GLIBC_2.17  Flags: none  Version: 3
  0x0020:   Name: GLIBC_2.9  Flags: none  Version: 2
";

    #[test]
    fn what_every_linux_of_the_platform_has_is_enough() {
        let (cpu, glibc) = ("arm64", Some("2.28"));
        assert_eq!(Present { cpu, glibc }.lacking(SAID), [""; 0]);
        let musl = Present { cpu, glibc: None };
        let said = "  Machine:   AArch64\n (NEEDED)  Shared library: [libc.so]\n";
        assert_eq!(musl.lacking(said), [""; 0]);
    }

    #[test]
    fn another_processor_a_library_and_a_newer_glibc_are_named() {
        let (cpu, glibc) = ("x64", Some("2.16"));
        let lacking = Present { cpu, glibc }.lacking(SAID);
        assert_eq!(lacking.len(), 2, "{lacking:?}");
        assert!(lacking[0].contains("AArch64"), "{lacking:?}");
        assert_eq!(lacking[1], "it needs glibc 2.17");
        let musl = Present {
            cpu: "arm64",
            glibc: None,
        };
        assert_eq!(musl.lacking(SAID)[0], "it needs libc.so.6");
        let said = SAID.replace("libc.so.6]", "libgcc_s.so.1]");
        let (cpu, glibc) = ("arm64", Some("2.28"));
        assert_eq!(
            Present { cpu, glibc }.lacking(&said),
            ["it needs libgcc_s.so.1"]
        );
    }
}
