//! A port that clients connect to.
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use arkws::accept_error_is_of_one_client;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::exit::Failure;
use crate::stop::Stop;

/// A port that is listened on.
pub(crate) struct Listening {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// # Errors
    /// It cannot be listened on.
    pub(crate) async fn on(host: &str, port: u16) -> Result<Listening, Failure> {
        let cannot = |error| Failure::fault(format!("cannot listen on {host}:{port}: {error}"));
        let listener = TcpListener::bind((host, port)).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Listening { listener, address })
    }

    /// Writes the first line on standard output.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn tell_url(&self, is_secure: bool) -> Result<(), Failure> {
        let scheme = if is_secure { "wss" } else { "ws" };
        let tell = || -> io::Result<()> {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{scheme}://{}/", self.address)?;
            stdout.flush()
        };
        tell().map_err(|error| Failure::fault(format!("cannot write the URL: {error}")))
    }

    /// Serves clients, each with a number, until there is a reason to stop. Then each has its time
    /// to say goodbye. `unable` is told when nobody can be let in.
    pub(crate) async fn serve<F>(
        self,
        stop: &Stop,
        unable: impl Fn(io::Error),
        serve: impl Fn(TcpStream, SocketAddr, u64) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut clients = JoinSet::new();
        let mut number = 0;
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.given() => break,
            };
            match accepted {
                Ok((stream, from)) => {
                    number += 1;
                    // What was sent shall not wait for more.
                    _ = stream.set_nodelay(true);
                    clients.spawn(serve(stream, from, number));
                }
                Err(error) if accept_error_is_of_one_client(&error) => {}
                Err(error) => {
                    unable(error);
                    // Files become free when clients leave.
                    sleep(Duration::from_millis(100)).await;
                }
            }
            while clients.try_join_next().is_some() {}
        }
        drop(self.listener);
        while clients.join_next().await.is_some() {}
    }
}
