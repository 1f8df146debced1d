//! A client's way in: TLS, its request, admission, the program's answer, and the 101 that opens the connection.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arkws::http::header::RETRY_AFTER;
use arkws::http::{HeaderMap, StatusCode};
use arkws::{Acceptor, Cause, PendingRequest, Phase, ServerRequest, Transport};
use tokio::net::TcpStream;
use tokio::select;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::admission::Refusal;
use super::client::Ending;
use super::request::{self, Answer};
use super::run::{Arrival, Membership, Run};
use super::{Connection, ServerEvent};

/// What every newcomer meets.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) acceptor: Acceptor,
}

impl Run {
    /// The task of one TCP connection.
    pub(super) async fn welcome(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, door: Door) {
        // An IPv4 client of an IPv6 socket is known by its IPv4 address.
        let ip = peer.ip().to_canonical();
        let connection = Connection {
            client_ip: ip.to_string(),
            client_port: peer.port(),
        };
        let arrival = match self.arrive(ip) {
            Ok(arrival) => arrival,
            Err(refusal) => {
                self.report(&connection, &refusal.to_string(), refusal.cause());
                if door.tls.is_none() {
                    // Best effort: there are too many of them to wait until each has read it.
                    let _ = stream.try_write(&arkws::Refusal::from(refusal).response());
                }
                return;
            }
        };
        let newcomer = Newcomer {
            run: &self,
            ip,
            connection,
            arrival,
        };
        let stream = match &door.tls {
            None => Some(stream.into()),
            Some(tls) => newcomer.secure(stream, tls).await,
        };
        if let Some(stream) = stream {
            newcomer.greet(stream, &door.acceptor).await;
        }
    }
}

/// Somebody whose handshakes are not over.
struct Newcomer<'a> {
    run: &'a Arc<Run>,
    ip: IpAddr,
    connection: Connection,
    arrival: Arrival,
}

impl Newcomer<'_> {
    async fn secure(&self, stream: TcpStream, tls: &TlsAcceptor) -> Option<Transport> {
        let limit = self.run.settings.handshake_timeout();
        let secured = select! {
            biased;
            () = self.run.stopping() => return None,
            secured = timeout(limit, tls.accept(stream)) => secured,
        };
        match secured {
            Ok(Ok(stream)) => return Some(stream.into()),
            Ok(Err(error)) => {
                let why = format!("the TLS handshake failed: {error}");
                if arkws::Error::from(error).cause() != Cause::Reset {
                    self.report(&why, Cause::Tls.as_str());
                }
            }
            Err(_) => self.report_error(&arkws::Error::Timeout {
                phase: Phase::Tls,
                limit,
            }),
        }
        None
    }

    async fn greet(self, stream: Transport, acceptor: &Acceptor) {
        let received = select! {
            biased;
            // Nothing has been asked yet: nothing is to be answered.
            () = self.run.stopping() => return,
            received = acceptor.request(stream) => received,
        };
        let request = match received {
            Ok(request) => request,
            Err(error) => return self.report_error(&error),
        };
        let membership = match self.judge(&request).await {
            Ok(membership) => membership,
            Err(refusal) => return request.refuse(&refusal).await,
        };
        let client = Arc::clone(&membership.client);
        let wanted = &self.run.settings.protocols;
        let offered = &request.request().protocols;
        let protocol = wanted.iter().find(|wanted| offered.contains(wanted));
        match request
            .accept(protocol.map(String::as_str), &HeaderMap::new())
            .await
        {
            Ok(socket) => {
                drop(self.arrival);
                client
                    .serve(socket.into(), membership, &self.run.shared)
                    .await;
            }
            Err(error) => {
                drop(membership);
                self.report_error(&error);
                client.leave(&Ending::not_opened(&error), Vec::new(), &self.run.shared);
            }
        }
    }

    /// A seat and a place in the list, or the answer that says why not.
    async fn judge(
        &self,
        request: &PendingRequest<Transport>,
    ) -> Result<Membership, arkws::Refusal> {
        let refused = |refusal: Refusal| {
            // That a stopped server lets nobody in is no news to the program.
            if refusal != Refusal::Stopping {
                self.report(&refusal.to_string(), refusal.cause());
            }
            arkws::Refusal::from(refusal)
        };
        let seat = self.run.admit(self.ip).map_err(refused)?;
        if self.run.settings.config.ask_request {
            self.ask(request.request()).await?;
        }
        self.run.enroll(&self.connection, seat).map_err(refused)
    }

    /// What the program thinks of it.
    async fn ask(&self, request: &ServerRequest) -> Result<(), arkws::Refusal> {
        let limit = self.run.settings.handshake_timeout();
        let (pending, answer) = request::PendingRequest::new(
            request.target.clone(),
            request.headers.clone(),
            self.connection.clone(),
        );
        self.run.shared.emit(ServerEvent::Request(pending));
        self.run.shared.flush();
        let answer = select! {
            biased;
            () = self.run.stopping() => return Err(Refusal::Stopping.into()),
            answer = timeout(limit, answer) => answer,
        };
        let why = match answer {
            Ok(Ok(Answer::Accept)) => return Ok(()),
            Ok(Ok(Answer::Refuse(status, reason))) => {
                return Err(arkws::Refusal::new(status, reason));
            }
            Ok(Err(_)) => "the request was not answered by the program".to_owned(),
            Err(_) => format!("the request was not answered by the program within {limit:?}"),
        };
        self.report(&why, Cause::Handshake.as_str());
        Err(arkws::Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why))
    }

    fn report_error(&self, error: &arkws::Error) {
        // A client that goes before it has asked for anything has not failed.
        if error.cause() != Cause::Reset {
            self.report(&error.to_string(), error.cause().as_str());
        }
    }

    fn report(&self, why: &str, cause: &'static str) {
        self.run.report(&self.connection, why, cause);
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
