//! [`Client::connect`] in its steps, for programs that have something to do between them.
use super::Client;
use crate::dial;
use crate::dial::deadline::Deadline;
use crate::{Error, Transport, WebSocketUrl};

impl Client {
    /// The first step of [`connect`](Self::connect): a stream to the server of `url`, through the
    /// proxy if there is one for it. Nothing of TLS or WebSocket is said yet.
    ///
    /// The other steps are [`secure`](Self::secure) and [`connect_over`](Self::connect_over). They
    /// are for programs that look at what is between: a check of certificates, say, that sends no
    /// request. Each step has a time limit of its own, and that of a request does not count.
    /// Redirects are not followed. A refusal of this end's certificate, of which TLS 1.3 tells
    /// after the handshake, is [`Error::NoAnswer`] of the last step.
    ///
    /// ```no_run
    /// # async fn run(client: arkws::Client) -> Result<(), arkws::Error> {
    /// use arkws::WebSocketUrl;
    ///
    /// let url = WebSocketUrl::parse("wss://chat.example/")?;
    /// let stream = client.dial(&url).await?;
    /// let stream = client.secure(&url, stream).await?;
    /// for certificate in stream.peer_certificates() {
    ///     println!("{:?}", certificate.validity());
    /// }
    /// let (socket, _response) = client.connect_over(url.as_str(), stream).await?;
    /// # drop(socket);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Dns`], [`Error::Connect`], [`Error::Proxy`], and [`Error::DialTimeout`] after
    /// [`connect_timeout`](crate::ClientBuilder::connect_timeout). [`Error::MissingFeature`] of a
    /// proxy that needs one.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn dial(&self, url: &WebSocketUrl) -> Result<Transport, Error> {
        let options = &self.options;
        let deadline = Deadline::after(options.connect_timeout);
        let limits = &options.config.limits;
        dial::connect(url, &options.proxy, &options.route, &deadline, limits).await
    }

    /// The second step of [`connect`](Self::connect): TLS with the server of `url` over `stream`,
    /// which comes from [`dial`](Self::dial). Of a `ws` URL it is given back as it is.
    ///
    /// # Errors
    /// [`Error::Tls`], and [`Error::DialTimeout`] after
    /// [`handshake_timeout`](crate::ClientBuilder::handshake_timeout). [`Error::MissingFeature`]
    /// without the feature `tls`.
    ///
    /// # Cancel safety
    /// The stream is lost with the future.
    pub async fn secure(&self, url: &WebSocketUrl, stream: Transport) -> Result<Transport, Error> {
        if !url.is_secure() {
            return Ok(stream);
        }
        let deadline = Deadline::after(self.options.handshake_timeout);
        self.tls_over(url, &deadline, stream).await
    }
}
