//! A peer that takes what is sent, however slowly, lives, whatever the heartbeat; and one that has
//! reset its connection is the cause of what later calls fail with.
use std::net::TcpListener;
use std::thread::JoinHandle;

use arkws::{Client as Peer, Message, WebSocket};
use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::client_option_functions::arkws_client_set_heartbeat;
use net_websocket::server_functions::{
    arkws_server_destroy, arkws_server_port, arkws_server_send_binary,
};
use net_websocket::server_option_functions::arkws_server_set_heartbeat;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::client::{connect, send_binary, send_text};
use crate::seen::{Seen, last_error, own_client, server_that};
use crate::server::{self, start};
use crate::slow_peer::slowly;

/// Together what a kernel holds several times.
const MESSAGES: usize = 5;
const SIZE: usize = 2 << 20;
/// Bytes a second: what a kernel holds, some 4 MB, takes longer than both times of the heartbeat,
/// which are a second at least.
const RATE: u32 = 1_900_000;

/// A peer on a thread and runtime of its own, as the callbacks of C are waited for on this one.
fn on_a_thread<F: Future<Output = ()>>(
    peer: impl FnOnce() -> F + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        runtime.block_on(peer());
    })
}

/// What a client connects to, and its URL.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    (listener, url)
}

fn accepted(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(true).unwrap();
    TcpStream::from_std(stream).unwrap()
}

/// Takes all messages, says thanks, and waits for the end.
async fn take_all<S: AsyncRead + AsyncWrite + Unpin>(mut peer: WebSocket<S>) {
    let mut left = MESSAGES;
    while left > 0 {
        let message = peer.recv().await.unwrap().map(Message::from).unwrap();
        if message.is_data() {
            assert_eq!(message.len(), SIZE);
            left -= 1;
        }
    }
    peer.send("thanks".into()).await.unwrap();
    while let Some(Ok(_)) = peer.recv().await {}
}

#[test]
fn a_slow_server_gets_all_and_answers_pings() {
    let (listener, url) = listener();
    let peer = on_a_thread(move || async move {
        let stream = slowly(accepted(&listener), RATE);
        take_all(arkws::accept(stream).await.unwrap()).await;
    });
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_heartbeat(client, 1, 1), 0);
    assert_eq!(connect(client, &url), 0);
    log.open();
    for _ in 0..MESSAGES {
        assert_eq!(send_binary(client, &[7; SIZE]), 0);
    }
    log.text("thanks");
    assert_eq!(arkws_client_destroy(client), 0);
    peer.join().unwrap();
}

#[test]
fn a_slow_client_gets_all_and_answers_pings() {
    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_heartbeat(server, 1), 0);
    assert_eq!(start(server), 0);
    let address = ("127.0.0.1", arkws_server_port(server));
    let peer = on_a_thread(move || async move {
        let stream = TcpStream::connect(address).await.unwrap();
        let client = Peer::builder().build().unwrap();
        let open = client.connect_over("ws://localhost/", slowly(stream, RATE));
        let Ok((socket, _)) = open.await else {
            panic!("the client is let in");
        };
        take_all(socket).await;
    });
    let to = log.accept();
    for _ in 0..MESSAGES {
        // SAFETY: so many bytes.
        let sent =
            unsafe { arkws_server_send_binary(server, to, [7u8; SIZE].as_ptr().cast(), SIZE) };
        assert_eq!(sent, 0);
    }
    log.text("thanks");
    assert_eq!(arkws_server_destroy(server), 0);
    peer.join().unwrap();
}

/// The cause and the words that the last call on this thread failed with.
fn last_cause() -> (String, String) {
    let (_, cause, words) = last_error();
    (cause, words)
}

#[test]
fn what_a_client_sends_after_a_reset_fails_for_that_reason() {
    let (listener, url) = listener();
    let peer = on_a_thread(move || async move {
        let peer = arkws::accept(accepted(&listener)).await.unwrap();
        peer.get_ref().set_zero_linger().unwrap();
    });
    let (client, log) = own_client();
    assert_eq!(connect(client, &url), 0);
    log.open();
    peer.join().unwrap();
    let (_, cause, words) = log.error();
    assert_eq!(cause, "reset", "{words}");
    assert_eq!(log.close().0, 1006);
    assert_eq!(send_text(client, b"late"), 1017);
    let (cause, words) = last_cause();
    assert_eq!(cause, "reset", "{words}");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn what_a_server_sends_after_a_reset_fails_for_that_reason() {
    let (server, log) = server_that(|_, _| {});
    assert_eq!(start(server), 0);
    let url = format!("ws://127.0.0.1:{}/", arkws_server_port(server));
    let peer = on_a_thread(move || async move {
        let client = Peer::builder().build().unwrap();
        let (socket, _) = client.connect(url).await.unwrap();
        let stream = socket.get_ref().tcp_stream().unwrap();
        stream.set_zero_linger().unwrap();
    });
    let to = log.accept();
    peer.join().unwrap();
    let Seen::Error(told, _, cause, words) = log.next() else {
        panic!("no error");
    };
    assert_eq!((told, cause.as_str()), (to, "reset"), "{words}");
    assert!(matches!(log.next(), Seen::Close(told, 1006, _) if told == to));
    assert_eq!(server::send_text(server, to, "late"), 1103);
    let (cause, words) = last_cause();
    assert_eq!(cause, "reset", "{words}");
    assert_eq!(arkws_server_destroy(server), 0);
}
