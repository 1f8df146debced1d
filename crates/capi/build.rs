//! Link arguments of the shared library: its soname; that it may leave no symbol open; and that it
//! stays loaded, since the network thread outlives a `dlclose`.
use std::env;

/// The name that programs ask the loader for. `ARKWS_CAPI_SONAME` gives it another: on
/// OpenHarmony, where the system has a library of this name.
const SONAME: &str = "libnet_websocket.so";

fn main() {
    println!("cargo::rerun-if-env-changed=ARKWS_CAPI_SONAME");
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target != "linux" {
        return;
    }
    let soname = env::var("ARKWS_CAPI_SONAME").unwrap_or_else(|_| SONAME.to_owned());
    let mut arguments = vec![format!("-soname,{soname}"), "-z,nodelete".to_owned()];
    // What a sanitizer's library has is in the program alone.
    if env::var_os("CARGO_CFG_SANITIZE").is_none() {
        arguments.push("-z,defs".to_owned());
    }
    for argument in arguments {
        println!("cargo::rustc-cdylib-link-arg=-Wl,{argument}");
    }
}
