//! Running other programs: in the foreground with their output counted, or in the background with
//! a port to wait for.
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The root of the working tree, whatever directory the task was started in.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// A command that runs in the root of the working tree.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Cargo, the one that runs us.
pub(crate) fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// What cargo builds for if it is not told.
pub(crate) fn host() -> Result<String> {
    let version = output(command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// How the command would be typed.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        line.push(' ');
        if argument.contains(' ') {
            line.push_str(&format!("{argument:?}"));
        } else {
            line.push_str(&argument);
        }
    }
    line
}

/// Runs the command to its end with our own output streams; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    succeed(command, status)
}

/// Runs the command to its end and returns what it wrote to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    succeed(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs the command to its end, shows what it writes to standard output as it comes, and adds it to
/// `said`, whatever becomes of the command.
pub(crate) fn show(command: &mut Command, said: &mut String) -> Result<()> {
    let name = describe(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.with_context(|| format!("cannot read from `{name}`"))?;
            println!("{line}");
            said.push_str(&line);
            said.push('\n');
        }
    }
    succeed(command, child.wait()?)
}

fn succeed(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    bail!("`{}` ended with {status}", describe(command))
}

/// Runs the command to its end, passes its output on and shows each line of it to `each` too.
pub(crate) fn watch(command: &mut Command, mut each: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", describe(command)))?;
    let (lines, received) = mpsc::channel();
    let mut readers = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        readers.push(forward(stdout, std::io::stdout(), lines.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        readers.push(forward(stderr, std::io::stderr(), lines));
    }
    for line in received {
        each(&line);
    }
    for reader in readers {
        // A reader that panicked has already reported itself; the exit status still counts.
        let _ = reader.join();
    }
    Ok(child.wait()?)
}

fn forward(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    lines: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            // Output that nobody reads any more must not stop the program that writes it.
            let _ = to.write_all(&line).and_then(|()| to.flush());
            let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
            line.clear();
        }
    })
}

/// A program in the background, ended when this value is dropped.
pub(crate) struct Background {
    child: Child,
    name: String,
    ready: String,
}

impl Background {
    /// Starts a program and waits for the line (on either stream) that contains `ready`.
    ///
    /// # Errors
    /// The program cannot be started, ends, or is silent for 30 s.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Result<Background> {
        let name = describe(command);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        let (lines, received) = mpsc::channel();
        // The threads outlive this function: a program must never block on a full pipe.
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, std::io::sink(), lines.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, std::io::sink(), lines);
        }
        let mut background = Background {
            child,
            name,
            ready: String::new(),
        };
        let mut said = String::new();
        loop {
            match received.recv_timeout(Duration::from_secs(30)) {
                Ok(line) if line.contains(ready) => {
                    background.ready = line;
                    return Ok(background);
                }
                Ok(line) => said.push_str(&line),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    bail!("`{}` was silent for 30 s and is not ready", background.name)
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    bail!("`{}` ended before it was ready: {said}", background.name)
                }
            }
        }
    }

    /// The port: the last number in the line that told the program was ready.
    pub(crate) fn port(&self) -> Result<u16> {
        let digits = |c: char| !c.is_ascii_digit();
        self.ready
            .trim_end()
            .rsplit(digits)
            .find(|part| !part.is_empty())
            .and_then(|part| part.parse().ok())
            .with_context(|| format!("`{}` said no port: {:?}", self.name, self.ready))
    }

    /// Waits for the program to end by itself.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Already ended: nothing to do, and nothing to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
