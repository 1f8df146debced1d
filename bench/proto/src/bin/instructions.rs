//! Runs one case once, for a tool that counts what happens within [`measured`].
//!
//! Without an argument it lists the cases, a name and a number of messages in each line, after a
//! line that tells which extensions of the processor there are: different code runs with others.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use cases::Case;

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        println!("{}", processor());
        for case in cases::all() {
            println!("{} {}", case.name, case.messages);
        }
        return ExitCode::SUCCESS;
    };
    let Some(mut case) = cases::all().into_iter().find(|case| case.name == name) else {
        eprintln!("there is no case {name}");
        return ExitCode::FAILURE;
    };
    // The first time makes buffers and contexts, and chooses among implementations.
    case.run();
    measured(&mut case);
    ExitCode::SUCCESS
}

#[inline(never)]
fn measured(case: &mut Case) {
    case.run();
}

/// The architecture, and the extensions that the standard library, simdutf8 and zlib-rs look for.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let extensions = [
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("pclmulqdq", is_x86_feature_detected!("pclmulqdq")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let extensions: [(&str, bool); 0] = [];
    let mut processor = String::from(std::env::consts::ARCH);
    for (extension, _) in extensions.iter().filter(|(_, available)| *available) {
        processor.push(' ');
        processor.push_str(extension);
    }
    processor
}
