//! The server behind the proxy.
use arkws::http::{HeaderMap, HeaderName};
use arkws::{
    Client, ClientResponse, Config, DeflateConfig, Error, ServerRequest, Transport, UrlError,
    WebSocket, WebSocketUrl,
};

use super::headers;
use crate::client_flags::{self, ClientFlags};
use crate::exit::Failure;

/// The server, and how to get there.
pub(super) struct ProxyTarget {
    url: WebSocketUrl,
    client: Client,
    /// The same, for apps that offer compression.
    deflating: Client,
    /// Fields that are given here, and not by the app.
    given: Vec<HeaderName>,
}

impl ProxyTarget {
    /// # Errors
    /// The URL or a flag cannot be used.
    pub(super) fn new(
        url: &str,
        flags: ClientFlags,
        config: Config,
    ) -> Result<ProxyTarget, Failure> {
        let url = WebSocketUrl::parse(url).map_err(Failure::of_url)?;
        let (given, deflates) = (flags.header_names(), flags.offers_deflate());
        let heartbeat = flags.heartbeat();
        let builder = flags
            .builder()?
            .config(Config {
                heartbeat,
                ..config
            })
            // Where the app is sent to is the app's to follow.
            .max_redirects(0);
        let deflating = builder.clone().deflate(DeflateConfig::default());
        let deflating = client_flags::build(deflating)?;
        let client = match deflates {
            true => deflating.clone(),
            false => client_flags::build(builder)?,
        };
        Ok(ProxyTarget {
            url,
            client,
            deflating,
            given,
        })
    }

    /// Where a request of an app goes: to the path that the app asks for, unless one is given.
    ///
    /// # Errors
    /// The app asks for what is no path.
    pub(super) fn url_for(&self, request: &ServerRequest) -> Result<WebSocketUrl, UrlError> {
        match self.url.target() {
            "/" => {
                let base = self.url.as_str();
                let base = base.strip_suffix('/').unwrap_or(base);
                WebSocketUrl::parse(&format!("{base}{}", request.target))
            }
            _ => Ok(self.url.clone()),
        }
    }

    /// Asks the server for what the app asks for.
    ///
    /// # Errors
    /// As [`Client::connect`].
    ///
    /// # Cancel safety
    /// As [`Client::connect`].
    pub(super) async fn connect(
        &self,
        url: &WebSocketUrl,
        request: &ServerRequest,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        let client = match headers::offers_deflate(&request.headers) {
            true => &self.deflating,
            false => &self.client,
        };
        let mut asked = client.request(url).headers(self.headers(request));
        for protocol in &request.protocols {
            asked = asked.protocol(protocol);
        }
        asked.connect().await
    }

    fn headers(&self, request: &ServerRequest) -> HeaderMap {
        let mut passed = headers::of_request(&request.headers);
        for name in &self.given {
            passed.remove(name);
        }
        passed
    }
}
