//! The check of the book: mdBook builds `docs/` without a warning, and every page is in it.
//!
//! mdBook is a tool of the project, not a dependency: one version of it is built from source, once
//! for all clones, without what serves and searches the book.
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::files::tracked;
use crate::process::{cargo, command, root, run};

/// What is installed. A newer one may say other things of the same pages.
pub(crate) const VERSION: &str = "0.5.4";

/// The folder of the book, and that of its pages.
const BOOK: &str = "docs";
const PAGES: &str = "docs/src/";

/// The list of pages.
const SUMMARY: &str = "docs/src/SUMMARY.md";

/// Whether mdBook has been installed.
pub(crate) fn is_installed() -> Result<bool> {
    let version = Command::new(program()?).arg("--version").output();
    let said = version.map_or_else(|_| Vec::new(), |output| output.stdout);
    Ok(String::from_utf8_lossy(&said).trim_end() == format!("mdbook v{VERSION}"))
}

/// Builds the book, and says where it is.
pub(crate) fn build_and_tell() -> Result<()> {
    let index = build()?.join("index.html");
    println!("{}", index.display());
    Ok(())
}

/// The check.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    build()?;
    counts.passed += 1;
    Ok(())
}

/// Builds the book; its folder. Installs mdBook first, if need be, which takes a minute.
fn build() -> Result<PathBuf> {
    if !is_installed()? {
        install()?;
    }
    let built = root().join("target/book");
    let mut mdbook = command(program()?);
    mdbook.args(["build", BOOK, "--dest-dir"]).arg(&built);
    let said = mdbook.output().context("cannot start mdbook")?;
    let words = String::from_utf8_lossy(&said.stderr);
    print!("{words}");
    if !said.status.success() {
        bail!("mdbook ended with {}", said.status);
    }
    if words.lines().any(is_warning) {
        bail!("mdbook warns: see above");
    }
    let missing = missing_pages(&read_summary()?, &tracked(&[format!("{PAGES}*.md")])?);
    if !missing.is_empty() {
        bail!("{SUMMARY} does not name {}", missing.join(", "));
    }
    Ok(built)
}

fn program() -> Result<PathBuf> {
    Ok(folder()?.join("bin/mdbook"))
}

/// Outside of the clone: it takes a minute to build, and a new clone need not do it again.
fn folder() -> Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME") {
        Some(cache) => PathBuf::from(cache),
        None => env::home_dir()
            .context("there is no home directory to install mdBook in")?
            .join(".cache"),
    };
    Ok(cache.join("arkws").join(format!("mdbook-{VERSION}")))
}

fn install() -> Result<()> {
    println!("Installing mdBook {VERSION} (a minute, once) …");
    let mut cargo = cargo();
    cargo
        // Quicker to build, and quick enough.
        .args(["install", "--quiet", "--locked", "--debug", "mdbook"])
        .args(["--version", VERSION, "--no-default-features", "--root"])
        .arg(folder()?);
    run(&mut cargo)
}

fn read_summary() -> Result<String> {
    fs::read_to_string(root().join(SUMMARY)).with_context(|| format!("cannot read {SUMMARY}"))
}

/// Whether this is a warning of mdBook's or something worse.
fn is_warning(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("WARN") || line.starts_with("ERROR")
}

/// The pages that the summary does not link to.
fn missing_pages(summary: &str, pages: &[String]) -> Vec<String> {
    let is_missing = |page: &&String| {
        let name = page.strip_prefix(PAGES).unwrap_or(page);
        let linked = [format!("]({name})"), format!("](./{name})")];
        page.as_str() != SUMMARY && !linked.iter().any(|link| summary.contains(link))
    };
    pages.iter().filter(is_missing).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_the_summary_does_not_name_is_missing() {
        let pages = ["SUMMARY.md", "a.md", "b/c.md", "d.md"].map(|page| format!("{PAGES}{page}"));
        let summary = "# Summary\n- [A](a.md)\n  - [C](./b/c.md)\n";
        assert_eq!(missing_pages(summary, &pages), ["docs/src/d.md"]);
    }

    #[test]
    fn warnings_and_errors_are_told_from_what_mdbook_does() {
        assert!(is_warning(" WARN unclosed HTML tag"));
        assert!(is_warning("ERROR Error updating"));
        assert!(!is_warning(" INFO Running the html backend"));
    }
}
