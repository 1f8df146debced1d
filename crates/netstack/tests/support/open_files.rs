//! A process that has no file descriptor left.
use std::fs::File;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lowers the process's limit of open files to 100, and opens that many: until the result is
/// dropped, the process gets no other.
pub(crate) fn exhaust() -> Vec<File> {
    let few = Rlimit {
        current: Some(100),
        ..getrlimit(Resource::Nofile)
    };
    setrlimit(Resource::Nofile, few).expect("a limit may be lowered");
    let opened: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(!opened.is_empty());
    opened
}
