//! An open connection: is a ping answered, does silence end it, and is a goodbye answered?
use std::time::{Duration, Instant};

use arkws::{
    Bytes, Cause, CloseCode, CloseFrame, Error, Message, ProtocolError, Transport, WebSocket,
};
use tokio::time::timeout_at;

use super::fault::{Fault, Kind};
use super::report::{Report, Stage, Step};

/// An open connection to `server`.
pub(super) struct Open<'a> {
    pub(super) socket: WebSocket<Transport>,
    pub(super) report: &'a Report,
    pub(super) server: &'a str,
    /// How long an answer may take.
    pub(super) limit: Duration,
}

/// Why a connection is open no longer, or as good as that.
enum End {
    Silent,
    Closed(Option<CloseFrame>),
    Failed(Error),
}

impl End {
    fn cause(&self) -> Cause {
        match self {
            End::Silent => Cause::Heartbeat,
            End::Closed(_) => Cause::Closed,
            End::Failed(error) => error.cause(),
        }
    }
}

impl Open<'_> {
    /// All steps, until one fails.
    pub(super) async fn examine(mut self, idle: Option<Duration>) {
        let report = self.report;
        let began = Instant::now();
        match self.ping(1).await {
            Ok(time) => report.step(Step::ok(Stage::Ping, "it is answered").took(time)),
            Err(end) => {
                let words = self.words(&end);
                report.step(Step::failed(Stage::Ping, end.cause(), words).since(began));
                report.fault(self.fault(end));
                return;
            }
        }
        match idle {
            None => report.step(Step::skipped(Stage::Idle, "--idle TIME looks for it")),
            Some(time) => {
                if !self.stay(time).await {
                    return;
                }
            }
        }
        self.close().await;
    }

    /// Sends a ping, and waits for its answer.
    async fn ping(&mut self, number: u8) -> Result<Duration, End> {
        let began = Instant::now();
        let end = tokio::time::Instant::now() + self.limit;
        let payload = [b"arkws doctor ", &[b'0' + number][..]].concat();
        let ping = Message::Ping(Bytes::from(payload.clone()));
        let sent = timeout_at(end, self.socket.send(ping)).await;
        // What the peer said last says more than that nothing can be sent any more.
        if sent.is_err() {
            return Err(End::Silent);
        }
        loop {
            match self.next(end).await? {
                None => return Err(End::Silent),
                Some(Message::Pong(data)) if data[..] == payload => return Ok(began.elapsed()),
                Some(_) => {}
            }
        }
    }

    /// The next message; `None`: it is late.
    async fn next(&mut self, end: tokio::time::Instant) -> Result<Option<Message>, End> {
        match timeout_at(end, self.socket.recv()).await {
            Err(_late) => Ok(None),
            Ok(None) => Err(End::Closed(self.socket.peer_close())),
            Ok(Some(Ok(message))) => match Message::from(message) {
                Message::Close(frame) => Err(End::Closed(frame)),
                message => Ok(Some(message)),
            },
            Ok(Some(Err(error))) => Err(End::Failed(error)),
        }
    }

    /// Says nothing for `time`, and then asks whether the connection is still there. Returns
    /// whether it is.
    async fn stay(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        let mut heard = 0_u64;
        let end = tokio::time::Instant::now() + time;
        let stayed = loop {
            match self.next(end).await {
                Ok(None) => break self.ping(2).await.map(|_| ()),
                Ok(Some(_)) => heard += 1,
                Err(end) => break Err(end),
            }
        };
        let silence = began.elapsed();
        let Err(end) = stayed else {
            let mut words = format!("the connection is still there after {time:?}");
            if heard > 0 {
                words.push_str(&format!(
                    ", in which the server sent {heard} messages: it was not idle"
                ));
            }
            self.report.step(Step::ok(Stage::Idle, words).since(began));
            return true;
        };
        let words = self.words(&end);
        self.report
            .step(Step::failed(Stage::Idle, end.cause(), words).since(began));
        self.report.fault(self.cut(end, silence, time));
        false
    }

    async fn close(&mut self) {
        let began = Instant::now();
        let goodbye = CloseFrame::new(CloseCode::NORMAL, "");
        match self.socket.close(Some(goodbye)).await {
            Ok(frame) => {
                let words = match frame {
                    Some(frame) => format!("it is answered with {frame}"),
                    None => "it is answered, without a code".to_owned(),
                };
                self.report.step(Step::ok(Stage::Close, words).since(began));
            }
            Err(error) => {
                let step = Step::failed_with(Stage::Close, &error);
                self.report.step(step.since(began));
                self.report.fault(Fault::new(
                    Kind::NoClose,
                    format!("{} does not answer a close frame: {error}.", self.server),
                    "All else works. Have the server answer it (RFC 6455, 5.5.1), or clients wait \
                     for that and see 1006.",
                ));
            }
        }
    }

    fn words(&self, end: &End) -> String {
        match end {
            End::Silent => format!("no answer within {:?}", self.limit),
            End::Closed(Some(frame)) => format!("the server closes with {frame}"),
            End::Closed(None) => "the server closes, without a code".to_owned(),
            End::Failed(error) => error.to_string(),
        }
    }

    /// What is wrong with a connection that has ended at once.
    fn fault(&self, end: End) -> Fault {
        let server = self.server;
        match end {
            End::Silent => self.no_pong(),
            End::Failed(error) if error.cause() == Cause::Heartbeat => self.no_pong(),
            End::Closed(frame) => {
                let how = match frame {
                    Some(frame) => format!("with {frame}"),
                    None => "without a code".to_owned(),
                };
                Fault::new(
                    Kind::Closed,
                    format!("{server} accepts the WebSocket and closes it at once, {how}."),
                    "The reason is the server's: look into its log. Often a token, a sub-protocol \
                     or a first message is expected.",
                )
            }
            End::Failed(Error::Protocol(error)) => protocol(server, &error),
            End::Failed(_) => Fault::new(
                Kind::Lost,
                format!(
                    "{server} accepts the WebSocket and ends it at once without a close frame."
                ),
                "Look into the server's log, and for somebody between (a reverse proxy, a virus \
                 scanner) that does not know WebSocket.",
            ),
        }
    }

    fn no_pong(&self) -> Fault {
        Fault::new(
            Kind::NoPong,
            format!("{} does not answer a ping (no pong).", self.server),
            "Have the server answer pings (RFC 6455, 5.5.2): heartbeats will take the connection \
             for lost. If it does, somebody between lets no frames through.",
        )
    }

    /// What is wrong with a connection that has ended after `silence`, and should have lasted.
    fn cut(&self, end: End, silence: Duration, wanted: Duration) -> Fault {
        let server = self.server;
        let seconds = silence.min(wanted).as_secs_f64();
        let what = match end {
            End::Failed(Error::Protocol(error)) => return protocol(server, &error),
            End::Closed(frame) => {
                let code = frame.map(|frame| format!(" with {frame}"));
                format!(
                    "{server} itself closes a connection that is idle for {seconds:.1} s{}.",
                    code.unwrap_or_default()
                )
            }
            End::Silent => format!(
                "A connection to {server} that was idle for {seconds:.1} s is dead, and nobody \
                 has said so: somebody between has forgotten it (a firewall, NAT)."
            ),
            End::Failed(_) => format!(
                "A connection to {server} is cut when it is idle for {seconds:.1} s: by somebody \
                 between (a reverse proxy, a load balancer), or by the server."
            ),
        };
        let half = match (seconds * 500.0) as u64 {
            millis @ 1000.. => format!("{}s", millis / 1000),
            millis => format!("{}ms", millis.max(1)),
        };
        Fault::new(
            Kind::IdleCut,
            what,
            format!(
                "Ping more often than that: --ping-interval {half}, say. Or raise the time-out \
                 of whoever cuts it (nginx: proxy_read_timeout)."
            ),
        )
    }
}

fn protocol(server: &str, error: &ProtocolError) -> Fault {
    Fault::new(
        Kind::Protocol,
        format!("{server} sends what breaks the protocol: {error}."),
        "Mend the server, or somebody between that changes its frames.",
    )
}
