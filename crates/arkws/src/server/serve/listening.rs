//! Where connections come from, as they come in.
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::{Sleep, sleep};

use crate::server::accept_error::accept_error_is_of_one_client;
use crate::server::incoming::PeerInfo;
use crate::{Transport, log};

/// How long to wait after the system has failed to accept (for example because the table of file
/// descriptors is full): the first pause, and the longest.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
    Streams(Streams),
}

/// Connections that the program has accepted; `None`: there come no more.
pub(super) struct Streams(Option<Pin<Box<dyn Stream<Item = Accepted> + Send>>>);

/// A client's connection before its handshake.
pub(super) type Accepted = (Transport, PeerInfo);

/// Accepts from a listener, whatever comes.
#[derive(Debug)]
pub(super) struct Listening {
    listener: Listener,
    /// After a failure: until it tries again, and the pause after the next one.
    pause: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Listener {
    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Listener::Unix(_) => None,
            Listener::Streams(_) => None,
        }
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        match self {
            Listener::Tcp(listener) => listener
                .poll_accept(cx)
                .map_ok(|(stream, address)| (stream.into(), address.into())),
            #[cfg(unix)]
            Listener::Unix(listener) => listener
                .poll_accept(cx)
                .map_ok(|(stream, _)| (Transport::other(stream), PeerInfo::default())),
            Listener::Streams(streams) => streams.poll_next(cx).map(Ok),
        }
    }
}

impl Streams {
    pub(super) fn new(streams: impl Stream<Item = Accepted> + Send + 'static) -> Streams {
        Streams(Some(Box::pin(streams)))
    }

    /// The next one. After the last, it is never ready.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Accepted> {
        let Some(streams) = &mut self.0 else {
            return Poll::Pending;
        };
        match ready!(streams.as_mut().poll_next(cx)) {
            Some(accepted) => Poll::Ready(accepted),
            None => {
                // A stream is not to be asked again.
                self.0 = None;
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl Listening {
    pub(super) fn new(listener: Listener) -> Listening {
        Listening {
            listener,
            pause: None,
        }
    }

    /// The next connection.
    pub(super) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Accepted> {
        loop {
            if let Some((until, _)) = &mut self.pause {
                ready!(until.as_mut().poll(cx));
            }
            match ready!(self.listener.poll_accept(cx)) {
                Ok(accepted) => {
                    self.pause = None;
                    return Poll::Ready(accepted);
                }
                Err(error) if accept_error_is_of_one_client(&error) => {}
                Err(error) => {
                    log::debug!(%error, "cannot accept connections");
                    let [first, longest] = BACKOFF;
                    let pause = self.pause.take().map_or(first, |(_, next)| next);
                    self.pause = Some((Box::pin(sleep(pause)), (2 * pause).min(longest)));
                }
            }
        }
    }
}
