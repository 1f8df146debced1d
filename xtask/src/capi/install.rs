//! Where the files of the C library are installed, and what they say of each other.
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::root;

/// The library's version is the project's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a program asks the system for that was linked with the shared library; the library's build
/// script gives it that name.
pub(super) const SONAME: &str = "libnet_websocket.so.0";

/// What a program needs beside the archive: what `rustc --print native-static-libs` says for Linux
/// with glibc.
const NATIVE_LIBRARIES: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";

/// What cargo has built.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) shared: PathBuf,
    pub(super) archive: PathBuf,
}

impl Library {
    /// The shared library, and the archive that cargo has put beside it.
    pub(super) fn of(shared: &Path) -> Library {
        Library {
            shared: shared.to_path_buf(),
            archive: shared.with_extension("a"),
        }
    }
}

/// Where it goes.
#[derive(Debug)]
pub(super) struct Places {
    /// Where its users will find it.
    prefix: PathBuf,
    /// Where the prefix is now, while a package is made.
    staged: PathBuf,
}

impl Places {
    /// Below `prefix`, which is itself below `destination` until the package is unpacked.
    pub(super) fn new(prefix: &Path, destination: Option<&Path>) -> Result<Places> {
        let prefix = std::path::absolute(prefix)
            .with_context(|| format!("{} is no place to install to", prefix.display()))?;
        let staged = match destination {
            Some(destination) => destination.join(prefix.strip_prefix("/")?),
            None => prefix.clone(),
        };
        Ok(Places { prefix, staged })
    }

    /// Puts everything in its place; returns the files.
    pub(super) fn install(&self, library: &Library) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        let file = format!("libnet_websocket.so.{VERSION}");
        files.push(self.copy(&library.shared, &format!("lib/{file}"), 0o755)?);
        files.push(self.link(&file, &format!("lib/{SONAME}"))?);
        files.push(self.link(SONAME, "lib/libnet_websocket.so")?);
        files.push(self.copy(&library.archive, "lib/libnet_websocket.a", 0o644)?);

        for (header, name) in headers()? {
            files.push(self.copy(&header, &format!("include/{name}"), 0o644)?);
        }

        let suppressions = root().join("crates/capi/packaging/valgrind.supp");
        files.push(self.copy(&suppressions, "share/arkws/valgrind.supp", 0o644)?);

        for (template, place) in [
            ("arkws.pc", "lib/pkgconfig/arkws.pc"),
            ("arkws-config.cmake", "lib/cmake/arkws/arkws-config.cmake"),
            (
                "arkws-config-version.cmake",
                "lib/cmake/arkws/arkws-config-version.cmake",
            ),
        ] {
            files.push(self.fill(template, place, &file)?);
        }
        Ok(files)
    }

    /// The folder of a file, made if it is not there, and the file's path.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let place = self.staged.join(name);
        let folder = place.parent().unwrap_or(&self.staged);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(place)
    }

    /// A new file, not new contents of the old one: a running program may have that mapped.
    fn write(place: &Path, contents: &[u8], mode: u32) -> Result<()> {
        let fresh = place.with_extension("fresh");
        let written = fs::write(&fresh, contents)
            .and_then(|()| fs::set_permissions(&fresh, fs::Permissions::from_mode(mode)))
            .and_then(|()| fs::rename(&fresh, place));
        written.with_context(|| format!("cannot write {}", place.display()))
    }

    fn copy(&self, from: &Path, name: &str, mode: u32) -> Result<PathBuf> {
        let contents = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        let place = self.place(name)?;
        Self::write(&place, &contents, mode)?;
        Ok(place)
    }

    fn link(&self, to: &str, name: &str) -> Result<PathBuf> {
        let place = self.place(name)?;
        let fresh = place.with_extension("fresh");
        // Left by a task that was stopped; mostly there is none.
        let _ = fs::remove_file(&fresh);
        symlink(to, &fresh)
            .and_then(|()| fs::rename(&fresh, &place))
            .with_context(|| format!("cannot link {} to {to}", place.display()))?;
        Ok(place)
    }

    /// Writes a template of `crates/capi/packaging` with what stands between `@` filled in.
    fn fill(&self, template: &str, name: &str, file: &str) -> Result<PathBuf> {
        let template = root().join(format!("crates/capi/packaging/{template}.in"));
        let mut text = fs::read_to_string(&template)
            .with_context(|| format!("cannot read {}", template.display()))?;
        let mut numbers = VERSION.split('.');
        let prefix = self.prefix.display().to_string();
        for (word, value) in [
            ("@prefix@", &*prefix),
            ("@version@", VERSION),
            ("@major@", numbers.next().unwrap_or("0")),
            ("@minor@", numbers.next().unwrap_or("0")),
            ("@file@", file),
            ("@soname@", SONAME),
            ("@native_libraries@", NATIVE_LIBRARIES),
        ] {
            text = text.replace(word, value);
        }
        let place = self.place(name)?;
        Self::write(&place, text.as_bytes(), 0o644)?;
        Ok(place)
    }
}

/// The headers: each file, and its name below the folder of headers.
pub(crate) fn headers() -> Result<Vec<(PathBuf, String)>> {
    let folder = root().join("crates/capi/include");
    let named = headers_in(&folder)?.into_iter().map(|header| {
        let name = header.strip_prefix(&folder)?.display().to_string();
        Ok((header, name))
    });
    named.collect()
}

/// All files below a folder.
fn headers_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(headers_in(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Installs a library of two words below the folder, for a prefix of `/opt/arkws`.
    fn install(folder: &Path) -> PathBuf {
        let library = Library {
            shared: folder.join("libnet_websocket.so"),
            archive: folder.join("libnet_websocket.a"),
        };
        fs::write(&library.shared, "shared").unwrap();
        fs::write(&library.archive, "archive").unwrap();
        let destination = folder.join("package");
        let places = Places::new(Path::new("/opt/arkws"), Some(&destination)).unwrap();
        for file in places.install(&library).unwrap() {
            assert!(file.starts_with(destination.join("opt/arkws")));
        }
        destination.join("opt/arkws")
    }

    #[test]
    fn a_package_is_made_below_its_destination_and_names_the_prefix_alone() {
        let folder = tempfile::tempdir().unwrap();
        let installed = install(folder.path());
        let package = fs::read_to_string(installed.join("lib/pkgconfig/arkws.pc")).unwrap();
        assert!(package.starts_with("prefix=/opt/arkws\n"), "{package}");
        for folder in ["", "network/netstack/"] {
            for header in ["net_websocket.h", "net_websocket_type.h"] {
                let header = installed.join(format!("include/{folder}{header}"));
                assert!(header.is_file(), "{}", header.display());
            }
        }
        for file in ["include/arkws.h", "share/arkws/valgrind.supp"] {
            assert!(installed.join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn the_names_without_a_version_lead_to_the_one_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let lib = install(folder.path()).join("lib");
        let names = ["libnet_websocket.so", SONAME];
        let next = [SONAME.to_owned(), format!("libnet_websocket.so.{VERSION}")];
        for (name, next) in names.into_iter().zip(next) {
            assert_eq!(fs::read_link(lib.join(name)).unwrap(), Path::new(&next));
        }
        assert_eq!(fs::read(lib.join(names[0])).unwrap(), b"shared");
    }

    #[test]
    fn nothing_is_left_to_fill_in_and_a_second_time_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lib = install(folder.path()).join("lib");
        assert_eq!(install(folder.path()).join("lib"), lib);
        for file in [
            "pkgconfig/arkws.pc",
            "cmake/arkws/arkws-config.cmake",
            "cmake/arkws/arkws-config-version.cmake",
        ] {
            let text = fs::read_to_string(lib.join(file)).unwrap();
            assert!(!text.contains('@'), "{file}:\n{text}");
        }
    }
}
