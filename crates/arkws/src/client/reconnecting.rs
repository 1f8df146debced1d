//! One connection after the other, for as long as there is a reason to try.
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arkws_proto::handshake::ClientResponse;
use futures_core::Stream;
use tokio::time::{Instant, sleep};

use super::Client;
use super::request::IntoRequest;
use super::retry::{Backoff, Retry};
use crate::{Error, Transport, WebSocket, log};

/// An attempt that is about to be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// Attempts that have failed since the last connection, or since the start.
    pub failures: u32,
    /// Why the last of them failed.
    pub error: Option<Error>,
}

/// What [`Client::connect`] gives.
type Connection = (WebSocket<Transport>, ClientResponse);

impl Client {
    /// Connections to a server, one after the other: the stream's next one is made when it is asked
    /// for, which a program does when the last one is over. Attempts that fail are made again, as
    /// `retry` says, and a server is left alone for as long as its `Retry-After` asks (with 429 or
    /// 503, up to [`Retry::MAX_RETRY_AFTER`]). Between two connections there is a delay as well.
    ///
    /// `request` is asked before each attempt what to connect to, so that a token can be fresh. If
    /// it fails, so does the attempt.
    ///
    /// The stream ends with the first error that is not followed by another attempt.
    ///
    /// ```no_run
    /// # async fn fresh_token() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// # async fn run(client: arkws::Client) -> Result<(), arkws::Error> {
    /// use arkws::Retry;
    /// use futures_util::StreamExt;
    ///
    /// let request = async |_attempt| {
    ///     let token = fresh_token().await?;
    ///     Ok(client.request("wss://chat.example/").bearer_auth(&token))
    /// };
    /// let mut connections = client.reconnecting(request, Retry::default());
    /// while let Some(connection) = connections.next().await {
    ///     let (mut socket, _response) = connection?;
    ///     while let Some(Ok(message)) = socket.next().await {
    ///         println!("{message:?}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and those of `request`.
    ///
    /// # Cancel safety
    /// What waits for the next connection may be dropped: the attempt goes on when the stream is
    /// polled again. Dropping the stream ends it.
    pub fn reconnecting<F, R>(
        &self,
        request: F,
        retry: Retry,
    ) -> impl Stream<Item = Result<Connection, Error>> + Unpin + use<F, R>
    where
        F: AsyncFnMut(Attempt) -> Result<R, Error>,
        R: IntoRequest,
    {
        let attempts = Attempts {
            client: self.clone(),
            request,
            backoff: Backoff::new(retry, self.options.config.entropy),
            opened: None,
        };
        Unfold {
            state: Some(attempts),
            next: Attempts::next,
            running: None,
        }
    }
}

/// What is kept between two connections.
struct Attempts<F> {
    client: Client,
    request: F,
    backoff: Backoff,
    /// When the last connection was made.
    opened: Option<Instant>,
}

impl<F> Attempts<F> {
    /// The next connection, or why there is none; and what the one behind it needs.
    async fn next<R>(mut self) -> (Result<Connection, Error>, Option<Attempts<F>>)
    where
        F: AsyncFnMut(Attempt) -> Result<R, Error>,
        R: IntoRequest,
    {
        if let Some(opened) = self.opened.take() {
            wait(self.backoff.ended(opened.elapsed())).await;
        }
        let mut error = None;
        loop {
            let attempt = Attempt {
                failures: self.backoff.failures(),
                error,
            };
            let failed = match self.connect(attempt).await {
                Ok(connection) => {
                    self.opened = Some(Instant::now());
                    return (Ok(connection), Some(self));
                }
                Err(error) => error,
            };
            let Some(delay) = self.backoff.failed(&failed) else {
                return (Err(failed), None);
            };
            log::debug!(error = %failed, ?delay, "an attempt has failed, the next one follows");
            wait(delay).await;
            error = Some(failed);
        }
    }

    async fn connect<R>(&mut self, attempt: Attempt) -> Result<Connection, Error>
    where
        F: AsyncFnMut(Attempt) -> Result<R, Error>,
        R: IntoRequest,
    {
        let request = (self.request)(attempt).await?;
        self.client.connect(request).await
    }
}

async fn wait(delay: Duration) {
    // None at all costs no turn of the runtime's clock, which is coarse.
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

/// A stream of what a future makes of a state, which it gives back until the end.
struct Unfold<S, N, Fut> {
    state: Option<S>,
    next: N,
    running: Option<Pin<Box<Fut>>>,
}

// The future is pinned in its box; nothing else is ever pinned.
impl<S, N, Fut> Unpin for Unfold<S, N, Fut> {}

impl<S, N, Fut, T> Stream for Unfold<S, N, Fut>
where
    N: FnMut(S) -> Fut,
    Fut: Future<Output = (T, Option<S>)>,
{
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        if let Some(state) = this.state.take() {
            this.running = Some(Box::pin((this.next)(state)));
        }
        let Some(running) = &mut this.running else {
            return Poll::Ready(None);
        };
        let (item, state) = ready!(running.as_mut().poll(cx));
        this.running = None;
        this.state = state;
        Poll::Ready(Some(item))
    }
}
