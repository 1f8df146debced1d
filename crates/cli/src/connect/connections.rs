//! One connection, or one after the other (`--reconnect`).
use std::pin::Pin;

use arkws::{Attempt, Cause, Client, ClientResponse, Error, Retry, Transport, WebSocket};
use futures_util::{Stream, StreamExt, stream};

use super::output::Output;
use crate::exit::Failure;

type Connection = (WebSocket<Transport>, ClientResponse);

/// The connections to a server.
pub(super) struct Connections<'a> {
    url: String,
    stream: Pin<Box<dyn Stream<Item = Result<Connection, Error>> + 'a>>,
}

impl<'a> Connections<'a> {
    pub(super) fn new(
        client: Client,
        url: &str,
        reconnects: bool,
        output: &'a Output,
    ) -> Connections<'a> {
        let url = url.to_owned();
        let to = url.clone();
        let stream = match reconnects {
            false => stream::once(async move { client.connect(to).await }).boxed_local(),
            true => {
                let request = async move |attempt: Attempt| {
                    if let Some(error) = attempt.error {
                        output.note(&format!("{error}; trying again"));
                    }
                    Ok(to.clone())
                };
                client.reconnecting(request, Retry::default()).boxed_local()
            }
        };
        Connections { url, stream }
    }

    /// The next one.
    ///
    /// # Errors
    /// There is none.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Result<Connection, Failure> {
        match self.stream.next().await {
            Some(Ok(connection)) => Ok(connection),
            Some(Err(error)) => Err(Failure::of_connecting(&self.url, &error)),
            None => Err(Failure::not_connected(
                "there is no other connection",
                Cause::Closed,
            )),
        }
    }
}
