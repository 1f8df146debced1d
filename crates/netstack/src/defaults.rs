//! What holds for clients and servers where the program says nothing else.
use std::time::Duration;

use arkws::Config;

/// Longest message that may be sent, in bytes: 5 MiB less 16. The platform's; no option changes it.
pub const MAX_SEND: usize = 5 * 1024 * 1024 - 16;

/// The program's `writeTimeout`, or the default; `None`: for ever.
pub(crate) fn write_timeout(given: Option<Duration>) -> Option<Duration> {
    Some(given.unwrap_or(Config::DEFAULT_WRITE_TIMEOUT)).filter(|limit| !limit.is_zero())
}
