//! The compiler and the libraries for OpenHarmony: the NDK of its SDK, or the stand-in.
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::stand_in::StandIn;
use super::target::{Target, directory};
use crate::nightly;
use crate::packages::place::Place;
use crate::process::command;

/// Names the folder of the NDK, the one in which `native` is.
const VARIABLE: &str = "OHOS_NDK_HOME";

pub(super) struct Ndk {
    /// `native`: `llvm` and `sysroot` are in it.
    native: PathBuf,
    /// The NDK of an SDK, not the stand-in.
    pub(super) is_real: bool,
}

impl Ndk {
    /// Whether `OHOS_NDK_HOME` names that of an SDK.
    pub(super) fn is_named() -> bool {
        std::env::var_os(VARIABLE).is_some()
    }

    /// That of the SDK, if `OHOS_NDK_HOME` names one; else the stand-in, which is prepared.
    ///
    /// # Errors
    /// There is no NDK where the variable says; or the stand-in cannot be prepared.
    pub(super) fn of_machine() -> Result<Ndk> {
        let Some(home) = std::env::var_os(VARIABLE) else {
            let native = StandIn::prepare()?.native();
            println!(
                "{VARIABLE} is not set: this builds with a stand-in for OpenHarmony's NDK, made of \
                 Debian's clang and musl. What it builds is for tests only: do not ship it."
            );
            return Ok(Ndk {
                native,
                is_real: false,
            });
        };
        let ndk = Ndk::of_sdk(Path::new(&home))?;
        println!("the NDK of OpenHarmony's SDK: {}", ndk.native.display());
        Ok(ndk)
    }

    /// That of the SDK in this folder, or in whose `native` it is.
    fn of_sdk(home: &Path) -> Result<Ndk> {
        let native = [home.join("native"), home.to_path_buf()]
            .into_iter()
            .find(|native| native.join("llvm/bin/clang").is_file())
            .with_context(|| {
                let home = home.display();
                format!("{VARIABLE} is {home}, but there is no native/llvm/bin/clang")
            })?;
        let native = fs::canonicalize(&native)
            .with_context(|| format!("cannot find {}", native.display()))?;
        Ok(Ndk {
            native,
            is_real: true,
        })
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> PathBuf {
        self.native.clone()
    }

    /// A program of LLVM.
    pub(super) fn llvm(&self, program: &str) -> Command {
        command(self.native.join("llvm/bin").join(program))
    }

    /// clang for a target, with its headers and libraries.
    pub(super) fn clang(&self, target: &Target) -> Result<Command> {
        Ok(command(self.wrapper(target, "clang")?))
    }

    /// A folder of libraries of the target.
    pub(super) fn libraries(&self, target: &Target) -> PathBuf {
        self.native.join("sysroot/usr/lib").join(target.clang)
    }

    /// Cargo that does a task for these targets at a place, with the standard library from its
    /// sources: there
    /// may be none that is built. Tests' part of it is always there: without it all that is built
    /// would be another thing.
    pub(super) fn cargo(&self, task: &str, targets: &[Target], place: &Place) -> Result<Command> {
        let mut cargo = nightly::cargo();
        cargo
            .args([task, "--locked", "-Zbuild-std=std,panic_unwind,test"])
            .arg("--target-dir")
            .arg(directory(place));
        // As the standard library is called where it is not built by whoever uses it.
        let library = (nightly::sources()?, "/rustc");
        let triples: Vec<&str> = targets.iter().map(|target| target.triple).collect();
        place.arrange(&mut cargo, &triples, "", &[library])?;
        for target in targets {
            let clang = self.wrapper(target, "clang")?;
            cargo
                .args(["--target", target.triple])
                .env(target.cargo_variable("LINKER"), &clang)
                .env(target.cc_variable("CC"), &clang)
                .env(
                    target.cc_variable("AR"),
                    self.native.join("llvm/bin/llvm-ar"),
                );
        }
        Ok(cargo)
    }

    /// A script that runs one of LLVM's compilers for a target, for who takes a program without
    /// arguments.
    fn wrapper(&self, target: &Target, compiler: &str) -> Result<PathBuf> {
        let native = self.native.to_str();
        let Some(native) = native.filter(|native| !native.contains('\'')) else {
            bail!("no script can name the folder {}", self.native.display());
        };
        let clang = target.clang;
        let script = format!(
            "#!/bin/sh\n\
             exec '{native}/llvm/bin/{compiler}' --target={clang} \
             --sysroot='{native}/sysroot' -D__MUSL__ \"$@\"\n"
        );
        // One for all places: no name of it is in what is built.
        let folder = directory(&Place::own()).join("bin");
        let place = folder.join(format!("{}-{compiler}", target.triple));
        // Cargo builds all anew that a newer linker may have made.
        if fs::read_to_string(&place).is_ok_and(|is| is == script) {
            return Ok(place);
        }
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&place, script))
            .and_then(|()| fs::set_permissions(&place, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("cannot write {}", place.display()))?;
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_folder_of_the_sdk_or_its_native_one() {
        let sdk = tempfile::tempdir().unwrap();
        let native = sdk.path().join("native");
        fs::create_dir_all(native.join("llvm/bin")).unwrap();
        fs::write(native.join("llvm/bin/clang"), "").unwrap();
        let native = fs::canonicalize(native).unwrap();
        for home in [sdk.path(), &native] {
            let ndk = Ndk::of_sdk(home).unwrap();
            assert_eq!((ndk.native, ndk.is_real), (native.clone(), true));
        }
    }

    #[test]
    fn a_folder_without_an_ndk_is_an_error_that_names_it() {
        let empty = tempfile::tempdir().unwrap();
        let words = Ndk::of_sdk(empty.path()).err().unwrap().to_string();
        let named = format!("OHOS_NDK_HOME is {}", empty.path().display());
        assert!(words.contains(&named), "{words}");
    }
}
