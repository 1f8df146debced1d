//! arkws and its peers, side by side.
//!
//! `bench run [SCENARIO...]` starts, for every round and peer, a counterpart process (raw sockets, no WebSocket library) and a
//! peer process, and prints a Markdown table of medians. `bench counterpart` and `bench peer` are those processes.
mod check;
mod counterpart;
mod measure;
mod peers;
mod run;
mod scenario;
mod wire;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["counterpart"] => counterpart::serve(),
        ["peer", name, scenario, address] => {
            peers::run(name, scenario, address.parse().expect("an address"))
        }
        ["run", rest @ ..] => run::run(rest),
        _ => {
            eprintln!("usage: bench run [--rounds N] [--peers A,B] [SCENARIO...]\n\nscenarios:");
            for scenario in scenario::ALL {
                eprintln!("  {:<20} {}", scenario.name, scenario.about);
            }
            std::process::exit(2);
        }
    }
}
