//! Files and terminals that may be slow: a thread writes, and whoever has more waits for it
//! without holding other tasks up.
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use crate::stop::{Reason, Stop};

/// What a thread writes to.
pub(super) struct Writer<T> {
    items: mpsc::Sender<T>,
    thread: JoinHandle<io::Result<()>>,
}

/// Where items end up.
pub(super) trait Sink: Send + 'static {
    type Item: Send;

    /// # Errors
    /// It cannot be written.
    fn put(&mut self, item: Self::Item) -> io::Result<()>;

    /// Called when no other item waits.
    ///
    /// # Errors
    /// It cannot be written.
    fn flush(&mut self) -> io::Result<()>;
}

impl<T: Send + 'static> Writer<T> {
    /// Up to `waiting` items wait. If one cannot be written, the run ends.
    pub(super) fn new(mut sink: impl Sink<Item = T>, waiting: usize, stop: &Stop) -> Writer<T> {
        let (items, receiver) = mpsc::channel(waiting);
        let stop = stop.clone();
        let thread = thread::spawn(move || {
            let written = write(&mut sink, receiver);
            if written.is_err() {
                stop.give(Reason::OutputGone);
            }
            written
        });
        Writer { items, thread }
    }

    /// Writes, in order.
    pub(super) async fn write(&self, item: T) {
        // If it cannot be written, the run is ending already.
        _ = self.items.send(item).await;
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// It could not be.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.items);
        self.thread.join().unwrap_or(Ok(()))
    }
}

fn write<S: Sink>(sink: &mut S, mut items: mpsc::Receiver<S::Item>) -> io::Result<()> {
    while let Some(item) = items.blocking_recv() {
        sink.put(item)?;
        // What is live is seen at once, and what comes in masses in one go.
        if items.is_empty() {
            sink.flush()?;
        }
    }
    sink.flush()
}

/// Creates a file for what passes, which may hold secrets: nobody else may read it.
///
/// # Errors
/// It cannot be created.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Bytes, one behind the other.
pub(super) struct ByteSink<W: Write>(BufWriter<W>);

impl<W: Write> ByteSink<W> {
    pub(super) fn new(out: W) -> ByteSink<W> {
        ByteSink(BufWriter::new(out))
    }
}

impl<W: Write + Send + 'static> Sink for ByteSink<W> {
    type Item = Vec<u8>;

    fn put(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.0.write_all(&bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
