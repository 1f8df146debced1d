//! What was sent leaves before a process ends that calls `exit`: of a client on the program's own
//! thread, and of a server inside a callback. The process is this program again, with a task.
use std::ffi::{CString, c_int, c_void};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::ptr;
use std::sync::mpsc::{self, Sender};

use arkws::{Message, Transport, WebSocket};
use futures_util::StreamExt;
use net_websocket::client_functions::{
    arkws_client_connect, arkws_client_create, arkws_client_send_binary, arkws_client_send_text,
};
use net_websocket::client_types::{ClientCallbacks, Opened};
use net_websocket::platform_types::WebSocketMemory;
use net_websocket::server_functions::{
    arkws_server_create, arkws_server_port, arkws_server_send_binary, arkws_server_send_text,
    arkws_server_start,
};
use net_websocket::server_types::{Accepted, ServerCallbacks, ServerMemory};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// Says to this program that it is the one that ends, and how.
const TASK: &str = "ARKWS_TEST_EXIT";
/// More than a socket's buffers hold, so that it leaves only while the process ends.
const LARGE: usize = 5_000_000;
/// What the process ends with, to be told from a failed test.
const CODE: c_int = 42;

/// This program again, which does `task`.
fn process(task: &str) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process
        .args(["--exact", "the_process_that_ends", "--nocapture"])
        .env(TASK, task)
        .stdout(Stdio::piped());
    process
}

#[test]
fn the_process_that_ends() {
    match std::env::var(TASK) {
        Ok(task) if task == "serve" => serve_and_exit(),
        Ok(url) => send_and_exit(&url),
        // Run with all the other tests: there is nothing to do.
        Err(_) => {}
    }
}

fn exit() -> ! {
    // SAFETY: as a program in C does it, with what was registered by `atexit`.
    unsafe { libc::exit(CODE) }
}

unsafe extern "C" fn on_open(user: *mut c_void, _: *mut WebSocketMemory, _: *const Opened) {
    // SAFETY: the sender of `send_and_exit`.
    unsafe { &*user.cast::<Sender<()>>() }.send(()).unwrap();
}

fn send_and_exit(url: &str) -> ! {
    let callbacks = ClientCallbacks {
        size: size_of::<ClientCallbacks>(),
        on_open: Some(on_open),
        on_message: None,
        on_pong: None,
        on_error: None,
        on_close: None,
        on_unsent: None,
    };
    let (sender, opened) = mpsc::channel::<()>();
    let user = (&raw const sender).cast_mut().cast();
    let (url, data) = (CString::new(url).unwrap(), vec![7; LARGE]);
    // SAFETY: a struct of the library's, a string, so many bytes; the sender lives to the end.
    unsafe {
        let client = arkws_client_create(&raw const callbacks, user);
        assert_eq!(arkws_client_connect(client, url.as_ptr()), 0);
        opened.recv().unwrap();
        assert_eq!(
            arkws_client_send_binary(client, data.as_ptr().cast(), LARGE),
            0
        );
        assert_eq!(arkws_client_send_text(client, c"bye".as_ptr(), 3), 0);
    }
    exit()
}

/// On a thread of the library's.
unsafe extern "C" fn on_accept(
    _: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    _: *const Accepted,
) {
    let data = vec![7; LARGE];
    // SAFETY: so many bytes.
    unsafe {
        let sent = arkws_server_send_binary(server, peer, data.as_ptr().cast(), LARGE);
        assert_eq!(sent, 0);
        assert_eq!(arkws_server_send_text(server, peer, c"bye".as_ptr(), 3), 0);
    }
    exit()
}

fn serve_and_exit() -> ! {
    let callbacks = ServerCallbacks {
        size: size_of::<ServerCallbacks>(),
        on_accept: Some(on_accept),
        on_message: None,
        on_error: None,
        on_close: None,
        on_stop: None,
        on_unsent: None,
    };
    // SAFETY: a struct of the library's, and a string.
    unsafe {
        let server = arkws_server_create(&raw const callbacks, ptr::null_mut());
        assert_eq!(arkws_server_start(server, c"127.0.0.1".as_ptr(), 0), 0);
        println!("listening on {}", arkws_server_port(server));
    }
    loop {
        std::thread::park();
    }
}

/// What comes before the connection ends: all that was sent, and a goodbye.
async fn assert_all_comes<S>(mut socket: WebSocket<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let data = socket.next().await.unwrap().unwrap();
    assert!(matches!(data, Message::Binary(data) if data.len() == LARGE));
    let text = socket.next().await.unwrap().unwrap();
    assert_eq!(text, Message::from("bye"));
    let end = socket.next().await.unwrap().unwrap();
    assert!(
        matches!(&end, Message::Close(Some(frame)) if frame.code().get() == 1001),
        "{end:?}"
    );
}

#[tokio::test]
async fn what_a_client_has_sent_leaves_before_the_process_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut child = process(&url).spawn().unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    assert_all_comes(arkws::accept(stream).await.unwrap()).await;
    assert_eq!(child.wait().unwrap().code(), Some(CODE));
}

#[tokio::test]
async fn what_a_server_has_sent_leaves_before_the_process_ends() {
    let mut child = process("serve").spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines
        .find_map(|line| Some(line.unwrap().split_once("listening on ")?.1.to_owned()))
        .expect("it says where it listens");
    let (socket, _): (WebSocket<Transport>, _) = arkws::connect(format!("ws://127.0.0.1:{port}/"))
        .await
        .unwrap();
    assert_all_comes(socket).await;
    assert_eq!(child.wait().unwrap().code(), Some(CODE));
}
