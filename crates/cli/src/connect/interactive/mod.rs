//! A person at a terminal: a line is edited below, while messages appear above it.
//!
//! | file | what it holds |
//! |---|---|
//! | `editor.rs` | what is typed, on a thread of its own |
//! | `screen.rs` | what appears, and the terminal as it was before |
//! | `show.rs` | how messages look |
mod editor;
mod screen;
mod show;

pub(super) use screen::Screen;

use std::io::{self, IsTerminal};

use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use super::input::Entries;
use crate::stop::Stop;

/// What is typed, and where messages appear; `None`: nobody is there, or the terminal can do
/// nothing but print.
pub(super) fn start(are_binary: bool, stop: &Stop) -> Option<(Entries, Screen)> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return None;
    }
    let config = Config::builder().auto_add_history(true).build();
    let history = MemHistory::with_config(&config);
    let mut editor = Editor::<(), _>::with_history(config, history).ok()?;
    let printer = editor.create_external_printer().ok()?;
    let screen = Screen::new(printer)?;
    let entries = editor::entries(editor, are_binary, stop.clone());
    Some((entries, screen))
}
