//! What all objects of the process share.
use std::sync::{LazyLock, OnceLock};

use arkws_netstack::{ApiLevel, Context, Network, log_to_stderr};

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

/// Does what may start the network thread, so that the thread does not end the process: a peer that
/// is gone would, by SIGPIPE, in a program that does not ignore it. A new thread has the signal
/// mask of who starts it.
pub(crate) fn without_sigpipe<T>(start: impl FnOnce() -> T) -> T {
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
