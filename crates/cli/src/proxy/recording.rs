//! A file of messages (`--record`).
use std::path::{Path, PathBuf};

use super::event::{ConnectionEvent, EventKind};
use super::writer::{self, ByteSink, Writer};
use crate::exit::Failure;
use crate::record::Record;
use crate::stop::Stop;

/// The file.
pub(super) struct Recording {
    writer: Writer<Vec<u8>>,
    path: PathBuf,
}

/// Messages that wait to be written.
const WAITING: usize = 16;

impl Recording {
    /// # Errors
    /// The file cannot be written.
    pub(super) fn create(path: &Path, stop: &Stop) -> Result<Recording, Failure> {
        let file = writer::create(path);
        let file = file
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
        Ok(Recording {
            writer: Writer::new(ByteSink::new(file), WAITING, stop),
            path: path.to_owned(),
        })
    }

    pub(super) async fn tell(&self, event: &ConnectionEvent<'_>) {
        let EventKind::Message {
            direction,
            message,
            fate,
        } = event.kind
        else {
            return;
        };
        let record = Record::new(direction, event.time, message);
        let record = record.through(event.connection, fate);
        if let Ok(mut line) = serde_json::to_vec(&record) {
            line.push(b'\n');
            self.writer.write(line).await;
        }
    }

    /// # Errors
    /// It could not be written.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let path = self.path.display();
        let written = self.writer.finish();
        written.map_err(|error| Failure::fault(format!("cannot write {path}: {error}")))
    }
}
