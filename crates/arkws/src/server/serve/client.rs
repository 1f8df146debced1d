//! The task of one client: its handshake, then the program's handler.
#[cfg(feature = "tls")]
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
#[cfg(feature = "tls")]
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::super::admission::{Admission, AdmissionError, ConnectionPermit};
use super::super::decision::first;
use super::super::entrance::Entrance;
#[cfg(feature = "tls")]
use super::super::incoming::TlsInfo;
use super::super::incoming::{IncomingRequest, PeerInfo};
use super::super::{Acceptor, Refusal};
use super::listening::Accepted;
use super::open_connections::OpenConnections;
#[cfg(feature = "tls")]
use crate::TlsError;
use crate::{Error, Phase, Transport, WebSocket, log};

/// What the clients of a server have in common.
pub(super) struct Clients<H> {
    pub(super) acceptor: Acceptor,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) admission: Admission,
    pub(super) open: OpenConnections,
    pub(super) handler: H,
}

/// A client that is in.
type Opened = (
    WebSocket<Transport>,
    IncomingRequest,
    Option<ConnectionPermit>,
);

impl<H, Handled> Clients<H>
where
    H: Fn(WebSocket<Transport>, IncomingRequest) -> Handled,
    Handled: Future<Output = ()>,
{
    pub(super) async fn serve(&self, accepted: Accepted) {
        // Boxed: the memory of a handshake is not kept for as long as a connection is open.
        let handshake = Box::pin(self.handshake(accepted));
        let (socket, request, permit) = match handshake.await {
            Ok(opened) => opened,
            // What a client was answered has been logged already.
            Err(Error::Handshake(_) | Error::Refused { .. } | Error::Answered { .. }) => return,
            Err(error) => return log::debug!(%error, "client not let in"),
        };
        let (connection, close_request) = self.open.add();
        let socket = socket.with_close_request(close_request);
        (self.handler)(socket, request).await;
        drop((connection, permit));
    }
}

impl<H> Clients<H> {
    async fn handshake(&self, (stream, peer): Accepted) -> Result<Opened, Error> {
        // TLS and the request have one time limit together.
        let began = Instant::now();
        let address = peer.address.map(|address| address.ip().into());
        let handshake = match self.admission.begin_handshake(address) {
            Ok(handshake) => handshake,
            Err(error) => {
                let refusal = Refusal::from(error);
                self.refuse(stream, &refusal).await;
                return Err(refusal.into());
            }
        };
        let entrance = Entrance {
            admission: &self.admission,
            handshake: &handshake,
            address,
            began,
        };
        let replaced = async {
            handshake.replaced().await;
            Err(Refusal::from(AdmissionError::Replaced).into())
        };
        let stopping = async {
            self.open.stopping().await;
            // The client has had no answer, and may try another server.
            Err(Refusal::going_away().into())
        };
        let opened = async {
            let transport = self.transport(stream, peer);
            let options = &self.acceptor.options;
            let (stream, peer) = options
                .within_timeout_since(began, Phase::Tls, transport)
                .await?;
            self.acceptor
                .accept_through(stream, peer, Some(&entrance))
                .await
        };
        first(first(stopping, replaced), opened).await
    }

    /// Tells a client that there is no place for it. Over TLS that would cost a handshake.
    async fn refuse(&self, stream: Transport, refusal: &Refusal) {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return;
        }
        refusal.send(stream).await;
    }

    /// The stream after the TLS handshake, if there is one.
    async fn transport(
        &self,
        stream: Transport,
        peer: PeerInfo,
    ) -> Result<(Transport, PeerInfo), Error> {
        if let Some(stream) = stream.tcp_stream() {
            stream.set_nodelay(true)?;
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return self.over_tls(tls, stream, peer).await;
        }
        Ok((stream, peer))
    }

    #[cfg(feature = "tls")]
    async fn over_tls(
        &self,
        tls: &TlsAcceptor,
        stream: Transport,
        mut peer: PeerInfo,
    ) -> Result<(Transport, PeerInfo), Error> {
        let stream = match stream.into_tcp() {
            Ok(stream) => tls_handshake(tls, stream, &mut peer).await?.into(),
            Err(stream) => Transport::other_tls(tls_handshake(tls, stream, &mut peer).await?),
        };
        Ok((stream, peer))
    }
}

/// TLS with a client; what it has told is known of the `peer` then.
#[cfg(feature = "tls")]
async fn tls_handshake<S>(
    tls: &TlsAcceptor,
    stream: S,
    peer: &mut PeerInfo,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = match tls.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => return Err(TlsError::from_accept(error)?.into()),
    };
    peer.tls = Some(TlsInfo::from(stream.get_ref().1));
    Ok(stream)
}
