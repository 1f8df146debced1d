//! What has been done to others through their dependencies: each of ours is above the fix. And
//! ARCHITECTURE.md says of each what it is for.
use std::path::Path;

use toml_edit::DocumentMut;

/// Crates with known holes, and the first version without. `None`: we have none of that crate, and
/// whoever brings one in looks up what must be written here.
const FIXED: &[(&str, Option<[u64; 3]>)] = &[
    // RUSTSEC-2026-0007.
    ("bytes", Some([1, 11, 1])),
    // RUSTSEC-2026-0037, RUSTSEC-2026-0185.
    ("quinn", None),
    ("quinn-proto", None),
    // RUSTSEC-2026-0258.
    ("h2", Some([0, 4, 16])),
    // hyper #4049.
    ("hyper", Some([1, 12, 0])),
    // CVE-2023-43669.
    ("tungstenite", Some([0, 20, 1])),
];

/// Names and versions in a lock file.
fn locked(file: &Path) -> Vec<(String, [u64; 3])> {
    let text = std::fs::read_to_string(file).expect("a lock file");
    let lock: DocumentMut = text.parse().expect("TOML");
    let packages = lock["package"].as_array_of_tables().expect("packages");
    packages
        .iter()
        .map(|package| {
            let text = |key: &str| package[key].as_str().expect("a string").to_owned();
            let version = text("version");
            let numbers = version.split(['-', '+']).next().unwrap_or_default();
            let mut parts = numbers
                .split('.')
                .map(|part| part.parse().expect("a number"));
            let mut next = || parts.next().expect("three numbers");
            (text("name"), [next(), next(), next()])
        })
        .collect()
}

#[test]
fn no_dependency_has_a_known_hole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let packages = locked(&root.join("Cargo.lock"));
    assert!(packages.iter().any(|(name, _)| name == "bytes"));
    for (name, version) in packages {
        let Some((_, fixed)) = FIXED.iter().find(|(known, _)| *known == name) else {
            continue;
        };
        match fixed {
            Some(fixed) => assert!(version >= *fixed, "{name} {version:?}"),
            None => panic!("{name} is new here: is {version:?} above the fix?"),
        }
    }
}

#[test]
fn architecture_says_of_each_dependency_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("a file");
    let architecture = read("ARCHITECTURE.md");
    let (_, tables) = architecture
        .split_once("## Dependencies")
        .expect("the chapter");
    let manifest: DocumentMut = read("Cargo.toml").parse().expect("TOML");
    let dependencies = manifest["workspace"]["dependencies"]
        .as_table()
        .expect("dependencies");
    let unnamed: Vec<&str> = dependencies
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("arkws") && !tables.contains(&format!("`{name}`")))
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}
