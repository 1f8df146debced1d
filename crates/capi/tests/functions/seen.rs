//! What callbacks were told, as a test waits for it.
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::ThreadId;
use std::time::Duration;

use net_websocket::client_functions::arkws_client_create;
use net_websocket::client_types::{ClientCallbacks, Opened};
use net_websocket::error_functions::arkws_last_error;
use net_websocket::last_error::ErrorView;
use net_websocket::platform_functions::OH_WebSocketClient_Constructor;
use net_websocket::platform_types::{
    WebSocketCloseResult, WebSocketErrorResult, WebSocketMemory, WebSocketOpenResult,
};
use net_websocket::server_functions::arkws_server_create;
use net_websocket::server_types::{Accepted, ServerCallbacks, ServerMemory};

/// Long enough that only a failure takes it.
const LIMIT: Duration = Duration::from_secs(20);

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Open {
        status: u32,
        reason: String,
        protocol: Option<String>,
    },
    Accept {
        peer: u64,
        address: String,
        target: String,
        origin: Option<String>,
        protocol: Option<String>,
    },
    /// `None`: the callback does not tell whether it is text.
    Message(u64, Vec<u8>, Option<bool>),
    Pong(Vec<u8>),
    /// Code, cause and words.
    Error(u64, u32, String, String),
    Close(u64, u32, String),
    /// How many, code and cause.
    Unsent(u64, u64, u32, String),
    Stop,
}

/// What was told to the callbacks of one client or server.
pub(crate) struct Log(Receiver<(ThreadId, Seen)>);

type React = Box<dyn Fn(*mut c_void, &Seen) + Send + Sync>;

/// The other end of a [`Log`].
pub(crate) struct Recorder {
    sender: Sender<(ThreadId, Seen)>,
    /// Called with the object's address and what is told, before it is recorded.
    react: React,
}

impl Recorder {
    fn tell(&self, object: *mut c_void, seen: Seen) {
        (self.react)(object, &seen);
        // The test may be over.
        let _ = self.sender.send((std::thread::current().id(), seen));
    }
}

impl Log {
    pub(crate) fn next(&self) -> Seen {
        self.0.recv_timeout(LIMIT).expect("a callback").1
    }

    /// The next one, and the thread that it came from.
    pub(crate) fn next_with_thread(&self) -> (ThreadId, Seen) {
        self.0.recv_timeout(LIMIT).expect("a callback")
    }

    pub(crate) fn open(&self) {
        let seen = self.next();
        assert!(matches!(seen, Seen::Open { status: 101, .. }), "{seen:?}");
    }

    pub(crate) fn accept(&self) -> u64 {
        match self.next() {
            Seen::Accept { peer, .. } => peer,
            seen => panic!("{seen:?}"),
        }
    }

    pub(crate) fn text(&self, text: &str) {
        match self.next() {
            Seen::Message(_, data, is_text) => {
                assert_eq!(String::from_utf8(data).unwrap(), text);
                assert_ne!(is_text, Some(false));
            }
            seen => panic!("{seen:?}"),
        }
    }

    pub(crate) fn close(&self) -> (u32, String) {
        match self.next() {
            Seen::Close(_, code, reason) => (code, reason),
            seen => panic!("{seen:?}"),
        }
    }

    pub(crate) fn error(&self) -> (u32, String, String) {
        match self.next() {
            Seen::Error(_, code, cause, words) => (code, cause, words),
            seen => panic!("{seen:?}"),
        }
    }

    pub(crate) fn try_next(&self) -> Option<Seen> {
        self.try_next_with_thread().map(|(_, seen)| seen)
    }

    pub(crate) fn try_next_with_thread(&self) -> Option<(ThreadId, Seen)> {
        self.0.try_recv().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.try_recv().is_err()
    }
}

/// A recorder that lives for ever, as what C hands over may.
fn recorder(
    react: impl Fn(*mut c_void, &Seen) + Send + Sync + 'static,
) -> (&'static Recorder, Log) {
    let (sender, receiver) = mpsc::channel();
    let react = Box::new(react);
    let recorder = Box::leak(Box::new(Recorder { sender, react }));
    (recorder, Log(receiver))
}

pub(crate) fn string(text: *const c_char) -> String {
    assert!(!text.is_null());
    // SAFETY: the library's strings end with a NUL.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().unwrap().to_owned()
}

fn optional(text: *const c_char) -> Option<String> {
    (!text.is_null()).then(|| string(text))
}

fn bytes(data: *const c_char, length: usize) -> Vec<u8> {
    // SAFETY: the library's bytes, and a NUL behind them.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length + 1) };
    assert_eq!(bytes[length], 0);
    bytes[..length].to_vec()
}

/// The last error of this thread: code, cause and words.
pub(crate) fn last_error() -> (c_int, String, String) {
    let mut view = ErrorView {
        code: -1,
        http_status: -1,
        cause: std::ptr::null(),
        message: std::ptr::null(),
    };
    // SAFETY: it can be written.
    let code = unsafe { arkws_last_error(&raw mut view) };
    assert_eq!(code, view.code);
    let words = string(view.message);
    assert_eq!(foreign_word(&words), None, "{words}");
    (code, string(view.cause), words)
}

/// A name of JavaScript or Rust in the words of an error, which a C program cannot use, or the
/// platform's text for a code, which `arkws_error` has as a number. Every error that a test meets
/// is looked at.
pub(crate) fn foreign_word(words: &str) -> Option<&str> {
    let texts = [
        "Websocket Unknown",
        "Websocket connect failed",
        "Websocket url error",
        "Parameter error",
        "Can't listen",
        "the option ",
    ];
    if let Some(text) = texts.into_iter().find(|text| words.contains(text)) {
        return Some(text);
    }
    let is_foreign = |word: &&str| {
        let pairs = word.as_bytes().windows(2);
        let camel_case = word.starts_with(|c: char| c.is_ascii_lowercase())
            && pairs
                .clone()
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let snake_case = word.contains('_') && !word.starts_with("arkws_");
        camel_case || snake_case || word.contains("::")
    };
    words
        .split_ascii_whitespace()
        // Paths and what is quoted are the program's.
        .filter(|word| !word.contains(['/', '"']))
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .find(is_foreign)
}

// A client of the platform's header: its callbacks have the client's address alone.

type Platform = Mutex<Vec<(usize, &'static Recorder)>>;
static PLATFORM: Platform = Mutex::new(Vec::new());

fn of_platform(client: *mut WebSocketMemory) -> &'static Recorder {
    let known = PLATFORM.lock().unwrap();
    let of_client = |(address, _): &&(usize, _)| *address == client.addr();
    known.iter().rfind(of_client).expect("a client of a test").1
}

unsafe extern "C" fn on_open(client: *mut WebSocketMemory, result: WebSocketOpenResult) {
    let seen = Seen::Open {
        status: result.code,
        reason: string(result.reason),
        protocol: None,
    };
    of_platform(client).tell(client.cast(), seen);
}

unsafe extern "C" fn on_message(client: *mut WebSocketMemory, data: *mut c_char, length: u32) {
    let seen = Seen::Message(0, bytes(data, length as usize), None);
    of_platform(client).tell(client.cast(), seen);
}

unsafe extern "C" fn on_error(client: *mut WebSocketMemory, result: WebSocketErrorResult) {
    let (_, cause, words) = last_error();
    assert_eq!(words, string(result.error_message));
    let seen = Seen::Error(0, result.error_code, cause, words);
    of_platform(client).tell(client.cast(), seen);
}

unsafe extern "C" fn on_close(client: *mut WebSocketMemory, result: WebSocketCloseResult) {
    let seen = Seen::Close(0, result.code, string(result.reason));
    of_platform(client).tell(client.cast(), seen);
}

/// A client of `net_websocket.h`.
pub(crate) fn platform_client() -> (*mut WebSocketMemory, Log) {
    platform_client_that(|_, _| {})
}

/// One whose callbacks do this first.
pub(crate) fn platform_client_that(
    react: impl Fn(*mut WebSocketMemory, &Seen) + Send + Sync + 'static,
) -> (*mut WebSocketMemory, Log) {
    let client = OH_WebSocketClient_Constructor(
        Some(on_open),
        Some(on_message),
        Some(on_error),
        Some(on_close),
    );
    assert!(!client.is_null());
    let (recorder, log) = recorder(move |client, seen| react(client.cast(), seen));
    PLATFORM.lock().unwrap().push((client.addr(), recorder));
    (client, log)
}

// A client of our header.

unsafe fn of_user(user: *mut c_void) -> &'static Recorder {
    // SAFETY: the tests give recorders as user pointers.
    unsafe { &*user.cast::<Recorder>() }
}

unsafe extern "C" fn own_open(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    opened: *const Opened,
) {
    // SAFETY: as the header says; the same holds below.
    let (recorder, opened) = unsafe { (of_user(user), *opened) };
    let seen = Seen::Open {
        status: opened.status.unsigned_abs(),
        reason: string(opened.reason),
        protocol: optional(opened.protocol),
    };
    recorder.tell(client.cast(), seen);
}

unsafe extern "C" fn own_message(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    data: *const c_char,
    length: usize,
    is_text: c_int,
) {
    let seen = Seen::Message(0, bytes(data, length), Some(is_text == 1));
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(client.cast(), seen);
}

unsafe extern "C" fn own_pong(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    data: *const c_char,
    length: usize,
    _: u64,
) {
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(client.cast(), Seen::Pong(bytes(data, length)));
}

unsafe extern "C" fn own_error(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    error: *const ErrorView,
) {
    // SAFETY: as above.
    let (recorder, error) = unsafe { (of_user(user), *error) };
    recorder.tell(client.cast(), seen_error(0, error));
}

fn seen_error(peer: u64, error: ErrorView) -> Seen {
    let (code, cause, words) = last_error();
    assert_eq!(code, error.code);
    assert_eq!(
        (&cause, &words),
        (&string(error.cause), &string(error.message))
    );
    Seen::Error(peer, error.code.unsigned_abs(), cause, words)
}

unsafe extern "C" fn own_close(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    code: u16,
    reason: *const c_char,
) {
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(client.cast(), Seen::Close(0, code.into(), string(reason)));
}

unsafe extern "C" fn own_unsent(
    user: *mut c_void,
    client: *mut WebSocketMemory,
    messages: u64,
    error: *const ErrorView,
) {
    // SAFETY: as above.
    let (recorder, error) = unsafe { (of_user(user), *error) };
    recorder.tell(client.cast(), seen_unsent(0, messages, error));
}

fn seen_unsent(peer: u64, messages: u64, error: ErrorView) -> Seen {
    Seen::Unsent(
        peer,
        messages,
        error.code.unsigned_abs(),
        string(error.cause),
    )
}

/// The callbacks that record.
pub(crate) static CALLBACKS: ClientCallbacks = ClientCallbacks {
    size: size_of::<ClientCallbacks>(),
    on_open: Some(own_open),
    on_message: Some(own_message),
    on_pong: Some(own_pong),
    on_error: Some(own_error),
    on_close: Some(own_close),
    on_unsent: Some(own_unsent),
};

/// A client of `arkws.h`.
pub(crate) fn own_client() -> (*mut WebSocketMemory, Log) {
    own_client_that(|_, _| {})
}

/// One whose callbacks do this first.
pub(crate) fn own_client_that(
    react: impl Fn(*mut WebSocketMemory, &Seen) + Send + Sync + 'static,
) -> (*mut WebSocketMemory, Log) {
    let (recorder, log) = recorder(move |client, seen| react(client.cast(), seen));
    let user = std::ptr::from_ref(recorder).cast_mut().cast();
    // SAFETY: a struct of the library's type.
    let client = unsafe { arkws_client_create(&raw const CALLBACKS, user) };
    assert!(!client.is_null());
    (client, log)
}

// A server.

unsafe extern "C" fn server_accept(
    user: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    accepted: *const Accepted,
) {
    // SAFETY: as above.
    let (recorder, accepted) = unsafe { (of_user(user), *accepted) };
    let seen = Seen::Accept {
        peer,
        address: string(accepted.address),
        target: string(accepted.target),
        origin: optional(accepted.origin),
        protocol: optional(accepted.protocol),
    };
    recorder.tell(server.cast(), seen);
}

unsafe extern "C" fn server_message(
    user: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    data: *const c_char,
    length: usize,
    is_text: c_int,
) {
    let seen = Seen::Message(peer, bytes(data, length), Some(is_text == 1));
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(server.cast(), seen);
}

unsafe extern "C" fn server_error(
    user: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    error: *const ErrorView,
) {
    // SAFETY: as above.
    let (recorder, error) = unsafe { (of_user(user), *error) };
    recorder.tell(server.cast(), seen_error(peer, error));
}

unsafe extern "C" fn server_close(
    user: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    code: u16,
    reason: *const c_char,
) {
    let seen = Seen::Close(peer, code.into(), string(reason));
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(server.cast(), seen);
}

unsafe extern "C" fn server_stop(user: *mut c_void, server: *mut ServerMemory) {
    // SAFETY: as above.
    unsafe { of_user(user) }.tell(server.cast(), Seen::Stop);
}

unsafe extern "C" fn server_unsent(
    user: *mut c_void,
    server: *mut ServerMemory,
    peer: u64,
    messages: u64,
    error: *const ErrorView,
) {
    // SAFETY: as above.
    let (recorder, error) = unsafe { (of_user(user), *error) };
    recorder.tell(server.cast(), seen_unsent(peer, messages, error));
}

/// A server whose callbacks do this first.
pub(crate) fn server_that(
    react: impl Fn(*mut ServerMemory, &Seen) + Send + Sync + 'static,
) -> (*mut ServerMemory, Log) {
    let (recorder, log) = recorder(move |server, seen| react(server.cast(), seen));
    let callbacks = ServerCallbacks {
        size: size_of::<ServerCallbacks>(),
        on_accept: Some(server_accept),
        on_message: Some(server_message),
        on_error: Some(server_error),
        on_close: Some(server_close),
        on_stop: Some(server_stop),
        on_unsent: Some(server_unsent),
    };
    let user = std::ptr::from_ref(recorder).cast_mut().cast();
    // SAFETY: a struct of the library's type.
    let server = unsafe { arkws_server_create(&raw const callbacks, user) };
    assert!(!server.is_null());
    (server, log)
}
