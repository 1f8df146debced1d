//! `ARKWS_LOG=debug`: what goes on, on standard error. Off by default, and then free.
use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Switches the log on if the environment asks for it: `ARKWS_LOG` names the level, `off`, `error`,
/// `warn`, `info`, `debug` or `trace`. A level that does not exist is said on standard error, and
/// then ignored. For bindings, whose programs have no log of Rust's; a log that is on stays.
///
/// The log goes to the file that is standard error now, also if the program closes its descriptor
/// later: another file, such as a connection, may then have its number. Where standard error is
/// closed already the log stays off. A line that cannot be written is lost, and nothing else.
pub fn log_to_stderr() {
    let Ok(wanted) = std::env::var("ARKWS_LOG") else {
        return;
    };
    match wanted.parse::<LevelFilter>() {
        Ok(level) => {
            let Ok(stderr) = stderr() else {
                return;
            };
            // A second environment finds the log switched on already.
            let _ = tracing_subscriber::fmt()
                .with_max_level(level)
                .with_writer(stderr)
                // Else a line that cannot be written is told by `eprintln`, which panics then.
                .log_internal_errors(false)
                .with_ansi(false)
                .try_init();
        }
        Err(_) => {
            let _ = writeln!(
                io::stderr(),
                "arkws: ARKWS_LOG={} is none of off, error, warn, info, debug, trace",
                wanted.escape_debug()
            );
        }
    }
}

/// Standard error by a descriptor of our own.
///
/// # Errors
/// It is closed, or there is no descriptor left.
#[cfg(unix)]
fn stderr() -> io::Result<impl for<'a> MakeWriter<'a> + Send + Sync + 'static> {
    use std::os::fd::AsFd;
    let own = io::stderr().as_fd().try_clone_to_owned()?;
    Ok(std::fs::File::from(own))
}

/// Standard error, which knows how to write to a console.
#[cfg(not(unix))]
fn stderr() -> io::Result<impl for<'a> MakeWriter<'a> + Send + Sync + 'static> {
    Ok(io::stderr)
}
