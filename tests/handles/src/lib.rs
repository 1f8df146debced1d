//! No value of JavaScript outlives the scope that keeps it: the compiler refuses code that tries.
//!
//! A value is used while its scope is open, or its call lasts:
//!
//! ```no_run
//! use arkws_handles::napi::{Env, Scope, Value};
//!
//! fn within(env: &mut Env) -> napi::Result<bool> {
//!     let scope = Scope::open(env)?;
//!     let value = scope.env().undefined()?;
//!     scope.env().is_true(value)
//! }
//!
//! fn of_call(env: &Env) -> napi::Result<Value<'_>> {
//!     env.undefined()
//! }
//! ```
//!
//! It does not leave the scope:
//!
//! ```compile_fail,E0515
//! use arkws_handles::napi::{Env, Scope, Value};
//!
//! fn beyond(env: &mut Env) -> napi::Result<Value<'_>> {
//!     let scope = Scope::open(env)?;
//!     scope.env().undefined()
//! }
//! ```
//!
//! nor is it used when that has been closed:
//!
//! ```compile_fail,E0505
//! use arkws_handles::napi::{Env, Scope};
//!
//! fn after(env: &mut Env) -> napi::Result<bool> {
//!     let scope = Scope::open(env)?;
//!     let value = scope.env().undefined()?;
//!     drop(scope);
//!     env.is_true(value)
//! }
//! ```
//!
//! None is made past a scope that is open, which would keep it for a shorter time than it seems:
//!
//! ```compile_fail,E0502
//! use arkws_handles::napi::{Env, Scope, Value};
//!
//! fn past(env: &mut Env) -> napi::Result<()> {
//!     let scope = Scope::open(env)?;
//!     let value = env.undefined()?;
//!     drop(scope);
//!     env.is_true(value).map(drop)
//! }
//! ```
//!
//! And nothing keeps it, the environment or an argument, beyond the call:
//!
//! ```compile_fail,E0521
//! use std::cell::Cell;
//!
//! use arkws_handles::napi::{Env, Value};
//!
//! thread_local! {
//!     static KEPT: Cell<Option<Value<'static>>> = const { Cell::new(None) };
//! }
//!
//! fn keep(env: &Env) -> napi::Result<()> {
//!     KEPT.set(Some(env.undefined()?));
//!     Ok(())
//! }
//! ```
//!
//! ```compile_fail,E0521
//! use std::cell::Cell;
//!
//! use arkws_handles::napi::Arguments;
//! use napi::bindgen_prelude::Object;
//!
//! thread_local! {
//!     static KEPT: Cell<Option<Object<'static>>> = const { Cell::new(None) };
//! }
//!
//! fn keep(arguments: &Arguments) -> napi::Result<()> {
//!     KEPT.set(Some(arguments.object(1)?));
//!     Ok(())
//! }
//! ```
//!
//! What is got of an argument for good is no value of JavaScript, or of napi's with any lifetime,
//! alone or in another type:
//!
//! ```no_run
//! use arkws_handles::napi::Arguments;
//!
//! fn number(arguments: &Arguments) -> napi::Result<Option<f64>> {
//!     arguments.get(1)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use arkws_handles::napi::Arguments;
//! use napi::bindgen_prelude::Object;
//!
//! fn object(arguments: &Arguments) -> napi::Result<Object<'static>> {
//!     arguments.get(1)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use arkws_handles::napi::Arguments;
//! use napi::bindgen_prelude::Unknown;
//!
//! fn unknown(arguments: &Arguments) -> napi::Result<Option<Unknown<'static>>> {
//!     arguments.get(1)
//! }
//! ```

#[path = "../../../crates/node/src/napi/mod.rs"]
pub mod napi;
