//! Lines on standard output.
use std::fmt::Display;
use std::io::{self, Write};

/// Whoever has read enough may go: that is no error.
pub(super) fn say(line: impl Display) {
    _ = writeln!(io::stdout().lock(), "{line}");
}
