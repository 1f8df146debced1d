//! Which modules JavaScript files load.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::circles::Import;

/// What stands before the name of a module that is loaded, but for `import` at the beginning.
const BEFORE: &[&str] = &["require(", "import(", "from "];

/// What a folder loads from outside of it, where it may load nothing: runtimes that are not Node.js
/// have its files alone.
pub(super) fn foreign(folder: &Path) -> Result<Vec<String>> {
    let folder = folder
        .canonicalize()
        .with_context(|| folder.display().to_string())?;
    let mut faults = Vec::new();
    for file in files(&folder)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        for (number, line) in text.lines().enumerate() {
            let Some(name) = loaded(line) else { continue };
            let target = name.starts_with('.').then(|| target(&file, name)).flatten();
            if target.is_none_or(|target| !target.starts_with(&folder)) {
                faults.push(format!(
                    "{}:{} loads `{name}`, which is not in its folder",
                    file.display(),
                    number + 1
                ));
            }
        }
    }
    Ok(faults)
}

/// The imports of all files below a folder, but for what is installed there or made, and tests.
pub(super) fn imports(folder: &Path) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    for file in files(folder)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        for (number, line) in text.lines().enumerate() {
            let Some(name) = loaded(line).filter(|name| name.starts_with('.')) else {
                continue;
            };
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
            if name != "node_modules" && name != "test" && name != "dist" {
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

/// The name of the module that a line loads.
fn loaded(line: &str) -> Option<&str> {
    let code = line.trim_start();
    if code.starts_with("//") || code.starts_with("/*") || code.starts_with('*') {
        return None;
    }
    let alone = code.strip_prefix("import ");
    let behind = |before: &&str| code.find(before).map(|at| &code[at + before.len()..]);
    let name = alone
        .into_iter()
        .chain(BEFORE.iter().filter_map(behind))
        .find_map(|rest| rest.strip_prefix(['\'', '"']))?;
    name.split(['\'', '"']).next()
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
        let builtin = "const path = require('node:path');";
        assert_eq!(loaded(builtin), Some("node:path"));
        assert_eq!(loaded("// require('./a.js')"), None);
        assert_eq!(loaded("/** As `import 'arkws'` has it. */"), None);
        assert_eq!(loaded("text = \"through import 'arkws'\";"), None);
    }
    #[test]
    fn what_a_folder_loads_from_elsewhere_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let core = folder.path().join("core");
        fs::create_dir(&core).unwrap();
        fs::write(folder.path().join("beside.mjs"), "").unwrap();
        fs::write(core.join("a.mjs"), "export const a = 1;").unwrap();
        let text = "import { a } from './a.mjs';\nimport { b } from '../beside.mjs';\n\
            import fs from 'node:fs';\nimport { c } from './missing.mjs';\n";
        fs::write(core.join("b.mjs"), text).unwrap();
        let faults = foreign(&core).unwrap();
        let names = ["../beside.mjs", "node:fs", "./missing.mjs"];
        assert_eq!(faults.len(), names.len(), "{faults:?}");
        for (fault, name) in faults.iter().zip(names) {
            assert!(fault.contains(&format!("`{name}`")), "{fault}");
        }
    }
}
