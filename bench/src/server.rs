//! Servers to be loaded, one per peer: a process of one thread that accepts connections and echoes,
//! or broadcasts.
//!
//! Their opening handshake is done by hand, the same for all: it is not what is measured.
use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use crate::peers::peer::Member;
use crate::peers::{
    arkws, arkws_stream, fastwebsockets, raw, soketto, tokio_tungstenite, tokio_websockets, wtx,
    yawc,
};
use crate::wire;

/// Who can echo. uWebSockets does it in a program of its own.
pub const ECHO: &[&str] = &[
    "arkws",
    "arkws-stream",
    "tokio-tungstenite",
    "fastwebsockets",
    "tokio-websockets",
    "yawc",
    "yawc-tuned",
    "wtx",
    "soketto",
    "uwebsockets",
    "raw",
];

/// Who can wait for messages and for something to send at once. fastwebsockets, wtx and soketto
/// cannot without a task for each direction: dropping their reads loses bytes.
pub const BROADCAST: &[&str] = &[
    "arkws",
    "arkws-stream",
    "tokio-tungstenite",
    "tokio-websockets",
    "yawc",
    "yawc-tuned",
    "uwebsockets",
    "raw",
];

/// Serves for ever; prints the address first.
pub fn serve(name: &str, task: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        let room = Room::default();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            let (name, task, room) = (name.to_owned(), task.to_owned(), room.clone());
            spawn_local(async move {
                if let Some(stream) = handshake(stream).await {
                    match task.as_str() {
                        "echo" => echo(&name, stream),
                        "broadcast" => broadcast(&name, stream, &room),
                        other => panic!("no task {other:?}"),
                    }
                }
            });
        }
    });
}

fn echo(name: &str, stream: TcpStream) {
    match name {
        "arkws" => drop(spawn_local(arkws::echo(stream))),
        "arkws-stream" => drop(spawn_local(arkws_stream::echo(stream))),
        "tokio-tungstenite" => drop(spawn_local(tokio_tungstenite::echo(stream))),
        "fastwebsockets" => drop(spawn_local(fastwebsockets::echo(stream))),
        "tokio-websockets" => drop(spawn_local(tokio_websockets::echo(stream))),
        "yawc" => drop(spawn_local(yawc::echo(stream, false))),
        "yawc-tuned" => drop(spawn_local(yawc::echo(stream, true))),
        "wtx" => drop(spawn_local(wtx::echo(stream))),
        "soketto" => drop(spawn_local(soketto::echo(stream))),
        "raw" => drop(spawn_local(raw::echo(stream))),
        other => panic!("no echo server {other:?}"),
    }
}

fn broadcast(name: &str, stream: TcpStream, room: &Room) {
    match name {
        "arkws" => room.join(arkws::Joined::new(stream)),
        "arkws-stream" => room.join(arkws_stream::Joined::new(stream)),
        "tokio-tungstenite" => room.join(tokio_tungstenite::Joined::new(stream)),
        "tokio-websockets" => room.join(tokio_websockets::Joined::new(stream)),
        "yawc" => room.join(yawc::Joined::new(stream, false)),
        "yawc-tuned" => room.join(yawc::Joined::new(stream, true)),
        "raw" => room.join(raw::Joined::new(stream)),
        other => panic!("no broadcast server {other:?}"),
    }
}

/// Everybody gets what anybody sends.
#[derive(Clone, Default)]
struct Room(Rc<RefCell<Vec<mpsc::UnboundedSender<Bytes>>>>);

impl Room {
    fn join(&self, mut member: impl Member + 'static) {
        let (sender, mut queue) = mpsc::unbounded_channel();
        self.0.borrow_mut().push(sender);
        let room = self.clone();
        spawn_local(async move {
            loop {
                tokio::select! {
                    received = member.next() => match received {
                        Some(message) => room.publish(&message),
                        None => return,
                    },
                    Some(message) = queue.recv() => {
                        member.feed(message).await;
                        while let Ok(message) = queue.try_recv() {
                            member.feed(message).await;
                        }
                        member.flush().await;
                    }
                }
            }
        });
    }

    fn publish(&self, message: &Bytes) {
        self.0
            .borrow_mut()
            .retain(|member| member.send(message.clone()).is_ok());
    }
}

/// No client sends anything behind its request before it has been answered.
async fn handshake(mut stream: TcpStream) -> Option<TcpStream> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let (_path, response) = wire::accept(&String::from_utf8_lossy(&head));
    stream.write_all(response.as_bytes()).await.ok()?;
    Some(stream)
}
