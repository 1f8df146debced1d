//! `ARKWS_LOG=debug`: what goes on, on standard error. Off by default, and then free.
use tracing::level_filters::LevelFilter;

/// Switches the log on if the environment asks for it: `ARKWS_LOG` names the level, `off`, `error`,
/// `warn`, `info`, `debug` or `trace`. A level that does not exist is said on standard error, and
/// then ignored. For bindings, whose programs have no log of Rust's; a log that is on stays.
pub fn log_to_stderr() {
    let Ok(wanted) = std::env::var("ARKWS_LOG") else {
        return;
    };
    match wanted.parse::<LevelFilter>() {
        Ok(level) => {
            // A second environment finds the log switched on already.
            let _ = tracing_subscriber::fmt()
                .with_max_level(level)
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .try_init();
        }
        Err(_) => {
            eprintln!(
                "arkws: ARKWS_LOG={} is none of off, error, warn, info, debug, trace",
                wanted.escape_debug()
            );
        }
    }
}
