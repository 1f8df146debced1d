//! Types of one crate that share a name, and names at its root that have another meaning below it.
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::rust::{Crate, Named};

/// A name that more than one module of a crate gives to a type of its own.
pub(super) struct Shared {
    pub(super) name: String,
    /// Where the types are defined, and at which line; the root's stands for one of another crate.
    pub(super) places: Vec<(PathBuf, usize)>,
}

/// Every name that two types of the crate share.
///
/// A module may define a type twice: for two systems, say, of which one is compiled.
pub(super) fn shared(crate_: &Crate) -> Vec<Shared> {
    let mut definitions: BTreeMap<&str, BTreeMap<usize, (PathBuf, usize)>> = BTreeMap::new();
    for (id, module) in crate_.modules.iter().enumerate() {
        for (name, line) in &module.types {
            let place = (module.file.clone(), *line);
            definitions.entry(name).or_default().insert(id, place);
        }
    }
    // What the root hands on of another crate has its meaning everywhere below it.
    let root = &crate_.modules[0];
    for (name, named) in &root.names {
        let is_foreign = named
            .iter()
            .any(|named| matches!(named, Named::Alias(path) if crate_.is_foreign(path)));
        if is_foreign && let Some(places) = definitions.get_mut(name.as_str()) {
            places.entry(0).or_insert((root.file.clone(), 1));
        }
    }
    definitions
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| Shared {
            name: name.to_owned(),
            places: places.into_values().collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::rust;
    use super::*;

    /// The names that types share in a crate with these files.
    fn names_in(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let crate_ = rust::read(folder.path()).unwrap();
        shared(&crate_).into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn two_types_of_a_crate_that_share_a_name_are_found() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::State;"),
            ("a.rs", "pub enum State {} struct Own; type Alias = Own;"),
            ("b.rs", "struct State; fn alias() {}"),
        ];
        assert_eq!(names_in(&files), ["State"]);
    }

    #[test]
    fn so_is_a_type_that_has_the_name_of_what_the_root_hands_on() {
        let files = [
            ("lib.rs", "mod a; pub use other::{State, Other};"),
            ("a.rs", "enum State {}"),
        ];
        assert_eq!(names_in(&files), ["State"]);
    }

    #[test]
    fn one_that_is_defined_for_two_systems_is_not() {
        let files = [(
            "lib.rs",
            "#[cfg(unix)] struct Socket; #[cfg(windows)] struct Socket(u8);",
        )];
        assert_eq!(names_in(&files), [""; 0]);
    }
}
