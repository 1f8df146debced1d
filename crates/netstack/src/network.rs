//! The one network thread of the process.
//!
//! All sockets of all objects live on it: a phone has better things to do than to run a thread per
//! connection. It starts with the first task and ends when there has been none for a short while.
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::network_changes::{NetworkChanges, NetworkWatch};
use crate::process_exit::{OpenConnection, OpenEntry};

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::Notify;
use tracing::trace;

/// How long the thread waits for another task before it ends, and how long a thread is kept that
/// has resolved a name.
const LINGER: Duration = Duration::from_secs(1);

/// Where the connections of objects live: an event loop of one thread.
#[derive(Clone)]
pub struct Network(Kind);

#[derive(Clone)]
enum Kind {
    /// The process's own thread.
    Process,
    /// A runtime that somebody else drives.
    Borrowed(Handle, Arc<NetworkChanges>),
}

impl Network {
    /// The process's network thread. It exists while something runs on it.
    pub fn process() -> Network {
        Network(Kind::Process)
    }

    /// A runtime that the caller drives: for a program that has one already, and for tests, which
    /// can pause its clock.
    ///
    /// # Panics
    /// The runtime has more than one thread: events of one object would no longer come one after
    /// the other.
    pub fn on(handle: Handle) -> Network {
        assert_eq!(
            handle.runtime_flavor(),
            RuntimeFlavor::CurrentThread,
            "a network is an event loop of one thread"
        );
        Network(Kind::Borrowed(handle, Arc::default()))
    }

    /// Tells that the machine's network has changed: there is one again, or another one. Clients
    /// that wait to reconnect then try soon, instead of waiting out their back-off: see
    /// [`Reconnect`](crate::Reconnect).
    ///
    /// For a binding whose platform tells of networks (`netAvailable`). On Linux nobody need call
    /// this: while a client waits, the kernel is listened to, where it allows that.
    pub fn notify_changed(&self) {
        self.changes().tell();
    }

    /// Hears of the changes from now on. To be called on the network thread.
    pub(crate) fn watch(&self) -> NetworkWatch {
        self.changes().watch()
    }

    fn changes(&self) -> &Arc<NetworkChanges> {
        static OF_PROCESS: LazyLock<Arc<NetworkChanges>> = LazyLock::new(Arc::default);
        match &self.0 {
            Kind::Process => &OF_PROCESS,
            Kind::Borrowed(_, changes) => changes,
        }
    }

    /// How long the end of a process may wait in [`leave_process`](Self::leave_process), as a
    /// user does who has asked for it: half a second.
    pub const DEFAULT_LEAVE_LIMIT: Duration = Duration::from_millis(500);

    /// The process is about to end: closes the open connections of its network thread with 1001,
    /// behind what was sent on them, and waits for that, for `limit` at most. What the operating
    /// system has not taken by then is lost, and so are connections that are not open yet. Not to
    /// be called on the network thread.
    ///
    /// First it waits until all that was sent has been handed to the operating system; then for the
    /// peers' answers, since a peer that still sends to a process that has ended makes the system
    /// drop what is on its way to it: for a tenth of a second, for the whole of `limit` where more
    /// than 64 KiB waited. Without this call what waits is lost when the process ends. A program on
    /// a runtime [of its own](Self::on) has to wait by itself, before it drops that: for the
    /// answers to its sends, or for the `Close` events.
    pub fn leave_process(limit: Duration) {
        crate::process_exit::leave(limit);
    }

    /// Waits until the operating system, or [the stream](crate::HandedOver::Stream) that stands in
    /// its place, has what was sent on all open connections of the process's network thread, for
    /// `limit` at most. They stay open. Not to be called on the network thread.
    pub fn hand_over(limit: Duration) {
        crate::process_exit::hand_over(limit);
    }

    /// Lists an open connection for [`leave_process`](Self::leave_process), for as long as the
    /// result lives.
    pub(crate) fn register(&self, connection: &Arc<impl OpenConnection>) -> Option<OpenEntry> {
        match self.0 {
            Kind::Process => Some(OpenEntry::new(connection)),
            Kind::Borrowed(..) => None,
        }
    }

    /// Runs `task` on the network thread. If it panics, nothing else is touched.
    ///
    /// # Errors
    /// The operating system refuses a thread or an event queue.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.spawner()?.spawn(task);
        Ok(())
    }

    /// The network thread, which runs from now on: for a task that must not be made in vain.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    pub(crate) fn spawner(&self) -> io::Result<Spawner> {
        match &self.0 {
            Kind::Process => PROCESS.spawner(),
            Kind::Borrowed(handle, _) => Ok(Spawner {
                handle: handle.clone(),
                counted: None,
            }),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Process => "Network::process()",
            Kind::Borrowed(..) => "Network::on(..)",
        })
    }
}

/// Runs one task on the network thread.
pub(crate) struct Spawner {
    handle: Handle,
    counted: Option<Counted>,
}

impl Spawner {
    /// Runs `task`. If the runtime has just ended it is dropped, here and now.
    pub(crate) fn spawn(self, task: impl Future<Output = ()> + Send + 'static) {
        let counted = self.counted;
        self.handle.spawn(async move {
            let _counted = counted;
            task.await;
        });
    }
}

static PROCESS: Process = Process {
    state: Mutex::new(State {
        running: None,
        tasks: 0,
    }),
};

struct Process {
    state: Mutex<State>,
}

struct State {
    running: Option<Running>,
    tasks: usize,
}

struct Running {
    handle: Handle,
    /// The number of tasks has become zero.
    idle: Arc<Notify>,
}

impl Process {
    fn spawner(&'static self) -> io::Result<Spawner> {
        let mut state = self.lock();
        let running = match &mut state.running {
            Some(running) => running,
            stopped => stopped.insert(self.start()?),
        };
        let handle = running.handle.clone();
        state.tasks += 1;
        // Spawned when the lock is free again: a task that is dropped takes it.
        Ok(Spawner {
            handle,
            counted: Some(Counted(self)),
        })
    }

    fn start(&'static self) -> io::Result<Running> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("arkws-resolve")
            .thread_keep_alive(LINGER)
            .build()?;
        let running = Running {
            handle: runtime.handle().clone(),
            idle: Arc::new(Notify::new()),
        };
        let idle = Arc::clone(&running.idle);
        std::thread::Builder::new()
            .name("arkws-network".to_owned())
            .spawn(move || self.run(runtime, &idle))?;
        Ok(running)
    }

    /// The thread.
    fn run(&'static self, runtime: Runtime, idle: &Arc<Notify>) {
        // First: whatever unwinds from here on, as the program's log may, ends this thread only.
        let _current = Current {
            process: self,
            idle: Arc::clone(idle),
        };
        trace!(target: "arkws", "the network thread starts");
        runtime.block_on(async {
            loop {
                idle.notified().await;
                tokio::time::sleep(LINGER).await;
                // Under the lock: a task that comes now finds either this thread or none.
                let mut state = self.lock();
                if state.tasks == 0 {
                    state.running = None;
                    break;
                }
            }
        });
        // A name that is still being resolved must not hold the thread up.
        runtime.shutdown_background();
        trace!(target: "arkws", "the network thread ends");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The runtime that runs, until its thread ends: also if it unwinds, as when the program has closed
/// a descriptor of the runtime's. The next task then starts another.
struct Current {
    process: &'static Process,
    /// Which one it is.
    idle: Arc<Notify>,
}

impl Drop for Current {
    fn drop(&mut self) {
        let mut state = self.process.lock();
        if state
            .running
            .as_ref()
            .is_some_and(|running| Arc::ptr_eq(&running.idle, &self.idle))
        {
            state.running = None;
        }
    }
}

/// Counts a task for as long as it lives, also if it panics.
struct Counted(&'static Process);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.tasks -= 1;
        if state.tasks == 0
            && let Some(running) = &state.running
        {
            running.idle.notify_one();
        }
    }
}
