//! What becomes of the messages of clients.
use std::sync::Arc;

use super::arguments::Answers;
use super::exec;
use super::heard::Heard;
use super::log::Log;
use super::outgoing::{Action, Outgoing};
use super::room::Room;
use super::script::Script;
use crate::exit::Failure;

/// What becomes of them.
pub(super) enum Answering {
    Echo,
    Room(Room),
    Exec(String),
    Script(Arc<Script>),
}

impl Answering {
    /// # Errors
    /// The script cannot be read.
    pub(super) fn new(answers: &Answers) -> Result<Answering, Failure> {
        Ok(match answers {
            Answers {
                exec: Some(command),
                ..
            } => Answering::Exec(command.clone()),
            Answers {
                script: Some(path), ..
            } => Answering::Script(Arc::new(Script::read(path)?)),
            Answers { chat: true, .. } => Answering::Room(Room::new(true)),
            Answers {
                broadcast: true, ..
            } => Answering::Room(Room::new(false)),
            // Also if it is not asked for.
            _ => Answering::Echo,
        })
    }

    /// Answers the messages of a client, until there is nothing more to say.
    pub(super) async fn run(&self, number: u64, mut heard: Heard, outgoing: Outgoing, log: &Log) {
        match self {
            Answering::Echo => {
                while let Some(message) = heard.next().await {
                    outgoing.give(Action::Send(message)).await;
                }
            }
            Answering::Room(room) => room.visit(number, heard, outgoing, log).await,
            Answering::Exec(command) => exec::run(command, heard, outgoing, log).await,
            Answering::Script(script) => script.play(heard, outgoing, log).await,
        }
    }
}
