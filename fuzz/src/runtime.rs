//! Time that goes by at once.
use tokio::runtime::{Builder, Runtime};

/// A thread of one's own, whose clock jumps to the next thing that waits for it.
pub(crate) fn paused() -> Runtime {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("one that has no sockets")
}
