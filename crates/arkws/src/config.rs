//! The options of a connection, however it was made.
use std::time::Duration;

use arkws_proto::{Entropy, Limits};

use crate::UnfinishedBudget;

/// Options of an established connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is accepted from the peer.
    pub limits: Limits,
    /// Pings to a silent peer; `None` (default): no pings.
    pub heartbeat: Option<Heartbeat>,
    /// How long the peer may take to answer a close frame and, on the client, to end TCP. The time
    /// starts anew while the peer takes what is still on its way to it. Default:
    /// [`Config::DEFAULT_CLOSE_TIMEOUT`].
    pub close_timeout: Duration,
    /// For how long the peer may take nothing of what waits for it; `None`: for ever. Default:
    /// [`Config::DEFAULT_WRITE_TIMEOUT`]. The time runs only while bytes wait here and the
    /// transport takes none of them. It starts anew when the peer has taken some of those that the
    /// transport holds ([`Progress`](crate::Progress)).
    pub write_timeout: Option<Duration>,
    /// How long a message may be incomplete while the peer sends neither another frame nor 64 KiB
    /// of a long one; `None`: for ever. The time runs only while the program receives, and not for
    /// a message that it reads in pieces ([`MessageReader`](crate::MessageReader)). Default:
    /// `None`; of an [`Acceptor`](crate::Acceptor):
    /// [`DEFAULT_MESSAGE_TIMEOUT`](crate::Acceptor::DEFAULT_MESSAGE_TIMEOUT).
    pub message_timeout: Option<Duration>,
    /// Bounds the memory of incomplete messages over many connections. `None` (default): no bound.
    /// A [`Client`](crate::Client) and an [`Acceptor`](crate::Acceptor) then make one of
    /// [`UnfinishedBudget::DEFAULT_LIMIT`] bytes for their connections.
    pub unfinished_budget: Option<UnfinishedBudget>,
    /// Bytes that may wait before `poll_ready` writes them, and waits until fewer do. Default:
    /// [`Config::DEFAULT_WRITE_BUFFER`].
    pub write_buffer: usize,
    /// Where the random numbers of a client come from: masking keys, the key of the handshake of
    /// [`Client`](crate::Client), and the jitter of [`Retry`](crate::Retry). Default:
    /// [`Entropy::System`]. With [`Entropy::Seed`], for tests, what a connection sends depends on
    /// nothing but what it is told and receives, and when. **Not for the network**: all connections
    /// with this seed, such as those of one `Client`, use the same keys, which RFC 6455, 10.3 wants
    /// nobody to foretell.
    pub entropy: Entropy,
}

impl Config {
    /// How long a peer may take to close: as long as libwebsockets waits at most.
    pub const DEFAULT_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
    /// How long a peer may take nothing of what waits for it. Our choice: longer than TCP takes to
    /// recover from the losses of a bad network.
    pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
    /// Bytes that may wait before they are written. With a message of some KiB on top they still
    /// leave in one segment of the kernel's (64 KiB).
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

/// Pings to find out whether a silent peer is still there. Any byte that arrives shows that it is.
/// So does any byte that the peer takes ([`Progress`](crate::Progress)), which is looked at before
/// it is given up: if it has taken some since the ping, or since the last look, the time for its
/// answer starts anew.
///
/// Pings are sent while the program receives or flushes. A ping leaves before the messages that
/// wait, but after the rest of one that is being written. The time for the answer runs from when
/// the ping has left. While it waits, because the peer takes nothing, only
/// [`Config::write_timeout`] gives the peer up; without that, nothing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// A ping is sent after this much silence.
    pub interval: Duration,
    /// The connection fails if nothing arrives within this time after a ping, while the peer takes
    /// nothing.
    pub timeout: Duration,
}

impl Heartbeat {
    /// A ping after this much silence, and as much time for its answer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use arkws::{Client, Heartbeat};
    /// let heartbeat = Heartbeat::every(Duration::from_secs(20));
    /// assert_eq!(heartbeat.timeout, Duration::from_secs(20));
    /// let client = Client::builder().heartbeat(heartbeat).build()?;
    /// # Ok::<_, arkws::Error>(())
    /// ```
    pub const fn every(interval: Duration) -> Heartbeat {
        Heartbeat {
            interval,
            timeout: interval,
        }
    }
}
