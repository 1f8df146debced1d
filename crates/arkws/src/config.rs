//! What a connection needs to know, whichever way it was made.
use std::time::Duration;

use arkws_proto::{Entropy, Limits};

use crate::UnfinishedBudget;

/// Settings of an established connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is accepted from the peer.
    pub limits: Limits,
    /// Pings to a silent peer; `None` (default): no pings.
    pub heartbeat: Option<Heartbeat>,
    /// How long the peer may take to answer a close frame (and, on the client, to end TCP), not
    /// counting while it takes what is still on its way to it. Default:
    /// [`Config::DEFAULT_CLOSE_TIMEOUT`].
    pub close_timeout: Duration,
    /// How long the peer may take nothing of what waits for it; `None`: for ever. Default:
    /// [`Config::DEFAULT_WRITE_TIMEOUT`]. The clock runs only while bytes wait here and the
    /// transport takes none of them, and starts anew if the peer has taken some of those that the
    /// transport holds ([`Progress`](crate::Progress)).
    pub write_timeout: Option<Duration>,
    /// How long a message may be incomplete while no frame of the connection comes and no 64 KiB of
    /// a long one; `None`: for ever. The clock runs only while the socket is received from.
    /// Default: `None`; of an [`Acceptor`](crate::Acceptor):
    /// [`DEFAULT_MESSAGE_TIMEOUT`](crate::Acceptor::DEFAULT_MESSAGE_TIMEOUT).
    pub message_timeout: Option<Duration>,
    /// What bounds the memory of incomplete messages of many connections together; `None`
    /// (default): nothing does. A [`Client`](crate::Client) and an [`Acceptor`](crate::Acceptor)
    /// then make one of [`UnfinishedBudget::DEFAULT_LIMIT`] bytes for their connections.
    pub unfinished_budget: Option<UnfinishedBudget>,
    /// When this many bytes wait, `poll_ready` starts writing, and waits while they do. Default:
    /// [`Config::DEFAULT_WRITE_BUFFER`].
    pub write_buffer: usize,
    /// Where the random numbers of a client come from: masking keys, and the key of the handshake
    /// of [`Client`](crate::Client). Default: [`Entropy::System`]. With [`Entropy::Seed`], for
    /// tests, what a connection sends depends on nothing but what it is told and receives, and
    /// when.
    pub entropy: Entropy,
}

impl Config {
    /// How long a peer may take to close: as long as libwebsockets waits at most.
    pub const DEFAULT_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a peer may take nothing of what waits for it: longer than TCP takes to try again
    /// after the losses of a bad network.
    pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
    /// Bytes that wait before they are written: with a message of some KiB on top they still leave
    /// in one segment of the kernel's (64 KiB).
    pub const DEFAULT_WRITE_BUFFER: usize = 56 << 10;
}

impl Default for Config {
    fn default() -> Self {
        Config {
            limits: Limits::default(),
            heartbeat: None,
            close_timeout: Config::DEFAULT_CLOSE_TIMEOUT,
            write_timeout: Some(Config::DEFAULT_WRITE_TIMEOUT),
            message_timeout: None,
            unfinished_budget: None,
            write_buffer: Config::DEFAULT_WRITE_BUFFER,
            entropy: Entropy::System,
        }
    }
}

/// Pings to find out whether a silent peer is still there. Any received byte counts as life. So
/// does any byte that the peer takes ([`Progress`](crate::Progress)): before it is given up, that
/// is looked at, and if it has taken some since the ping, or since that was looked at last, it has
/// the time for its answer again.
///
/// They are sent while the socket is received from or flushed. A ping goes ahead of the messages
/// that wait, but not into the midst of one: it waits for the rest of a long message that is being
/// written, and the time for the answer runs from when the ping has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// A ping is sent after this much silence.
    pub interval: Duration,
    /// The connection fails if nothing arrives within this time after a ping, while the peer takes
    /// nothing.
    pub timeout: Duration,
}
