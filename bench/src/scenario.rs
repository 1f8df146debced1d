//! What is measured.
use crate::payload::Content;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client receives `messages` that the counterpart sends as fast as it can.
    Receive,
    /// A client sends `messages`, batched as the library does it best.
    Send,
    /// A client sends `messages`, each awaited until it has been written.
    SendEach,
    /// A client sends one, waits for its echo.
    PingPong,
    /// A client keeps 64 messages in flight against an echo server.
    Window,
    /// A client opens and drops connections through the library's own connect.
    Handshake,
    /// A client opens `messages` connections and leaves them idle: resident bytes each.
    Idle,
    /// The same after one echo on each of them.
    IdleAfterEcho,
    /// A server echoes to so many clients that keep so many messages in flight each.
    ServerEcho { connections: u64, window: u64 },
    /// A server sends what one client publishes to so many clients; `messages` are published.
    ServerBroadcast { connections: u64 },
    /// A server keeps `messages` connections, on which nothing is ever sent: resident bytes each.
    ServerIdle,
    /// A client process echoes `messages` in all over 1 to 10,000 connections.
    ClientGrowth,
    /// A server does.
    ServerGrowth,
}

/// What the frames travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// TCP.
    Plain,
    /// TLS 1.3 with AES-128-GCM by rustls and ring, at both ends and for every peer.
    Tls,
    /// TCP, and the messages compressed: permessage-deflate with context takeover and windows of 15
    /// bits both ways.
    Deflate,
}

/// One table of the benches.
#[derive(Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What is done.
    pub kind: Kind,
    /// What the frames travel in.
    pub wire: Wire,
    /// Bytes of a message.
    pub size: usize,
    /// What they are.
    pub content: Content,
    /// How many messages (or connections).
    pub messages: u64,
}

const KI: usize = 1 << 10;

const fn row(
    name: &'static str,
    about: &'static str,
    kind: Kind,
    size: usize,
    messages: u64,
) -> Scenario {
    Scenario {
        name,
        about,
        kind,
        wire: Wire::Plain,
        size,
        content: Content::Binary,
        messages,
    }
}

const fn echo(connections: u64, window: u64) -> Kind {
    Kind::ServerEcho {
        connections,
        window,
    }
}

const fn broadcast(connections: u64) -> Kind {
    Kind::ServerBroadcast { connections }
}

impl Scenario {
    const fn text(mut self) -> Scenario {
        self.content = Content::Text;
        self
    }

    const fn tls(mut self) -> Scenario {
        self.wire = Wire::Tls;
        self
    }

    const fn deflate(mut self) -> Scenario {
        self.wire = Wire::Deflate;
        self.content = Content::Json;
        self
    }

    /// Does the peer compress what it sends?
    pub fn compresses(&self) -> bool {
        self.kind == Kind::Send && self.wire == Wire::Deflate
    }

    /// The counterpart's path for `messages` in one direction: `blast` or `drain`.
    pub fn path(&self, mode: &str, messages: u64) -> String {
        format!("/{mode}/{}/{messages}/{}", self.size, self.content.name())
    }
}

/// How many connections there are, where they grow.
pub const GROWTH: &[u64] = &[1, 100, 1_000, 10_000];

/// All scenarios, in the order of the tables.
#[rustfmt::skip]
pub const ALL: &[Scenario] = &[
    row("recv-16", "receive 16 B binary", Kind::Receive, 16, 8_000_000),
    row("recv-1k", "receive 1 KiB binary", Kind::Receive, KI, 1_000_000),
    row("recv-text-1k", "receive 1 KiB text, some of it not ASCII", Kind::Receive, KI, 1_000_000).text(),
    row("recv-64k", "receive 64 KiB binary", Kind::Receive, 64 * KI, 20_000),
    row("recv-1m", "receive 1 MiB binary", Kind::Receive, KI * KI, 1_500),
    row("send-16", "send 16 B binary, batched", Kind::Send, 16, 8_000_000),
    row("send-1k", "send 1 KiB binary, batched", Kind::Send, KI, 1_000_000),
    row("send-text-1k", "send 1 KiB text, batched", Kind::Send, KI, 1_000_000).text(),
    row("send-64k", "send 64 KiB binary, batched", Kind::Send, 64 * KI, 20_000),
    row("send-1m", "send 1 MiB binary, batched", Kind::Send, KI * KI, 1_500),
    row("send-each-16", "send 16 B binary, each awaited", Kind::SendEach, 16, 120_000),
    row("send-each-1k", "send 1 KiB binary, each awaited", Kind::SendEach, KI, 120_000),
    row("ping-pong", "16 B there and back, both ends on one core", Kind::PingPong, 16, 60_000),
    row("window-16", "echo, 16 B, 64 in flight", Kind::Window, 16, 600_000),
    row("handshake", "connect and drop, both ends on one core", Kind::Handshake, 0, 3_000),
    row("idle", "resident memory of an idle connection, 5,000 at once", Kind::Idle, 0, 5_000),
    row("idle-after-echo", "the same after one echo of 16 B on each", Kind::IdleAfterEcho, 16, 5_000),
    row("server-echo-16", "a server echoes 16 B, 50 clients with 16 in flight each", echo(50, 16), 16, 500_000),
    row("server-echo-1k", "a server echoes 1 KiB, 50 clients with 16 in flight each", echo(50, 16), KI, 300_000),
    row("server-echo-20-one", "a server echoes 20 B, 64 clients with one in flight each", echo(64, 1), 20, 192_000),
    row("server-echo-20-many", "a server echoes 20 B, 64 clients with 16 in flight each", echo(64, 16), 20, 640_000),
    row("server-echo-1k-one", "a server echoes 1 KiB, 64 clients with one in flight each", echo(64, 1), KI, 192_000),
    row("server-echo-1k-many", "a server echoes 1 KiB, 64 clients with 16 in flight each", echo(64, 16), KI, 320_000),
    row("server-broadcast-64", "a server sends 64 B to 1,000 clients", broadcast(1_000), 64, 150),
    row("server-broadcast-1k", "a server sends 1 KiB to 1,000 clients", broadcast(1_000), KI, 150),
    row("server-broadcast-64-10k", "a server sends 64 B to 10,000 clients", broadcast(10_000), 64, 15),
    row("server-broadcast-1k-10k", "a server sends 1 KiB to 10,000 clients", broadcast(10_000), KI, 15),
    row("server-idle", "resident memory of a server's idle connection, 5,000 at once, its task included", Kind::ServerIdle, 16, 5_000),
    row("deflate-recv-1k", "receive 1 KiB JSON, compressed", Kind::Receive, KI, 150_000).deflate(),
    row("deflate-recv-16k", "receive 16 KiB JSON, compressed", Kind::Receive, 16 * KI, 15_000).deflate(),
    row("deflate-send-1k", "send 1 KiB JSON, compressed", Kind::Send, KI, 30_000).deflate(),
    row("deflate-send-16k", "send 16 KiB JSON, compressed", Kind::Send, 16 * KI, 2_500).deflate(),
    row("wss-recv-16", "receive 16 B binary over TLS", Kind::Receive, 16, 4_000_000).tls(),
    row("wss-recv-1k", "receive 1 KiB binary over TLS", Kind::Receive, KI, 500_000).tls(),
    row("wss-recv-64k", "receive 64 KiB binary over TLS", Kind::Receive, 64 * KI, 10_000).tls(),
    row("wss-send-16", "send 16 B binary over TLS, batched", Kind::Send, 16, 4_000_000).tls(),
    row("wss-send-1k", "send 1 KiB binary over TLS, batched", Kind::Send, KI, 500_000).tls(),
    row("wss-send-64k", "send 64 KiB binary over TLS, batched", Kind::Send, 64 * KI, 10_000).tls(),
    row("growth-client", "a client process echoes 16 B over so many connections, 8 in flight on each", Kind::ClientGrowth, 16, 200_000),
    row("growth-server", "a server echoes 16 B over so many connections, 8 in flight on each", Kind::ServerGrowth, 16, 200_000),
];

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}
