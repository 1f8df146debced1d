//! A link in memory between two streams.
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::time::sleep;

/// What happens to a link behind a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Both directions end.
    Cut,
    /// This direction ends; the other one goes on.
    HalfClose,
    /// This direction stands still, and nobody is told.
    Stall,
    /// The bit `at % 8` of the byte `at` is turned, and all goes on.
    Corrupt,
    /// Both connections are reset: of TCP alone.
    #[cfg(target_os = "linux")]
    Reset,
}

impl Kind {
    /// Of links in memory.
    pub(crate) const IN_MEMORY: [Kind; 4] =
        [Kind::Cut, Kind::HalfClose, Kind::Stall, Kind::Corrupt];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToServer = 0,
    ToClient = 1,
}

impl Direction {
    pub(crate) const ALL: [Direction; 2] = [Direction::ToServer, Direction::ToClient];
}

/// `kind`, when `at` bytes have passed in `direction`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) direction: Direction,
    pub(crate) at: usize,
}

/// How bytes are passed on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Way {
    /// As they come.
    #[default]
    AsTheyCome,
    OneByteAtATime,
    /// Together with what comes within some time.
    Coalesce,
    /// Each piece by itself, some time later.
    Late,
}

/// What a link does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Plan {
    pub(crate) way: Way,
    pub(crate) fault: Option<Fault>,
}

impl Plan {
    pub(crate) fn of(fault: Fault) -> Plan {
        Plan {
            fault: Some(fault),
            ..Plan::default()
        }
    }

    fn fault(&self, direction: Direction) -> Option<Fault> {
        self.fault.filter(|fault| fault.direction == direction)
    }
}

const SOME_TIME: Duration = Duration::from_millis(20);

/// What has passed, by direction, and whether the fault has happened.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    bytes: [AtomicUsize; 2],
    happened: AtomicBool,
}

impl Passed {
    pub(crate) fn bytes(&self) -> [usize; 2] {
        [0, 1].map(|index: usize| self.bytes[index].load(Ordering::Relaxed))
    }

    pub(crate) fn count(&self, direction: Direction, bytes: usize) {
        self.bytes[direction as usize].fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn happened(&self) -> bool {
        self.happened.load(Ordering::Relaxed)
    }

    pub(crate) fn happen(&self) {
        self.happened.store(true, Ordering::Relaxed);
    }
}

/// Passes bytes on until both streams have been dropped, by whoever has their other ends.
pub(crate) async fn pass(plan: Plan, client: DuplexStream, server: DuplexStream, passed: &Passed) {
    let (client_read, client_write) = tokio::io::split(client);
    let (server_read, server_write) = tokio::io::split(server);
    let cut = tokio::sync::Notify::new();
    let one = |direction, read, write| One {
        plan,
        direction,
        read,
        write: Some(write),
        passed,
        cut: &cut,
    };
    let to_server = one(Direction::ToServer, client_read, server_write);
    let to_client = one(Direction::ToClient, server_read, client_write);
    tokio::join!(to_server.run(), to_client.run());
}

/// One direction of a link.
struct One<'a> {
    plan: Plan,
    direction: Direction,
    read: ReadHalf<DuplexStream>,
    /// [`None`]: it has ended.
    write: Option<WriteHalf<DuplexStream>>,
    passed: &'a Passed,
    /// Tells the other direction.
    cut: &'a tokio::sync::Notify,
}

impl One<'_> {
    async fn run(mut self) {
        let mut held = Vec::new();
        let mut buffer = [0; 4096];
        let end = match self.plan.fault(self.direction) {
            Some(Fault { kind, at, .. }) if kind != Kind::Corrupt => Some((kind, at)),
            _ => None,
        };
        loop {
            if let Some((kind, at)) = end
                && self.count() == at
                && !self.passed.happened()
            {
                self.passed.happen();
                match kind {
                    Kind::Cut => {
                        self.cut.notify_one();
                        self.end().await;
                    }
                    Kind::HalfClose => self.end().await,
                    Kind::Stall | Kind::Corrupt => {}
                    #[cfg(target_os = "linux")]
                    Kind::Reset => unreachable!("it is of TCP"),
                }
                return self.drain(kind).await;
            }
            let room = match end {
                Some((_, at)) => (at - self.count()).min(buffer.len()),
                None => buffer.len(),
            };
            let read = tokio::select! {
                biased;
                () = self.cut.notified() => {
                    self.end().await;
                    return self.drain(Kind::Cut).await;
                }
                read = self.read.read(&mut buffer[..room]) => read,
                () = sleep(SOME_TIME), if !held.is_empty() => {
                    let all = std::mem::take(&mut held);
                    self.write(&all).await;
                    continue;
                }
            };
            let count = read.unwrap_or_default();
            if count == 0 {
                let all = std::mem::take(&mut held);
                self.write(&all).await;
                return self.end().await;
            }
            let bytes = &mut buffer[..count];
            self.corrupt(bytes);
            self.passed.count(self.direction, count);
            match self.plan.way {
                Way::AsTheyCome => self.write(bytes).await,
                Way::OneByteAtATime => {
                    for byte in bytes.chunks(1) {
                        self.write(byte).await;
                        // It is read by itself.
                        sleep(Duration::from_millis(1)).await;
                    }
                }
                Way::Coalesce => held.extend_from_slice(bytes),
                Way::Late => {
                    sleep(SOME_TIME).await;
                    self.write(bytes).await;
                }
            }
        }
    }

    fn count(&self) -> usize {
        self.passed.bytes()[self.direction as usize]
    }

    fn corrupt(&self, bytes: &mut [u8]) {
        let Some(Fault { at, .. }) = self.plan.fault(self.direction) else {
            return;
        };
        let is_corrupted = at.checked_sub(self.count());
        if let Some(byte) = is_corrupted.and_then(|at| bytes.get_mut(at))
            && !self.passed.happened()
        {
            *byte ^= 1 << (at % 8);
            self.passed.happen();
        }
    }

    /// Nobody may be there any more.
    async fn write(&mut self, bytes: &[u8]) {
        if let Some(write) = &mut self.write {
            let _ = write.write_all(bytes).await;
        }
    }

    async fn end(&mut self) {
        if let Some(mut write) = self.write.take() {
            let _ = write.shutdown().await;
        }
    }

    /// What still comes goes nowhere, until its sender has ended it.
    async fn drain(mut self, kind: Kind) {
        let mut buffer = [0; 4096];
        while let Ok(1..) = self.read.read(&mut buffer).await {}
        // Who stands still does not tell of the end.
        if kind != Kind::Stall {
            self.end().await;
        }
    }
}
