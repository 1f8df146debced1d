//! The steps, from the URL to an open connection.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arkws::rustls::Error as RustlsError;
use arkws::{
    Cause, Client, ClientResponse, Error, HandshakeError, Host, Lookup, ProxyError, TlsConfig,
    Transport, WebSocket, WebSocketUrl,
};

use super::arguments::DoctorArguments;
use super::fault::{Fault, Kind};
use super::network::Network;
use super::open::Open;
use super::report::{Report, Stage, Step};
use super::tls::Seen;
use super::witness::Witness;
use super::{http, proxy, tls};
use tokio::time::sleep;

use crate::client_flags::build;
use crate::exit::Failure;

/// How long a step of a closer look may take: who answers at all did so a moment ago.
const CLOSER_LOOK: Duration = Duration::from_secs(5);

/// What the steps are taken with.
pub(super) struct Walk {
    url: WebSocketUrl,
    /// `host:port`.
    server: String,
    client: Client,
    /// Tells nobody anything, and trusts all: for what a fault needs to be looked at.
    stranger: Client,
    /// What that one is asked for.
    witness: Arc<Witness>,
    report: Report,
    network: Arc<Network>,
    unix: Option<PathBuf>,
    protocols: Vec<String>,
    is_insecure: bool,
    limit: Duration,
    idle: Option<Duration>,
}

impl Walk {
    /// # Errors
    /// An argument cannot be used.
    pub(super) fn new(
        arguments: &DoctorArguments,
        url: WebSocketUrl,
        report: Report,
    ) -> Result<Walk, Failure> {
        let (flags, limit) = (&arguments.client, arguments.timeout);
        let server = (url.host().clone(), url.port());
        let network = Network::new(server, flags.known_addresses(), limit, report.clone());
        let network = Arc::new(network);
        let mut builder = flags
            .builder()?
            .max_redirects(0)
            // Of the parts each has its own limit.
            .connect_timeout(limit.saturating_mul(4))
            .handshake_timeout(limit)
            .close_timeout(limit);
        let unix = flags.unix_socket().map(PathBuf::from);
        if unix.is_none() {
            let names = Arc::clone(&network);
            let lookup = Lookup::new(move |name| {
                let (names, host) = (Arc::clone(&names), Host::Domain(name.to_owned()));
                Box::pin(async move { names.resolve(&host).await })
            });
            builder = builder.connector(Arc::clone(&network)).lookup(lookup);
        }
        let failed = |error: RustlsError| Failure::fault(error.to_string());
        let (witness, config) = Witness::new().map_err(failed)?;
        let stranger = flags
            .stranger(TlsConfig {
                rustls: Some(Arc::new(config)),
                ..TlsConfig::default()
            })?
            .max_redirects(0)
            .connect_timeout(limit.min(CLOSER_LOOK))
            .handshake_timeout(limit.min(CLOSER_LOOK));
        Ok(Walk {
            server: format!("{}:{}", url.host(), url.port()),
            url,
            client: build(builder)?,
            stranger: build(stranger)?,
            witness,
            report,
            network,
            unix,
            protocols: flags.protocols().to_vec(),
            is_insecure: flags.is_insecure(),
            limit,
            idle: arguments.idle,
        })
    }

    /// All steps, as far as there is coming to them.
    pub(super) async fn run(&self) {
        if let Some(socket) = self.connect().await {
            let open = Open {
                socket,
                report: &self.report,
                server: &self.server,
                limit: self.limit,
            };
            open.examine(self.idle).await;
        }
        self.report.skip_the_rest();
    }

    /// `None`: a fault was reported.
    async fn connect(&self) -> Option<WebSocket<Transport>> {
        let stream = self.dial().await?;
        let stream = self.secure(stream).await?;
        let (socket, response) = self.shake_hands(stream).await?;
        self.agree(&response);
        Some(socket)
    }

    async fn dial(&self) -> Option<Transport> {
        if let Some(path) = &self.unix {
            return self.dial_unix(path).await;
        }
        let began = Instant::now();
        // What is behind the TCP connection is the proxy's.
        let silence = async {
            self.network.connected().await;
            sleep(self.limit).await;
        };
        let dialled = tokio::select! {
            dialled = self.client.dial(&self.url) => dialled,
            () = silence => {
                self.silent_proxy(began);
                return None;
            }
        };
        let proxy = self.network.proxy();
        match (dialled, proxy) {
            (Ok(stream), None) => {
                self.report
                    .step(Step::skipped(Stage::Proxy, "there is none"));
                Some(stream)
            }
            (Ok(stream), Some(proxy)) => {
                let words = format!("a tunnel through {proxy} leads to {}", self.server);
                let step = Step::ok(Stage::Proxy, words).since(began);
                self.report.step(step.data("proxy", proxy));
                Some(stream)
            }
            (Err(error), proxy) => {
                let proxy = proxy.unwrap_or("of the environment");
                self.undialled(error, proxy, began);
                None
            }
        }
    }

    fn silent_proxy(&self, began: Instant) {
        let proxy = self.network.proxy().unwrap_or_default();
        let why = format!("no answer within {:?}", self.limit);
        let step = Step::failed(Stage::Proxy, Cause::Timeout, format!("{proxy}: {why}"));
        self.report.step(step.since(began));
        self.report.fault(proxy::silent(proxy, &why));
    }

    /// What the connector has found has been told, what a proxy has said has not.
    fn undialled(&self, error: Error, proxy: &str, began: Instant) {
        let step = Step::failed_with(Stage::Proxy, &error).since(began);
        let fault = match &error {
            Error::Dns { .. } | Error::Connect(_) => return,
            Error::Proxy(ProxyError::Connect(_) | ProxyError::Dns { .. }) => {
                let step = Step::failed(
                    Stage::Proxy,
                    Cause::Proxy,
                    format!("{proxy} cannot be connected to"),
                );
                self.report.step(step.since(began));
                return self.report.amend(|why| proxy::unreachable(proxy, why));
            }
            Error::Proxy(ProxyError::Tls(why)) => tls::fault(why, proxy, &[]),
            Error::Proxy(error) => proxy::fault(error),
            other if self.network.proxy().is_none() => Fault::new(
                Kind::Other,
                format!("There is no connecting to {}: {other}.", self.server),
                "Try again with a longer --timeout.",
            ),
            other => proxy::silent(proxy, other),
        };
        self.report.step(step);
        self.report.fault(fault);
    }

    async fn dial_unix(&self, path: &std::path::Path) -> Option<Transport> {
        let step = Step::skipped(Stage::Name, "a Unix socket has none");
        self.report.step(step);
        let began = Instant::now();
        match self.client.dial(&self.url).await {
            Ok(stream) => {
                let words = format!("{} answers", path.display());
                self.report
                    .step(Step::ok(Stage::Address, words).since(began));
                self.report
                    .step(Step::skipped(Stage::Proxy, "there is none"));
                Some(stream)
            }
            Err(error) => {
                let step = Step::failed_with(Stage::Address, &error).since(began);
                self.report.step(step);
                self.report.fault(Fault::new(
                    Kind::UnixSocket,
                    format!("There is no connecting to {}: {error}.", path.display()),
                    "Check the path and its permissions, and whether the server runs.",
                ));
                None
            }
        }
    }

    async fn secure(&self, stream: Transport) -> Option<Transport> {
        if !self.url.is_secure() {
            let step = Step::skipped(
                Stage::Tls,
                "ws:// has none: anybody on the way can read all",
            );
            self.report.step(step);
            return Some(stream);
        }
        let began = Instant::now();
        match self.client.secure(&self.url, stream).await {
            Ok(stream) => {
                let seen = Seen::of(&stream);
                let mut words = seen.words();
                if self.is_insecure {
                    words.push_str("; the certificate is not verified (--insecure)");
                }
                let step = Step::ok(Stage::Tls, words).since(began);
                self.report.step(seen.tell(step));
                if let Some(note) = seen.note(&self.server) {
                    self.report.note(note);
                }
                Some(stream)
            }
            Err(error) => {
                let step = Step::failed_with(Stage::Tls, &error).since(began);
                let (step, fault) = self.unsecured(&error, step).await;
                self.report.step(step);
                self.report.fault(fault);
                None
            }
        }
    }

    /// Looks at what the server has in place of TLS, or at its certificates.
    async fn unsecured(&self, error: &Error, step: Step) -> (Step, Fault) {
        let server = &self.server;
        let (may_be_plain, tls_error) = match error {
            Error::Tls(error) => (tls::may_be_plain(error), Some(error)),
            Error::DialTimeout { .. } => (true, None),
            _ => (false, None),
        };
        if may_be_plain && self.speaks_http().await {
            let fault = Fault::new(
                Kind::NoTls,
                format!("{server} speaks plain HTTP and no TLS, which wss:// needs."),
                format!(
                    "Use ws://{server}{}, or the port at which TLS is spoken; or set TLS up there.",
                    self.path()
                ),
            );
            return (step, fault);
        }
        let Some(error) = tls_error else {
            let fault = Fault::new(
                Kind::NoTls,
                format!("{server} takes the connection and does not answer in TLS: {error}."),
                "Check the port: does it speak TLS? Look into the server's log.",
            );
            return (step, fault);
        };
        let seen = self.look_at_certificates().await.unwrap_or_default();
        // Where that is all that is said, as in TLS 1.2.
        let may_want_certificate = tls::may_want_certificate(error);
        let fault = match may_want_certificate && self.witness.was_asked() {
            true => tls::client_certificate(server, error),
            false => tls::fault(error, server, &seen.chain),
        };
        let step = match seen.chain.is_empty() {
            true => step,
            false => seen.tell(step.details([seen.words()])),
        };
        (step, fault)
    }

    /// What a server shows to whoever accepts everything. It is told nothing.
    async fn look_at_certificates(&self) -> Option<Seen> {
        let stream = self.stranger.dial(&self.url).await.ok()?;
        let stream = self.stranger.secure(&self.url, stream).await.ok()?;
        Some(Seen::of(&stream))
    }

    /// Whether there is HTTP without TLS.
    async fn speaks_http(&self) -> bool {
        let Some(url) = self.with_scheme("ws") else {
            return false;
        };
        match self.stranger.connect(url.as_str()).await {
            Ok(_) => true,
            Err(Error::Handshake(error)) => !matches!(
                error,
                HandshakeError::Malformed(_) | HandshakeError::HttpVersion
            ),
            Err(_) => false,
        }
    }

    /// Whether there is TLS.
    async fn speaks_tls(&self) -> bool {
        let Some(url) = self.with_scheme("wss") else {
            return false;
        };
        let Ok(stream) = self.stranger.dial(&url).await else {
            return false;
        };
        self.stranger.secure(&url, stream).await.is_ok()
    }

    /// The same server by another scheme, at no path of importance.
    fn with_scheme(&self, scheme: &str) -> Option<WebSocketUrl> {
        WebSocketUrl::parse(&format!("{scheme}://{}/", self.server)).ok()
    }

    fn path(&self) -> &str {
        self.url.target().split('?').next().unwrap_or_default()
    }

    async fn shake_hands(
        &self,
        stream: Transport,
    ) -> Option<(WebSocket<Transport>, ClientResponse)> {
        let began = Instant::now();
        let error = match self.client.connect_over(self.url.as_str(), stream).await {
            Ok((socket, response)) => {
                let step = Step::ok(Stage::Http, response.status.to_string()).since(began);
                let step = step.data("status", response.status.as_u16());
                self.report.step(step);
                return Some((socket, response));
            }
            Err(error) => error,
        };
        let mut step = Step::failed_with(Stage::Http, &error).since(began);
        if let Error::Handshake(HandshakeError::Refused(answer)) = &error {
            step = step
                .details(http::refusal_lines(answer))
                .data("status", answer.status().as_u16());
        }
        self.report.step(step);
        let server = &self.server;
        let fault = match &error {
            // In TLS 1.3 the server judges the client's certificate behind the handshake.
            Error::Tls(error) => tls::fault(error, server, &[]),
            error
                if !self.url.is_secure() && http::may_be_tls(error) && self.speaks_tls().await =>
            {
                Fault::new(
                    Kind::NeedsTls,
                    format!("{server} speaks TLS, and ws:// does not."),
                    format!("Use wss://{server}{}.", self.path()),
                )
            }
            error => http::fault(error, server, self.path()),
        };
        self.report.fault(fault);
        None
    }

    /// What the two ends have agreed on.
    fn agree(&self, response: &ClientResponse) {
        let agreed = &response.negotiated;
        let step = match &agreed.protocol {
            Some(protocol) => {
                Step::ok(Stage::Subprotocol, protocol).data("subprotocol", protocol.clone())
            }
            None if self.protocols.is_empty() => {
                Step::skipped(Stage::Subprotocol, "none is offered (--protocol)")
            }
            None => {
                self.report.fault(Fault::new(
                    Kind::Subprotocol,
                    format!(
                        "{} chooses none of the sub-protocols that are offered ({}).",
                        self.server,
                        self.protocols.join(", ")
                    ),
                    "Offer one that it knows by --protocol, or have the server choose: browsers \
                     end such a connection.",
                ));
                Step::failed(
                    Stage::Subprotocol,
                    Cause::Handshake,
                    "the server chooses none of those offered",
                )
            }
        };
        self.report.step(step);
        let chosen = response.headers.get("sec-websocket-extensions");
        let step = match chosen.map(|value| arkws::field_text(value.as_bytes()).into_owned()) {
            Some(chosen) => Step::ok(Stage::Extensions, chosen.clone()).data("extensions", chosen),
            None => Step::skipped(Stage::Extensions, "none: messages are not compressed"),
        };
        self.report.step(step);
    }
}
