//! What the crate's features bring and leave out, whichever of them are on.
#[cfg(all(feature = "client", feature = "server", feature = "tls"))]
mod cryptography;
#[cfg(feature = "client")]
mod missing;
#[cfg(all(
    feature = "client",
    feature = "server",
    any(feature = "ring", feature = "aws-lc-rs"),
    any(feature = "native-roots", feature = "webpki-roots"),
))]
mod roots;
#[cfg(all(feature = "client", feature = "server", feature = "tls"))]
mod support;

/// In the crate's documentation and in its README.
#[test]
fn the_tables_of_features_name_each() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, features) = manifest.split_once("\n[features]\n").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let names = features.lines().filter_map(|line| line.split_once(" = ["));
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    assert!(names.contains(&"client") && names.len() > 15, "{names:?}");

    for page in [
        include_str!("../../src/lib.rs"),
        include_str!("../../README.md"),
    ] {
        let rows = page.lines().map(|line| line.trim_start_matches("//! "));
        let rows: Vec<&str> = rows.filter(|line| line.starts_with("| `")).collect();
        for name in names.iter().filter(|name| **name != "default") {
            let quoted = format!("`{name}`");
            let first = |row: &&str| row.split('|').nth(1).unwrap().contains(&quoted);
            assert!(rows.iter().any(first), "{name}");
        }
    }
}
