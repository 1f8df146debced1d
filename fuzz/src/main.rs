//! libFuzzer with the target that `ARKWS_FUZZ_TARGET` names; `cargo xtask fuzz` runs it.
#![no_main]

use std::env;
use std::sync::OnceLock;

use arkws_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static RUN: OnceLock<fn(&[u8])> = OnceLock::new();

fuzz_target!(
    init: {
        let name = env::var("ARKWS_FUZZ_TARGET").unwrap_or_default();
        let named = |target: &&Target| target.name == name;
        let Some(target) = TARGETS.iter().find(named) else {
            panic!("ARKWS_FUZZ_TARGET={name:?} names no target");
        };
        RUN.get_or_init(|| target.run);
    },
    |data: &[u8]| {
        let run = RUN.get().expect("the first thing that was done");
        run(data);
    }
);
