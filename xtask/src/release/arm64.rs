//! The check `arm64`: the npm packages for Linux on ARM are built, installed, and run under qemu,
//! with glibc and with musl.
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

use super::elsewhere::{self, Elsewhere};
use crate::counts::Counts;
use crate::packages::zig;
use crate::peers;

/// Where the packages are put.
const FOLDER: &str = "target/arm64";

/// The newest of PyPI for ARM.
const NODE: &str = "24.19.0";

/// A C library: the npm package for it, the packages of Debian that Node.js needs, the library's
/// loader, and how PyPI names such machines.
struct Library {
    platform: &'static str,
    packages: &'static [&'static str],
    loader: &'static str,
    machine: &'static str,
}

const LIBRARIES: [Library; 2] = [
    Library {
        platform: "linux-arm64-gnu",
        packages: &["libc6:arm64", "libstdc++6:arm64", "libgcc-s1:arm64"],
        loader: "ld-linux-aarch64.so.1",
        machine: "manylinux_2_28_aarch64",
    },
    Library {
        platform: "linux-arm64-musl",
        packages: &["musl:arm64"],
        loader: "ld-musl-aarch64.so.1",
        machine: "musllinux_1_2_aarch64",
    },
];

/// Sees to it that there is what [`check`] builds and runs with.
///
/// # Errors
/// Debian's packages or PyPI cannot be reached.
pub(crate) fn prepare() -> Result<()> {
    zig::cargo()?;
    machines().map(drop)
}

/// Builds the npm packages, for development, and runs programs with them.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    for machine in machines()? {
        machine.check(FOLDER, counts)?;
    }
    Ok(())
}

/// What runs programs for ARM; put into `.test-env/`, unless it is there.
fn machines() -> Result<Vec<Elsewhere>> {
    let folder = peers::environment()?.join("arm64");
    let qemu = folder.join("qemu/usr/bin/qemu-aarch64");
    elsewhere::unpack(&folder, &[("qemu-user", "qemu")], &qemu)?;
    let machine = |library: &Library| {
        let libraries = folder.join(library.platform);
        let packages = library.packages.iter();
        let packages: Vec<_> = packages.map(|name| (*name, library.platform)).collect();
        let loader = libraries.join("usr/lib").join(library.loader);
        elsewhere::unpack(&folder, &packages, &loader)?;
        link(&libraries.join("lib"))?;
        let runner = vec![qemu.clone(), "-L".into(), libraries];
        let node = elsewhere::node(NODE, library.machine, &folder)?;
        Elsewhere::new(library.platform, runner, vec![node])
    };
    LIBRARIES.iter().map(machine).collect()
}

/// Makes `lib` lead to `usr/lib`, as on Debian's machines, unless it does.
fn link(lib: &Path) -> Result<()> {
    if fs::symlink_metadata(lib).is_ok() {
        return Ok(());
    }
    symlink("usr/lib", lib).with_context(|| format!("cannot link {}", lib.display()))
}
