//! Requests of a client, put together step by step.
use std::time::Duration;

use arkws_proto::handshake::ClientResponse;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Client;
use super::request::{Extra, IntoRequest, Request};
use crate::authorization;
use crate::own_headers;
use crate::{Error, Transport, WebSocket};

impl Client {
    /// A request for one connection, with header fields of its own, say, and without a new
    /// `Client`.
    pub fn request(&self, to: impl IntoRequest) -> RequestBuilder {
        RequestBuilder {
            client: self.clone(),
            request: to.into_request(),
        }
    }
}

impl IntoRequest for RequestBuilder {
    fn into_request(self) -> Result<Request, Error> {
        self.request
    }
}

/// A request of a [`Client`], for one connection. What cannot be sent is an error of
/// [`connect`](Self::connect).
///
/// ```no_run
/// # async fn run(client: arkws::Client) -> Result<(), arkws::Error> {
/// use std::time::Duration;
///
/// let (socket, response) = client
///     .request("wss://chat.example/rooms/1")
///     .header("X-Room-Key", "sesame")
///     .protocol("chat.v2")
///     .basic_auth("me", "secret")
///     .timeout(Duration::from_secs(5))
///     .connect()
///     .await?;
/// # drop((socket, response));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct RequestBuilder {
    client: Client,
    request: Result<Request, Error>,
}

impl RequestBuilder {
    /// Adds a header field. It replaces those of its name that the client has for all requests.
    pub fn header<N, V>(self, name: N, value: V) -> RequestBuilder
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        self.and(|extra| {
            let name = name.try_into().map_err(|error| {
                let error: http::Error = error.into();
                Error::Request(error.to_string())
            })?;
            let value = value.try_into().map_err(|error| bad_value(&name, error))?;
            own_headers::append(&mut extra.headers, name, value);
            Ok(())
        })
    }

    /// Adds header fields, as [`header`](Self::header).
    pub fn headers(self, headers: HeaderMap) -> RequestBuilder {
        self.and(|extra| {
            for (name, value) in &headers {
                own_headers::append(&mut extra.headers, name.clone(), value.clone());
            }
            Ok(())
        })
    }

    /// Offers a sub-protocol behind those that were offered before (RFC 6455, 1.9). The first one
    /// replaces those that the client offers in all requests.
    pub fn protocol(self, protocol: impl Into<String>) -> RequestBuilder {
        self.and(|extra| {
            extra.protocols.push(protocol.into());
            Ok(())
        })
    }

    /// Basic authorization (RFC 7617). It replaces what the client or the URL says.
    pub fn basic_auth(self, user: &str, password: &str) -> RequestBuilder {
        self.and(|extra| {
            let value = authorization::basic(user.as_bytes(), password.as_bytes());
            extra.headers.insert(AUTHORIZATION, value);
            Ok(())
        })
    }

    /// A bearer token (RFC 6750, 2.1). It replaces what the client or the URL says.
    pub fn bearer_auth(self, token: &str) -> RequestBuilder {
        self.and(|extra| {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|error| bad_value(&AUTHORIZATION, error))?;
            value.set_sensitive(true);
            extra.headers.insert(AUTHORIZATION, value);
            Ok(())
        })
    }

    /// How long all of it may take, redirects included: [`Error::DialTimeout`]. The time-outs of
    /// the client hold as well. Default: none.
    pub fn timeout(self, limit: Duration) -> RequestBuilder {
        self.and(|extra| {
            extra.timeout = Some(limit);
            Ok(())
        })
    }

    /// Connects.
    ///
    /// # Errors
    /// As [`Client::connect`].
    ///
    /// # Cancel safety
    /// As [`Client::connect`].
    pub async fn connect(self) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        self.client.connect(self.request?).await
    }

    /// The first thing that is wrong is what is told.
    fn and(mut self, change: impl FnOnce(&mut Extra) -> Result<(), Error>) -> RequestBuilder {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(&mut request.extra)
        {
            self.request = Err(error);
        }
        self
    }
}

fn bad_value(name: &HeaderName, error: impl Into<http::Error>) -> Error {
    Error::Request(format!("its header field {name}: {}", error.into()))
}
