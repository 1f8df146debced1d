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

    /// Whether a path of the root names something of another crate.
    pub(super) fn is_foreign(&self, path: &[String]) -> bool {
        self.resolve(0, path, 0).is_none()
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{circles, rust};
    use super::*;

    /// The circles of a crate with these files, as `from uses name of to`.
    fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let name = |path: &std::path::Path| {
            path.strip_prefix(folder.path())
                .unwrap()
                .display()
                .to_string()
        };
        let crate_ = rust::read(folder.path()).unwrap();
        circles::all(&imports(&crate_))
            .iter()
            .flatten()
            .map(|import| {
                format!(
                    "{} uses {} of {}",
                    name(&import.from),
                    import.name,
                    name(&import.to)
                )
            })
            .collect()
    }

    #[test]
    fn a_circle_is_seen_through_a_re_export() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            (
                "a.rs",
                "use crate::b::make; pub struct A; fn f() { make() }",
            ),
            ("b.rs", "pub fn make() { let _: Option<crate::A> = None; }"),
        ];
        assert_eq!(
            circles_of(&files),
            ["a.rs uses make of b.rs", "b.rs uses A of a.rs"]
        );
    }

    #[test]
    fn a_circle_is_seen_in_what_a_macro_is_given_and_behind_a_glob() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "pub struct A; fn f() { println!(\"{}\", crate::b::B) }",
            ),
            ("b/mod.rs", "mod c; pub use c::*;"),
            ("b/c.rs", "use super::super::a::A; pub const B: A = A;"),
        ];
        assert_eq!(
            circles_of(&files),
            ["a.rs uses B of b/c.rs", "b/c.rs uses A of a.rs"]
        );
    }

    #[test]
    fn re_exports_impl_blocks_and_tests_are_no_imports() {
        let files = [
            ("lib.rs", "mod a;"),
            (
                "a/mod.rs",
                "mod b; mod c; pub use b::B; pub struct A(c::C);",
            ),
            (
                "a/b.rs",
                "use super::A; pub struct B; impl A { fn f(&self) -> B { B } }",
            ),
            (
                "a/c.rs",
                "pub struct C; #[cfg(test)] mod tests { use super::super::A; }",
            ),
        ];
        assert_eq!(circles_of(&files), [""; 0]);
    }
}
