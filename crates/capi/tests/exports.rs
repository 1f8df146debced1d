//! What the headers declare is what the library exports, name by name.
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether a name is one of a function of ours.
fn is_ours(name: &str) -> bool {
    name.starts_with("arkws_") || name.starts_with("OH_WebSocketClient_")
}

/// The last word before each parenthesis of a header, outside of its comments and types.
fn declared(header: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(folder("include").join(header)).unwrap();
    let code: String = text
        .split("/*")
        .map(|part| part.split_once("*/").map_or(part, |(_, code)| code))
        .collect();
    let before = code.split('(').map(str::trim_end);
    let names = before.filter_map(|text| {
        text.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
    });
    let names = names.filter(|name| is_ours(name));
    names.map(str::to_owned).collect()
}

/// The functions of the sources that keep their names.
fn exported() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder("src")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for function in text.split("#[unsafe(no_mangle)]\n").skip(1) {
            let (_, name) = function.split_once("extern \"C\" fn ").unwrap();
            names.insert(name.split('(').next().unwrap().to_owned());
        }
    }
    names
}

#[test]
fn every_function_of_the_headers_is_exported_and_no_other() {
    let mut declared_in_both = declared("net_websocket.h");
    assert_eq!(declared_in_both.len(), 6, "{declared_in_both:?}");
    declared_in_both.extend(declared("arkws.h"));
    assert!(declared_in_both.len() > 50, "{declared_in_both:?}");
    assert_eq!(declared_in_both, exported());
}
