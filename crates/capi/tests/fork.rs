//! A process that was forked off has the connections of its parent in memory, and no network
//! thread: its calls fail, and its end is not that of the connections. In a process of its own, for
//! the order of `atexit`.
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::mpsc::{self, Sender};

use net_websocket::client_functions::{
    arkws_client_connect, arkws_client_create, arkws_client_destroy, arkws_client_ping,
    arkws_client_send_text,
};
use net_websocket::client_types::{ClientCallbacks, Opened};
use net_websocket::code::Code;
use net_websocket::platform_types::WebSocketMemory;
use net_websocket::server_functions::{
    arkws_server_create, arkws_server_destroy, arkws_server_port, arkws_server_start,
};

static CLIENT: AtomicPtr<WebSocketMemory> = AtomicPtr::new(ptr::null_mut());
static IS_CHILD: AtomicBool = AtomicBool::new(false);

fn send() -> c_int {
    // SAFETY: so many bytes.
    unsafe { arkws_client_send_text(CLIENT.load(Ordering::SeqCst), c"a".as_ptr(), 1) }
}

/// Runs behind what the library does at the end of a process, since it was registered before.
extern "C" fn at_the_end() {
    if IS_CHILD.load(Ordering::SeqCst) {
        // SAFETY: it ends the process.
        unsafe { libc::_exit(c_int::from(send() != Code::System.number())) };
    }
}

unsafe extern "C" fn on_open(user: *mut c_void, _: *mut WebSocketMemory, _: *const Opened) {
    // SAFETY: the test's sender.
    unsafe { &*user.cast::<Sender<&str>>() }
        .send("open")
        .unwrap();
}

unsafe extern "C" fn on_pong(
    user: *mut c_void,
    _: *mut WebSocketMemory,
    _: *const c_char,
    _: usize,
    _: u64,
) {
    // SAFETY: the test's sender.
    unsafe { &*user.cast::<Sender<&str>>() }
        .send("pong")
        .unwrap();
}

unsafe extern "C" fn on_close(
    user: *mut c_void,
    _: *mut WebSocketMemory,
    _: u16,
    _: *const c_char,
) {
    // SAFETY: the test's sender.
    unsafe { &*user.cast::<Sender<&str>>() }
        .send("close")
        .unwrap();
}

#[test]
fn the_end_of_a_child_closes_nothing() {
    // SAFETY: a function of this program.
    assert_eq!(unsafe { libc::atexit(at_the_end) }, 0);
    // SAFETY: a null pointer: no callbacks.
    let server = unsafe { arkws_server_create(ptr::null(), ptr::null_mut()) };
    // SAFETY: a string.
    let started = unsafe { arkws_server_start(server, c"127.0.0.1".as_ptr(), 0) };
    assert_eq!(started, 0);
    let (sender, told) = mpsc::channel::<&str>();
    let callbacks = ClientCallbacks {
        size: size_of::<ClientCallbacks>(),
        on_open: Some(on_open),
        on_message: None,
        on_pong: Some(on_pong),
        on_error: None,
        on_close: Some(on_close),
        on_unsent: None,
    };
    let user = (&raw const sender).cast_mut().cast();
    // SAFETY: a struct of the library's; the sender lives longer than the client.
    let client = unsafe { arkws_client_create(&raw const callbacks, user) };
    CLIENT.store(client, Ordering::SeqCst);
    let url = CString::new(format!("ws://127.0.0.1:{}/", arkws_server_port(server))).unwrap();
    // SAFETY: a string.
    assert_eq!(unsafe { arkws_client_connect(client, url.as_ptr()) }, 0);
    assert_eq!(told.recv().unwrap(), "open");

    // SAFETY: the child ends at once, by way of `exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        IS_CHILD.store(true, Ordering::SeqCst);
        // SAFETY: functions of C's, that the child may call.
        unsafe { libc::exit(0) };
    }
    let mut status = -1;
    // SAFETY: a child of this process.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    // The parent's connection has not been touched.
    // SAFETY: so many bytes.
    let pinged = unsafe { arkws_client_ping(client, c"a".as_ptr().cast(), 1) };
    assert_eq!(pinged, 0);
    assert_eq!(told.recv().unwrap(), "pong");
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_server_destroy(server), 0);
}
