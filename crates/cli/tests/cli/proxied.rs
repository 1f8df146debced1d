//! The command as a proxy.
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use arkws::{Client, ClientBuilder, Message, Proxy, Transport, WebSocket};
use futures_util::StreamExt;

use crate::command::{Ran, arkws, finish};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `arkws proxy`. It ends with this.
pub(crate) struct Proxied {
    child: Option<Child>,
    lines: Receiver<String>,
    pub(crate) url: String,
}

/// Starts one on a port of its own, and waits for its URL.
pub(crate) fn proxy(target: &str, arguments: &[&str]) -> Proxied {
    let arguments = [&["proxy", "--no-proxy", "0", target], arguments].concat();
    let mut child = arkws(&arguments).spawn().expect("it starts");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut proxied = Proxied {
        child: Some(child),
        lines,
        url: String::new(),
    };
    proxied.url = proxied.line();
    proxied
}

impl Proxied {
    /// The next line that it shows.
    pub(crate) fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.trim_end().to_owned(),
            Err(RecvTimeoutError::Disconnected) => String::new(),
            Err(RecvTimeoutError::Timeout) => panic!("it shows nothing more"),
        }
    }

    /// Shows lines until one has this in it: that one.
    pub(crate) fn shows(&mut self, what: &str) -> String {
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "it has ended without {what}");
            if line.contains(what) {
                return line;
            }
        }
    }

    /// Shows lines until each of these was in one, in whatever order.
    pub(crate) fn shows_all(&mut self, what: &[&str]) {
        let mut missing = what.to_vec();
        while !missing.is_empty() {
            let line = self.line();
            assert!(!line.is_empty(), "it has ended without {missing:?}");
            missing.retain(|what| !line.contains(what));
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Ends it by Ctrl-C, and waits for that. What it has shown since is in it.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> Ran {
        let child = self.child.take().expect("it runs");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
        let ran = finish(child);
        let mut shown = String::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            shown += &line;
            shown += "\n";
        }
        Ran {
            stdout: shown.into_bytes(),
            ..ran
        }
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Ran {
        let child = self.child.take().expect("it runs");
        finish(child)
    }
}

impl Drop for Proxied {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// A client of ours, through no other proxy.
pub(crate) fn client() -> ClientBuilder {
    Client::builder().proxy(Proxy::None)
}

pub(crate) async fn connect(url: &str) -> WebSocket<Transport> {
    let client = client().build().expect("a client");
    client.connect(url).await.expect("a connection").0
}

pub(crate) async fn next(socket: &mut WebSocket<Transport>) -> Message {
    socket.next().await.expect("a message").expect("no error")
}
