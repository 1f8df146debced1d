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

/// The names that are being looked up, and where: modules that import all of each other's names
/// lead back to them.
type Active = Vec<(ModuleId, String)>;

/// Each use that a file makes of another one, once.
pub(super) fn imports(crate_: &Crate) -> Vec<Import> {
    let mut imports = BTreeSet::new();
    for (id, module) in crate_.modules.iter().enumerate() {
        for reference in &module.references {
            let Some(Target::Item(definer, name)) =
                crate_.resolve(id, &reference.path, &mut Active::new())
            else {
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
        is_near
            && implemented.any(|path| {
                self.resolve(module, path, &mut Active::new()).as_ref() == Some(&target)
            })
    }

    /// Whether a path of the root names something of another crate.
    pub(super) fn is_foreign(&self, path: &[String]) -> bool {
        self.resolve(0, path, &mut Active::new()).is_none()
    }

    /// What a path names in a module; `None`: something of another crate, or a local variable.
    fn resolve(&self, module: ModuleId, path: &[String], active: &mut Active) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut target = match first.as_str() {
            "crate" | "$crate" => Target::Module(0),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.lookup(module, name, !rest.is_empty(), active)?,
        };
        for (index, name) in rest.iter().enumerate() {
            let Target::Module(at) = target else {
                // A variant, or what an `impl` block defines.
                break;
            };
            target = match name.as_str() {
                "super" => Target::Module(self.modules[at].parent?),
                name => self.lookup(at, name, index + 1 < rest.len(), active)?,
            };
        }
        Some(target)
    }

    /// What a name stands for in a module; before `::` it is rather a module than a function.
    fn lookup(
        &self,
        module: ModuleId,
        name: &str,
        has_rest: bool,
        active: &mut Active,
    ) -> Option<Target> {
        let looked_up = (module, name.to_owned());
        if active.contains(&looked_up) {
            return None;
        }
        active.push(looked_up);
        let found = self.lookup_here(module, name, has_rest, active);
        active.pop();
        found
    }

    fn lookup_here(
        &self,
        module: ModuleId,
        name: &str,
        has_rest: bool,
        active: &mut Active,
    ) -> Option<Target> {
        let found = self.modules[module].names.get(name);
        let mut named: Vec<&Named> = found.into_iter().flatten().collect();
        named.sort_by_key(|named| matches!(named, Named::Module(_)) != has_rest);
        let own = named.into_iter().find_map(|named| match named {
            Named::Item => Some(Target::Item(module, name.to_owned())),
            Named::Module(id) => Some(Target::Module(*id)),
            // `use name::…` names another crate, or what a parent's `use` is for: not itself.
            Named::Alias(path) if path.len() == 1 && path[0] == name => None,
            Named::Alias(path) => self.resolve(module, path, active),
        });
        own.or_else(|| {
            self.modules[module].globs.iter().find_map(|path| {
                match self.resolve(module, path, active)? {
                    Target::Module(id) if id != module => self.lookup(id, name, has_rest, active),
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
    fn modules_that_import_all_of_each_other_are_read_in_time() {
        let modules: Vec<String> = (0..20).map(|n| format!("m{n}")).collect();
        let root: String = modules
            .iter()
            .map(|name| format!("mod {name};\nuse {name}::*;\n"))
            .collect();
        let mut files = vec![("lib.rs".to_owned(), root)];
        files.extend(modules.iter().map(|name| {
            let text = format!("use super::*;\npub fn of_{name}() {{ nowhere(); }}\n");
            (format!("{name}.rs"), text)
        }));
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        assert!(circles_of(&files).is_empty());
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
