//! Whether the callbacks of an object may run: not any more once it is destroyed.
use std::cell::Cell;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

thread_local! {
    /// How many callbacks this thread is inside.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is inside a callback of any object.
pub(crate) fn inside_callback() -> bool {
    DEPTH.get() > 0
}

/// The way of an object's callbacks, one at a time.
#[derive(Debug, Default)]
pub(crate) struct CallbackGate {
    state: Mutex<GateState>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    running: bool,
}

impl CallbackGate {
    /// Runs a callback, unless the gate is closed.
    pub(crate) fn run(&self, callback: impl FnOnce()) {
        {
            let mut state = self.lock();
            if state.closed {
                return;
            }
            state.running = true;
        }
        let _inside = Inside::new(self);
        callback();
    }

    /// Lets no callback pass any more. Waits for the one that runs, but not inside a callback: two
    /// that wait for each other would wait for ever.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if inside_callback() {
            return;
        }
        while state.running {
            state = self
                .left
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A callback runs for as long as this lives.
struct Inside<'a>(&'a CallbackGate);

impl<'a> Inside<'a> {
    fn new(gate: &'a CallbackGate) -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Inside(gate)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        self.0.lock().running = false;
        self.0.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn closing_waits_for_the_callback_that_runs_and_none_runs_after() {
        let gate = Arc::new(CallbackGate::default());
        let done = Arc::new(AtomicBool::new(false));
        let (entered, has_entered) = mpsc::channel();
        let (leave, may_leave) = mpsc::channel::<()>();
        let callback = {
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            std::thread::spawn(move || {
                gate.run(|| {
                    entered.send(()).unwrap();
                    may_leave.recv().unwrap();
                    done.store(true, Ordering::SeqCst);
                });
            })
        };
        has_entered.recv().unwrap();
        let closing = {
            let (gate, done) = (Arc::clone(&gate), Arc::clone(&done));
            std::thread::spawn(move || {
                gate.close();
                done.load(Ordering::SeqCst)
            })
        };
        leave.send(()).unwrap();
        assert!(closing.join().unwrap());
        callback.join().unwrap();
        gate.run(|| panic!("it is closed"));
    }

    #[test]
    fn closing_from_inside_a_callback_does_not_wait() {
        let (one, other) = (CallbackGate::default(), CallbackGate::default());
        one.run(|| {
            other.run(|| {
                one.close();
                other.close();
                assert!(inside_callback());
            });
        });
        assert!(!inside_callback());
    }
}
