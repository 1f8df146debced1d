//! The command at a terminal: a pseudo-terminal, with somebody who types and reads.
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

/// Whoever sits there.
pub(crate) struct Terminal {
    keys: File,
    /// The end that the command has.
    line: File,
    child: Child,
    bytes: Receiver<Vec<u8>>,
    /// All that has appeared, and how much of it was looked at.
    pub(crate) seen: String,
    read: usize,
    before: Termios,
}

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Nothing that the command writes.
const END: &str = "\0the end";

impl Terminal {
    /// Starts the command there, in a session of its own, so that Ctrl-C is for it.
    pub(crate) fn start(command: Command) -> Terminal {
        let mut command = in_session(&command);
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&keys).expect("it is ours");
        unlockpt(&keys).expect("it opens");
        let name = ptsname(&keys, Vec::new()).expect("a name");
        let name = name.to_str().expect("UTF-8");
        let line = OpenOptions::new().read(true).write(true).open(name);
        let line = line.expect("the other end");
        let size = Winsize {
            ws_row: 50,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&line, size).expect("a size");
        // Before the command changes them.
        let before = tcgetattr(&line).expect("its modes");
        let end = || line.try_clone().expect("a descriptor");
        command.stdin(end()).stdout(end()).stderr(end());
        if !command.get_envs().any(|(name, _)| name == "TERM") {
            command.env("TERM", "xterm-256color");
        }
        let child = command.spawn().expect("it starts");
        let keys = File::from(keys);
        let mut screen = keys.try_clone().expect("a descriptor");
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut some) {
                if sender.send(some[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            keys,
            before,
            line,
            child,
            bytes,
            seen: String::new(),
            read: 0,
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it is there");
    }

    /// What Ctrl-C is to a command that leaves the terminal's modes alone.
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it lives");
    }

    /// Waits until this appears, behind what was waited for before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.bytes.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("no {text:?} in {:?}", &self.seen[self.read..]),
            }
        }
    }

    /// Waits for its end, and looks whether the terminal is as it was.
    #[track_caller]
    pub(crate) fn ends_with(&mut self, status: i32) {
        assert_eq!(self.ended(), Some(status), "{:?}", self.seen);
        let after = tcgetattr(&self.line).expect("its modes");
        let raw = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert_eq!(after.local_modes & raw, self.before.local_modes & raw);
    }

    /// Waits for its end: its exit status.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        let ended = loop {
            if let Some(ended) = self.child.try_wait().expect("a child") {
                break ended;
            }
            assert!(Instant::now() < end, "it does not end: {:?}", self.seen);
            thread::sleep(Duration::from_millis(5));
        };
        // What it has written comes before what is written behind it.
        self.line.write_all(END.as_bytes()).expect("it is there");
        while !self.seen.ends_with(END) {
            let left = end.saturating_duration_since(Instant::now());
            let bytes = self.bytes.recv_timeout(left).expect("its end");
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        self.seen.truncate(self.seen.len() - END.len());
        ended.code()
    }
}

/// The same command, whose controlling terminal is what it has as its input. Only a new process can
/// make it so; `setsid`, which Linux has, then becomes the command.
fn in_session(command: &Command) -> Command {
    let mut started = Command::new("setsid");
    started
        .arg("--ctty")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => started.env(name, value),
            None => started.env_remove(name),
        };
    }
    started
}

impl Drop for Terminal {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
