//! A stand-in for OpenHarmony's NDK: Debian's clang, lld, musl and libunwind, laid out as the NDK
//! is, and a `libace_napi.z.so` in which nothing works. It compiles, links and runs tests.
//!
//! Packages are unpacked, not installed: into `.test-env/ohos`, without root. The names of those of
//! LLVM have its release, of which the newest that can be had is taken.
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::names;
use super::target::{ALL, Target};
use crate::apt::{Apt, Sources};
use crate::process::{command, root, run};

/// Changes whenever the stand-in is made in another way: it is made anew then.
const RECIPE: &str = "1";

/// The releases of LLVM that know OpenHarmony, the best first.
const LLVM: [u32; 6] = [22, 21, 20, 19, 18, 17];

/// What of these packages is needed; `N` is LLVM's release.
const TOOLS: [(&str, &[&str]); 7] = [
    ("libllvmN", &["./usr/lib"]),
    ("libclang-cppN", &["./usr/lib"]),
    ("lld-N", &["./usr/lib/llvm-N/bin"]),
    ("clang-N", &["./usr/lib/llvm-N/bin"]),
    (
        "libclang-common-N-dev",
        &["./usr/lib/llvm-N/lib/clang/N/include"],
    ),
    (
        "llvm-N",
        &[
            "./usr/lib/llvm-N/bin/llvm-ar",
            "./usr/lib/llvm-N/bin/llvm-nm",
            "./usr/lib/llvm-N/bin/llvm-readelf",
            "./usr/lib/llvm-N/bin/llvm-readobj",
        ],
    ),
    ("qemu-user-static", &["./usr/bin/qemu-aarch64-static"]),
];

/// Of which apt also fetches what they need and the machine does not have.
const WITH_DEPENDENCIES: usize = 3;

/// The same for each target's processor.
const LIBRARIES: [(&str, &[&str]); 5] = [
    ("musl", &["./lib"]),
    ("musl-dev", &["./usr/lib", "./usr/include"]),
    (
        "libclang-rt-N-dev",
        &["./usr/lib/llvm-N/lib/clang/N/lib/linux"],
    ),
    ("libunwind-N-dev", &["./usr/lib"]),
    ("linux-libc-dev", &["./usr/include"]),
];

/// The programs of LLVM that are used.
const PROGRAMS: [&str; 4] = ["clang", "llvm-ar", "llvm-nm", "llvm-readelf"];

pub(super) struct StandIn {
    folder: PathBuf,
    /// LLVM's release.
    llvm: u32,
}

impl StandIn {
    /// The stand-in, made if it is not there.
    ///
    /// # Errors
    /// The machine is not Debian, or its packages cannot be fetched or do not fit.
    pub(super) fn prepare() -> Result<StandIn> {
        let folder = root().join(".test-env/ohos");
        let stamp = folder.join("made");
        if let Some(llvm) = fs::read_to_string(&stamp)
            .ok()
            .and_then(|made| made.strip_prefix(RECIPE)?.trim().parse().ok())
        {
            return Ok(StandIn { folder, llvm });
        }
        if std::env::consts::ARCH != "x86_64" {
            bail!(
                "the stand-in for OpenHarmony's NDK runs on x86-64 alone: set OHOS_NDK_HOME, and \
                 build on such a machine what `--check` runs"
            );
        }
        println!("a stand-in for OpenHarmony's NDK is made of Debian's packages (140 MB)");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        let apt = Apt::new(&folder, Sources::Machine)
            .context("the stand-in for OpenHarmony's NDK is made of Debian's packages")?;
        let llvm = newest_llvm(&apt)?;
        let stand_in = StandIn { folder, llvm };
        stand_in.fetch(&apt).context(
            "the stand-in for OpenHarmony's NDK takes packages of Debian 12 or newer, for amd64 \
             and arm64, that could not be fetched",
        )?;
        stand_in.lay_out()?;
        fs::remove_dir_all(stand_in.folder.join("apt"))?;
        fs::write(&stamp, format!("{RECIPE} {llvm}\n"))?;
        Ok(stand_in)
    }

    /// Laid out as in the NDK.
    pub(super) fn native(&self) -> PathBuf {
        self.folder.join("native")
    }

    /// What a program of the target is run by, and its first arguments.
    pub(super) fn runner(&self, target: &Target) -> Vec<String> {
        let files = self.files(target);
        let loader = format!("lib/ld-musl-{}.so.1", target.processor);
        if target.is_native() {
            return vec![files.join(loader).display().to_string()];
        }
        let qemu = self.tools().join("usr/bin/qemu-aarch64-static");
        let (qemu, files) = (qemu.display().to_string(), files.display().to_string());
        vec![qemu, "-L".to_owned(), files]
    }

    /// A command that runs a program of the target, the next argument.
    pub(super) fn command(&self, target: &Target) -> Command {
        let runner = self.runner(target);
        let mut command = command(&runner[0]);
        command.args(&runner[1..]);
        command
    }

    /// Where the tools are unpacked.
    fn tools(&self) -> PathBuf {
        self.folder.join("tools")
    }

    /// Where a target's libraries are unpacked.
    fn files(&self, target: &Target) -> PathBuf {
        self.folder.join(target.debian)
    }

    fn name(&self, template: &str) -> String {
        template.replace('N', &self.llvm.to_string())
    }

    fn fetch(&self, apt: &Apt) -> Result<()> {
        let tools: Vec<String> = TOOLS.iter().map(|(name, _)| self.name(name)).collect();
        let (with_dependencies, alone) = tools.split_at(WITH_DEPENDENCIES);
        apt.fetch_with_dependencies(with_dependencies)?;
        let libraries = ALL.iter().flat_map(|target| {
            let name = |(name, _): &(&str, _)| format!("{}:{}", self.name(name), target.debian);
            LIBRARIES.iter().map(name)
        });
        apt.fetch(alone.iter().cloned().chain(libraries))?;
        for package in apt.fetched()? {
            let file = package.file_name().unwrap_or_default().to_string_lossy();
            let (name, _) = file.split_once('_').unwrap_or_default();
            let wanted =
                |(template, _): &&(&str, &'static [&'static str])| self.name(template) == name;
            if let Some((_, members)) = TOOLS.iter().find(wanted) {
                self.unpack(&package, members, &self.tools())?;
            } else if let Some((_, members)) = LIBRARIES.iter().find(wanted) {
                let of = |target: &&Target| file.ends_with(&format!("_{}.deb", target.debian));
                let target = ALL.iter().find(of);
                let target = target.with_context(|| format!("{file} is of no target"))?;
                self.unpack(&package, members, &self.files(target))?;
            } else {
                // A library that a tool needs.
                self.unpack(&package, &["./usr/lib", "./lib"], &self.tools())?;
            }
        }
        Ok(())
    }

    /// Unpacks those members of a package that it has.
    fn unpack(&self, package: &Path, members: &[&str], into: &Path) -> Result<()> {
        fs::create_dir_all(into).with_context(|| format!("cannot create {}", into.display()))?;
        let whole = into.join("package");
        run(command("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&whole))?;
        for member in members {
            let member = self.name(member);
            let (from, to) = (whole.join(&member), into.join(&member));
            if from.symlink_metadata().is_ok() {
                merge(&from, &to).with_context(|| format!("cannot move {}", from.display()))?;
            }
        }
        fs::remove_dir_all(&whole).with_context(|| format!("cannot remove {}", whole.display()))
    }

    /// Lays the files out as the NDK does, and where clang looks for them.
    fn lay_out(&self) -> Result<()> {
        let llvm = format!("usr/lib/llvm-{}", self.llvm);
        let programs = self.native().join("llvm/bin");
        fs::create_dir_all(&programs)?;
        for program in PROGRAMS {
            // Of its own libraries, not the machine's.
            let script = format!(
                "#!/bin/sh\n\
                 tools=$(dirname \"$0\")/../../../tools\n\
                 LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu:$tools/lib/x86_64-linux-gnu \\\n  \
                 exec \"$tools/{llvm}/bin/{program}\" \"$@\"\n"
            );
            let place = programs.join(program);
            fs::write(&place, script)?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        }
        symlink("clang", programs.join("clang++"))?;
        for target in &ALL {
            self.lay_out_libraries(target)
                .with_context(|| format!("cannot lay out the libraries of {}", target.triple))?;
        }
        Ok(())
    }

    fn lay_out_libraries(&self, target: &Target) -> Result<()> {
        let (files, processor, clang) = (self.files(target), target.processor, target.clang);
        let sysroot = self.native().join("sysroot/usr");
        let libraries = sysroot.join("lib").join(clang);
        let headers = sysroot.join("include").join(clang);
        fs::create_dir_all(&libraries)?;
        merge(
            &files.join(format!("usr/include/{processor}-linux-musl")),
            &headers,
        )?;
        for (from, to) in [
            ("linux".to_owned(), "linux"),
            ("asm-generic".to_owned(), "asm-generic"),
            (format!("{processor}-linux-gnu/asm"), "asm"),
        ] {
            merge(&files.join("usr/include").join(from), &headers.join(to))?;
        }
        let musl = files.join(format!("usr/lib/{processor}-linux-musl"));
        for file in fs::read_dir(&musl)? {
            let file = file?;
            let name = file.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".a") || name.ends_with(".o") {
                fs::copy(file.path(), libraries.join(&*name))?;
            }
        }
        // What runs programs stays where their interpreter is looked for.
        let libc = files.join(format!("lib/ld-musl-{processor}.so.1"));
        fs::copy(
            fs::canonicalize(&libc)
                .unwrap_or(files.join(format!("lib/{processor}-linux-musl/libc.so"))),
            libraries.join("libc.so"),
        )?;

        let llvm = self.llvm;
        let resources = format!("usr/lib/llvm-{llvm}/lib/clang/{llvm}/lib");
        let runtime = files.join(&resources).join("linux");
        let builtins = self.tools().join(&resources).join(clang);
        fs::create_dir_all(&builtins)?;
        fs::copy(
            runtime.join(format!("libclang_rt.builtins-{processor}.a")),
            builtins.join("libclang_rt.builtins.a"),
        )?;
        for part in ["begin", "end"] {
            let from = runtime.join(format!("clang_rt.crt{part}-{processor}.o"));
            fs::copy(&from, libraries.join(format!("crt{part}.o")))?;
            fs::copy(&from, libraries.join(format!("crt{part}S.o")))?;
        }
        self.unwinder(target, &libraries)?;
        self.runtime(target, &libraries)
    }

    /// libunwind, with what musl does not have.
    fn unwinder(&self, target: &Target, libraries: &Path) -> Result<()> {
        let name = "libunwind.a";
        let gnu = format!("usr/lib/{}-linux-gnu", target.processor);
        let archive = libraries.join(name);
        fs::copy(self.files(target).join(gnu).join(name), &archive)?;
        let object = libraries.join("fprintf_chk.o");
        run(self
            .clang(target)
            .args(["-O2", "-fPIC", "-c", "tests/ohos/fprintf_chk.c", "-o"])
            .arg(&object))?;
        run(command(self.native().join("llvm/bin/llvm-ar"))
            .arg("r")
            .arg(&archive)
            .arg(&object))
    }

    /// A `libace_napi.z.so` that has all functions.
    fn runtime(&self, target: &Target, libraries: &Path) -> Result<()> {
        let place = libraries.join(names::LIBRARY);
        names::compile_stub(self.clang(target), &place)
    }

    fn clang(&self, target: &Target) -> Command {
        let mut clang = command(self.native().join("llvm/bin/clang"));
        clang
            .arg(format!("--target={}", target.clang))
            .arg(format!(
                "--sysroot={}",
                self.native().join("sysroot").display()
            ))
            .arg("-D__MUSL__");
        clang
    }
}

/// The best release of LLVM that there is.
fn newest_llvm(apt: &Apt) -> Result<u32> {
    for release in LLVM {
        if apt.has(&format!("clang-{release}"))? {
            return Ok(release);
        }
    }
    bail!("apt-get has no clang that knows OpenHarmony: clang-17 or newer (Debian 12 has one)")
}

/// Moves a file, or what a folder has, to where some of it may be.
fn merge(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.symlink_metadata()?.is_dir() || to.symlink_metadata().is_err() {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        return fs::rename(from, to);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        merge(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
