//! `arkws completions`: what a shell needs to complete the command's arguments.
use clap::{Args, Command};
use clap_complete::Shell;

use super::print;
use crate::exit::{Exit, Failure};

/// Print what a shell needs to complete the arguments
///
/// For this user, for example:
///
///   arkws completions bash > ~/.local/share/bash-completion/completions/arkws
///   arkws completions zsh > ~/.zfunc/_arkws      (a folder of $fpath)
///   arkws completions fish > ~/.config/fish/completions/arkws.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArguments {
    /// Which shell
    shell: Shell,
}

impl CompletionsArguments {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn run(&self, mut command: Command) -> Result<Exit, Failure> {
        let name = command.get_name().to_owned();
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut text);
        print(&text);
        Ok(Exit::Good)
    }
}
