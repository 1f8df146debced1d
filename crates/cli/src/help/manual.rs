//! `arkws man`: the manual pages, `arkws(1)` and one for each subcommand.
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::print;
use super::topic::TOPICS;
use crate::exit::{Exit, Failure};

/// Print the manual page, or write those of all subcommands, too
///
/// `arkws man | man -l -` shows it.
#[derive(Debug, Args)]
pub(crate) struct ManArguments {
    /// Write all pages into this folder
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

impl ManArguments {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// A page cannot be written.
    pub(crate) fn run(&self, mut command: Command) -> Result<Exit, Failure> {
        command.build();
        let cannot = |error| Failure::fault(format!("cannot write the manual: {error}"));
        match &self.to {
            None => print(&main_page(command).map_err(cannot)?),
            Some(folder) => write_all(command, folder).map_err(cannot)?,
        }
        Ok(Exit::Good)
    }
}

/// At the foot of each page.
const SOURCE: &str = concat!("arkws ", env!("CARGO_PKG_VERSION"));

fn write_all(command: Command, folder: &Path) -> io::Result<()> {
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set());
    for subcommand in subcommands {
        let page = Man::new(subcommand.clone()).source(SOURCE);
        page.generate_to(folder)?;
    }
    fs::write(folder.join("arkws.1"), main_page(command)?)
}

/// With the topics of `arkws help`, as they are there.
fn main_page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(command);
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    let mut topics = Roff::new();
    for topic in TOPICS {
        let heading = topic.name.replace('-', " ").to_uppercase();
        topics.control("SH", [heading.as_str()]);
        topics.control("nf", []);
        for line in topic.text.lines() {
            topics.text([roman(line)]);
        }
        topics.control("fi", []);
    }
    topics.to_writer(&mut page)?;
    page.flush()?;
    Ok(page)
}
