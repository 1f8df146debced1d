//! Runs the command.
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What a run of the command has come to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("UTF-8")
    }

    /// It ended with this status.
    #[track_caller]
    pub(crate) fn with(self, status: i32) -> Ran {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        self
    }
}

/// The command, in an environment that names no proxy.
pub(crate) fn arkws(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arkws"));
    command.args(arguments);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name);
        command.env_remove(name.to_uppercase());
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end, with this input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = arkws(arguments).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        // It may end before it has read everything.
        scope.spawn(move || _ = stdin.write_all(input));
        finish(child)
    })
}

/// Ends its input, if that has not been taken, and waits for its end. One that does not come is a
/// failure, and no test that hangs.
pub(crate) fn finish(mut child: Child) -> Ran {
    drop(child.stdin.take());
    let stdout = reading(child.stdout.take());
    let stderr = reading(child.stderr.take());
    let all = |read: mpsc::Receiver<Vec<u8>>, child: &mut Child| {
        let read = read.recv_timeout(Duration::from_secs(120));
        read.unwrap_or_else(|_| {
            _ = child.kill();
            panic!("it does not end");
        })
    };
    let stdout = all(stdout, &mut child);
    let stderr = all(stderr, &mut child);
    Ran {
        status: child.wait().expect("it has ended").code(),
        stdout,
        stderr: String::from_utf8(stderr).expect("UTF-8"),
    }
}

fn reading(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut read = Vec::new();
        if let Some(mut pipe) = pipe {
            _ = pipe.read_to_end(&mut read);
        }
        _ = sender.send(read);
    });
    receiver
}
