//! A client's way in: TLS, its request, admission, the program's answer, and the 101 that opens the
//! connection.
use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arkws::http::header::RETRY_AFTER;
use arkws::http::{HeaderMap, StatusCode};
use arkws::{
    Acceptor, AnyPendingRequest, ConnectionPermit, HandshakePermit, PendingHttpRequest,
    PendingRequest, Phase, TlsError, Transport,
};
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::{Instrument, debug};

use super::accepted::{Accepted, AcceptedStream};
use super::admission::Refusal;
use super::client_task::{Ending, UnfinishedPeer, describe};
use super::config::Checked;
use super::event::ServerEvent;
use super::forwarded::remote_address;
use super::http_request::{self, HttpAnswer};
use super::identity::{ClientId, ConnectedClient, Connection};
use super::lifecycle::Lifecycle;
use super::object::ServerObject;
use super::peer::Peer;
use super::registry::{Registration, Registry};
use super::request::{self, Acceptance, Answer, RequestHead};
use super::response::HttpResponse;
use super::tls::CurrentTls;
use crate::{BusinessError, Cause, log};

/// What the handshakes of one run have in common.
pub(super) struct HandshakeContext {
    pub(super) object: Arc<ServerObject>,
    pub(super) settings: Arc<Checked>,
    pub(super) lifecycle: Arc<Lifecycle>,
    pub(super) registry: Arc<Registry>,
    pub(super) tls: Arc<CurrentTls>,
    pub(super) acceptor: Acceptor,
}

impl HandshakeContext {
    /// The task of one client's connection.
    pub(super) fn handshake(
        self: Arc<Self>,
        accepted: Accepted,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (connection, address) = match accepted.address {
            Some(address) => {
                // An IPv4 client of an IPv6 socket is known by its IPv4 address.
                let ip = address.ip().to_canonical();
                let connection = Connection {
                    client_ip: ip.to_string(),
                    client_port: address.port(),
                };
                (connection, ip)
            }
            // Whoever can open a Unix socket is on this machine.
            None => (self.registry.local(), Ipv4Addr::LOCALHOST.into()),
        };
        let span = log::peer(&connection);
        let client = ConnectedClient {
            id: self.object.clients.next(),
            connection,
            forwarded_for: None,
        };
        self.begin(accepted, client, address).instrument(span)
    }

    async fn begin(self: Arc<Self>, accepted: Accepted, client: ConnectedClient, ip: IpAddr) {
        let begun = match self.settings.trusted.contains(ip) {
            true => Ok(None),
            false => self
                .registry
                .admission()
                .begin_handshake(ip.into())
                .map(Some),
        };
        let permit = match begun {
            Ok(permit) => permit,
            Err(refusal) => {
                self.report(&client, &refusal.to_string(), refusal.cause());
                return self.refuse(accepted.stream, refusal).await;
            }
        };
        let mut handshaking = Handshaking {
            context: &self,
            ip,
            client,
            permit,
        };
        if let Some(request) = handshaking.receive(accepted).await {
            let headers = match &request {
                AnyPendingRequest::Upgrade(request) => &request.request().headers,
                AnyPendingRequest::Http(request) => &request.request().headers,
            };
            let from = remote_address(ip, headers, &self.settings.trusted);
            handshaking.client.forwarded_for = Some(from).filter(|from| *from != ip);
            handshaking.answer(request).await;
        }
    }

    /// Tells a client that there is no place for it. Over TLS of ours that would cost a handshake.
    async fn refuse(&self, stream: AcceptedStream, refusal: Refusal) {
        let stream = match stream {
            AcceptedStream::Tcp(_) if self.tls.get().is_some() => return,
            AcceptedStream::Tcp(stream) => stream.into(),
            AcceptedStream::Other(stream) => stream,
        };
        let answer = arkws::Refusal::from(refusal);
        select! {
            () = answer.send::<Transport>(stream) => {}
            () = self.lifecycle.stopping() => {}
        }
    }

    /// Raises an `error` event about a client.
    fn report(&self, client: &ConnectedClient, why: &str, cause: Cause) {
        debug!(target: "arkws", why, "client not let in");
        if !self.registry.may_report(Instant::now()) {
            return;
        }
        let message = match client.forwarded_for {
            Some(from) => format!(
                "client {from} behind {} was not let in: {why}",
                client.connection
            ),
            None => format!("client {} was not let in: {why}", client.connection),
        };
        self.object.emit(ServerEvent::Error {
            client: Some(client),
            error: BusinessError::event(message, None, cause),
        });
        self.object.flush();
    }
}

/// A client whose handshake is in progress.
struct Handshaking<'a> {
    context: &'a HandshakeContext,
    /// Of the TCP connection's other end.
    ip: IpAddr,
    client: ConnectedClient,
    /// `None`: it is not counted, and keeps its place.
    permit: Option<HandshakePermit>,
}

impl Handshaking<'_> {
    /// The whole request, TLS included, within one time limit.
    async fn receive(&self, accepted: Accepted) -> Option<AnyPendingRequest<Transport>> {
        let limit = self.context.settings.handshake_timeout();
        let mut phase = Phase::Handshake;
        let request = async {
            let stream = match (accepted.stream, self.context.tls.get()) {
                (AcceptedStream::Other(stream), _) => stream,
                (AcceptedStream::Tcp(stream), None) => stream.into(),
                (AcceptedStream::Tcp(stream), Some(tls)) => {
                    phase = Phase::Tls;
                    let stream = tls.accept(stream).await.map_err(ReceiveError::Tls)?;
                    phase = Phase::Handshake;
                    stream.into()
                }
            };
            let acceptor = &self.context.acceptor;
            let request = match self.context.settings.config.ask_http {
                true => acceptor.any_request_after(stream, &accepted.read).await,
                false => {
                    let request = acceptor.request_after(stream, &accepted.read).await;
                    request.map(AnyPendingRequest::Upgrade)
                }
            };
            request.map_err(ReceiveError::Request)
        };
        let received = select! {
            biased;
            // The client has not asked for anything yet, so it gets no answer.
            () = self.context.lifecycle.stopping() => return None,
            () = self.replaced() => {
                self.report_refusal(Refusal::Replaced);
                return None;
            }
            received = timeout(limit, request) => received,
        };
        match received {
            Ok(Ok(request)) => return Some(request),
            Ok(Err(ReceiveError::Request(error))) => self.report_error(&error),
            Ok(Err(ReceiveError::Tls(error))) => match TlsError::from_accept(error) {
                Ok(error) => self.report_error(&error.into()),
                Err(error) => self.report_error(&error.into()),
            },
            Err(_) => self.report_error(&arkws::Error::Timeout { phase, limit }),
        }
        None
    }

    async fn answer(self, request: AnyPendingRequest<Transport>) {
        match request {
            AnyPendingRequest::Upgrade(request) => self.answer_upgrade(request).await,
            AnyPendingRequest::Http(request) => self.answer_http(request).await,
        }
    }

    async fn answer_upgrade(self, mut request: PendingRequest<Transport>) {
        let head = Arc::new(RequestHead {
            target: request.request().target.clone(),
            headers: request.request().headers.clone(),
            certificate: request.get_ref().peer_certificate(),
        });
        let (registration, acceptance) = match self.admit(&mut request, &head).await {
            Ok(admitted) => admitted,
            Err(NotLetIn::Refused(refusal)) => {
                return select! {
                    () = request.refuse(&refusal) => {}
                    () = self.yield_place() => {}
                };
            }
            Err(NotLetIn::Gone) => {
                return debug!(target: "arkws", "client gone before it was answered");
            }
        };
        let peer = Arc::clone(&registration.peer);
        let object = &*self.context.object;
        let unfinished = UnfinishedPeer::new(&peer, object, &self.context.lifecycle);
        let wanted = &self.context.settings.protocols;
        let offered = &request.request().protocols;
        let Acceptance { protocol, headers } = acceptance;
        let protocol = protocol.or_else(|| {
            let known = wanted.iter().find(|wanted| offered.contains(wanted));
            known.cloned()
        });
        let accepted = request.accept(protocol.as_deref(), &headers).await;
        drop(headers);
        match accepted {
            Ok(socket) => {
                drop(self.permit);
                peer.serve(socket.into(), registration, unfinished, head, protocol)
                    .await;
            }
            Err(error) => {
                drop(registration);
                unfinished.finish();
                self.report_error(&error);
                peer.leave(&Ending::not_opened(&error), 0..0, object);
            }
        }
    }

    /// Lists the client, or says why it is refused.
    async fn admit(
        &self,
        request: &mut PendingRequest<Transport>,
        head: &Arc<RequestHead>,
    ) -> Result<(Registration, Acceptance), NotLetIn> {
        let refused = |refusal: Refusal| {
            self.report_refusal(refusal);
            NotLetIn::Refused(refusal.into())
        };
        if let Some(origins) = &self.context.settings.origins {
            origins
                .check(&request.request().headers)
                .map_err(|refusal| {
                    self.report(refusal.reason(), arkws::Cause::Handshake.into());
                    NotLetIn::Refused(refusal)
                })?;
        }
        let permit = self.connection_permit().map_err(refused)?;
        self.keep_place().map_err(refused)?;
        let asks = self.context.settings.config.ask_request;
        let acceptance = match asks {
            true => self.ask(request, head).await?,
            false => Acceptance::default(),
        };
        let object = &self.context.object;
        let peer = Peer::new(
            self.client.clone(),
            self.context.settings.max_queued_bytes(),
            object.context.message_cost(),
        );
        let (registry, lifecycle) = (&self.context.registry, &self.context.lifecycle);
        registry
            .register(lifecycle, peer, permit)
            .map(|registration| (registration, acceptance))
            .map_err(|refusal| {
                let not_let_in = refused(refusal);
                if asks {
                    object.emit(ServerEvent::NeverConnected(&self.client));
                    object.flush();
                }
                not_let_in
            })
    }

    /// Checks the limits and the flood rule.
    fn connection_permit(&self) -> Result<ConnectionPermit, Refusal> {
        if !self.context.lifecycle.is_on() {
            return Err(Refusal::Stopping);
        }
        let mut flood = self.context.object.flood();
        self.context.registry.admission().begin_connection(
            self.client.forwarded_for.unwrap_or(self.ip).into(),
            &mut flood,
            Instant::now(),
        )
    }

    /// From now on no other handshake takes its place.
    fn keep_place(&self) -> Result<(), Refusal> {
        match &self.permit {
            Some(permit) => permit.keep().map_err(|_| Refusal::Replaced),
            None => Ok(()),
        }
    }

    /// Until its client has read the answer, another handshake may take its place again.
    async fn yield_place(&self) {
        if let Some(permit) = &self.permit {
            permit.yield_place();
        }
        self.replaced().await;
    }

    /// Another handshake has taken its place.
    async fn replaced(&self) {
        match &self.permit {
            Some(permit) => permit.replaced().await,
            None => pending().await,
        }
    }

    /// Asks the program whether the client may come in.
    async fn ask(
        &self,
        request: &mut PendingRequest<Transport>,
        head: &Arc<RequestHead>,
    ) -> Result<Acceptance, NotLetIn> {
        let (pending, answer) = request::PendingRequest::new(Arc::clone(head), self.client.clone());
        self.context.object.emit(ServerEvent::Request(pending));
        match self.answered(answer, request.gone()).await? {
            Answer::Accept(acceptance) => Ok(acceptance),
            Answer::Refuse(refusal) => Err(NotLetIn::Refused(refusal)),
        }
    }

    /// Answers a request that does not ask for a WebSocket with what the program says.
    async fn answer_http(self, mut request: PendingHttpRequest<Transport>) {
        if let Err(refusal) = self.keep_place() {
            self.report_refusal(refusal);
            return;
        }
        let asked = request.request();
        let head = RequestHead {
            target: asked.target.clone(),
            headers: asked.headers.clone(),
            certificate: request.get_ref().peer_certificate(),
        };
        let (pending, answer) = http_request::PendingHttpRequest::new(
            asked.method.to_string(),
            Arc::new(head),
            self.client.clone(),
        );
        self.context.object.emit(ServerEvent::HttpRequest(pending));
        let answer = self.answered(answer, request.gone()).await;
        let sent = async {
            match answer {
                Ok(HttpAnswer::Response(HttpResponse {
                    status,
                    headers,
                    body,
                })) => request.respond(status, &body, &headers).await,
                Ok(HttpAnswer::Reject) => {
                    self.report_error(&request.request().error().into());
                    request.reject().await;
                }
                Err(NotLetIn::Refused(refusal)) => {
                    let (status, reason) = (refusal.status(), refusal.reason());
                    let body = reason.as_bytes();
                    request.respond(status, body, &HeaderMap::new()).await;
                }
                Err(NotLetIn::Gone) => {
                    debug!(target: "arkws", "client gone before it was answered");
                }
            }
        };
        select! {
            () = sent => {}
            () = self.yield_place() => {}
        }
    }

    /// What the program answers, or what the client is told instead: the server stops, the program
    /// has taken too long or has let go of the request. `gone` is ready when the client has gone.
    async fn answered<T>(
        &self,
        answer: oneshot::Receiver<T>,
        gone: impl Future<Output = ()>,
    ) -> Result<T, NotLetIn> {
        let limit = self.context.settings.request_timeout();
        let object = &self.context.object;
        object.flush();
        let over = RequestOver {
            object,
            id: self.client.id,
        };
        let answer = select! {
            biased;
            () = self.context.lifecycle.stopping() => {
                return Err(NotLetIn::Refused(Refusal::Stopping.into()));
            }
            answer = timeout(limit, answer) => answer,
            () = gone => return Err(NotLetIn::Gone),
        };
        let why = match answer {
            Ok(answer) => {
                // The program has answered, so it need not be told that the request is over.
                std::mem::forget(over);
                match answer {
                    Ok(answer) => return Ok(answer),
                    Err(_) => "the request was not answered by the program".to_owned(),
                }
            }
            Err(_) => format!(
                "the request was not answered by the program within {limit:?} \
                 (the option requestTimeout changes the limit)"
            ),
        };
        self.report(&why, arkws::Cause::Handshake.into());
        let refusal = arkws::Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why);
        Err(NotLetIn::Refused(refusal))
    }

    fn report_refusal(&self, refusal: Refusal) {
        // The program has stopped the server itself.
        if refusal != Refusal::Stopping {
            self.report(&refusal.to_string(), refusal.cause());
        }
    }

    fn report_error(&self, error: &arkws::Error) {
        // A client may connect and leave without a request: load balancers do.
        if error.cause() != arkws::Cause::Reset {
            self.report(&describe(error), error.cause().into());
        }
    }

    fn report(&self, why: &str, cause: Cause) {
        self.context.report(&self.client, why, cause);
    }
}

/// Why there is no request.
enum ReceiveError {
    Tls(io::Error),
    Request(arkws::Error),
}

/// Why a request does not become a connection.
enum NotLetIn {
    /// It gets this answer.
    Refused(arkws::Refusal),
    /// Its client is gone.
    Gone,
}

/// Tells, when it is dropped, that the program's answer would come too late.
struct RequestOver<'a> {
    object: &'a ServerObject,
    id: ClientId,
}

impl Drop for RequestOver<'_> {
    fn drop(&mut self) {
        self.object.emit(ServerEvent::RequestOver(self.id));
        self.object.flush();
    }
}

impl From<Refusal> for arkws::Refusal {
    fn from(refusal: Refusal) -> arkws::Refusal {
        let answer = arkws::Refusal::new(StatusCode::SERVICE_UNAVAILABLE, refusal.to_string());
        match refusal.retry_after() {
            Some(seconds) => answer.with_header(RETRY_AFTER, seconds.into()),
            None => answer,
        }
    }
}
