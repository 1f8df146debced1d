//! The command as a server.
use std::io::{BufRead, BufReader};
use std::process::Child;

use crate::command::{Ran, arkws, finish};

/// A running `arkws serve`. It ends with this.
pub(crate) struct Served {
    child: Option<Child>,
    pub(crate) url: String,
}

/// Starts one, and waits for its URL.
pub(crate) fn serve(arguments: &[&str]) -> Served {
    let arguments = [&["serve"], arguments].concat();
    let mut child = arkws(&arguments).spawn().expect("it starts");
    let mut url = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut url).expect("a line");
    Served {
        child: Some(child),
        url: url.trim_end().to_owned(),
    }
}

impl Served {
    /// Ends it by Ctrl-C, and waits for that.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> Ran {
        let child = self.child.take().expect("it runs");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
        finish(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            _ = child.kill();
            _ = child.wait();
        }
    }
}
