//! Which signals the library's thread takes, and which it causes: the program's handlers run on the
//! program's threads. In a process of its own, whose threads are looked at.
#![cfg(target_os = "linux")]
use std::ffi::c_int;
use std::fs::{read_dir, read_to_string};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::ptr;

use net_websocket::server_functions::{
    arkws_server_create, arkws_server_destroy, arkws_server_start,
};

/// Set in a child, which does what this file does with a standard error that nobody reads.
const IS_CHILD: &str = "ARKWS_TEST_SIGPIPE";

fn start_and_destroy_server(meanwhile: impl FnOnce()) {
    // SAFETY: a null pointer: no callbacks.
    let server = unsafe { arkws_server_create(ptr::null(), ptr::null_mut()) };
    // SAFETY: a string.
    let started = unsafe { arkws_server_start(server, c"127.0.0.1".as_ptr(), 0) };
    assert_eq!(started, 0);
    meanwhile();
    assert_eq!(arkws_server_destroy(server), 0);
}

/// The signals that a thread of this process blocks, by its name: bit 0 is signal 1.
fn blocked_by(name: &str) -> u64 {
    for task in read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        if read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name) {
            let status = read_to_string(task.join("status")).unwrap();
            let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
            return u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
        }
    }
    panic!("no thread {name}");
}

fn own_mask() -> u64 {
    let status = read_to_string("/proc/thread-self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap()
}

#[test]
fn the_network_thread_takes_faults_and_no_signal_of_the_programs() {
    let blocks = |mask: u64, signal: c_int| mask & (1 << (signal - 1)) != 0;
    let before = own_mask();
    start_and_destroy_server(|| {
        let mask = blocked_by("arkws-network");
        for signal in [
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGTERM,
            libc::SIGALRM,
            libc::SIGCHLD,
            libc::SIGUSR1,
            libc::SIGUSR2,
            libc::SIGWINCH,
            libc::SIGPIPE,
            libc::SIGRTMIN(),
            libc::SIGRTMAX(),
        ] {
            assert!(blocks(mask, signal), "{signal} in {mask:x}");
        }
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
            assert!(!blocks(mask, signal), "{signal} in {mask:x}");
        }
        // What the program has in its own thread is what it was.
        assert_eq!(own_mask(), before);
    });
}

/// The program of a child.
#[test]
fn child() {
    if std::env::var_os(IS_CHILD).is_none() {
        return;
    }
    // SAFETY: as a program in C has it: the signal ends the process.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    start_and_destroy_server(|| {});
}

#[test]
fn a_log_that_nobody_reads_does_not_end_the_process() {
    for level in ["trace", "lots"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(IS_CHILD, "1")
            .env("ARKWS_LOG", level)
            .stdout(Stdio::piped())
            .stderr(writer)
            .output()
            .unwrap();
        let (status, words) = (output.status, String::from_utf8_lossy(&output.stdout));
        assert!(status.success(), "{level}: {:?}: {words}", status.signal());
    }
}
