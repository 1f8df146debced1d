//! What the command says about itself: help, manual pages, completions for shells.
//!
//! | file | what it holds |
//! |---|---|
//! | `topic.rs`, `*.txt` | what `arkws help` tells beside the subcommands |
//! | `manual.rs` | `arkws man` |
//! | `completions.rs` | `arkws completions` |
mod completions;
mod manual;
mod topic;

pub(crate) use completions::CompletionsArguments;
pub(crate) use manual::ManArguments;

use std::io::{self, Write};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Args, Command};

use crate::exit::{Exit, Failure};
use topic::TOPICS;

/// Explain a subcommand, or a topic
#[derive(Debug, Args)]
pub(crate) struct HelpArguments {
    /// A subcommand, or one of the topics
    #[arg(value_name = "TOPIC")]
    topic: Option<String>,
}

/// Completes what clap has derived: `--help` is short everywhere, and `arkws help` knows its
/// topics.
pub(crate) fn complete(command: Command) -> Command {
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set());
    let subcommands = subcommands.map(|one| one.get_name().to_owned());
    let topics = TOPICS.iter().map(|topic| topic.name.to_owned());
    let values = subcommands.chain(topics).map(PossibleValue::new);
    let values = PossibleValuesParser::new(values.collect::<Vec<_>>());
    with_short_help(command)
        .mut_subcommands(with_short_help)
        .mut_subcommand("help", |help| {
            help.mut_arg("topic", |topic| {
                topic.value_parser(values).hide_possible_values(true)
            })
        })
        .after_help(after_help())
}

fn with_short_help(command: Command) -> Command {
    if command.is_disable_help_flag_set() {
        return command;
    }
    let name = command.get_name();
    let help = match name {
        "arkws" | "help" | "man" | "completions" => "Print help".to_owned(),
        _ => format!("Print help; `arkws help {name}` says more"),
    };
    let flag = Arg::new("help-flag").short('h').long("help").help(help);
    // Not below the heading of the arguments before.
    let flag = flag.action(ArgAction::HelpShort).help_heading(None::<&str>);
    command.disable_help_flag(true).arg(flag)
}

fn after_help() -> String {
    let mut text = "Topics of `arkws help`:\n".to_owned();
    for topic in TOPICS {
        text += &format!("  {:12} {}\n", topic.name, topic.about);
    }
    text.trim_end().to_owned()
}

/// Runs `arkws help`.
///
/// # Errors
/// Never: clap has looked at the arguments.
pub(crate) fn run(arguments: &HelpArguments, mut command: Command) -> Result<Exit, Failure> {
    command.build();
    let name = arguments.topic.as_deref();
    let topic = name.and_then(|name| TOPICS.iter().find(|topic| topic.name == name));
    let text = match (topic, name) {
        (Some(topic), _) => topic.text.to_owned(),
        (None, Some(name)) => match command.find_subcommand_mut(name) {
            Some(subcommand) => subcommand.render_long_help().to_string(),
            None => return Err(Failure::usage(format!("there is no topic {name}"))),
        },
        (None, None) => command.render_help().to_string(),
    };
    print(text.as_bytes());
    Ok(Exit::Good)
}

/// On standard output. Whoever has read enough may go.
fn print(text: &[u8]) {
    let mut stdout = io::stdout().lock();
    _ = stdout.write_all(text).and_then(|()| stdout.flush());
}
