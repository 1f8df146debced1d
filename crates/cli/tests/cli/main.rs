//! The real command, against real servers on loopback.
mod bench_counts;
mod bench_rate;
mod bench_shows;
mod careless;
mod causes;
mod command;
mod conform;
mod connect_ends;
mod connect_flags;
#[cfg(unix)]
mod connect_interactive;
mod connect_piped;
mod doctor;
mod help;
#[cfg(unix)]
mod npm;
#[cfg(unix)]
mod plain;
mod proxied;
mod proxy_changes;
mod proxy_passes;
mod proxy_seen;
mod replay;
mod serve_answers;
mod serve_faults;
mod served;
mod servers;
#[cfg(unix)]
mod terminal;
