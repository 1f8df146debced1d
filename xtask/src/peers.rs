//! The programs that are not ours: what a machine must have, and what the tasks install into
//! `.test-env/` themselves.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{command, output, root, run};

/// The oldest Node.js that the module supports: major and minor version.
const OLDEST_NODE: (u32, u32) = (20, 6);

/// The Node.js releases that the JavaScript tests run under.
pub(crate) const NODE_MAJORS: [u32; 3] = [20, 22, 24];

/// What the tests take from PyPI.
const PYTHON_PACKAGES: &str = "tests/requirements.txt";

/// A Node.js to run tests with.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// `v22.18.0`
    pub(crate) version: String,
    /// The executable.
    pub(crate) path: PathBuf,
}

impl Node {
    /// `22`
    pub(crate) fn major(&self) -> Option<u32> {
        self.numbers().next()
    }

    /// `22`, `18`, `0`
    fn numbers(&self) -> impl Iterator<Item = u32> {
        let digits = self.version.trim_start_matches('v').split('.');
        digits.map_while(|number| number.parse().ok())
    }

    fn is_too_old(&self) -> bool {
        let mut numbers = self.numbers();
        numbers
            .next()
            .zip(numbers.next())
            .is_none_or(|version| version < OLDEST_NODE)
    }

    /// The machine's Node.js if it is of this release line, else one from npm.
    ///
    /// # Errors
    /// As [`nodes`] and [`Node::of_machine`].
    pub(crate) fn of(major: u32) -> Result<Node> {
        let own = Node::of_machine()?;
        if own.major() == Some(major) {
            return Ok(own);
        }
        Ok(nodes(&[major])?.remove(0))
    }

    /// The Node.js of the machine, with its npm.
    ///
    /// # Errors
    /// Either is missing, or Node.js is too old; the message says what to do.
    pub(crate) fn of_machine() -> Result<Node> {
        let (major, minor) = OLDEST_NODE;
        let needed = format!("Node.js {major}.{minor} or newer is needed");
        let version = output(Command::new("node").arg("--version")).with_context(|| {
            format!(
                "{needed}: install it from https://nodejs.org or with your system's package \
                 manager, so that `node --version` works"
            )
        })?;
        let node = Node {
            version: version.trim().to_owned(),
            path: "node".into(),
        };
        if node.is_too_old() {
            bail!(
                "{needed}, but `node --version` says {}: install a newer one from \
                 https://nodejs.org",
                node.version
            );
        }
        output(npm().arg("--version")).context(
            "npm, which comes with Node.js, is missing: install your system's `npm` package, so that `npm --version` works",
        )?;
        Ok(node)
    }
}

/// npm under the name that this system starts it by.
pub(crate) fn npm() -> Command {
    command(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Installs what a lock file in `directory` names, unless it has been for this very lock file.
pub(crate) fn install_npm(directory: &str, production: bool) -> Result<()> {
    let directory = root().join(directory);
    let wanted = fs::read(directory.join("package-lock.json"))
        .with_context(|| format!("cannot read {}/package-lock.json", directory.display()))?;
    let marker = |kind: &str| directory.join(format!("node_modules/.arkws-installed-{kind}"));
    // Whatever has everything has what production needs.
    let (kind, sufficient): (_, &[_]) = if production {
        ("production", &["production", "all"])
    } else {
        ("all", &["all"])
    };
    if sufficient
        .iter()
        .any(|kind| fs::read(marker(kind)).is_ok_and(|installed| installed == wanted))
    {
        return Ok(());
    }
    let mut npm = npm();
    npm.current_dir(&directory)
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    if production {
        npm.arg("--omit=dev");
    }
    run(&mut npm)?;
    fs::create_dir_all(directory.join("node_modules"))?;
    let marker = marker(kind);
    fs::write(&marker, &wanted).with_context(|| format!("cannot write {}", marker.display()))
}

/// `.test-env/`, where everything is installed.
pub(crate) fn environment() -> Result<PathBuf> {
    let directory = root().join(".test-env");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

/// One Node.js of each of these release lines, installed from npm.
///
/// # Errors
/// One is not supported, npm has no such build for this platform, or cannot be reached.
pub(crate) fn nodes(majors: &[u32]) -> Result<Vec<Node>> {
    if let Some(other) = majors.iter().find(|major| !NODE_MAJORS.contains(major)) {
        bail!("Node.js {other} is not one of those that arkws is tested with: {NODE_MAJORS:?}");
    }
    let directory = environment()?.join("node");
    let path = |major: u32| directory.join(format!("node_modules/node{major}/bin/node"));
    let package = format!("node-{}", platform());
    let missing: Vec<String> = majors
        .iter()
        .filter(|&&major| !path(major).exists())
        .map(|major| format!("node{major}@npm:{package}@{major}"))
        .collect();
    if !missing.is_empty() {
        fs::create_dir_all(&directory)?;
        let manifest = directory.join("package.json");
        // With a new one npm would remove what was installed before.
        if !manifest.exists() {
            fs::write(manifest, "{\"private\": true}\n")?;
        }
        run(npm()
            .current_dir(&directory)
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
            .args(missing))?;
    }
    let mut nodes = Vec::new();
    for &major in majors {
        let path = path(major);
        let version = output(Command::new(&path).arg("--version"))?;
        nodes.push(Node {
            version: version.trim().to_owned(),
            path,
        });
    }
    Ok(nodes)
}

/// The platform as Node.js names it: `linux-x64`.
pub(crate) fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        system => system,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        processor => processor,
    };
    format!("{system}-{processor}")
}

/// What the module has to fit, as napi-rs names it: `linux-x64-gnu`.
pub(crate) fn platform_abi() -> String {
    let abi = match std::env::consts::OS {
        "linux" if cfg!(target_env = "musl") => "-musl",
        "linux" => "-gnu",
        "windows" => "-msvc",
        _ => "",
    };
    format!("{}{abi}", platform())
}

/// A Python environment of the tasks' own.
#[derive(Debug)]
pub(crate) struct Python {
    bin: PathBuf,
}

impl Python {
    /// The tests' environment in `.test-env/`, made or brought up to date.
    ///
    /// # Errors
    /// There is no Python 3, or PyPI cannot be reached.
    pub(crate) fn environment() -> Result<Python> {
        Python::with("python", PYTHON_PACKAGES)
    }

    /// The environment of this name in `.test-env/`, with what a file of requirements lists.
    ///
    /// # Errors
    /// As [`Python::environment`].
    pub(crate) fn with(name: &str, requirements: &str) -> Result<Python> {
        let directory = environment()?.join(name);
        let bin = directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
        let python = Python { bin };
        let requirements = root().join(requirements);
        let wanted = fs::read(&requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        let marker = directory.join("installed.txt");
        if fs::read(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        create(&directory)?;
        run(Command::new(python.program("python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .arg("--requirement")
            .arg(&requirements))?;
        fs::write(&marker, wanted)?;
        Ok(python)
    }

    /// The folder of an installed package.
    ///
    /// # Errors
    /// It is not there.
    pub(crate) fn package(&self, name: &str) -> Result<PathBuf> {
        let ask = "import sysconfig; print(sysconfig.get_path('platlib'))";
        let packages = output(Command::new(self.program("python")).args(["-c", ask]))?;
        let package = Path::new(packages.trim()).join(name);
        anyhow::ensure!(package.is_dir(), "{} is missing", package.display());
        Ok(package)
    }

    /// A program of this environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }
}

/// Makes a virtual environment, also where a distribution has split `ensurepip` off its Python.
fn create(directory: &Path) -> Result<()> {
    let interpreter = if cfg!(windows) { "python" } else { "python3" };
    output(Command::new(interpreter).arg("--version"))
        .context("Python 3 is needed: install it, so that `python3 --version` works")?;
    run(Command::new(interpreter)
        .args(["-m", "venv", "--clear"])
        .arg(directory))
    .context("Python cannot make virtual environments: on Debian and Ubuntu install `python3-venv`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_js_that_is_too_old_is_seen_by_its_minor_version_too() {
        let too_old = |version: &str| {
            let (version, path) = (version.to_owned(), PathBuf::new());
            Node { version, path }.is_too_old()
        };
        for version in ["v18.19.1", "v20.5.1", "v20", ""] {
            assert!(too_old(version), "{version}");
        }
        for version in ["v20.6.0", "v20.20.2", "v22.0.0", "v24.1.0-nightly"] {
            assert!(!too_old(version), "{version}");
        }
    }
}
