//! Link arguments of a Node.js add-on, or of a module of OpenHarmony's ArkTS runtime; and that
//! runtime's form of the JavaScript half.
use std::env;

fn main() {
    napi_build::setup();
    let target = |name| env::var(name).unwrap_or_default();
    // The network thread outlives a worker thread that loaded the module. (`napi_build` knows of
    // glibc alone.)
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") != "gnu" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo::rustc-check-cfg=cfg(arkws_abc)");
    println!("cargo::rerun-if-env-changed=ARKWS_ABC");
    if env::var_os("CARGO_FEATURE_ARK").is_none() {
        return;
    }
    // Every function that is called is there, in the C library or the runtime's.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,defs");
    // The JavaScript half, as `es2abc` of OpenHarmony's SDK has compiled it: a path.
    if let Some(code) = env::var_os("ARKWS_ABC") {
        println!("cargo::rustc-cfg=arkws_abc");
        println!("cargo::rustc-env=ARKWS_ABC={}", code.display());
        println!("cargo::rerun-if-changed={}", code.display());
    }
}
