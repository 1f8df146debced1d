//! arkws and its peers, side by side.
//!
//! `arkws-bench run [SCENARIO...]` starts, for every round and peer, a counterpart process (raw
//! sockets, no WebSocket library) and a peer process, and prints a Markdown table of medians.
//! `counterpart` and `peer` are those processes; `server` and `load` are where the server is
//! measured; `payload` tells the benches of Node.js what is sent.
mod check;
mod counterpart;
mod deflate;
mod libwebsockets;
mod load;
mod measure;
mod payload;
mod peers;
mod run;
mod scenario;
mod server;
mod table;
mod tls;
mod uwebsockets;
mod wire;

use std::io::Write;

fn main() {
    measure::raise_file_limit();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["counterpart"] => counterpart::serve(false),
        ["counterpart", "--tls"] => counterpart::serve(true),
        ["peer", name, scenario, address, connections] => peers::run(
            name,
            scenario,
            address.parse().expect("an address"),
            connections.parse().expect("a number"),
        ),
        ["server", name, task] => server::serve(name, task),
        ["load", task, address, options @ ..] => load::run(task, address, options),
        ["payload", content, size] => {
            let content = payload::Content::named(content);
            let messages = content.messages(size.parse().expect("a size")).concat();
            std::io::stdout().write_all(&messages).expect("a reader");
        }
        ["run", rest @ ..] => run::run(rest),
        _ => {
            eprintln!(
                "usage: arkws-bench run [--rounds N] [--peers A,B] [SCENARIO...]\n\nscenarios:"
            );
            for scenario in scenario::ALL {
                eprintln!("  {:<20} {}", scenario.name, scenario.about);
            }
            std::process::exit(2);
        }
    }
}
