//! What is measured.

/// What the client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Receives `messages` that the counterpart sends as fast as it can.
    Receive,
    /// Sends `messages`, batched as the library does it best.
    Send,
    /// Sends `messages`, each awaited until it has been written.
    SendEach,
    /// Sends one, waits for its echo.
    PingPong,
    /// Keeps 64 messages in flight against an echo server.
    Window,
    /// Opens and closes connections through the library's own connect.
    Handshake,
    /// Opens `messages` connections and leaves them idle: resident bytes each.
    Idle,
}

/// One row of the benches.
#[derive(Debug)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// What the client does.
    pub kind: Kind,
    /// Bytes of a message.
    pub size: usize,
    /// Text with some non-ASCII, or binary.
    pub text: bool,
    /// How many messages (or connections).
    pub messages: u64,
}

const fn row(
    name: &'static str,
    about: &'static str,
    kind: Kind,
    size: usize,
    text: bool,
    messages: u64,
) -> Scenario {
    Scenario {
        name,
        about,
        kind,
        size,
        text,
        messages,
    }
}

/// All scenarios, in the order of the tables.
pub const ALL: &[Scenario] = &[
    row(
        "recv-16",
        "receive 16 B binary",
        Kind::Receive,
        16,
        false,
        8_000_000,
    ),
    row(
        "recv-1k",
        "receive 1 KiB binary",
        Kind::Receive,
        1 << 10,
        false,
        1_500_000,
    ),
    row(
        "recv-text-1k",
        "receive 1 KiB text, some of it not ASCII",
        Kind::Receive,
        1 << 10,
        true,
        1_500_000,
    ),
    row(
        "recv-64k",
        "receive 64 KiB binary",
        Kind::Receive,
        64 << 10,
        false,
        40_000,
    ),
    row(
        "recv-1m",
        "receive 1 MiB binary",
        Kind::Receive,
        1 << 20,
        false,
        2_500,
    ),
    row(
        "send-16",
        "send 16 B binary, batched",
        Kind::Send,
        16,
        false,
        8_000_000,
    ),
    row(
        "send-1k",
        "send 1 KiB binary, batched",
        Kind::Send,
        1 << 10,
        false,
        1_500_000,
    ),
    row(
        "send-text-1k",
        "send 1 KiB text, batched",
        Kind::Send,
        1 << 10,
        true,
        1_500_000,
    ),
    row(
        "send-64k",
        "send 64 KiB binary, batched",
        Kind::Send,
        64 << 10,
        false,
        40_000,
    ),
    row(
        "send-1m",
        "send 1 MiB binary, batched",
        Kind::Send,
        1 << 20,
        false,
        2_500,
    ),
    row(
        "send-each-16",
        "send 16 B binary, each awaited",
        Kind::SendEach,
        16,
        false,
        400_000,
    ),
    row(
        "send-each-1k",
        "send 1 KiB binary, each awaited",
        Kind::SendEach,
        1 << 10,
        false,
        400_000,
    ),
    row(
        "ping-pong",
        "16 B there and back",
        Kind::PingPong,
        16,
        false,
        60_000,
    ),
    row(
        "window-16",
        "echo, 16 B, 64 in flight",
        Kind::Window,
        16,
        false,
        1_000_000,
    ),
    row(
        "handshake",
        "connect and close",
        Kind::Handshake,
        0,
        false,
        4_000,
    ),
    row(
        "idle",
        "resident memory of an idle connection, 5,000 at once",
        Kind::Idle,
        0,
        false,
        5_000,
    ),
];

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// The payload of every message of a scenario.
pub fn payload(size: usize, text: bool) -> Vec<u8> {
    if text {
        // One character in sixteen is not ASCII, as in European prose.
        let sentence = "der Bär läuft über die Brücke, 1,234 times and more; ";
        let mut text = String::new();
        while text.len() + sentence.len() <= size {
            text.push_str(sentence);
        }
        while text.len() < size {
            text.push('.');
        }
        text.into_bytes()
    } else {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        (0..size)
            .map(|_| {
                state = state
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                (state >> 56) as u8
            })
            .collect()
    }
}
