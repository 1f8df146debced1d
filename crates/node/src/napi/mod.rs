//! Raw N-API: functions that JavaScript calls, and the few conversions that every message passes
//! through. It knows nothing of arkws.
//!
//! napi-rs converts what is rare of a call's arguments; of messages its conversions would cost
//! several times what the work itself does.
//!
//! | file | what |
//! |---|---|
//! | `callee` | functions of ours that JavaScript calls |
//! | `arguments` | what a call brings: its arguments, texts and buffers |
//! | `env` | what messages are made into for JavaScript, and its exceptions |
//! | `convert` | what else is made for it: objects, arrays |
//! | `scope` | how long that is kept, outside of a call |
//! | `function` | functions of JavaScript that outlive a call |
//! | `wakeup` | one that other threads may have called |
//! | `macrotask` | a call after a turn of the event loop |
//! | `async_context` | how what the environment keeps is made, in no call's context |
//! | `exit` | what is done when the process ends |
//! | `status` | what Node-API returns |
//!
//! # Safety
//! All `unsafe` of this crate is here, in `text::utf16`, in one line each of `module` and
//! `descriptor`, and, for OpenHarmony, in `ark`: the compiler refuses it elsewhere. It rests on
//! these:
//!
//! - **An [`Env`] is current.** One is made where Node-API calls us, of the `napi_env` that it
//!   calls with: always on the environment's thread, while that call lasts. It holds a pointer, so
//!   that the compiler keeps it on its thread, and others have it lent, so that it keeps them from
//!   storing it.
//! - **A [`Value`] is current** until the call returns, or the [`Scope`] closes in which it was
//!   made: it borrows from what lends it. (`tests/handles` shows that the compiler refuses one that
//!   outlives that.) So is an object that is an argument. Values cannot come from another
//!   environment: its objects are of another isolate.
//! - **An exception that is pending, or an environment that is being terminated, needs no care.**
//!   What runs JavaScript then returns an error instead, which `check` makes a `Result` of, and
//!   writes no result; what does not run JavaScript works as ever.
//! - **JavaScript runs** in [`Function::call`], [`Env::uncaught`], in [`Env::array`],
//!   [`Arguments::get`] of arrays and what is read of an [`Arguments::object`] (accessors), in
//!   [`Wakeup::new`] (`async_hooks`), and when an error of ours becomes an exception; nowhere else.
//!   It may call any function of this module. So across these nothing of the environment's cells
//!   or locks is borrowed, nor memory that JavaScript owns.
mod arguments;
mod async_context;
mod callee;
mod convert;
mod env;
#[cfg(unix)]
mod exit;
mod function;
mod macrotask;
mod scope;
mod status;
mod wakeup;

pub use arguments::Arguments;
pub use callee::{Callee, export};
pub use convert::Content;
pub use env::{Env, Value};
#[cfg(unix)]
pub use exit::at_exit;
pub use function::Function;
pub use scope::Scope;
pub use wakeup::Wakeup;
