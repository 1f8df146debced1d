//! What outlives a call: functions of JavaScript, and the wake-up that other threads may call.
use std::cell::Cell;
use std::ptr;

use napi::{Error, Result, Status, sys};

use super::outside::outside_contexts;
use super::{Env, Value, check};

/// A JavaScript function that is kept as long as its environment.
pub(crate) struct Function {
    /// Null: [`release`](Self::release) was called.
    reference: Cell<sys::napi_ref>,
}

impl Function {
    /// # Safety
    /// Both are current.
    pub(super) unsafe fn new(env: sys::napi_env, function: sys::napi_value) -> Result<Function> {
        let mut reference = ptr::null_mut();
        // SAFETY: as the caller promises. A count of 1 keeps the function from being collected.
        check(unsafe { sys::napi_create_reference(env, function, 1, &mut reference) })?;
        Ok(Function {
            reference: Cell::new(reference),
        })
    }

    /// Calls it, and returns what it does. JavaScript runs.
    ///
    /// # Errors
    /// It has thrown: see [`Env::take_exception`]. Or no JavaScript can run any more.
    pub(crate) fn call(&self, Env(env): Env, arguments: &[Value]) -> Result<Value> {
        let (mut receiver, mut function) = (ptr::null_mut(), ptr::null_mut());
        let mut result = ptr::null_mut();
        // SAFETY: an `Env` and a `Value` are current, and the latter is a `napi_value`
        // (`repr(transparent)`). The reference is one that nobody has deleted, or null, for which
        // Node-API returns an error: so says its field. What the called JavaScript does, `release`
        // among it, comes after the last use of it.
        unsafe {
            check(sys::napi_get_undefined(env, &mut receiver))?;
            check(sys::napi_get_reference_value(
                env,
                self.reference.get(),
                &mut function,
            ))?;
            check(sys::napi_call_function(
                env,
                receiver,
                function,
                arguments.len(),
                arguments.as_ptr().cast(),
                &mut result,
            ))?;
        }
        Ok(Value(result))
    }

    /// The environment ends: the function is not called any more. (Node.js 20 does not free
    /// references that nobody deletes.)
    pub(crate) fn release(&self, Env(env): Env) {
        let reference = self.reference.replace(ptr::null_mut());
        if !reference.is_null() {
            // SAFETY: an `Env` is current, also in a clean-up hook. This was the only copy of the
            // reference.
            unsafe { sys::napi_delete_reference(env, reference) };
        }
    }
}

/// The JavaScript thread's end of its wake-up call.
pub(crate) struct Wakeup {
    env: sys::napi_env,
    /// Null: [`release`](Self::release) was called.
    function: Cell<sys::napi_threadsafe_function>,
}

/// The network thread's end.
///
/// One that is kept is valid until [`Wakeup::release`] of the same environment: its owner, the
/// [`Queue`], drops it before, in [`close`], under the lock under which it calls it.
///
/// [`Queue`]: crate::queue::Queue
/// [`close`]: crate::queue::Queue::close
pub(crate) struct Waker(sys::napi_threadsafe_function);

// SAFETY: to be called on other threads is what a thread-safe function is for, and `wake` does
// nothing else with it. To drop a `Waker` does nothing.
unsafe impl Send for Waker {}

impl Wakeup {
    /// Makes `wake` callable from other threads. It does not keep the process alive yet.
    ///
    /// # Safety
    /// Both are current.
    pub(super) unsafe fn new(env: sys::napi_env, wake: sys::napi_value) -> Result<Wakeup> {
        // SAFETY: as the caller promises, of both.
        let function = unsafe { outside_contexts(env, || make_wakeup(env, wake)) }?;
        Ok(Wakeup {
            env,
            function: Cell::new(function),
        })
    }

    /// The environment, for its clean-up hook, in which it is current.
    pub(crate) fn env(&self) -> Env {
        Env(self.env)
    }

    /// For the environment's [`Queue`](crate::queue::Queue), and for nobody else.
    pub(crate) fn waker(&self) -> Waker {
        Waker(self.function.get())
    }

    /// Wakes this thread once more, as a [`Waker`] would.
    pub(crate) fn wake(&self) {
        let function = self.function.get();
        if !function.is_null() {
            Waker(function).wake();
        }
    }

    /// Whether the process, or the worker thread, stays alive to be woken.
    pub(crate) fn keep_alive(&self, yes: bool) -> Result<()> {
        let function = self.function.get();
        if function.is_null() {
            return Err(Error::new(
                Status::Closing,
                "arkws: the environment has ended",
            ));
        }
        // SAFETY: a `Wakeup` is on its environment's thread (it holds pointers, so that the
        // compiler keeps it there), and the function has not been released.
        check(unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(self.env, function)
            } else {
                sys::napi_unref_threadsafe_function(self.env, function)
            }
        })
    }

    /// Gives the function up; no [`Waker`] is left.
    pub(crate) fn release(&self) {
        let function = self.function.replace(ptr::null_mut());
        if !function.is_null() {
            // SAFETY: the function was made by `new`, and is released once. The environment's
            // clean-up hook does so, before Node-API's own ends the function, and after
            // `Queue::close`.
            unsafe {
                sys::napi_release_threadsafe_function(
                    function,
                    sys::ThreadsafeFunctionReleaseMode::abort,
                );
            }
        }
    }
}

/// A thread-safe function that calls `wake`. It does not keep the process alive.
///
/// # Safety
/// Both are current.
unsafe fn make_wakeup(
    env: sys::napi_env,
    wake: sys::napi_value,
) -> Result<sys::napi_threadsafe_function> {
    let Value(name) = Env(env).latin1(b"arkws")?;
    let mut function = ptr::null_mut();
    // SAFETY: as the caller promises; `name` was made just now. Without a callback of ours
    // Node-API calls `wake` itself: it has nothing of ours that it could outlive. One thread,
    // the one that releases it, is counted as using it; the network thread is kept away by the
    // queue's lock.
    unsafe {
        check(sys::napi_create_threadsafe_function(
            env,
            wake,
            ptr::null_mut(),
            name,
            0,
            1,
            ptr::null_mut(),
            None,
            ptr::null_mut(),
            None,
            &mut function,
        ))?;
        check(sys::napi_unref_threadsafe_function(env, function))?;
    }
    Ok(function)
}

impl Waker {
    pub(crate) fn wake(&self) {
        // SAFETY: the function is valid: the queue, which alone keeps a `Waker`, drops it in
        // `close`, before the function is released, and holds a lock meanwhile without which it
        // does not call this; `Wakeup::wake` has seen that it has not been released, by this very
        // thread. The call waits for nothing, and runs no JavaScript. It can fail only when the
        // environment is going: then there is nobody left to wake.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}
