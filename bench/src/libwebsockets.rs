//! libwebsockets, the incumbent in C: a program of its own, compiled when the library is there.
use std::path::PathBuf;
use std::process::Command;

use crate::scenario::{Kind, Scenario, Wire};

/// As a peer.
pub const NAME: &str = "libwebsockets";

fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    own.with_file_name("libwebsockets-peer")
}

/// Compiles it.
///
/// # Errors
/// Why that cannot be.
pub fn build() -> Result<(), String> {
    let hint = "install it with `apt-get install libwebsockets-dev`";
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "libwebsockets"])
        .output()
        .map_err(|error| format!("pkg-config cannot be run: {error}"))?;
    if !flags.status.success() {
        return Err(format!("pkg-config does not find it; {hint}"));
    }
    let flags = String::from_utf8_lossy(&flags.stdout).into_owned();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/libwebsockets/peer.c");
    let status = Command::new("cc")
        .args([
            "-std=gnu11",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            source,
            "-o",
        ])
        .arg(program())
        .args(flags.split_whitespace())
        .status()
        .map_err(|error| format!("cc cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{source} cannot be compiled"));
    }
    Ok(())
}

/// How it is run. `None`: it does not do this scenario.
pub fn command(scenario: &Scenario, address: &str) -> Option<Command> {
    let mode = match scenario.kind {
        Kind::Receive => "receive",
        Kind::Send => "send",
        Kind::PingPong => "ping-pong",
        Kind::Window => "window",
        Kind::Handshake => "handshake",
        _ => return None,
    };
    if scenario.wire != Wire::Plain {
        return None;
    }
    // It takes microseconds where others take a tenth of one.
    let messages = match scenario.kind {
        Kind::Receive | Kind::Send => scenario.messages / 16,
        Kind::Window => scenario.messages / 10,
        _ => scenario.messages,
    };
    let path = match scenario.kind {
        Kind::Receive => scenario.path("blast", messages),
        Kind::Send => scenario.path("drain", messages),
        _ => "/echo".to_owned(),
    };
    let port = address.rsplit(':').next()?;
    let mut command = Command::new(program());
    command.args([mode, port, &path]);
    command.args([messages.to_string(), scenario.size.to_string()]);
    command.arg(scenario.content.name());
    Some(command)
}
