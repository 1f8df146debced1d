//! Threads of the library, and of the program.
use std::ffi::{CString, c_int};
use std::ptr;
use std::sync::{Arc, Barrier};

use net_websocket::platform_functions::{OH_WebSocketClient_Connect, OH_WebSocketClient_Destroy};
use net_websocket::platform_types::{WebSocketMemory, WebSocketRequestOptions};

use crate::echo::Echo;
use crate::platform::{close, connect, send};
use crate::seen::platform_client;

/// The signals that are blocked on each thread of this name.
#[cfg(target_os = "linux")]
fn blocked_signals(name: &str) -> Vec<u64> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of_task = |task: std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).ok()?;
        let field = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            Some(line.trim().to_owned())
        };
        (field("Name:")? == name).then(|| u64::from_str_radix(&field("SigBlk:")?, 16).ok())?
    };
    tasks.filter_map(|task| of_task(task.unwrap())).collect()
}

/// A program of C's does not ignore it, as Rust's do: a peer that is gone must not end it.
#[cfg(target_os = "linux")]
#[test]
fn the_network_thread_blocks_sigpipe_and_the_programs_threads_do_not() {
    const SIGPIPE: u64 = 1 << (libc::SIGPIPE - 1);
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    let network = blocked_signals("arkws-network");
    assert!(!network.is_empty());
    assert!(network.iter().all(|signals| signals & SIGPIPE != 0));
    let callbacks = blocked_signals("arkws-callbacks");
    assert!(!callbacks.is_empty());
    assert!(callbacks.iter().all(|signals| signals & SIGPIPE == 0));
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn any_thread_may_call_while_another_destroys() {
    for _ in 0..20 {
        let echo = Echo::start();
        let (client, log) = platform_client();
        assert_eq!(connect(client, &echo.url()), 0);
        log.open();
        let address = client.expose_provenance();
        let ready = Arc::new(Barrier::new(4));
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let ready = Arc::clone(&ready);
                let url = echo.url();
                std::thread::spawn(move || {
                    let client = ptr::with_exposed_provenance_mut(address);
                    ready.wait();
                    // Until it is destroyed; whatever comes before is one of the results that the
                    // header has.
                    loop {
                        let result = match number {
                            0 => send(client, b"message"),
                            1 => close(client, 1000, ptr::null()),
                            _ => connect_without_fields(client, &url),
                        };
                        match result {
                            1002 => break,
                            0 | 1006 | 1017 => {}
                            other => panic!("{other}"),
                        }
                    }
                })
            })
            .collect();
        ready.wait();
        // Once something has happened.
        log.next();
        let destroyed = OH_WebSocketClient_Destroy(client);
        assert!(matches!(destroyed, 0 | 1018), "{destroyed}");
        let told = std::iter::from_fn(|| log.try_next()).count();
        for thread in threads {
            thread.join().unwrap();
        }
        // Nothing is told after it.
        assert!(log.is_empty(), "{told}");
    }
}

/// A client's memory is not to be read while another thread may destroy it.
fn connect_without_fields(client: *mut WebSocketMemory, url: &str) -> c_int {
    let url = CString::new(url).unwrap();
    let options = WebSocketRequestOptions {
        headers: ptr::null_mut(),
    };
    // SAFETY: a string; the client is looked up.
    unsafe { OH_WebSocketClient_Connect(client, url.as_ptr(), options) }
}
