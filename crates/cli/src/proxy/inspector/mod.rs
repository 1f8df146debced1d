//! The inspector (`--inspect`): a page in the browser that shows what passes.
//!
//! | file | what it holds |
//! |---|---|
//! | `history.rs` | what has happened, for pages that come later, and what happens, for those that are there |
//! | `entry.rs` | an event as the page gets it |
//! | `access.rs` | who may see it: token, host and origin |
//! | `page.html` | the page |
//!
//! Other sites, and names that come to lead to this machine (DNS rebinding), must not see what
//! passes: the page and its WebSocket lie below a secret path, at a host that is an address of this
//! machine. What comes from the network is data to the page, which has no other source of scripts
//! than itself.
mod access;
mod entry;
mod history;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use arkws::http::header::{self, HeaderName, HeaderValue};
use arkws::http::{Method, Response, StatusCode};
use arkws::{
    Acceptance, Acceptor, CloseCode, CloseFrame, HttpRequest, Message, Refusal, Server,
    ServerLimits, Transport, Utf8Bytes, WebSocket,
};
use tokio::sync::broadcast::error::RecvError;

use super::event::ConnectionEvent;
use crate::exit::Failure;
use access::Access;
use history::History;

/// The page's server.
pub(super) struct Inspector {
    url: String,
    history: Arc<History>,
    server: Server,
}

const PAGE: &str = include_str!("page.html");

/// Pages that are open at a time.
const PAGES: usize = 16;

/// The end of the run waits no longer for them.
const PATIENCE: Duration = Duration::from_secs(1);

impl Inspector {
    /// Serves the page on this port of the loopback address.
    ///
    /// # Errors
    /// It cannot be served.
    pub(super) async fn start(port: u16, kept: usize) -> Result<Inspector, Failure> {
        let cannot = |error: io::Error| {
            Failure::fault(format!(
                "cannot serve the inspector on port {port}: {error}"
            ))
        };
        let builder = Server::bind(("127.0.0.1", port)).await.map_err(cannot)?;
        let port = builder.local_addr().map_or(port, |address| address.port());
        let access = Arc::new(Access::new(port).map_err(cannot)?);
        let url = access.url();
        let history = Arc::new(History::new(kept));
        let shown = Arc::clone(&history);
        let server = builder
            .acceptor(acceptor(access))
            .limits(ServerLimits {
                connections: PAGES,
                ..ServerLimits::default()
            })
            .serve(move |socket, _| {
                let history = Arc::clone(&shown);
                async move { show(socket, &history).await }
            });
        Ok(Inspector {
            url,
            history,
            server,
        })
    }

    /// Writes its URL on standard output.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn tell_url(&self) -> Result<(), Failure> {
        let tell = || -> io::Result<()> {
            let mut stdout = io::stdout().lock();
            writeln!(stdout, "{}", self.url)?;
            stdout.flush()
        };
        tell().map_err(|error| Failure::fault(format!("cannot write the URL: {error}")))
    }

    pub(super) fn tell(&self, event: &ConnectionEvent<'_>) {
        if let Some(json) = entry::json(event) {
            self.history.add(event, json);
        }
    }

    pub(super) async fn finish(self) {
        self.server.shutdown(PATIENCE).await;
    }
}

fn acceptor(access: Arc<Access>) -> Acceptor {
    let for_page = Arc::clone(&access);
    Acceptor::builder()
        .on_http(move |request| {
            let answer = page(&for_page, &request);
            async move { Some(answer) }
        })
        .on_request(move |request| {
            let is_allowed = access.allows(&request.headers, &request.target, access::EVENTS);
            async move {
                match is_allowed {
                    true => Ok(Acceptance::new()),
                    false => Err(Refusal::new(StatusCode::FORBIDDEN, access::REFUSAL)),
                }
            }
        })
        .build()
}

/// The page, or why it is not given.
fn page(access: &Access, request: &HttpRequest) -> Response<String> {
    let is_allowed = access.allows(&request.headers, &request.target, access::PAGE);
    let is_reading = matches!(request.method, Method::GET | Method::HEAD);
    let nonce = access::secret().ok().filter(|_| is_allowed && is_reading);
    let Some(nonce) = nonce else {
        let mut refusal = Response::new(access::REFUSAL.to_owned());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return refusal;
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         connect-src 'self' {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        access.socket_origins()
    );
    let mut page = Response::new(PAGE.replace("{{nonce}}", &nonce));
    let headers = page.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CONTENT_SECURITY_POLICY, &policy);
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        set(HeaderName::from_static(name), "same-origin");
    }
    page
}

/// Sends a page what has happened, and what happens from then on. One that is too slow is told how
/// much it has missed.
async fn show(socket: WebSocket<Transport>, history: &History) {
    let (mut sender, mut receiver) = socket.split();
    let sending = async {
        let (before, mut live) = history.follow();
        for entry in before {
            sender.send(Message::Text(entry)).await?;
        }
        loop {
            let entry = match live.recv().await {
                Ok(entry) => entry,
                Err(RecvError::Lagged(missed)) => {
                    Utf8Bytes::from(format!("{{\"kind\":\"missed\",\"count\":{missed}}}"))
                }
                Err(RecvError::Closed) => {
                    let frame = CloseFrame::new(CloseCode::GOING_AWAY, "");
                    sender.start_close(Some(frame));
                    return Ok::<_, arkws::Error>(());
                }
            };
            sender.send(Message::Text(entry)).await?;
        }
    };
    // A page says nothing, but goes.
    let receiving = async { while let Some(Ok(_)) = receiver.recv().await {} };
    tokio::pin!(receiving);
    let is_over = tokio::select! {
        () = &mut receiving => true,
        sent = sending => sent.is_err(),
    };
    if !is_over {
        receiving.await;
    }
}
