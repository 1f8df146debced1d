//! One client, from its handshake to its end.
use std::future::pending;
use std::net::SocketAddr;

use arkws::{Acceptor, CloseCode, CloseFrame, Error, IncomingRequest, Receiver, Sender, WebSocket};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::answers::Answering;
use super::arguments::Faults;
use super::heard::{Hears, heard};
use super::line::Line;
use super::log::Log;
use super::outgoing::{self, Actions};
use crate::named_cause;
use crate::stop::Stop;

/// What all clients meet.
pub(super) struct Host {
    pub(super) acceptor: Acceptor,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) answering: Answering,
    pub(super) faults: Faults,
    pub(super) stop: Stop,
}

/// Serves a client, and tells how that went.
pub(super) async fn serve(host: &Host, stream: TcpStream, from: SocketAddr, number: u64, log: Log) {
    let accepted = tokio::select! {
        accepted = accept(host, stream, from) => accepted,
        () = host.stop.given() => return,
    };
    let (socket, request) = match accepted {
        Ok(accepted) => accepted,
        Err(why) => return log.say(format_args!("{from}: {why}")),
    };
    log.say(format_args!("{from} asks for {}", request.target));
    let (mut sender, mut receiver) = socket.split();
    match converse(host, &mut sender, &mut receiver, number, &log).await {
        Outcome::Over(Ok(())) => log.say("the connection is closed"),
        Outcome::Over(Err(error)) => log.say(error),
        Outcome::Fault => fault(&host.faults, sender, receiver, &log).await,
    }
}

/// The handshakes, that of TLS first.
///
/// # Errors
/// There is no connection, and why.
async fn accept(
    host: &Host,
    stream: TcpStream,
    from: SocketAddr,
) -> Result<(WebSocket<Line>, IncomingRequest), String> {
    let line = match &host.tls {
        None => Line::new(stream, &host.faults),
        Some(tls) => {
            let limit = Acceptor::DEFAULT_HANDSHAKE_TIMEOUT;
            let secured = timeout(limit, tls.accept(stream)).await;
            let secured = secured.map_err(|_| format!("no TLS within {limit:?}"))?;
            let secured = secured.map_err(|error| format!("no TLS: {error}"))?;
            Line::new(secured, &host.faults)
        }
    };
    let accepted = host.acceptor.accept_from(line, from.into()).await;
    accepted.map_err(|error| named_cause::words_of(&error))
}

enum Outcome {
    Over(Result<(), Error>),
    /// The faults say how it ends.
    Fault,
}

/// Receives, answers and sends at the same time.
async fn converse(
    host: &Host,
    sender: &mut Sender<Line>,
    receiver: &mut Receiver<Line>,
    number: u64,
    log: &Log,
) -> Outcome {
    let (outgoing, actions) = outgoing::outgoing(&host.faults);
    let (hears, heard) = heard(outgoing.clone(), host.faults.end_after());
    let receiving = receive(receiver, hears, log);
    tokio::pin!(receiving);
    let answering = host.answering.run(number, heard, outgoing, log);
    let sending = send(host, sender, actions);
    let sent = tokio::select! {
        received = &mut receiving => return Outcome::Over(received),
        sent = sending => sent,
        // There is nothing more to say, but the connection stays.
        sent = async { answering.await; pending().await } => sent,
    };
    match sent {
        Sent::Fault => Outcome::Fault,
        Sent::Closing => Outcome::Over(receiving.await),
    }
}

enum Sent {
    Fault,
    /// The rest is what the receiver does.
    Closing,
}

async fn send(host: &Host, sender: &mut Sender<Line>, actions: Actions) -> Sent {
    let fragment = host.faults.fragment;
    tokio::select! {
        biased;
        () = host.stop.given() => {}
        sent = outgoing::carry_out(actions, sender, fragment) => {
            if sent.is_ok() {
                return Sent::Fault;
            }
        }
    }
    let frame = CloseFrame::new(CloseCode::GOING_AWAY, "the server stops");
    sender.start_close(Some(frame));
    Sent::Closing
}

/// Passes messages on, until the connection is over.
async fn receive(receiver: &mut Receiver<Line>, hears: Hears, log: &Log) -> Result<(), Error> {
    while let Some(message) = receiver.recv().await {
        let message = message?;
        log.message(&message);
        if message.is_data() {
            hears.hear(message).await;
        }
    }
    Ok(())
}

/// The connection ends as the faults say.
async fn fault(faults: &Faults, mut sender: Sender<Line>, mut receiver: Receiver<Line>, log: &Log) {
    if let Some(code) = faults.close_code {
        log.say(format_args!("is closed with {code} (--close-code)"));
        let why = "closed on demand (--close-code)";
        sender.start_close(Some(CloseFrame::new(code, why)));
        while receiver.recv().await.is_some_and(|message| message.is_ok()) {}
        return;
    }
    let Ok(socket) = sender.reunite(receiver) else {
        return;
    };
    let (mut line, _) = socket.into_inner();
    if faults.garbage {
        log.say("gets what is no frame (--garbage)");
        // Reserved bits and an opcode that nobody has (RFC 6455, 5.2).
        _ = line.write_all(b"\xff\xff no frame at all").await;
        _ = line.flush().await;
    } else {
        log.say("is dropped (--drop-after)");
    }
}
