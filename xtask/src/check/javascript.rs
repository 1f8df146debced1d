//! Runs JavaScript tests, for which it builds and installs what they need and no more.
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::catalogue::{Group, Need};
use crate::build::{PEER, Profile, Target, build, place_module};
use crate::counts::{Counts, count};
use crate::har;
use crate::packages;
use crate::peers::{self, NODE_MAJORS, Node, Python};
use crate::process::{command, root};

/// The command `arkws`.
const COMMAND: Target = Target::Binary("arkws-cli", "arkws");

/// A test that hangs fails, instead of stopping everything. Milliseconds; the slowest test takes a
/// tenth of it.
const TEST_TIMEOUT: &str = "--test-timeout=300000";

/// What some groups need, built and installed.
pub(super) struct Prepared {
    /// The machine's, or the one that was asked for.
    node: Node,
    /// One of each supported release line, if they have been installed.
    nodes: Vec<Node>,
    python: Option<Python>,
    peer: Option<PathBuf>,
    command: Option<PathBuf>,
    packages: Option<PathBuf>,
    har: Option<PathBuf>,
}

impl Prepared {
    /// For these groups, and this release line of Node.js; [`None`]: the machine's.
    pub(super) fn new(groups: &[&Group], major: Option<u32>) -> Result<Prepared> {
        let anyone_needs = |need: Need| groups.iter().any(|group| group.needs(need));
        let node = major.map_or_else(Node::of_machine, Node::of)?;
        let python = anyone_needs(Need::Python)
            .then(Python::environment)
            .transpose()?;
        peers::install_npm("npm", false)?;
        if groups.iter().any(|group| group.folder.starts_with("tests")) {
            peers::install_npm("tests", false)?;
        }
        let mut targets = vec![Target::NodeModule];
        targets.extend(anyone_needs(Need::Peer).then_some(PEER));
        targets.extend(anyone_needs(Need::Command).then_some(COMMAND));
        let built = build(&targets, Profile::Dev)?;
        let of = |target: Target| {
            let mut pairs = targets.iter().zip(&built);
            pairs.find_map(|(one, file)| (*one == target).then(|| file.clone()))
        };
        let module = of(Target::NodeModule).context("cargo built no module")?;
        place_module(&module)?;
        let packages = anyone_needs(Need::Packages)
            .then(|| packages::pack_own(&module))
            .transpose()?;
        let har = anyone_needs(Need::Har)
            .then(|| har::assemble(&root().join("target/har-tests")))
            .transpose()?;
        Ok(Prepared {
            node,
            nodes: Vec::new(),
            python,
            peer: of(PEER),
            command: of(COMMAND),
            packages,
            har,
        })
    }

    /// Installs the supported release lines of Node.js that the machine has not.
    pub(super) fn install_nodes(&mut self) -> Result<()> {
        let own = self.node.major();
        let missing = NODE_MAJORS.into_iter().filter(|&major| Some(major) != own);
        let mut nodes = peers::nodes(&missing.collect::<Vec<_>>())?;
        nodes.push(self.node.clone());
        nodes.sort_by_key(Node::major);
        self.nodes = nodes;
        Ok(())
    }

    /// What tests run under that do not depend on what differs between releases.
    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// What a group runs under.
    pub(super) fn nodes(&self, group: &Group) -> &[Node] {
        if group.needs(Need::EachNode) && !self.nodes.is_empty() {
            &self.nodes
        } else {
            std::slice::from_ref(&self.node)
        }
    }

    /// Runs files of tests.
    pub(super) fn run(&self, node: &Node, files: &[PathBuf], counts: &mut Counts) -> Result<()> {
        let mut tests = command(&node.path);
        tests
            .args(["--test", "--test-reporter=spec", TEST_TIMEOUT])
            .args(files)
            // Whoever works behind a proxy: the tests talk to this machine alone.
            .env("no_proxy", "*");
        if let Some(peer) = &self.peer {
            tests.env("ARKWS_TEST_PEER", peer);
        }
        if let Some(command) = &self.command {
            tests.env("ARKWS_TEST_COMMAND", command);
        }
        if let Some(python) = &self.python {
            tests.env("ARKWS_TEST_PYTHON", python.program("python"));
        }
        if let Some(packages) = &self.packages {
            tests.env("ARKWS_TEST_PACKAGES", packages);
        }
        if let Some(har) = &self.har {
            tests.env("ARKWS_TEST_HAR", har);
        }
        if let Ok(nodes) = env::join_paths(self.nodes.iter().map(|node| &node.path))
            && !self.nodes.is_empty()
        {
            tests.env("ARKWS_TEST_NODES", nodes);
        }
        count(&mut tests, counts)
    }
}

/// Whether the file has tests, by its name.
pub(super) fn is_test(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".test.mjs")
}

/// The files of tests in a folder.
///
/// # Errors
/// There are none.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = root().join(folder).read_dir();
    for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if is_test(&path) {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there are no tests in {}", folder.display());
    }
    files.sort();
    Ok(files)
}
