//! The project's tasks: what a person or the continuous integration does with a clone of it.
//!
//! Each subcommand sets up what it needs by itself. It asks for Rust, Node.js with npm, Python 3,
//! git and a C compiler.
#![forbid(unsafe_code)]

mod apt;
mod autobahn;
mod bench;
mod book;
mod build;
mod capi;
mod check;
mod columns;
mod counts;
mod coverage;
mod crates;
mod demo;
mod deny;
mod faults;
mod features;
mod files;
mod fuzz;
mod har;
mod instructions;
mod javascript_style;
mod links;
mod long;
mod mutants;
mod nightly;
mod ohos;
mod other_targets;
mod packages;
mod peers;
mod process;
mod release;
mod report;
mod rust_version;
mod sanitize;
mod soak;
mod structure;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the Node module and run the documentation's example through it against an echo server
    Demo,
    /// Run the checks: format, lints, documentation, Rust and JavaScript tests; all with `--all`
    Test(check::Options),
    /// Build the book of docs/, and say where it is
    Docs,
    /// Install the Debian packages that the tests use as counterparts, then run every check
    Ci,
    /// Run the public Autobahn cases against our server, client and Node module; print a table
    Autobahn(autobahn::Options),
    /// Measure arkws and its peers side by side; print Markdown tables
    Bench(bench::Options),
    /// Count the instructions that the inner loops take, and compare them with the saved counts
    Instructions(instructions::Options),
    /// Measure which lines the Rust tests reach
    Coverage(coverage::Options),
    /// Plant faults in the code, one at a time, and see whether the tests find them
    Mutants(mutants::Options),
    /// Keep a thousand connections busy for as long as one likes, and see that nothing grows
    Soak(soak::Options),
    /// Give what reads the bytes of others any bytes, and look for what must not happen
    Fuzz(fuzz::Options),
    /// Look for circles of imports, crates that use one above them, types that share a name
    Structure,
    /// Build the C library, and install it
    Capi(capi::Options),
    /// Make all that a release has, in target/release-artifacts, built twice and compared
    Release(release::Options),
    /// Pack the npm packages: `arkws`, and one for each platform with the Node module
    Packages(packages::Options),
    /// Build arkws for OpenHarmony, with the NDK that OHOS_NDK_HOME names or a stand-in
    Ohos(ohos::Options),
    /// Make the package for ohpm, for apps of OpenHarmony, with what `ohos` has built
    Har(har::Options),
    /// Build the Node module and put it where the npm package looks for it
    Npm {
        /// Optimise for development speed instead of for the module's users
        #[arg(long)]
        dev: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Args::parse().task {
        Task::Demo => demo::run(),
        Task::Test(options) => check::run(&options),
        Task::Docs => book::build_and_tell(),
        Task::Ci => check::ci(),
        Task::Autobahn(options) => autobahn::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Instructions(options) => instructions::run(&options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Structure => structure::check(&mut counts::Counts::default()),
        Task::Capi(options) => capi::run(&options),
        Task::Release(options) => release::run(&options),
        Task::Packages(options) => packages::run(&options),
        Task::Ohos(options) => ohos::run(&options),
        Task::Har(options) => har::run_task(&options),
        Task::Npm { dev } => build::npm(dev),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
