//! What all objects of the process share.
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once, OnceLock};

use arkws_netstack::{ApiLevel, Context, Network, log_to_stderr};

use crate::code::Code;
use crate::failure::Failure;

/// The surroundings of every client and server: the newest API level, everything allowed.
pub(crate) fn context() -> Context {
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
        {
            // The end of a pipe that nobody reads may be standard error.
            let _blocked = Blocked::new();
            log_to_stderr();
        }
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

/// Signals that are a fault of the thread that has them, or its profiler's. Blocked, a fault would
/// end the process before its handler.
const OF_THE_THREAD: [c_int; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGPROF,
];

/// All other signals are blocked on this thread for as long as this lives, and on a thread that it
/// starts meanwhile for ever: the program's handlers run on the program's threads. A SIGPIPE that
/// the library has caused is dropped.
struct Blocked {
    before: libc::sigset_t,
    /// Somebody else's.
    sigpipe_was_pending: bool,
}

impl Blocked {
    fn new() -> Blocked {
        let sigpipe_was_pending = is_pending(libc::SIGPIPE);
        // SAFETY: all bytes zero is a set of signals, which `sigfillset` then makes again; both
        // sets live through the calls.
        let before = unsafe {
            let mut blocked: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut blocked);
            for signal in OF_THE_THREAD {
                libc::sigdelset(&raw mut blocked, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const blocked, &raw mut before);
            before
        };
        Blocked {
            before,
            sigpipe_was_pending,
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if !self.sigpipe_was_pending && is_pending(libc::SIGPIPE) {
            // SAFETY: a set as in `new`; the signal is blocked, and it waits.
            unsafe {
                let mut pipe: libc::sigset_t = std::mem::zeroed();
                let mut taken: c_int = 0;
                libc::sigemptyset(&raw mut pipe);
                libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
                libc::sigwait(&raw const pipe, &raw mut taken);
            }
        }
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

/// Whether a signal waits for this thread, or for any of the process.
fn is_pending(signal: c_int) -> bool {
    // SAFETY: a set as in `Blocked::new`, which lives through the calls.
    unsafe {
        let mut pending: libc::sigset_t = std::mem::zeroed();
        libc::sigpending(&raw mut pending) == 0
            && libc::sigismember(&raw const pending, signal) == 1
    }
}
