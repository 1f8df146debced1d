//! `cargo xtask demo`: the documentation's example, run by Node.js through our module against a
//! server of ours.
use std::time::Instant;

use anyhow::{Result, bail};

use crate::build::{Profile, Target, build, place_module};
use crate::peers::Node;
use crate::process::{Background, command, root, watch};

/// The example, with the server's address as its argument.
const PROGRAM: &str = "examples/documentation.ets";

/// What must come, in this order.
const EXPECTED: [&str; 5] = [
    "connect success",
    "send success",
    "on message, message:bye",
    "close success",
    "on close, code is 1000",
];

/// `cargo xtask demo`
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let node = Node::of_machine()?;
    println!("Node.js {} and npm are there.", node.version);
    println!(
        "Building the Node module and the echo server (the first time takes a minute or two) …"
    );
    let built = build(
        &[Target::NodeModule, Target::Example("arkws", "demo_server")],
        Profile::Dev,
    )?;
    println!("Installing what the npm package depends on …");
    place_module(&built[0])?;

    let server = Background::start(command(&built[1]).arg("127.0.0.1:0"), "listening on")?;
    let address = format!("ws://127.0.0.1:{}", server.port()?);
    println!("An echo server listens on {address}; it answers, then says `bye`.\n");
    println!("$ npx arkws run {PROGRAM} {address}");
    let mut program = command(&node.path);
    program.args(["npm/bin/arkws.mjs", "run", PROGRAM, &address]);
    let mut expected = EXPECTED.iter().peekable();
    let status = watch(&mut program, |line| {
        if expected.peek().is_some_and(|&&next| line.starts_with(next)) {
            expected.next();
        }
    })?;
    if !status.success() {
        bail!("the example ended with {status}");
    }
    if let Some(missing) = expected.next() {
        bail!("the example did not print `{missing}` where the documentation's would");
    }
    println!(
        "\nAll of it is as documented ({:.0} s). In a folder of your own, this installs the \
         package, and tells how\nto run programs there, app.ets with `npx arkws run app.ets`:\n",
        start.elapsed().as_secs_f64()
    );
    // By its path, quoted for shells: the package is not on npm.
    println!(
        "npm install \"{}\" && npx arkws --help",
        root().join("npm").display()
    );
    Ok(())
}
