//! Raw N-API: the module's functions, and the few conversions that every message passes through.
//!
//! napi-rs converts everything else; here its conversions would cost several times what the work itself does. All
//! `unsafe` of this crate is in this file, but for the vector instructions of [`utf16`]. It rests on one fact: an [`Env`] and a
//! [`Value`] exist only while Node-API calls into this module, on the environment's thread.
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use arkws_netstack::{MAX_SEND, RuntimeLimits};
use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi::{Error, JsError, Result, Status, sys};

use crate::FUNCTIONS;
use crate::environment::Environment;
use crate::utf16::{self, UTF8_PER_UNIT};

/// More arguments than any function of this module takes.
const MAX_ARGUMENTS: usize = 6;

/// Text of so many UTF-16 units is read with one call, into a buffer that is kept; longer text into one of its own.
const USUAL_TEXT: usize = 4096;

/// A string argument of Node-API ends with a zero.
const AUTO_LENGTH: isize = -1;

/// A JavaScript environment as Node-API knows it.
#[derive(Clone, Copy)]
pub(crate) struct Env(sys::napi_env);

/// A value of JavaScript; lives as long as the call or [`Scope`] in which it was made.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Value(sys::napi_value);

fn check(status: sys::napi_status) -> Result<()> {
    match status {
        sys::Status::napi_ok => Ok(()),
        status => {
            let status = Status::from(status);
            Err(Error::new(status, format!("arkws: Node-API says {status}")))
        }
    }
}

// ---- The module and its functions ----

/// A function of the module.
pub(crate) type Entry = fn(&Call<'_>) -> Result<Value>;

/// One call from JavaScript.
pub(crate) struct Call<'a> {
    pub(crate) env: Env,
    pub(crate) environment: &'a Environment,
    arguments: [sys::napi_value; MAX_ARGUMENTS],
}

/// What one call of `start` made.
struct Instance {
    environment: Environment,
    functions: Vec<Bound>,
}

/// What a JavaScript function of this module carries with it.
struct Bound {
    environment: *const Environment,
    entry: Entry,
}

/// All instances of one environment. Usually one; a test runner that loads our JavaScript afresh for each test makes more.
#[derive(Default)]
struct Instances(RefCell<Vec<*mut Instance>>);

impl Drop for Instances {
    fn drop(&mut self) {
        for instance in self.0.take() {
            // SAFETY: `start` made it of a box and gave it to this list alone.
            drop(unsafe { Box::from_raw(instance) });
        }
    }
}

/// Puts `start(wake, deliver, makeBuffer, maxTextUnits, maxBinaryBytes)` into the module's exports.
/// It returns an object with the [`FUNCTIONS`]: `wake()` will be called when events lie ready,
/// `deliver(...)` with what they are, see [`crate::delivery`]; `makeBuffer(n)` makes an ArrayBuffer
/// of `n` bytes, or returns undefined. The numbers are the largest strings and buffers of the
/// runtime, undefined if it tells none.
pub(crate) fn export_start(env: sys::napi_env, exports: sys::napi_value) -> Result<()> {
    let instances = Box::into_raw(Box::<Instances>::default());
    let mut start = ptr::null_mut();
    // SAFETY: Node-API is calling us with `env` and `exports`. It passes `instances` to `free_instances` once, when no
    // JavaScript can run in the environment any more.
    unsafe {
        check(sys::napi_set_instance_data(
            env,
            instances.cast(),
            Some(free_instances),
            ptr::null_mut(),
        ))?;
        check(sys::napi_create_function(
            env,
            c"start".as_ptr(),
            AUTO_LENGTH,
            Some(enter_start),
            ptr::null_mut(),
            &mut start,
        ))?;
        check(sys::napi_set_named_property(
            env,
            exports,
            c"start".as_ptr(),
            start,
        ))
    }
}

unsafe extern "C" fn free_instances(_: sys::napi_env, instances: *mut c_void, _: *mut c_void) {
    // SAFETY: this is what `export_start` made of a box; Node-API calls this once.
    let instances = unsafe { Box::from_raw(instances.cast::<Instances>()) };
    let _ = catch_unwind(AssertUnwindSafe(|| drop(instances)));
}

unsafe extern "C" fn enter_start(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    guard(env, || start(env, info))
}

fn start(env: sys::napi_env, info: sys::napi_callback_info) -> Result<Value> {
    let (arguments, _) = arguments(env, info)?;
    let wakeup = Wakeup::new(env, arguments[0])?;
    let deliver = Function::new(env, arguments[1])?;
    let make_buffer = Function::new(env, arguments[2])?;
    let limits = RuntimeLimits {
        max_text_units: largest(env, arguments[3])?,
        max_binary_bytes: largest(env, arguments[4])?,
    };
    let instance = Box::into_raw(Box::new(Instance {
        environment: Environment::new(wakeup, deliver, make_buffer, limits),
        functions: Vec::with_capacity(FUNCTIONS.len()),
    }));
    let (mut instances, mut exports) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: `env` is current. The functions and the hook point into `instance`, which lives until `free_instances`, after the
    // last call of either; its list of functions does not grow again. The hook is added after the thread-safe
    // function was made, which is why it runs first: until then that function is valid.
    unsafe {
        check(sys::napi_get_instance_data(env, &mut instances))?;
        (*instances.cast::<Instances>())
            .0
            .borrow_mut()
            .push(instance);
        let environment = &raw const (*instance).environment;
        (*instance)
            .functions
            .extend(FUNCTIONS.iter().map(|(_, entry)| Bound {
                environment,
                entry: *entry,
            }));

        check(sys::napi_create_object(env, &mut exports))?;
        for (index, (name, _)) in FUNCTIONS.iter().enumerate() {
            let bound = (*instance).functions.as_mut_ptr().add(index);
            let mut function = ptr::null_mut();
            check(sys::napi_create_function(
                env,
                name.as_ptr(),
                AUTO_LENGTH,
                Some(enter),
                bound.cast(),
                &mut function,
            ))?;
            check(sys::napi_set_named_property(
                env,
                exports,
                name.as_ptr(),
                function,
            ))?;
        }
        check(sys::napi_add_env_cleanup_hook(
            env,
            Some(close_environment),
            environment.cast_mut().cast(),
        ))?;
    }
    Ok(Value(exports))
}

/// A size that JavaScript knows, or any if it knows none.
fn largest(env: sys::napi_env, value: sys::napi_value) -> Result<usize> {
    // SAFETY: `start` is being called with both.
    let size = unsafe { Option::<f64>::from_napi_value(env, value) }?;
    Ok(size.map_or(usize::MAX, |size| size as usize))
}

unsafe extern "C" fn close_environment(environment: *mut c_void) {
    // SAFETY: as `start` says.
    let environment = unsafe { &*environment.cast::<Environment>() };
    let _ = catch_unwind(AssertUnwindSafe(|| environment.close()));
}

/// Every call of every function but `start`.
unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    guard(env, || {
        let (arguments, bound) = arguments(env, info)?;
        // SAFETY: `start` gave every function its `Bound`, and both are there for as long as the function can be called.
        let (environment, entry) = unsafe {
            let bound = &*bound.cast::<Bound>();
            (&*bound.environment, bound.entry)
        };
        entry(&Call {
            env: Env(env),
            environment,
            arguments,
        })
    })
}

fn arguments(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> Result<([sys::napi_value; MAX_ARGUMENTS], *mut c_void)> {
    let mut arguments = [ptr::null_mut(); MAX_ARGUMENTS];
    let mut count = MAX_ARGUMENTS;
    let mut data = ptr::null_mut();
    // SAFETY: both come from the call that is going on; Node-API writes at most `count` values, `undefined` for missing ones.
    check(unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &mut data,
        )
    })?;
    Ok((arguments, data))
}

/// Neither a panic nor an error crosses into JavaScript but as an exception.
fn guard(env: sys::napi_env, body: impl FnOnce() -> Result<Value>) -> sys::napi_value {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(Value(value))) => return value,
        Ok(Err(error)) => error,
        Err(_) => Error::new(
            Status::GenericFailure,
            "arkws: internal error (a panic; its message is on stderr)",
        ),
    };
    // SAFETY: Node-API is calling us with `env`. An exception that is pending already stays.
    unsafe { JsError::from(error).throw_into(env) };
    ptr::null_mut()
}

impl Call<'_> {
    /// Argument `index`, converted by napi-rs.
    pub(crate) fn get<T: FromNapiValue>(&self, index: usize) -> Result<T> {
        // SAFETY: the argument belongs to the call that is going on.
        unsafe { T::from_napi_value(self.env.0, self.arguments[index]) }
    }

    /// A number argument that is an object's, or a request's.
    pub(crate) fn number(&self, index: usize) -> Result<u64> {
        let mut number = 0;
        // SAFETY: the argument belongs to the call that is going on.
        check(unsafe {
            sys::napi_get_value_int64(self.env.0, self.arguments[index], &mut number)
        })?;
        // Nothing has a number below zero, or so large a one.
        Ok(number.cast_unsigned())
    }

    /// Argument `index` as it is.
    pub(crate) fn value(&self, index: usize) -> Value {
        Value(self.arguments[index])
    }

    /// Calls `with` with a string argument. A lone surrogate becomes U+FFFD; U+0000 is a character like
    /// any other. `None`: it is longer than a message may be, and was not converted.
    ///
    /// JavaScript must not run inside `with`.
    pub(crate) fn text<T>(
        &self,
        index: usize,
        with: impl FnOnce(Cow<'_, str>) -> T,
    ) -> Result<Option<T>> {
        let TextBuffer { units, utf8 } = &mut *self.environment.text.borrow_mut();
        units.resize(USUAL_TEXT, 0);
        let length = self.read_text(index, units)?;
        if length + 1 < USUAL_TEXT {
            utf8.resize(UTF8_PER_UNIT * USUAL_TEXT, 0);
            let text = utf16::to_utf8(&units[..length], utf8);
            return Ok(Some(with(Cow::Borrowed(text))));
        }
        // Full to the terminating zero: there may be more.
        let length = self.text_length(index)?;
        if length > MAX_SEND {
            return Ok(None);
        }
        let mut units = vec![0; length + 1];
        let length = self.read_text(index, &mut units)?;
        Ok(Some(with(Cow::Owned(to_utf8(&units[..length])))))
    }

    /// A string argument; see [`text`](Self::text).
    pub(crate) fn string(&self, index: usize) -> Result<Option<String>> {
        self.text(index, |text| text.into_owned())
    }

    fn read_text(&self, index: usize, into: &mut [u16]) -> Result<usize> {
        let mut length = 0;
        // SAFETY: Node-API writes at most `into.len()` units.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env.0,
                self.arguments[index],
                into.as_mut_ptr(),
                into.len(),
                &mut length,
            )
        })?;
        Ok(length)
    }

    /// Units of a string argument.
    pub(crate) fn text_length(&self, index: usize) -> Result<usize> {
        let mut length = 0;
        // SAFETY: without a buffer Node-API only counts.
        check(unsafe {
            sys::napi_get_value_string_utf16(
                self.env.0,
                self.arguments[index],
                ptr::null_mut(),
                0,
                &mut length,
            )
        })?;
        Ok(length)
    }

    /// Calls `with` with the bytes of an ArrayBuffer argument; `None`: it is something else, or detached.
    ///
    /// JavaScript must not run inside `with`.
    pub(crate) fn array_buffer<T>(
        &self,
        index: usize,
        with: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>> {
        let (env, value) = (self.env.0, self.arguments[index]);
        let mut is = false;
        let (mut data, mut length) = (ptr::null_mut(), 0);
        // SAFETY: the argument belongs to the call that is going on. An empty buffer may have a null pointer.
        unsafe {
            // Some versions of Node.js give the bytes of a SharedArrayBuffer as well, which other threads may change.
            check(sys::napi_is_arraybuffer(env, value, &mut is))?;
            if !is {
                return Ok(None);
            }
            check(sys::napi_get_arraybuffer_info(
                env,
                value,
                &mut data,
                &mut length,
            ))?;
        }
        if length > 0 {
            // SAFETY: the buffer is not given up while no JavaScript runs. Who else may write to it is the
            // program's business: JavaScript of this thread does not run now, and another thread (one of
            // libuv's that reads a file into it, say) would do so for an operation that the program started
            // and did not wait for; the bytes are then one or the other, and are only copied here.
            return Ok(Some(with(unsafe {
                std::slice::from_raw_parts(data.cast::<u8>(), length)
            })));
        }
        let mut detached = false;
        // SAFETY: as above.
        check(unsafe { sys::napi_is_detached_arraybuffer(env, value, &mut detached) })?;
        Ok((!detached).then(|| with(&[])))
    }
}

/// Memory that texts pass through.
#[derive(Default)]
pub(crate) struct TextBuffer {
    units: Vec<u16>,
    /// As long as the UTF-8 of all units may become.
    utf8: Vec<u8>,
}

/// Long text, in memory of its own.
fn to_utf8(units: &[u16]) -> String {
    if units.iter().fold(0, |all, unit| all | unit) < 0x80 {
        let ascii = units.iter().map(|unit| *unit as u8).collect();
        // SAFETY: all are ASCII.
        return unsafe { String::from_utf8_unchecked(ascii) };
    }
    let mut utf8 = vec![0; UTF8_PER_UNIT * units.len()];
    utf16::to_utf8(units, &mut utf8).to_owned()
}

// ---- Values ----

impl Env {
    pub(crate) fn undefined(self) -> Result<Value> {
        // SAFETY: `self` is current.
        self.make(|env, value| unsafe { sys::napi_get_undefined(env, value) })
    }

    /// A whole number, exact up to 2^53.
    pub(crate) fn number(self, number: impl Into<u64>) -> Result<Value> {
        let number = number.into();
        self.make(|env, value| {
            if let Ok(number) = u32::try_from(number) {
                // SAFETY: `self` is current.
                unsafe { sys::napi_create_uint32(env, number, value) }
            } else {
                // SAFETY: `self` is current.
                unsafe { sys::napi_create_double(env, number as f64, value) }
            }
        })
    }

    /// A string of ASCII, or of Latin-1.
    pub(crate) fn latin1(self, bytes: &[u8]) -> Result<Value> {
        let (data, length) = (bytes.as_ptr().cast::<c_char>(), signed(bytes.len()));
        // SAFETY: `self` is current; Node-API reads `length` bytes.
        self.make(|env, value| unsafe { sys::napi_create_string_latin1(env, data, length, value) })
    }

    /// A string of UTF-16.
    pub(crate) fn utf16(self, units: &[u16]) -> Result<Value> {
        let (data, length) = (units.as_ptr(), signed(units.len()));
        // SAFETY: `self` is current; Node-API reads `length` units.
        self.make(|env, value| unsafe { sys::napi_create_string_utf16(env, data, length, value) })
    }

    /// An ArrayBuffer with a copy of `bytes`, which are few: where memory is short, Node-API ends the
    /// process. (See [`made_array_buffer`](Self::made_array_buffer).)
    ///
    /// JavaScript owns its memory, whatever the size: Node-API cannot keep memory of ours alive past the
    /// environment, and a program may hand a buffer to another one.
    pub(crate) fn copied_array_buffer(self, bytes: &[u8]) -> Result<Value> {
        let mut data = ptr::null_mut();
        // SAFETY: `self` is current.
        let value = self.make(|env, value| unsafe {
            sys::napi_create_arraybuffer(env, bytes.len(), &mut data, value)
        })?;
        if !bytes.is_empty() {
            // SAFETY: Node-API has just made room for exactly so many bytes, of which nobody else knows.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), bytes.len()) };
        }
        Ok(value)
    }

    /// An ArrayBuffer that JavaScript has made by `make`, with a copy of `bytes`; `None`: there is no
    /// memory for it, or `make` is not what it was.
    pub(crate) fn made_array_buffer(self, make: &Function, bytes: &[u8]) -> Result<Option<Value>> {
        let length = self.convert(bytes.len() as f64)?;
        let buffer = make.call(self, &[length])?;
        let mut is = false;
        let (mut data, mut room) = (ptr::null_mut(), 0);
        // SAFETY: `self` is current, and `buffer` was just made in it.
        unsafe {
            check(sys::napi_is_arraybuffer(self.0, buffer.0, &mut is))?;
            if !is {
                return Ok(None);
            }
            check(sys::napi_get_arraybuffer_info(
                self.0, buffer.0, &mut data, &mut room,
            ))?;
        }
        if room != bytes.len() {
            return Ok(None);
        }
        // SAFETY: the buffer has so many bytes; it lives at least until this call of Node-API returns, and
        // no JavaScript that could write to it or give it up runs on this thread meanwhile.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast::<u8>(), room) };
        Ok(Some(buffer))
    }

    /// Anything else, converted by napi-rs.
    pub(crate) fn convert(self, value: impl ToNapiValue) -> Result<Value> {
        // SAFETY: `self` is current.
        unsafe { ToNapiValue::to_napi_value(self.0, value) }.map(Value)
    }

    /// The exception that is pending, if one is; it is not any more.
    ///
    /// # Errors
    /// It cannot be cleared: the environment is being terminated.
    pub(crate) fn take_exception(self) -> Result<Option<Value>> {
        let mut pending = false;
        // SAFETY: `self` is current.
        check(unsafe { sys::napi_is_exception_pending(self.0, &mut pending) })?;
        if !pending {
            return Ok(None);
        }
        // SAFETY: `self` is current.
        self.make(|env, value| unsafe { sys::napi_get_and_clear_last_exception(env, value) })
            .map(Some)
    }

    /// Raises `uncaughtException` with `value`, then goes on.
    pub(crate) fn uncaught(self, Value(value): Value) -> Result<()> {
        // SAFETY: both are current.
        check(unsafe { sys::napi_fatal_exception(self.0, value) })
    }

    fn make(
        self,
        make: impl FnOnce(sys::napi_env, *mut sys::napi_value) -> sys::napi_status,
    ) -> Result<Value> {
        let mut value = ptr::null_mut();
        check(make(self.0, &mut value))?;
        Ok(Value(value))
    }
}

fn signed(length: usize) -> isize {
    isize::try_from(length).expect("no allocation is larger")
}

/// While it lives, values made in the environment are kept; then they may be collected.
pub(crate) struct Scope {
    env: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl Scope {
    pub(crate) fn open(Env(env): Env) -> Result<Scope> {
        let mut scope = ptr::null_mut();
        // SAFETY: `env` is current.
        check(unsafe { sys::napi_open_handle_scope(env, &mut scope) })?;
        Ok(Scope { env, scope })
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: scopes are locals and so close in the opposite order of their opening.
        unsafe { sys::napi_close_handle_scope(self.env, self.scope) };
    }
}

/// A JavaScript function that is kept as long as its environment.
pub(crate) struct Function {
    /// Null: [`release`](Self::release) was called.
    reference: Cell<sys::napi_ref>,
}

impl Function {
    fn new(env: sys::napi_env, function: sys::napi_value) -> Result<Function> {
        let mut reference = ptr::null_mut();
        // SAFETY: both are current.
        check(unsafe { sys::napi_create_reference(env, function, 1, &mut reference) })?;
        Ok(Function {
            reference: Cell::new(reference),
        })
    }

    /// Calls it, and returns what it does.
    ///
    /// # Errors
    /// It has thrown: see [`Env::take_exception`]. Or no JavaScript can run any more.
    pub(crate) fn call(&self, Env(env): Env, arguments: &[Value]) -> Result<Value> {
        let (mut receiver, mut function) = (ptr::null_mut(), ptr::null_mut());
        let mut result = ptr::null_mut();
        // SAFETY: `env` is current; `Value` is a `napi_value` (`repr(transparent)`). A null reference, one that
        // was released, is an error that Node-API returns.
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

    /// The environment ends: the function is not called any more. (Node.js 20 does not free references
    /// that nobody deletes.)
    pub(crate) fn release(&self, Env(env): Env) {
        let reference = self.reference.replace(ptr::null_mut());
        if !reference.is_null() {
            // SAFETY: `env` is current, and this was the only copy of the reference.
            unsafe { sys::napi_delete_reference(env, reference) };
        }
    }
}

// ---- Waking the JavaScript thread ----

/// The JavaScript thread's end of its wake-up call.
pub(crate) struct Wakeup {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
}

/// The network thread's end.
pub(crate) struct Waker(sys::napi_threadsafe_function);

// SAFETY: to be called on other threads is what a thread-safe function is for. The queue, which owns the waker, drops it under its lock
// before the function goes.
unsafe impl Send for Waker {}

impl Wakeup {
    /// Makes `wake` callable from other threads. It does not keep the process alive yet.
    fn new(env: sys::napi_env, wake: sys::napi_value) -> Result<Wakeup> {
        let Value(name) = Env(env).latin1(b"arkws")?;
        let mut function = ptr::null_mut();
        // SAFETY: all are current. Without a callback of ours Node-API calls `wake` itself.
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
        Ok(Wakeup { env, function })
    }

    /// The environment, for its clean-up hook.
    pub(crate) fn env(&self) -> Env {
        Env(self.env)
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker(self.function)
    }

    /// Whether the process, or the worker thread, stays alive to be woken.
    pub(crate) fn keep_alive(&self, yes: bool) -> Result<()> {
        // SAFETY: called on the environment's thread, before `release`.
        check(unsafe {
            if yes {
                sys::napi_ref_threadsafe_function(self.env, self.function)
            } else {
                sys::napi_unref_threadsafe_function(self.env, self.function)
            }
        })
    }

    /// Gives the function up; no [`Waker`] is left.
    pub(crate) fn release(&self) {
        // SAFETY: called once, by the environment's clean-up hook.
        unsafe {
            sys::napi_release_threadsafe_function(
                self.function,
                sys::ThreadsafeFunctionReleaseMode::abort,
            );
        }
    }
}

impl Waker {
    pub(crate) fn wake(&self) {
        // SAFETY: the function is valid while the queue has its waker. A failure means that the environment is going: there is
        // nobody left to wake.
        unsafe {
            sys::napi_call_threadsafe_function(
                self.0,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            );
        }
    }
}
