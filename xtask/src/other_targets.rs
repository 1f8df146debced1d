//! The check that the crates compile where no machine of ours is: for the browser, Windows and
//! macOS. Nothing is linked or run.
use anyhow::Result;

use crate::counts::Counts;
use crate::process::{cargo, command, output, run};

/// A crate with its features, on a target.
struct Build {
    target: &'static str,
    package: &'static str,
    /// Beside these there are none, not even the default ones.
    features: &'static str,
}

const BUILDS: &[Build] = &[
    // Random numbers come from the program there.
    build("wasm32-unknown-unknown", "arkws-proto", ""),
    build("wasm32-unknown-unknown", "arkws-proto", "deflate"),
    build("x86_64-pc-windows-gnu", "arkws-proto", "deflate,rand"),
    build("x86_64-pc-windows-gnu", "arkws", WITHOUT_TLS),
    build("aarch64-apple-darwin", "arkws-proto", "deflate,rand"),
    build("aarch64-apple-darwin", "arkws", WITHOUT_TLS),
];

/// TLS needs a C compiler for the target.
const WITHOUT_TLS: &str = "client,server,deflate,proxy,idna";

const fn build(target: &'static str, package: &'static str, features: &'static str) -> Build {
    Build {
        target,
        package,
        features,
    }
}

/// The check. A target whose standard library is not here, nor comes by rustup, is left out, and
/// said so.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    for build in BUILDS {
        let Build {
            target,
            package,
            features,
        } = build;
        if !installed(target) {
            println!(
                "{package} is not compiled for {target}: `rustup target add {target}` failed here"
            );
            continue;
        }
        println!("{package} ({features}) for {target}");
        let mut clippy = cargo();
        clippy
            .args(["clippy", "--quiet", "--locked", "--package", package])
            .args(["--no-default-features", "--features", features])
            .args(["--target", target, "--", "--deny=warnings"]);
        run(&mut clippy)?;
        counts.passed += 1;
    }
    Ok(())
}

/// Whether the target's standard library is there, or can be fetched.
fn installed(target: &str) -> bool {
    let listed = output(command("rustup").args(["target", "list", "--installed"]));
    listed.is_ok_and(|list| list.lines().any(|line| line == target))
        || output(command("rustup").args(["target", "add", target])).is_ok()
}
