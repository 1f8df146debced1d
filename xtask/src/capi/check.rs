//! The C library as its users have it: installed, found by pkg-config and CMake, linked by gcc and
//! clang, and run.
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::install::{Places, SONAME};
use crate::build::{PEER, Profile, build};
use crate::counts::Counts;
use crate::process::{Background, cargo, command, output, root, run};

/// Programs that the check needs, each with the package of Debian that has it.
const NEEDED: [(&str, &str); 6] = [
    ("gcc", "gcc"),
    ("g++", "g++"),
    ("clang", "clang"),
    ("clang++", "clang"),
    ("pkg-config", "pkgconf"),
    ("cmake", "cmake"),
];

/// A compiler for C and its sibling for C++.
const COMPILERS: [(&str, &str); 2] = [("gcc", "g++"), ("clang", "clang++")];

/// Where the library is installed for the check, and programs are built with it.
const FOLDER: &str = "target/c-library";

/// Sees to it that the compilers, pkg-config and CMake are there.
pub(crate) fn prepare() -> Result<()> {
    let mut packages = BTreeSet::new();
    for (program, package) in NEEDED {
        let mut version = command(program);
        let version = version.arg("--version").stdout(Stdio::null());
        if !version.status().is_ok_and(|status| status.success()) {
            packages.insert(package);
        }
    }
    if packages.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = packages.into_iter().collect();
    bail!(
        "programs are missing: apt-get install {}",
        packages.join(" ")
    )
}

/// Installs the library and tries it.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let library = super::build(Profile::Dev)?;
    let peer = &build(&[PEER], Profile::Dev)?[0];
    let folder = root().join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {FOLDER}"))?;
    }
    let prefix = folder.join("installed");
    Places::new(&prefix, None)?.install(&library)?;
    let check = Check { folder, prefix };

    let mut pass = |result: Result<()>, what: &str| {
        result.with_context(|| what.to_owned())?;
        counts.passed += 1;
        Ok::<_, anyhow::Error>(())
    };
    pass(check.symbols(), "what the shared library exports")?;
    check.build_interruptions()?;
    let server = Background::start(command(peer).arg("serve"), "listening on")?;
    let url = format!("ws://127.0.0.1:{}/", server.port()?);
    for (c, cpp) in COMPILERS {
        let echo = check.by_package(c, "examples/c/echo.c", &["-std=c99"])?;
        pass(check.echo(&echo, &url), &format!("echo by {c}"))?;
        let chat = check.by_package(cpp, "examples/cpp/chat.cpp", &["-std=c++11"])?;
        pass(check.chat(&chat), &format!("chat by {cpp}"))?;
    }
    let [.., (clang, clangpp)] = COMPILERS;
    let echo = check.by_cmake(
        "examples/c",
        "echo",
        &[&format!("-DCMAKE_C_COMPILER={clang}")],
    )?;
    pass(check.echo(&echo, &url), "echo by CMake")?;
    let archive = check.by_cmake("examples/c", "echo", &["-DARKWS_STATIC=ON"])?;
    pass(check.echo(&archive, &url), "echo with the library inside")?;
    let compiler = format!("-DCMAKE_CXX_COMPILER={clangpp}");
    let chat = check.by_cmake("examples/cpp", "chat", &[&compiler])?;
    pass(check.chat(&chat), "chat by CMake")?;
    pass(check.binding(&url), "ohos-netstack-sys")
}

/// Runs the example in C, which this command starts: two messages there and back.
///
/// # Errors
/// It fails, or prints something else.
pub(crate) fn echo(program: &mut Command, url: &str) -> Result<()> {
    let said = output(program.args([url, "hello", "wörld"]))?;
    let expected = "open: 101 Switching Protocols\nmessage: hello\nmessage: wörld\n\
        close: 1000 done\n";
    ensure!(said == expected, "it printed {said:?}");
    Ok(())
}

/// The library where it is installed.
struct Check {
    folder: PathBuf,
    prefix: PathBuf,
}

impl Check {
    /// The shared library has its name, and exports what the headers declare and nothing else.
    fn symbols(&self) -> Result<()> {
        let library = self.prefix.join("lib/libnet_websocket.so");
        let dynamic = output(command("readelf").arg("-d").arg(&library))?;
        let soname = format!("soname: [{SONAME}]");
        ensure!(dynamic.contains(&soname), "no {soname} in\n{dynamic}");

        let symbols = output(command("nm").args(["-D", "--defined-only"]).arg(&library))?;
        let exported: BTreeSet<&str> = symbols
            .lines()
            .filter_map(|line| line.split(' ').next_back())
            .collect();
        let mut declared = BTreeSet::new();
        let headers =
            ["net_websocket.h", "arkws.h"].map(|name| self.prefix.join("include").join(name));
        let texts = headers.map(fs::read_to_string);
        for text in &texts {
            let text = text
                .as_deref()
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            declared.extend(functions(text));
        }
        ensure!(
            exported == declared,
            "exported, but in no header: {:?}; in a header, but not exported: {:?}",
            exported.difference(&declared),
            declared.difference(&exported)
        );
        Ok(())
    }

    /// Builds a program with what pkg-config says; returns it.
    fn by_package(&self, compiler: &str, source: &str, flags: &[&str]) -> Result<PathBuf> {
        let packages = self.prefix.join("lib/pkgconfig");
        let said = output(
            command("pkg-config")
                .args(["--cflags", "--libs", "arkws"])
                .env("PKG_CONFIG_PATH", packages),
        )?;
        let name = Path::new(source).file_stem().unwrap_or_default();
        let program = self.folder.join(format!("{}-{compiler}", name.display()));
        run(command(compiler)
            .args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"])
            .args(flags)
            .arg(source)
            .arg("-o")
            .arg(&program)
            .args(said.split_whitespace()))?;
        Ok(program)
    }

    /// Builds the program of a folder's CMakeLists.txt; returns it.
    fn by_cmake(&self, source: &str, name: &str, options: &[&str]) -> Result<PathBuf> {
        let folder = self.folder.join(format!("{name}{}", options.join("")));
        run(command("cmake")
            .args(["-S", source, "-B"])
            .arg(&folder)
            .arg(format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display()))
            .args(options)
            .stdout(Stdio::null()))?;
        run(command("cmake")
            .arg("--build")
            .arg(&folder)
            .stdout(Stdio::null()))?;
        Ok(folder.join(name))
    }

    /// A program that finds the shared library, and is ended if it does not end.
    fn program(&self, path: &Path) -> Command {
        let mut program = command("timeout");
        program
            .arg("60")
            .arg(path)
            .env("LD_LIBRARY_PATH", self.prefix.join("lib"));
        program
    }

    fn echo(&self, program: &Path, url: &str) -> Result<()> {
        echo(&mut self.program(program), url)
    }

    /// The library that has `poll` fail as signals have it.
    fn interruptions(&self) -> PathBuf {
        self.folder.join("interrupted_poll.so")
    }

    fn build_interruptions(&self) -> Result<()> {
        run(command("gcc")
            .args([
                "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
            ])
            .arg("crates/capi/tests/interrupted_poll.c")
            .arg("-o")
            .arg(self.interruptions()))
    }

    /// Two guests and a server: each guest hears both. All of them are interrupted by signals.
    fn chat(&self, program: &Path) -> Result<()> {
        let interrupted = || {
            let mut program = self.program(program);
            program.env("LD_PRELOAD", self.interruptions());
            program
        };
        let server = Background::start(interrupted().args(["serve", "0"]), "listening on")?;
        let url = format!("ws://127.0.0.1:{}/", server.port()?);
        let join = |name: &str| Guest::start(interrupted().args(["join", &url, name]));
        let mut ada = join("Ada")?;
        ada.hears("Ada is here")?;
        let mut bob = join("Bob")?;
        ada.hears("Bob is here")?;
        bob.hears("Bob is here")?;
        ada.says("hello")?;
        ada.hears("Ada: hello")?;
        bob.hears("Ada: hello")?;
        bob.leaves()?;
        ada.leaves()?;
        refuses_pages_of_other_sites(server.port()?)?;
        self.chat_without_a_server(program)
    }

    /// A guest that leaves before anybody has answered fails, and says why.
    fn chat_without_a_server(&self, program: &Path) -> Result<()> {
        let silent = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("ws://{}/", silent.local_addr()?);
        let mut join = self.program(program);
        let ended = join
            .args(["join", &url, "Eve"])
            .stdin(Stdio::null())
            .output()?;
        ensure!(
            ended.status.code() == Some(1),
            "it ended with {}",
            ended.status
        );
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(said == "there was no connection yet\n", "it said {said:?}");
        Ok(())
    }

    /// The published crate that binds the platform's header, unchanged.
    fn binding(&self, url: &str) -> Result<()> {
        let library = self.prefix.join("lib");
        run(cargo()
            .args(["run", "--quiet", "--locked"])
            .args(["--manifest-path", "tests/ohos-netstack-sys/Cargo.toml"])
            .arg("--target-dir")
            .arg(self.folder.with_file_name("ohos-netstack-sys"))
            .args(["--", url])
            .env("RUSTFLAGS", format!("-Lnative={}", library.display()))
            .env("LD_LIBRARY_PATH", library))
    }
}

/// A server answers a web page that is not its own with 403.
fn refuses_pages_of_other_sites(port: u16) -> Result<()> {
    let mut page = TcpStream::connect(("127.0.0.1", port))?;
    page.write_all(
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
          Origin: https://other.example\r\n\r\n",
    )?;
    let mut answer = String::new();
    BufReader::new(page).read_line(&mut answer)?;
    ensure!(
        answer.starts_with("HTTP/1.1 403 "),
        "it answered {answer:?}"
    );
    Ok(())
}

/// A client of the chat.
struct Guest {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Guest {
    fn start(join: &mut Command) -> Result<Guest> {
        let mut child = join.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("a pipe was asked for")?;
        Ok(Guest {
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
        })
    }

    fn says(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("it has left")?;
        writeln!(input, "{line}").context("it does not listen")
    }

    /// The next line that it prints has to be this one.
    fn hears(&mut self, expected: &str) -> Result<()> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(
            line.trim_end() == expected,
            "{line:?} instead of {expected:?}"
        );
        Ok(())
    }

    /// Without input it closes its connection and ends.
    fn leaves(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "a guest ended with {status}");
        Ok(())
    }
}

/// The names of the functions that a header of ours declares. Those stand at the beginning of a
/// line, behind a type; comments are indented, and so are callbacks.
fn functions(header: &str) -> impl Iterator<Item = &str> {
    let declarations = header
        .lines()
        .filter(|line| !line.starts_with([' ', '#', '/']) && !line.starts_with("typedef"));
    declarations
        .filter_map(|line| line.split_once('('))
        .filter_map(|(before, _)| before.rsplit([' ', '*']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_from_comments_types_and_callbacks() {
        let header = "/*\n * f(x) is none\n */\n#define M(a)\ntypedef void (*Callback)(int);\n\
            typedef struct s {\n    void (*on_open)(void *user);\n} s;\n\
            int first(void);\nstruct s *second(int a,\n                  int b);\nchar *third(s);\n";
        let found: Vec<&str> = functions(header).collect();
        assert_eq!(found, ["first", "second", "third"]);
    }
}
