//! Finds the file that defines what a path names, through all re-exports.
use std::collections::BTreeSet;

use super::circles::Import;
use super::rust::{Crate, ModuleId, Named};

/// What a path names.
#[derive(Clone, PartialEq, Eq)]
enum Target {
    /// Something that this module defines.
    Item(ModuleId, String),
    Module(ModuleId),
}

/// Re-exports of re-exports are followed so far.
const MOST_STEPS: usize = 16;

/// Each use that a file makes of another one, once.
pub(super) fn imports(crate_: &Crate) -> Vec<Import> {
    let mut imports = BTreeSet::new();
    for (id, module) in crate_.modules.iter().enumerate() {
        for reference in &module.references {
            let Some(Target::Item(definer, name)) = crate_.resolve(id, &reference.path, 0) else {
                continue;
            };
            let file = &crate_.modules[definer].file;
            if *file == module.file || crate_.implements(id, definer, &name) {
                continue;
            }
            imports.insert(Import {
                from: module.file.clone(),
                to: file.clone(),
                line: reference.line,
                name,
            });
        }
    }
    imports.into_iter().collect()
}

impl Crate {
    /// Whether the module has an `impl` block of that type, which its own folder defines.
    fn implements(&self, module: ModuleId, definer: ModuleId, name: &str) -> bool {
        let Some(folder) = self.modules[module].parent else {
            return false;
        };
        let is_near = definer == folder || self.modules[definer].parent == Some(folder);
        let target = Target::Item(definer, name.to_owned());
        let mut implemented = self.modules[module].implemented.iter();
        is_near && implemented.any(|path| self.resolve(module, path, 0).as_ref() == Some(&target))
    }

    /// What a path names in a module; `None`: something of another crate, or a local variable.
    fn resolve(&self, module: ModuleId, path: &[String], steps: usize) -> Option<Target> {
        if steps > MOST_STEPS {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" | "$crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.lookup(module, name, !rest.is_empty(), steps)?,
        };
        for (index, name) in rest.iter().enumerate() {
            let Target::Module(at) = target else {
                // A variant, or what an `impl` block defines.
                break;
            };
            target = match name.as_str() {
                "super" => Target::Module(self.modules[at].parent?),
                name => self.lookup(at, name, index + 1 < rest.len(), steps)?,
            };
        }
        Some(target)
    }

    /// What a name stands for in a module; before `::` it is rather a module than a function.
    fn lookup(&self, module: ModuleId, name: &str, has_rest: bool, steps: usize) -> Option<Target> {
        let found = self.modules[module].names.get(name);
        let mut named: Vec<&Named> = found.into_iter().flatten().collect();
        named.sort_by_key(|named| matches!(named, Named::Module(_)) != has_rest);
        let own = named.into_iter().find_map(|named| match named {
            Named::Item => Some(Target::Item(module, name.to_owned())),
            Named::Module(id) => Some(Target::Module(*id)),
            // `use name::…` names another crate, or what a parent's `use` is for: not itself.
            Named::Alias(path) if path.len() == 1 && path[0] == name => None,
            Named::Alias(path) => self.resolve(module, path, steps + 1),
        });
        own.or_else(|| {
            self.modules[module].globs.iter().find_map(|path| {
                match self.resolve(module, path, steps + 1)? {
                    Target::Module(id) if id != module => {
                        self.lookup(id, name, has_rest, steps + 1)
                    }
                    _ => None,
                }
            })
        })
    }
}
