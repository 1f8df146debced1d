//! Who is told what happens to connections.
use std::time::SystemTime;

use super::arguments::Outputs;
use super::console::Console;
use super::event::{ConnectionEvent, EventKind};
use super::har::Har;
use super::inspector::Inspector;
use super::recording::Recording;
use crate::exit::Failure;
use crate::stop::Stop;

/// All of them.
pub(super) struct Observers {
    console: Option<Console>,
    recording: Option<Recording>,
    har: Option<Har>,
    inspector: Option<Inspector>,
}

impl Observers {
    /// # Errors
    /// A file cannot be written, or the inspector's page not be served.
    pub(super) async fn new(outputs: &Outputs, stop: &Stop) -> Result<Observers, Failure> {
        let Outputs {
            quiet,
            record,
            har,
            inspect,
            keep,
        } = outputs;
        let inspector = match *inspect {
            Some(port) => Some(Inspector::start(port, *keep).await?),
            None => None,
        };
        let recording = record.as_deref().map(|path| Recording::create(path, stop));
        let har = har.as_deref().map(|path| Har::create(path, stop));
        Ok(Observers {
            recording: recording.transpose()?,
            har: har.transpose()?,
            inspector,
            console: (!quiet).then(|| Console::new(stop)),
        })
    }

    /// Writes where the inspector is, if there is one, on standard output.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn tell_url(&self) -> Result<(), Failure> {
        let inspector = self.inspector.as_ref();
        inspector.map_or(Ok(()), Inspector::tell_url)
    }

    /// Tells them. Waits for those that are slow: what is recorded is all that passed.
    pub(super) async fn tell(&self, connection: u64, kind: EventKind<'_>) {
        let event = ConnectionEvent {
            connection,
            time: SystemTime::now(),
            kind,
        };
        if let Some(recording) = &self.recording {
            recording.tell(&event).await;
        }
        if let Some(har) = &self.har {
            har.tell(&event).await;
        }
        if let Some(inspector) = &self.inspector {
            inspector.tell(&event);
        }
        // The last: whoever looks may have stopped the terminal.
        if let Some(console) = &self.console {
            console.tell(&event).await;
        }
    }

    /// What they were told has been written when this returns.
    ///
    /// # Errors
    /// A file could not be written.
    pub(super) async fn finish(self) -> Result<(), Failure> {
        if let Some(inspector) = self.inspector {
            inspector.finish().await;
        }
        let recorded = self.recording.map_or(Ok(()), Recording::finish);
        let recorded = recorded.and(self.har.map_or(Ok(()), Har::finish));
        // Nobody may read it: what is recorded is safe by now.
        if let Some(console) = self.console {
            console.finish();
        }
        recorded
    }
}
