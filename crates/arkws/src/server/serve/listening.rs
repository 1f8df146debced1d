//! The listening socket: connections as they come in.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Sleep, sleep};

use crate::log;
use crate::server::accept_error::accept_error_is_of_one_client;

/// How long to wait after the system has failed to accept (for example because the table of file
/// descriptors is full): the first pause, and the longest.
const BACKOFF: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(1)];

#[derive(Debug)]
pub(super) enum ListeningSocket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A client's connection before its handshake.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(UnixStream),
}

/// Accepts from a listening socket, whatever comes.
#[derive(Debug)]
pub(super) struct Listening {
    socket: ListeningSocket,
    /// After a failure: until it tries again, and the pause after the next one.
    pause: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl ListeningSocket {
    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            ListeningSocket::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            ListeningSocket::Unix(_) => None,
        }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        match self {
            ListeningSocket::Tcp(listener) => listener
                .poll_accept(cx)
                .map_ok(|(stream, address)| Accepted::Tcp(stream, address)),
            #[cfg(unix)]
            ListeningSocket::Unix(listener) => listener
                .poll_accept(cx)
                .map_ok(|(stream, _)| Accepted::Unix(stream)),
        }
    }
}

impl Listening {
    pub(super) fn new(socket: ListeningSocket) -> Listening {
        Listening {
            socket,
            pause: None,
        }
    }

    /// The next connection.
    pub(super) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Accepted> {
        loop {
            if let Some((until, _)) = &mut self.pause {
                ready!(until.as_mut().poll(cx));
            }
            match ready!(self.socket.poll_accept(cx)) {
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
