//! How long values are kept that are made outside of a call from JavaScript.
use std::ptr;

use napi::{Result, sys};

use super::env::Env;
use super::status::check;

/// While it lives, values that are made by its [`env`](Self::env) are kept; then they may be
/// collected. None is made by the environment that it was opened in meanwhile.
pub struct Scope<'e> {
    env: &'e mut Env,
    scope: sys::napi_handle_scope,
}

impl<'e> Scope<'e> {
    /// A scope in the environment, or in the scope that `env` is of.
    ///
    /// # Errors
    /// Node-API has no memory for it.
    pub fn open(env: &'e mut Env) -> Result<Scope<'e>> {
        let mut scope = ptr::null_mut();
        // SAFETY: an `Env` is current.
        check(unsafe { sys::napi_open_handle_scope(env.0, &mut scope) })?;
        Ok(Scope { env, scope })
    }

    /// By which values are made in it.
    pub fn env(&self) -> &Env {
        self.env
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        // SAFETY: the scope was opened by `open` and is closed once, within the call of Node-API in
        // which it was opened, which lends the `Env`; and in the opposite order of the opening: it
        // keeps the `Env` to itself, and a call of ours inside a listener of JavaScript opens and
        // closes its own meanwhile. No value of it is left, since they borrow from it. A pending
        // exception does not matter.
        unsafe { sys::napi_close_handle_scope(self.env.0, self.scope) };
    }
}
