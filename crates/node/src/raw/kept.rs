//! What outlives a call: functions of JavaScript, and the wake-up that other threads may call.
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::{Error, Result, Status, sys};

use super::outside::outside_contexts;
use super::{Env, Value, check};

/// A JavaScript function that somebody else keeps: see `start`.
pub(crate) struct Function {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Function {
    /// # Safety
    /// Both are current.
    pub(super) unsafe fn new(env: sys::napi_env, function: sys::napi_value) -> Result<Function> {
        let mut reference = ptr::null_mut();
        // SAFETY: as the caller promises. A count of 0 does not keep the function from being
        // collected.
        check(unsafe { sys::napi_create_reference(env, function, 0, &mut reference) })?;
        Ok(Function { env, reference })
    }

    /// The function itself.
    ///
    /// # Errors
    /// It has been collected.
    fn value(&self, Env(env): Env) -> Result<Value> {
        let mut function = ptr::null_mut();
        // SAFETY: an `Env` is current. The reference is deleted when `self` is dropped.
        check(unsafe { sys::napi_get_reference_value(env, self.reference, &mut function) })?;
        if function.is_null() {
            let why = "arkws: the functions that `start` was given are gone";
            return Err(Error::new(Status::GenericFailure, why));
        }
        Ok(Value(function))
    }

    /// Calls it, and returns what it does. JavaScript runs.
    ///
    /// # Errors
    /// It has thrown: see [`Env::take_exception`]. Or no JavaScript can run any more.
    pub(crate) fn call(&self, env: Env, arguments: &[Value]) -> Result<Value> {
        let Value(function) = self.value(env)?;
        let (mut receiver, mut result) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: an `Env` and a `Value` are current, and the latter is a `napi_value`
        // (`repr(transparent)`).
        unsafe {
            check(sys::napi_get_undefined(env.0, &mut receiver))?;
            check(sys::napi_call_function(
                env.0,
                receiver,
                function,
                arguments.len(),
                arguments.as_ptr().cast(),
                &mut result,
            ))?;
        }
        Ok(Value(result))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // SAFETY: a `Function` is on its environment's thread (it holds pointers, so that the
        // compiler keeps it there), and it belongs to an `Environment`, which ends in a call or a
        // finalizer, where the `napi_env` is valid. This is the only copy of the reference.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

/// The JavaScript thread's end of its wake-up call. While it lives, the process, or the worker
/// thread, stays alive to be woken, and so does the function that is called.
pub(crate) struct Wakeup {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    /// Null: there is none.
    hook: *mut Rc<dyn Fn()>,
}

/// The network thread's end.
///
/// One that is kept is valid as long as the [`Wakeup`] that it is of: its owner, the [`Queue`],
/// drops it before, in [`silence`], under the lock under which it calls it.
///
/// [`Queue`]: crate::queue::Queue
/// [`silence`]: crate::queue::Queue::silence
pub(crate) struct Waker(sys::napi_threadsafe_function);

// SAFETY: to be called on other threads is what a thread-safe function is for, and `wake` does
// nothing else with it. To drop a `Waker` does nothing.
unsafe impl Send for Waker {}

impl Wakeup {
    /// Makes `wake` callable from other threads. When the JavaScript environment ends before the
    /// result is dropped, `at_end` is called, which drops it. JavaScript runs.
    pub(crate) fn new(env: Env, wake: &Function, at_end: Rc<dyn Fn()>) -> Result<Wakeup> {
        let Value(wake) = wake.value(env)?;
        // SAFETY: an `Env` is current, and the value was made just now.
        let function = unsafe { outside_contexts(env.0, || make_wakeup(env.0, wake)) }?;
        let mut wakeup = Wakeup {
            env: env.0,
            function,
            hook: ptr::null_mut(),
        };
        // After the function: Node-API runs hooks in the opposite order of their adding, and a
        // thread-safe function ends in such a one. Nobody may call it then.
        let hook = Box::into_raw(Box::new(at_end));
        // SAFETY: an `Env` is current. `end_environment` may be called until `wakeup` removes it,
        // which frees `hook` then.
        let added = check(unsafe {
            sys::napi_add_env_cleanup_hook(env.0, Some(end_environment), hook.cast())
        });
        match added {
            Ok(()) => wakeup.hook = hook,
            // SAFETY: it was made of a box above, and nobody else has it.
            Err(_) => drop(unsafe { Box::from_raw(hook) }),
        }
        added.map(|()| wakeup)
    }

    /// For the environment's [`Queue`](crate::queue::Queue) to keep, or to be used at once.
    pub(crate) fn waker(&self) -> Waker {
        Waker(self.function)
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        let Wakeup {
            env,
            function,
            hook,
        } = *self;
        if !hook.is_null() {
            // SAFETY: `new` has added the hook, of an environment that has not ended: a `Wakeup` is
            // on its thread (it holds pointers, so that the compiler keeps it there), and is dropped
            // in the hook at the latest, or by a caller of `Wakeup::new`. The hook is not called any
            // more, and has taken what it needs if it is what runs now; `hook` was made of a box.
            unsafe {
                sys::napi_remove_env_cleanup_hook(env, Some(end_environment), hook.cast());
                drop(Box::from_raw(hook));
            }
        }
        // SAFETY: the function was made by `new`, and is released once, before Node-API's own hook
        // ends it. No `Waker` of it is left.
        unsafe {
            sys::napi_release_threadsafe_function(
                function,
                sys::ThreadsafeFunctionReleaseMode::abort,
            );
        }
    }
}

unsafe extern "C" fn end_environment(hook: *mut c_void) {
    // SAFETY: `Wakeup::new` has added this with a box that the `Wakeup` frees when it has removed
    // it. That happens in this call: nothing of the box is used then.
    let at_end = Rc::clone(unsafe { &*hook.cast::<Rc<dyn Fn()>>() });
    let _ = catch_unwind(AssertUnwindSafe(|| at_end()));
}

/// A thread-safe function that calls `wake`. It keeps the process alive.
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
    }
    Ok(function)
}

impl Waker {
    pub(crate) fn wake(&self) {
        // SAFETY: the function is valid: the queue, which alone keeps a `Waker`, drops it in
        // `silence`, before the function is released, and holds a lock meanwhile without which it
        // does not call this; nobody else has one for longer than this call, on the thread that
        // releases it. The call waits for nothing, and runs no JavaScript. It can fail only when the
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
