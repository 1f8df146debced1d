//! Client objects live on a simulated network, on simulated time, and every promise is checked:
//! which events come, in which order and when, what becomes of each send, and what arrives.
//!
//! The network and the program of the server are those of the simulation of the crate `arkws`. A
//! run is drawn from a seed and depends on nothing else. One that breaks a promise prints its seed.
//! Run it again with
//!
//! ```sh
//! ARKWS_SIM_SEED=123 cargo test -p arkws-netstack --test simulation -- --nocapture
//! ```
//!
//! `ARKWS_SIM_RUNS` says how many are made, 300 if it does not; `ARKWS_SIM_FIRST` from which seed.
//!
//! | file | what it has |
//! |---|---|
//! | `plan.rs` | what happens in a run, drawn from its seed |
//! | `log.rs` | what the program called and was told, and when |
//! | `run.rs` | one run |
//! | `events.rs` | promises about events and answers: which, how often, in which order |
//! | `retries.rs` | promises about reconnecting: how many attempts are made, and when |
//! | `delivery.rs` | promises about messages: what arrives, and what is lost |
//! | `time.rs` | promises about time |
//! | `prompt.rs` | what can be done is done at once |
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/direction.rs"]
mod direction;
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/network.rs"]
mod network;
#[path = "../../../arkws/tests/simulation/pieces.rs"]
mod pieces;
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/program.rs"]
mod program;
#[path = "../../../arkws/tests/simulation/random.rs"]
mod random;
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/schedule.rs"]
mod schedule;
#[path = "../../../arkws/tests/simulation/seeds.rs"]
mod seeds;
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/timeline.rs"]
mod timeline;
#[allow(dead_code, reason = "used by the simulation of arkws")]
#[path = "../../../arkws/tests/simulation/wire.rs"]
mod wire;

mod delivery;
mod events;
mod log;
mod plan;
mod prompt;
mod retries;
mod run;
mod time;

use log::{EntryKind, OwnedEvent};
use plan::Plan;
use run::Run;

/// Runs a plan. What it has come to; and what is broken, in words.
fn simulate(plan: &Plan) -> (Run, Vec<String>) {
    let run = run::run(plan);
    let mut broken = Vec::new();
    let connects = events::check(plan, &run, &mut broken);
    delivery::check(&run, &connects, &mut broken);
    time::check(plan, &run, &connects, &mut broken);
    prompt::check(plan, &run, &connects, &mut broken);
    (run, broken)
}

/// How each connect has ended.
fn ends(run: &Run) -> Vec<String> {
    let end = |what: &EntryKind| match what {
        EntryKind::Event(OwnedEvent::Close(close)) if close.code == 1006 => {
            Some("lost or terminated".into())
        }
        EntryKind::Event(OwnedEvent::Close(_)) => Some("closed".to_owned()),
        EntryKind::Event(OwnedEvent::Error(error)) => Some(format!("{:?}", error.cause_name())),
        EntryKind::Event(OwnedEvent::Reconnecting { .. }) => Some("reconnecting".to_owned()),
        _ => None,
    };
    run.log
        .iter()
        .filter_map(|entry| end(&entry.what))
        .collect()
}

/// Or a seed would be worth nothing.
#[test]
fn a_seed_is_a_run() {
    for seed in 0..20 {
        let plan = Plan::new(seed);
        let runs = [(); 2].map(|()| simulate(&plan).0.show());
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}

#[test]
fn every_promise_of_a_client_object_is_kept() {
    let counts = seeds::each("arkws-netstack", 300, &[], |seed, shows| {
        let plan = Plan::new(seed);
        let (run, broken) = simulate(&plan);
        if shows {
            println!("{plan:#?}\n{}", run.show());
        }
        (ends(&run), broken)
    });
    // Most networks are good enough, or little would be tried.
    let closed = counts.get("closed").copied().unwrap_or_default();
    let all = counts.values().sum::<u64>();
    assert!(all < 10 || closed * 4 > all, "{counts:?}");
}
