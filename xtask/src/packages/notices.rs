//! The licences of the crates that are linked into a module, which go with it.
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};

use super::linked::{LinkedCrate, linked};

/// How the names of files with licences begin, in lower case.
const NAMES: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];

/// The licence of a crate that has no file with it. Of the standard library, too.
const MIT: &str = include_str!("mit.txt");

/// The text of `THIRD-PARTY-NOTICES.txt` for what is linked into `packages` on these targets.
///
/// # Errors
/// Cargo cannot tell what is, or a crate has no licence that can be given.
pub(crate) fn notices(packages: &[&str], targets: &[&str]) -> Result<String> {
    let mut crates = linked(packages, targets)?;
    crates.retain(|one| one.checksum.is_some());
    // By text: many crates have the very same, but for how it is broken into lines.
    let mut texts: BTreeMap<String, (String, Vec<&LinkedCrate>)> = BTreeMap::new();
    for one in &crates {
        for text in texts_of(one)? {
            let key = text.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(key).or_insert((text, Vec::new())).1.push(one);
        }
    }
    let mut written = format!(
        "Linked in are {} crates and Rust's standard library. Of a crate with a choice of licences,\n\
         MIT is taken where it is one of them.\n\n",
        crates.len()
    );
    for one in &crates {
        writeln!(written, "{} {}: {}", one.name, one.version, one.license)?;
    }
    section(&mut written, &["Rust's standard library".to_owned()]);
    written.push_str(&mit_of("The Rust Project Contributors"));
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|one, other| one.1[0].name.cmp(&other.1[0].name));
    for (text, of) in &texts {
        let names: Vec<String> = of
            .iter()
            .map(|one| format!("{} {}", one.name, one.version))
            .collect();
        section(&mut written, &names);
        written.push_str(text.trim_end());
        written.push('\n');
    }
    Ok(written)
}

fn section(written: &mut String, names: &[String]) {
    let line = "-".repeat(80);
    written.push_str(&format!("\n{line}\n{}\n{line}\n\n", names.join("\n")));
}

/// The texts that go with a crate: that of MIT where it may be chosen, and what gives notice
/// whatever the licence, else all.
fn texts_of(one: &LinkedCrate) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let entries = one.folder.read_dir();
    for entry in entries.with_context(|| format!("cannot read {}", one.folder.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if path.is_file() && NAMES.iter().any(|start| name.starts_with(start)) {
            files.push((name, path));
        }
    }
    files.sort();
    if files.is_empty() {
        if one.license.split(" OR ").any(|choice| choice == "MIT") {
            return Ok(vec![mit_of(&one.authors.join(", "))]);
        }
        bail!("{} {} has no file with its licence", one.name, one.version);
    }
    let is_mit = |name: &str| name.contains("mit");
    if files.iter().any(|(name, _)| is_mit(name)) {
        let gives_notice = |name: &str| name.starts_with("notice") || name.starts_with("copyright");
        files.retain(|(name, _)| {
            is_mit(name) || gives_notice(name) || one.license.contains(" AND ")
        });
    }
    files
        .iter()
        .map(|(_, path)| {
            let text = fs::read_to_string(path);
            text.with_context(|| format!("cannot read {}", path.display()))
        })
        .collect()
}

/// MIT's text for whom the crate belongs to; nobody, if it does not say.
fn mit_of(holder: &str) -> String {
    let line = match holder {
        "" => String::new(),
        holder => format!("Copyright (c) {holder}\n\n"),
    };
    format!("MIT License\n\n{line}{MIT}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_linked_crate_has_a_text_and_is_listed() {
        let target = "x86_64-unknown-linux-gnu";
        let notices = notices(&["arkws-node"], &[target]).unwrap();
        let (list, texts) = notices.split_once("----").unwrap();
        for one in linked(&["arkws-node"], &[target]).unwrap() {
            let name = format!("{} {}", one.name, one.version);
            let listed = list.contains(&format!("{name}: "));
            let of = texts.lines().any(|line| line == name);
            let ours = one.checksum.is_none();
            assert_eq!((listed, of), (!ours, !ours), "{name}");
        }
        // What its licence asks for beside MIT's text.
        assert!(notices.contains("OpenSSL") || notices.contains("BoringSSL"));
        assert!(notices.contains("The Rust Project Contributors"));
    }
}
