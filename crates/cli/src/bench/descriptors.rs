//! Descriptors for connections: shells let a process have few.
#[cfg(unix)]
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::exit::Failure;

/// What the process has beside connections.
#[cfg(unix)]
const OTHERS: u64 = 64;

/// Lets the process have as many descriptors as connections need, if it may.
///
/// # Errors
/// It may not.
pub(super) fn allow(connections: u32) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        let needed = u64::from(connections) + OTHERS;
        let mut limit = getrlimit(Resource::Nofile);
        if limit.current.is_none_or(|current| current >= needed) {
            return Ok(());
        }
        if let Some(most) = limit.maximum.filter(|most| *most < needed) {
            return Err(Failure::usage(format!(
                "{connections} connections need {needed} descriptors, and this process may have \
                 {most} (ulimit -Hn)"
            )));
        }
        limit.current = Some(needed);
        // If it fails after all, connections will tell.
        _ = setrlimit(Resource::Nofile, limit);
    }
    #[cfg(not(unix))]
    let _ = connections;
    Ok(())
}
