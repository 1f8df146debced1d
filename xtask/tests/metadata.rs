//! What crates.io shows of our crates: each that can be published says what it is.
use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table};

/// What each of them takes from the workspace.
const INHERITED: &[&str] = &[
    "version",
    "edition",
    "rust-version",
    "license",
    "keywords",
    "categories",
];

fn read(manifest: &Path) -> DocumentMut {
    let text = fs::read_to_string(manifest).expect("a manifest");
    text.parse().expect("TOML")
}

fn is_inherited(package: &Table, key: &str) -> bool {
    let workspace = package.get(key).and_then(|value| value.get("workspace"));
    workspace.and_then(Item::as_bool) == Some(true)
}

#[test]
fn each_crate_says_what_it_is_and_has_a_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let workspace = read(&root.join("Cargo.toml"));
    let shared = &workspace["workspace"]["package"];
    for key in INHERITED {
        assert!(shared.get(key).is_some(), "Cargo.toml has no {key}");
    }
    let mut published = 0;
    for entry in fs::read_dir(root.join("crates")).expect("crates/") {
        let folder = entry.expect("an entry").path();
        let manifest = read(&folder.join("Cargo.toml"));
        let package = manifest["package"].as_table().expect("a package");
        let name = package["name"].as_str().expect("a name");
        if package.get("publish").and_then(Item::as_bool) == Some(false) {
            continue;
        }
        published += 1;
        for key in INHERITED {
            assert!(is_inherited(package, key), "{name}: {key}.workspace = true");
        }
        assert!(package.contains_key("description"), "{name}: description");
        let readme = if is_inherited(package, "readme") {
            root.join(shared["readme"].as_str().expect("a path"))
        } else {
            folder.join(package["readme"].as_str().expect("a path"))
        };
        assert!(readme.is_file(), "{name}: there is no {}", readme.display());
    }
    assert!(published > 0);
}
