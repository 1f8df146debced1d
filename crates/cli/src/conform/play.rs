//! Plays one case on a connection of its own.
use std::time::{Duration, Instant};

use arkws::{Client, WebSocketUrl};

use super::answer;
use super::case::{Case, CaseStep, Opening};
use super::conversation::Conversation;
use super::request::OpeningRequest;
use super::verdict::{CaseResult, Judgement};
use super::wire::{Read, Wire, WireEnd};

/// The server, and how to talk to it.
pub(super) struct TriedServer {
    pub(super) client: Client,
    pub(super) url: WebSocketUrl,
    /// Fields that each request has.
    pub(super) own: Vec<(String, Vec<u8>)>,
    /// For how long an answer is waited for.
    pub(super) patience: Duration,
}

impl TriedServer {
    /// Plays a case to its end.
    pub(super) async fn play<'a>(&self, case: &'a Case) -> CaseResult<'a> {
        let began = Instant::now();
        let mut judgement = Judgement::default();
        if case.needs_half_close() && self.url.is_secure() {
            judgement.left_out("over TLS half of a connection cannot be closed".to_owned());
        } else if let Some(conversation) = self.open(case, &mut judgement).await {
            converse(conversation, case, &mut judgement).await;
        }
        CaseResult {
            case,
            verdict: judgement.verdict(case.level),
            took: began.elapsed(),
        }
    }

    /// The opening handshake. A conversation, if there is to be one.
    pub(super) async fn open(
        &self,
        case: &Case,
        judgement: &mut Judgement,
    ) -> Option<Conversation> {
        let mut request = OpeningRequest::new(&self.url, &self.own);
        if let Some(offer) = case.offer {
            request.add("Sec-WebSocket-Extensions", offer);
        }
        (case.request)(&mut request);
        let mut wire = match self.connect().await {
            Ok(wire) => wire,
            Err(error) => {
                judgement.broken(format!("there is no connection: {error}"));
                return None;
            }
        };
        match request.is_dripped {
            true => wire.drip(&request.bytes()).await,
            false => wire.write(&request.bytes()).await,
        }
        let until = tokio::time::Instant::now() + self.patience;
        let deflate = loop {
            match answer::cut(&mut wire.received) {
                Some(Ok(answer)) => {
                    let deflate = answer.judge(case.opening, &request, judgement);
                    if answer.status != 101 {
                        return None;
                    }
                    if case.refers_back
                        && deflate.is_some_and(|deflate| deflate.client_no_context_takeover)
                    {
                        judgement.left_out(
                            "the server asks for client_no_context_takeover (RFC 7692, 7.1.1.2)"
                                .to_owned(),
                        );
                        return None;
                    }
                    break deflate;
                }
                Some(Err(why)) => {
                    judgement.hard(why);
                    return None;
                }
                None => {}
            }
            match wire.read(until).await {
                Read::More => {}
                Read::End(end) => {
                    no_answer(case.opening, &end, judgement);
                    return None;
                }
                Read::Silence => {
                    judgement.hard(format!(
                        "no answer to the handshake within {:?}",
                        self.patience
                    ));
                    return None;
                }
            }
        };
        Some(Conversation::new(wire, deflate, self.patience))
    }

    async fn connect(&self) -> Result<Wire, arkws::Error> {
        let stream = self.client.dial(&self.url).await?;
        let stream = self.client.secure(&self.url, stream).await?;
        Ok(Wire::new(stream))
    }
}

/// The server has ended the connection.
fn no_answer(expected: Opening, end: &WireEnd, judgement: &mut Judgement) {
    let why = format!("no answer to the handshake, but {end}");
    match (expected, end) {
        // Not to answer is a way to refuse what is hardly HTTP.
        (Opening::NotUpgraded, _) => judgement.soft(why),
        // An answer that came before may be lost with it.
        (Opening::Answered, WireEnd::Error(_)) => judgement.soft(why),
        _ => judgement.hard(why),
    }
}

async fn converse(mut conversation: Conversation, case: &Case, judgement: &mut Judgement) {
    for step in &case.steps {
        if judgement.is_decided() {
            return;
        }
        match step {
            CaseStep::Send(bytes) => conversation.send(bytes).await,
            CaseStep::Drip(bytes) => conversation.drip(bytes).await,
            CaseStep::EndOfWrites => conversation.wire.end_writes().await,
            CaseStep::Message { is_text, data } => {
                conversation.message(*is_text, data, judgement).await;
            }
            CaseStep::TextAndPong { data, payload } => {
                conversation.text_and_pong(data, payload, judgement).await;
            }
            CaseStep::MessageOrTooBig(data) => {
                conversation.message_or_too_big(data, judgement).await
            }
            CaseStep::Pongs(payloads) => conversation.pongs(payloads, judgement).await,
            CaseStep::Closed(codes) => conversation.closed(codes, judgement).await,
            CaseStep::Fails { codes, at_once } => {
                conversation.fails(codes, *at_once, judgement).await;
            }
            CaseStep::Ends => conversation.ends(judgement).await,
        }
    }
    conversation.leave().await;
}
