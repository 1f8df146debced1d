//! uWebSockets, the reference in C++, as a server: a program of its own that loads the library
//! which a Python package brings. `cargo xtask bench` installs that package and says where the
//! library is.
use std::path::PathBuf;
use std::process::Command;

/// As a peer.
pub const NAME: &str = "uwebsockets";

/// Where the library is: this environment variable.
const LIBRARY: &str = "ARKWS_UWEBSOCKETS";

fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    own.with_file_name("uwebsockets-peer")
}

fn with_library() -> Option<Command> {
    let mut command = Command::new(program());
    command.arg(std::env::var_os(LIBRARY)?);
    Some(command)
}

/// Compiles it, and tries the library.
///
/// # Errors
/// Why that cannot be.
pub fn build() -> Result<(), String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("its library is one for Linux on x86-64".to_owned());
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/uwebsockets/peer.c");
    let status = Command::new("cc")
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", source])
        .arg("-o")
        .arg(program())
        .arg("-ldl")
        .status()
        .map_err(|error| format!("cc cannot be run: {error}"))?;
    if !status.success() {
        return Err(format!("{source} cannot be compiled"));
    }
    let mut trial = with_library().ok_or(format!(
        "{LIBRARY} does not say where its library is; `cargo xtask bench` installs it"
    ))?;
    match trial.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("its library cannot be loaded; `apt-get install libuv1` may help".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Its server.
pub fn server(task: &str) -> Command {
    let mut command = with_library().expect("it has been built");
    command.arg(task);
    command
}
