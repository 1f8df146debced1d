//! Rounds of peers, interleaved.
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::measure::OneCore;
use crate::peers::{self, Outcome, Outcomes};
use crate::scenario::{self, GROWTH, Kind, Scenario, Wire};
use crate::{libwebsockets, server, table, uwebsockets};

/// Who shows how their costs grow.
const GROWING: &[&str] = &["arkws", "tokio-tungstenite", "raw"];

/// `bench run [--rounds N] [--peers A,B] [SCENARIO...]`.
pub fn run(arguments: &[&str]) {
    let mut rounds = 5;
    let mut names: Vec<String> = peers::ALL.iter().map(|name| (*name).to_owned()).collect();
    let mut scenarios = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--rounds" => {
                rounds = arguments
                    .next()
                    .and_then(|n| n.parse().ok())
                    .expect("--rounds N")
            }
            "--peers" => {
                names = arguments
                    .next()
                    .expect("--peers A,B")
                    .split(',')
                    .map(str::to_owned)
                    .collect();
            }
            name => scenarios
                .push(scenario::find(name).unwrap_or_else(|| panic!("no scenario {name:?}"))),
        }
    }
    if scenarios.is_empty() {
        scenarios = scenario::ALL.iter().collect();
    }
    if names.iter().any(|name| name == libwebsockets::NAME)
        && let Err(why) = libwebsockets::build()
    {
        eprintln!("libwebsockets is left out: {why}");
        names.retain(|name| name != libwebsockets::NAME);
    }
    if names.iter().any(|name| name == uwebsockets::NAME)
        && let Err(why) = uwebsockets::build()
    {
        eprintln!("uWebSockets is left out: {why}");
        names.retain(|name| name != uwebsockets::NAME);
    }
    for scenario in scenarios {
        let outcomes = measure(scenario, &names, rounds);
        table::print(scenario, &names, &outcomes);
    }
}

/// A B C A B C …, each in a process of its own against a counterpart of its own.
fn measure(scenario: &Scenario, names: &[String], rounds: usize) -> Outcomes {
    let progress = std::io::stderr().is_terminal();
    let connections = match scenario.kind {
        Kind::ClientGrowth | Kind::ServerGrowth => GROWTH,
        _ => &[0],
    };
    let _one_core = matches!(scenario.kind, Kind::PingPong | Kind::Handshake).then(OneCore::start);
    let mut outcomes = Outcomes::new();
    for round in 1..=rounds {
        for &connections in connections {
            for name in names {
                if progress {
                    eprint!(
                        "\r\x1b[K{}: round {round} of {rounds}, {name}",
                        scenario.name
                    );
                    let _ = std::io::stderr().flush();
                }
                if let Some(outcome) = one(scenario, name, connections) {
                    let key = (connections, name.clone());
                    outcomes.entry(key).or_default().push(outcome);
                }
            }
        }
    }
    if progress {
        eprint!("\r\x1b[K");
    }
    outcomes
}

/// `None`: this peer cannot do this.
fn one(scenario: &Scenario, name: &str, connections: u64) -> Option<Outcome> {
    match scenario.kind {
        _ if name == peers::ARKWS_DEFAULT && !scenario.compresses() => None,
        Kind::ServerEcho {
            connections,
            window,
        } if server::ECHO.contains(&name) => {
            Some(loaded(scenario, name, "echo", connections, window))
        }
        Kind::ServerBroadcast { connections } if server::BROADCAST.contains(&name) => {
            Some(loaded(scenario, name, "broadcast", connections, 1))
        }
        Kind::ServerIdle if server::ECHO.contains(&name) => {
            Some(loaded(scenario, name, "idle", scenario.messages, 1))
        }
        Kind::ServerGrowth if GROWING.contains(&name) => {
            Some(loaded(scenario, name, "echo", connections, 8))
        }
        Kind::ClientGrowth if !GROWING.contains(&name) => None,
        Kind::Idle | Kind::IdleAfterEcho if name == uwebsockets::NAME => None,
        // Against one thread for all connections, not one for each.
        Kind::ClientGrowth | Kind::Idle | Kind::IdleAfterEcho => {
            let counterpart = Serving::start(&["server", "raw", "echo"]);
            client(scenario, name, &counterpart.address, connections)
        }
        Kind::ServerEcho { .. }
        | Kind::ServerBroadcast { .. }
        | Kind::ServerIdle
        | Kind::ServerGrowth => None,
        _ if name == uwebsockets::NAME => None,
        _ => {
            let tls: &[&str] = match scenario.wire {
                Wire::Tls => &["--tls"],
                Wire::Plain | Wire::Deflate => &[],
            };
            let mut counterpart = Serving::start(&[&["counterpart"], tls].concat());
            let mut outcome = client(scenario, name, &counterpart.address, connections)?;
            if scenario.compresses() {
                outcome.on_wire = Some(counterpart.line().parse().expect("a number"));
            }
            Some(outcome)
        }
    }
}

/// A peer's client, against something that serves.
fn client(scenario: &Scenario, name: &str, address: &str, connections: u64) -> Option<Outcome> {
    let mut command = if name == libwebsockets::NAME {
        libwebsockets::command(scenario, address)?
    } else {
        let mut command = this_program();
        command.args(["peer", name, scenario.name, address]);
        command.arg(connections.to_string());
        command
    };
    serde_json::from_slice(&output(&mut command)).expect("JSON")
}

/// A peer's server, under load.
fn loaded(scenario: &Scenario, name: &str, task: &str, connections: u64, window: u64) -> Outcome {
    // Where nothing is sent it does not matter what would be answered.
    let serves = if task == "broadcast" { task } else { "echo" };
    let server = if name == uwebsockets::NAME {
        Serving::of(uwebsockets::server(serves))
    } else {
        Serving::start(&["server", name, serves])
    };
    let mut load = this_program();
    load.args(["load", task, &server.address]);
    load.args(["--connections", &connections.to_string()]);
    load.args(["--window", &window.to_string()]);
    load.args(["--size", &scenario.size.to_string()]);
    load.args(["--messages", &scenario.messages.to_string()]);
    load.args(["--pid", &server.process.id().to_string()]);
    serde_json::from_slice(&output(&mut load)).expect("JSON")
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program"))
}

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.stderr(Stdio::inherit()).output().expect("a peer");
    assert!(output.status.success(), "{command:?} failed");
    output.stdout
}

/// A process that serves until this is dropped.
struct Serving {
    process: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Serving {
        let mut command = this_program();
        command.args(arguments);
        Serving::of(command)
    }

    fn of(mut command: Command) -> Serving {
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process that serves");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut serving = Serving {
            process,
            output,
            address: String::new(),
        };
        serving.address = serving.line();
        serving
    }

    /// What it prints next.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
