//! The wake-up: a function of JavaScript that another thread may have called.
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::{Result, sys};

use super::async_context::outside_contexts;
use super::env::{Env, Value};
use super::function::Function;
use super::status::check;

/// The JavaScript thread's end of its wake-up call. While it lives, the process, or the worker
/// thread, stays alive to be woken (unless [`set_ref`](Wakeup::set_ref) says otherwise), and so
/// does the function that is called.
pub struct Wakeup {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    /// Null: there is none.
    hook: *mut Rc<dyn Fn()>,
}

/// The network thread's end.
///
/// One that is kept is valid as long as the [`Wakeup`] that it is of: its owner, the queue of
/// events, drops it before, in `silence`, under the lock under which it calls it.
pub struct Waker(sys::napi_threadsafe_function);

// SAFETY: to be called on other threads is what a thread-safe function is for, and `wake` does
// nothing else with it. To drop a `Waker` does nothing.
unsafe impl Send for Waker {}

impl Wakeup {
    /// Makes `wake` callable from other threads. When the JavaScript environment ends before the
    /// result is dropped, `cleanup` is called, which drops it. `resource` is the object that hooks
    /// of Node.js get for it; `hasRef`, which it may have, tells them what
    /// [`set_ref`](Self::set_ref) was told. JavaScript runs.
    pub fn new(
        env: &Env,
        wake: &Function,
        resource: Value<'_>,
        cleanup: Rc<dyn Fn()>,
    ) -> Result<Wakeup> {
        let wake = wake.value(env)?;
        // SAFETY: an `Env` is current, and so are the values.
        let function = unsafe { outside_contexts(env.0, || make_wakeup(env, wake, resource)) }?;
        let mut wakeup = Wakeup {
            env: env.0,
            function,
            hook: ptr::null_mut(),
        };
        // After the function: Node-API runs hooks in the opposite order of their adding, and a
        // thread-safe function ends in such a one. Nobody may call it then.
        let hook = Box::into_raw(Box::new(cleanup));
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

    /// Whether the process, or the worker thread, stays alive to be woken. At first it does.
    pub fn set_ref(&self, env: &Env, is_ref: bool) -> Result<()> {
        // SAFETY: an `Env` is current, and the function is valid until `self` is dropped.
        check(unsafe {
            match is_ref {
                true => sys::napi_ref_threadsafe_function(env.0, self.function),
                false => sys::napi_unref_threadsafe_function(env.0, self.function),
            }
        })
    }

    /// For the environment's queue of events to keep, or to be used at once.
    pub fn waker(&self) -> Waker {
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
            // on its thread (it holds pointers, so that the compiler keeps it there), and is
            // dropped in the hook at the latest, or by a caller of `Wakeup::new`. The hook is not
            // called any more, and has taken what it needs if it is what runs now; `hook` was made
            // of a box.
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
    let cleanup = Rc::clone(unsafe { &*hook.cast::<Rc<dyn Fn()>>() });
    let _ = catch_unwind(AssertUnwindSafe(|| cleanup()));
}

/// A thread-safe function that calls `wake`. It keeps the process alive.
fn make_wakeup(
    env: &Env,
    wake: Value<'_>,
    resource: Value<'_>,
) -> Result<sys::napi_threadsafe_function> {
    let name = env.latin1(b"arkws")?;
    let mut function = ptr::null_mut();
    // SAFETY: an `Env` and a `Value` are current; a resource that is no object is an error. Without
    // a callback of ours Node-API calls `wake` itself: it has nothing of ours that it could
    // outlive. One thread, the one that releases it, is counted as using it; the network thread is
    // kept away by the queue's lock.
    unsafe {
        check(sys::napi_create_threadsafe_function(
            env.0,
            wake.0,
            resource.0,
            name.0,
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
    pub fn wake(&self) {
        // SAFETY: the function is valid: the queue, which alone keeps a `Waker`, drops it in
        // `silence`, before the function is released, and holds a lock meanwhile without which it
        // does not call this; nobody else has one for longer than this call, on the thread that
        // releases it. The call waits for nothing, and runs no JavaScript. It can fail only when
        // the environment is going: then there is nobody left to wake.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}
