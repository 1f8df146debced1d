//! A connection of an app, from its handshakes to its end.
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use arkws::http::{HeaderMap, StatusCode};
use arkws::{
    Acceptor, Cause, ClientResponse, Error, HandshakeError, PendingRequest, Refusal, Transport,
    WebSocket, WebSocketUrl,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::app_stream::{AppStream, ControlFrames};
use super::event::{EventKind, Handshake, ServerAnswer};
use super::headers;
use super::observers::Observers;
use super::relay::Relay;
use super::rules::Rules;
use super::target::ProxyTarget;
use crate::named_cause;
use crate::stop::Stop;

/// What all connections have in common.
pub(super) struct ProxyHost {
    pub(super) acceptor: Acceptor,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) target: ProxyTarget,
    pub(super) observers: Observers,
    pub(super) rules: Rules,
    pub(super) stop: Stop,
}

/// How long the app may take for TLS.
const PATIENCE: Duration = Acceptor::DEFAULT_HANDSHAKE_TIMEOUT;

/// Two open connections: the app's, with what was taken out of its stream, and the server's.
type OpenPair = (WebSocket<AppStream>, ControlFrames, WebSocket<Transport>);

/// Serves an app.
pub(super) async fn serve(host: &ProxyHost, stream: TcpStream, from: SocketAddr, number: u64) {
    let opened = tokio::select! {
        opened = open(host, stream, from, number) => opened,
        () = host.stop.given() => return,
    };
    let Some((app, control, target)) = opened else {
        return;
    };
    let relay = Relay {
        connection: number,
        observers: &host.observers,
        rules: &host.rules,
        matches: host.rules.matches(),
        stop: &host.stop,
    };
    relay.run(app, control, target).await;
}

/// Both handshakes. The app is answered when the server has answered.
async fn open(
    host: &ProxyHost,
    stream: TcpStream,
    from: SocketAddr,
    number: u64,
) -> Option<OpenPair> {
    let mut handshake = Handshake {
        from,
        url: String::new(),
        began: SystemTime::now(),
        request: HeaderMap::new(),
        answer: None,
        app_deflates: false,
        target_deflates: false,
    };
    let opened = match shake_hands(host, stream, &mut handshake).await {
        Ok(opened) => opened,
        Err(why) => {
            let kind = EventKind::NotOpen(&handshake, &why);
            host.observers.tell(number, kind).await;
            return None;
        }
    };
    let kind = EventKind::Open(&handshake);
    host.observers.tell(number, kind).await;
    Some(opened)
}

/// # Errors
/// In words: there is no connection. The app has been told, if it is there.
async fn shake_hands(
    host: &ProxyHost,
    stream: TcpStream,
    handshake: &mut Handshake,
) -> Result<OpenPair, String> {
    let stream = match &host.tls {
        None => Transport::from(stream),
        Some(tls) => match timeout(PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => Transport::from(stream),
            Ok(Err(error)) => return Err(format!("no TLS: {error}")),
            Err(_) => return Err("no TLS: the app says nothing".to_owned()),
        },
    };
    let (stream, control) = AppStream::new(stream);
    let pending = host.acceptor.request(stream).await;
    let mut pending = pending.map_err(|error| named_cause::words_of(&error))?;
    let request = pending.request().clone();
    handshake.began = SystemTime::now();
    handshake.request = request.headers.clone();
    let url = match host.target.url_for(&request) {
        Ok(url) => url,
        Err(error) => {
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, error.to_string());
            pending.refuse(&refusal).await;
            return Err(named_cause::words_of(&error.into()));
        }
    };
    handshake.url = shown(&url);
    let connected = tokio::select! {
        connected = host.target.connect(&url, &request) => connected,
        () = pending.gone() => return Err("it has gone before the server has answered".to_owned()),
    };
    match connected {
        Ok((target, response)) => {
            let app = accept(pending, response, handshake).await?;
            Ok((app, control, target))
        }
        Err(error) => {
            let (refusal, why) = refusal(&error, handshake);
            pending.refuse(&refusal).await;
            Err(why)
        }
    }
}

async fn accept(
    pending: PendingRequest<AppStream>,
    response: ClientResponse,
    handshake: &mut Handshake,
) -> Result<WebSocket<AppStream>, String> {
    let offered = &pending.request().protocols;
    // One that was asked for on the command line is none of the app's.
    let protocol = response.negotiated.protocol.clone();
    let protocol = protocol.filter(|protocol| offered.contains(protocol));
    let headers = headers::of_answer(&response.headers);
    handshake.target_deflates = response.negotiated.deflate.is_some();
    handshake.answer = Some(ServerAnswer {
        status: response.status,
        headers: response.headers,
        protocol: protocol.clone(),
    });
    let app = pending.accept(protocol.as_deref(), &headers).await;
    let app = app.map_err(|error| named_cause::words_of(&error))?;
    handshake.app_deflates = app.negotiated().deflate.is_some();
    Ok(app.with_progress())
}

/// What an app is told whose server has not accepted, and why in words.
fn refusal(error: &Error, handshake: &mut Handshake) -> (Refusal, String) {
    let Error::Handshake(HandshakeError::Refused(answer)) = error else {
        let status = match error.cause() {
            Cause::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        };
        let why = named_cause::words_of(error);
        return (Refusal::new(status, format!("arkws proxy: {why}\n")), why);
    };
    let status = answer.status();
    let why = format!("the server answers {status}");
    let body = answer.body().to_vec();
    let mut refusal = Refusal::new(status, why.as_str()).with_body(body);
    for (name, value) in &headers::of_answer(answer.headers()) {
        refusal = refusal.with_header(name.clone(), value.clone());
    }
    handshake.answer = Some(ServerAnswer {
        status,
        headers: answer.headers().clone(),
        protocol: None,
    });
    (refusal, named_cause::with_cause(&why, error.cause()))
}

fn shown(url: &WebSocketUrl) -> String {
    format!("{}://{}{}", url.scheme(), url.host_field(), url.target())
}
