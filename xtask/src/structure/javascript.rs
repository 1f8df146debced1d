//! Which modules JavaScript files load.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::circles::Import;

/// What stands before the name of a module that is loaded.
const BEFORE: &[&str] = &["require(", "import(", "from ", "import "];

/// The imports of all files below a folder, but for what is installed there, and tests.
pub(super) fn imports(folder: &Path) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    for file in files(folder)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        for (number, line) in text.lines().enumerate() {
            let Some(name) = loaded(line) else { continue };
            let Some(to) = target(&file, name) else {
                continue;
            };
            imports.push(Import {
                from: file.clone(),
                to,
                line: number + 1,
                name: name.to_owned(),
            });
        }
    }
    Ok(imports)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "node_modules" && name != "test" {
                files.extend(self::files(&path)?);
            }
        } else if path
            .extension()
            .is_some_and(|end| end == "js" || end == "mjs")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The relative name of the module that a line loads.
fn loaded(line: &str) -> Option<&str> {
    let code = line.trim_start();
    if code.starts_with("//") || code.starts_with('*') {
        return None;
    }
    let rest = BEFORE.iter().find_map(|before| {
        let at = line
            .find(&format!("{before}'."))
            .or(line.find(&format!("{before}\".")))?;
        Some(&line[at + before.len() + 1..])
    })?;
    rest.split(['\'', '"']).next()
}

/// The file of a relative name.
fn target(from: &Path, name: &str) -> Option<PathBuf> {
    let path = from.parent()?.join(name);
    let candidates = [
        path.clone(),
        path.with_extension("js"),
        path.join("index.js"),
    ];
    let found = candidates
        .into_iter()
        .find(|candidate| candidate.is_file())?;
    found.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_loading_are_seen() {
        assert_eq!(loaded("const { a } = require('./a.js');"), Some("./a.js"));
        assert_eq!(
            loaded("import arkws from '../index.js';"),
            Some("../index.js")
        );
        assert_eq!(loaded("import './b.mjs';"), Some("./b.mjs"));
        assert_eq!(loaded("  await import(\"./c.mjs\")"), Some("./c.mjs"));
        assert_eq!(loaded("const path = require('node:path');"), None);
        assert_eq!(loaded("// require('./a.js')"), None);
    }
}
