//! The load generator for servers: raw sockets, no WebSocket library, one thread.
//!
//! `arkws-bench load TASK ADDRESS [OPTIONS]` opens connections, sends, checks every message that
//! comes back, and prints one line of JSON.
//!
//! | TASK | |
//! |---|---|
//! | `echo` | every connection keeps `--window` messages in flight and gets each of them back |
//! | `broadcast` | the first connection publishes, keeping `--window` messages in flight; all connections, the first included, get each of them |
//! | `idle` | nothing is sent: what the connections take is `resident` |
//!
//! | option | default | |
//! |---|---|---|
//! | `--connections N` | 50 | |
//! | `--window W` | 16 | at most 256 KiB may be in flight on a connection |
//! | `--size B` | 16 | bytes of a message |
//! | `--content C` | `binary` | or `text` |
//! | `--messages N` | 1000000 | sent in all, over all connections |
//! | `--pid P` | none | the server's process: `cpu` and `resident` are its own; without, `cpu` is the load generator's |
//! | `--path P` | `/` | what is requested |
//!
//! The clients come from many loopback addresses, ten from each: servers may limit what one has.
//!
//! The result: `{"messages":…,"bytes":…,"wall":…,"cpu":…,"latency":null,"resident":…}`: messages
//! received by all connections together and their payload bytes; wall-clock and CPU nanoseconds
//! (user and system, all threads of the process) from the first message to the last, handshakes not
//! included; resident bytes of the server that each connection added, measured after the last
//! message while all connections are open (or null).
use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

use crate::check::{Check, Source};
use crate::measure::{Meter, Process};
use crate::payload::Content;
use crate::peers::Outcome;
use crate::wire;

struct Load {
    connections: u64,
    window: u64,
    size: usize,
    content: Content,
    messages: u64,
    server: Option<Process>,
    path: String,
}

/// `load TASK ADDRESS [OPTIONS]`
pub fn run(task: &str, address: &str, options: &[&str]) {
    let mut load = Load {
        connections: 50,
        window: 16,
        size: 16,
        content: Content::Binary,
        messages: 1_000_000,
        server: None,
        path: "/".to_owned(),
    };
    for pair in options.chunks(2) {
        let &[name, value] = pair else {
            panic!("{} has no value", pair[0]);
        };
        let number = || value.parse().expect("a number");
        match name {
            "--connections" => load.connections = number(),
            "--window" => load.window = number(),
            "--size" => load.size = number() as usize,
            "--content" => load.content = Content::named(value),
            "--messages" => load.messages = number(),
            "--pid" => load.server = Some(Process::other(number() as u32)),
            "--path" => load.path = value.to_owned(),
            other => panic!("no option {other:?}"),
        }
    }
    assert!(
        load.window * load.size as u64 <= 256 << 10,
        "so much in flight could block both ends"
    );
    let address = address.parse().expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = LocalSet::new().block_on(&runtime, load.run(task, address));
    println!("{}", serde_json::to_string(&outcome).expect("JSON"));
}

impl Load {
    async fn run(&self, task: &str, address: SocketAddr) -> Outcome {
        let before = self.server.map(Process::resident);
        // Some at a time, or the round trips of ten thousand handshakes would take longer than what
        // is measured.
        let mut streams = Vec::new();
        while streams.len() < self.connections as usize {
            let first = streams.len() as u64;
            let now = 64.min(self.connections - first);
            let clients = first..first + now;
            let connected = join_all(clients.map(|client| self.connect(client, address))).await;
            streams.extend(connected.into_iter().map(Rc::new));
        }
        // A server may join a client to its room just after it has answered.
        tokio::time::sleep(Duration::from_millis(100)).await;

        let mut source = Source::new(self.content, self.size);
        let check = source.check();
        let mut frame = Vec::new();
        let opcode = self.content.opcode();
        wire::client_frame(opcode, source.next(), *b"\x3A\x91\x5C\xE7", &mut frame);

        let meter = Meter::of(self.server.unwrap_or_default());
        let received = match task {
            "echo" => self.echo(&streams, &frame, &check).await,
            "broadcast" => self.broadcast(&streams, frame, &check).await,
            "idle" => self.connections,
            other => panic!("no task {other:?}"),
        };
        let cost = meter.stop();
        let after = self.server.map(Process::resident);
        let added = before
            .zip(after)
            .map(|(before, after)| after.saturating_sub(before));
        Outcome {
            resident: added.map(|bytes| bytes / self.connections),
            ..Outcome::new(received, self.size, cost)
        }
    }

    async fn connect(&self, client: u64, address: SocketAddr) -> TcpStream {
        let place = client / 10;
        let own = Ipv4Addr::new(127, 0, (place / 250) as u8, 1 + (place % 250) as u8);
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((own, 0).into()).expect("an address");
        let mut stream = socket.connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let request = wire::request(&self.path);
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // No server sends anything behind its answer: nothing has been published yet.
            assert_ne!(stream.read_buf(&mut head).await.expect("an answer"), 0);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "refused");
        stream
    }

    async fn echo(&self, streams: &[Rc<TcpStream>], frame: &[u8], check: &Check) -> u64 {
        let each = self.messages / self.connections;
        assert!(each > 0, "fewer messages than connections");
        let window = self.window.min(each);
        let block: Rc<[u8]> = frame.repeat(window as usize).into();
        let buffer = buffer();
        let tasks: Vec<_> = streams
            .iter()
            .map(|stream| {
                let (stream, block) = (Rc::clone(stream), Rc::clone(&block));
                let mut frames = Frames::new(&stream, &buffer, check);
                let frame = frame.len();
                spawn_local(async move {
                    write(&stream, &block).await;
                    let (mut sent, mut received) = (window, 0);
                    while received < each {
                        let got = frames.read().await;
                        received += got;
                        let next = got.min(each - sent);
                        write(&stream, &block[..next as usize * frame]).await;
                        sent += next;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        each * self.connections
    }

    async fn broadcast(&self, streams: &[Rc<TcpStream>], frame: Vec<u8>, check: &Check) -> u64 {
        let (messages, connections, window) = (self.messages, self.connections, self.window);
        let buffer = buffer();
        let delivered = Rc::new(Cell::new(0));
        let progress = Rc::new(Notify::new());
        let receivers: Vec<_> = streams
            .iter()
            .map(|stream| {
                let mut frames = Frames::new(stream, &buffer, check);
                let (delivered, progress) = (Rc::clone(&delivered), Rc::clone(&progress));
                spawn_local(async move {
                    let mut received = 0;
                    while received < messages {
                        let got = frames.read().await;
                        received += got;
                        let before = delivered.get();
                        delivered.set(before + got);
                        if before / connections != delivered.get() / connections {
                            progress.notify_one();
                        }
                    }
                })
            })
            .collect();
        let publisher = Rc::clone(&streams[0]);
        let mut published = 0;
        while published < messages {
            // In flight: those that not all have got, on average.
            while published < messages && published < delivered.get() / connections + window {
                write(&publisher, &frame).await;
                published += 1;
            }
            progress.notified().await;
        }
        for receiver in receivers {
            receiver.await.expect("no panic");
        }
        messages * connections
    }
}

/// What is read into, by all connections.
type Buffer = Rc<RefCell<Vec<u8>>>;

fn buffer() -> Buffer {
    Rc::new(RefCell::new(vec![0; 512 << 10]))
}

/// Reads and checks the frames of one connection.
struct Frames {
    stream: Rc<TcpStream>,
    buffer: Buffer,
    tail: Vec<u8>,
    check: Check,
}

impl Frames {
    fn new(stream: &Rc<TcpStream>, buffer: &Buffer, check: &Check) -> Frames {
        Frames {
            stream: Rc::clone(stream),
            buffer: Rc::clone(buffer),
            tail: Vec::new(),
            check: check.clone(),
        }
    }

    /// How many one read has completed.
    async fn read(&mut self) -> u64 {
        self.stream.readable().await.expect("a socket");
        let mut buffer = self.buffer.borrow_mut();
        let kept = self.tail.len();
        buffer[..kept].copy_from_slice(&self.tail);
        let end = match self.stream.try_read(&mut buffer[kept..]) {
            Ok(0) => panic!("the server has gone"),
            Ok(n) => kept + n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return 0,
            Err(error) => panic!("{error}"),
        };
        let mut rest = &buffer[..end];
        let mut frames = 0;
        while let Some(header) = wire::header(rest) {
            let total = header.len + header.payload;
            if rest.len() < total {
                break;
            }
            self.check.message(&rest[header.len..total]);
            rest = &rest[total..];
            frames += 1;
        }
        self.tail.clear();
        self.tail.extend_from_slice(rest);
        frames
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream.writable().await.expect("a socket");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
