//! The handshakes over a stream: of TLS, if the URL wants it, and of WebSocket.
use arkws_proto::handshake::ClientResponse;

use super::Client;
use super::builder::Fields;
use crate::dial::deadline::Deadline;
use crate::{Error, Transport, WebSocket, WebSocketUrl};

impl Client {
    pub(super) async fn handshake_over(
        &self,
        url: &WebSocketUrl,
        fields: &Fields,
        deadline: &Deadline,
        stream: Transport,
    ) -> Result<(WebSocket<Transport>, ClientResponse), Error> {
        #[cfg(feature = "tls")]
        if url.is_secure() {
            use crate::TlsVersion;

            let transport = self.tls_over(url, deadline, stream).await?;
            // RFC 8446, 2: by now the server has not judged the client's certificate yet.
            let may_be_judged =
                transport.tls_version() == Some(TlsVersion::Tls13) && self.tls.has_identity();
            return match self.handshake(url, fields, deadline, transport).await {
                Err(Error::NoAnswer { source, .. }) if may_be_judged => {
                    Err(self.tls.ended(&url.authority(), source).into())
                }
                result => result,
            };
        }
        self.handshake(url, fields, deadline, stream).await
    }

    /// The TLS handshake with the server of a `wss` URL.
    #[cfg(feature = "tls")]
    pub(super) async fn tls_over(
        &self,
        url: &WebSocketUrl,
        deadline: &Deadline,
        stream: Transport,
    ) -> Result<Transport, Error> {
        let server = url.authority();
        let handshake = async { Ok(self.tls.connect(url.host(), &server, stream).await?) };
        let target = || server.clone();
        deadline.run(crate::Phase::Tls, target, handshake).await
    }

    /// As every `wss` URL fails without the feature.
    #[cfg(not(feature = "tls"))]
    pub(super) async fn tls_over(
        &self,
        _: &WebSocketUrl,
        _: &Deadline,
        _: Transport,
    ) -> Result<Transport, Error> {
        Err(super::no_tls())
    }
}
