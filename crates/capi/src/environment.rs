//! What all objects of the process share.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once, OnceLock};

use arkws_netstack::{ApiLevel, Context, Network, log_to_stderr};

use crate::code::Code;
use crate::failure::Failure;

/// The surroundings of every client and server: the newest API level, everything allowed.
pub(crate) fn context() -> Context {
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
        log_to_stderr();
        leave_at_exit();
        Context::new(ApiLevel::NEWEST)
    });
    CONTEXT.clone()
}

/// Has what was sent leave before the process ends; not at the end of one that was forked off,
/// which has no network thread, and whose parent goes on with the connections.
fn leave_at_exit() {
    static PROCESS: OnceLock<u32> = OnceLock::new();
    extern "C" fn leave() {
        if PROCESS.get() == Some(&std::process::id()) {
            let _ = std::panic::catch_unwind(|| {
                Network::leave_process(Network::DEFAULT_LEAVE_LIMIT);
            });
        }
    }
    let _ = PROCESS.set(std::process::id());
    // SAFETY: a function that never unwinds; the library stays loaded (`-z nodelete`).
    unsafe { libc::atexit(leave) };
}

/// Whether this process was forked off from one that has threads of the library's: they are not in
/// this one, and their locks may be held for ever.
static FORKED_OFF: AtomicBool = AtomicBool::new(false);

/// To be asked before anything else, but for the last error.
///
/// # Errors
/// [`Code::System`]: this process was forked off, and has none of the library's threads.
pub(crate) fn check_process() -> Result<(), Failure> {
    match FORKED_OFF.load(Ordering::Relaxed) {
        false => Ok(()),
        true => {
            let why = "this process was forked off from one that has connected or listened, and \
                       has not its threads: only another program (execve) can";
            Err(Failure::new(Code::System, why))
        }
    }
}

/// Has processes that are forked off from now on know it.
fn watch_forks() {
    static WATCHED: Once = Once::new();
    extern "C" fn child() {
        FORKED_OFF.store(true, Ordering::Relaxed);
    }
    WATCHED.call_once(|| {
        // SAFETY: a function that may run where signals are handled; the library stays loaded.
        unsafe { libc::pthread_atfork(None, None, Some(child)) };
    });
}

/// Does what may start the network thread, so that the thread does not end the process: a peer that
/// is gone would, by SIGPIPE, in a program that does not ignore it. A new thread has the signal
/// mask of who starts it.
pub(crate) fn with_network_thread<T>(start: impl FnOnce() -> T) -> T {
    watch_forks();
    let _blocked = Blocked::new();
    start()
}

/// SIGPIPE is blocked on this thread for as long as this lives.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Blocked {
        // SAFETY: all bytes zero is a set of signals, which `sigemptyset` then makes again; both
        // sets live through the calls.
        unsafe {
            let mut pipe: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut pipe);
            libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, &raw mut before);
            Blocked { before }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set that `pthread_sigmask` has filled.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.before,
                std::ptr::null_mut(),
            );
        }
    }
}
