//! `ARKWS_LOG=debug`: what goes on, on stderr. Off by default, and then free.
use tracing::level_filters::LevelFilter;

/// Switches the log on if the environment asks for it; a level that does not exist is said once,
/// and then ignored.
pub(crate) fn init() {
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
