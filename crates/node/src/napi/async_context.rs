//! What must not belong to the code that happens to run.
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::{Result, sys};

use super::arguments::Arguments;
use super::status::check;

/// Calls `make` outside of all async contexts. What Node-API makes for later remembers the context
/// in which it was made, with everything that the program has put there (`AsyncLocalStorage`): what
/// serves the whole environment has none, and keeps nothing of it.
///
/// # Safety
/// `env` is current.
pub(super) unsafe fn outside_contexts<T>(
    env: sys::napi_env,
    make: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let mut make = Some(make);
    let mut made = None;
    let mut run = || made = make.take().map(|make| make());
    // SAFETY: as the caller promises.
    let called = unsafe { call_outside(env, &mut run) };
    match (made, make) {
        (Some(made), _) => made,
        // A runtime that cannot, and perhaps has no such contexts.
        (None, Some(make)) => make(),
        // It has panicked, on the way to here too.
        (None, None) => Err(called.err().unwrap_or_else(|| {
            napi::Error::from_reason("arkws: internal error (a panic; its message is on stderr)")
        })),
    }
}

/// # Safety
/// `env` is current.
unsafe fn call_outside(env: sys::napi_env, run: &mut dyn FnMut()) -> Result<()> {
    let mut run: Run<'_> = run;
    let (mut receiver, mut function) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `env` is current, and so are the values made here. `run` lives until the call has
    // returned, and nobody else gets to know the function. Without a context Node-API calls it in
    // none; its receiver stands for one, and is new.
    unsafe {
        check(sys::napi_create_object(env, &mut receiver))?;
        check(sys::napi_create_function(
            env,
            ptr::null(),
            0,
            Some(run_outside),
            (&raw mut run).cast(),
            &mut function,
        ))?;
        check(sys::napi_make_callback(
            env,
            ptr::null_mut(),
            receiver,
            function,
            0,
            ptr::null(),
            ptr::null_mut(),
        ))
    }
}

/// What [`run_outside`] gets a pointer to.
type Run<'a> = &'a mut dyn FnMut();

unsafe extern "C" fn run_outside(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: Node-API is calling us with both. The data is what `call_outside` gave the function,
    // which is still waiting for this call: nobody else calls it.
    unsafe {
        if let Ok((_, run)) = Arguments::of_call(env, info) {
            let run: *mut c_void = run;
            let run = &mut *run.cast::<Run<'_>>();
            let _ = catch_unwind(AssertUnwindSafe(run));
        }
    }
    ptr::null_mut()
}
