//! The project's tasks: `cargo xtask <demo|test|ci|autobahn|npm>`.
fn main() {}
