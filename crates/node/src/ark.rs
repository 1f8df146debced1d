//! How OpenHarmony's ArkTS runtime finds the module: a library registers itself when it is loaded.
//! Node.js asks for `napi_register_module_v1` by its name instead.
//!
//! Only with cargo's feature `ark`: Node.js runs on OpenHarmony too, and has no `libace_napi.z.so`.
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;

use napi_sys::{napi_env, napi_value};

/// What a program imports the module by: the runtime looks for the library by the same name.
#[cfg(not(arkws_abc))]
const NAME: &CStr = c"arkws"; // from 'libarkws.so'
#[cfg(arkws_abc)]
const NAME: &CStr = c"net.webSocket"; // from '@ohos.net.webSocket'

/// `napi_module` of OpenHarmony's `napi/native_api.h`.
#[repr(C)]
struct Module {
    version: c_int,
    flags: c_uint,
    file: *const c_char,
    register: unsafe extern "C" fn(napi_env, napi_value) -> napi_value,
    name: *const c_char,
    private: *mut c_void,
    reserved: [*mut c_void; 4],
}

#[link(name = "ace_napi.z")]
unsafe extern "C" {
    fn napi_module_register(module: *mut Module);
}

unsafe extern "C" {
    /// napi-rs defines it. It calls [`init`](crate::init).
    fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value;
}

// SAFETY: what loads a library calls each function that this section points to, once, before the
// library can be used. None of them may unwind, and a function that is `extern "C"` does not.
#[used]
#[unsafe(link_section = ".init_array")]
static REGISTER: extern "C" fn() = register;

extern "C" fn register() {
    let module = Box::new(Module {
        version: 1,
        flags: 0,
        file: ptr::null(),
        register: napi_register_module_v1,
        name: NAME.as_ptr(),
        private: ptr::null_mut(),
        reserved: [ptr::null_mut(); 4],
    });
    // SAFETY: the runtime keeps the pointer, to what is as its header says and is never freed; nor
    // is the library unloaded (`-z nodelete`, build.rs).
    unsafe { napi_module_register(Box::into_raw(module)) };
}

/// The JavaScript half, compiled for the runtime, which looks for this function in a module of the
/// system: `NAPI_`, the module's name with `_` for each dot, `_GetABCCode`.
///
/// # Safety
/// Each pointer is null or may be written to.
#[cfg(arkws_abc)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn NAPI_net_webSocket_GetABCCode(
    code: *mut *const c_char,
    length: *mut c_int,
) {
    static CODE: &[u8] = include_bytes!(env!("ARKWS_ABC"));
    // SAFETY: the caller's promise. The code lives as long as the library.
    unsafe {
        if !code.is_null() {
            *code = CODE.as_ptr().cast();
        }
        if !length.is_null() {
            *length = c_int::try_from(CODE.len()).unwrap_or(0);
        }
    }
}
