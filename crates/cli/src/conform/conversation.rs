//! An open connection: what the server says is compared with what it has to say.
use std::time::Duration;

use tokio::time::Instant;

use super::extensions::Deflate;
use super::frame::{MASK, close, ping, pong};
use super::incoming::{Incoming, Said, has_meaning};
use super::verdict::Judgement;
use super::wire::{Read, Wire, WireEnd};

pub(super) struct Conversation {
    pub(super) wire: Wire,
    /// What was sent last.
    sent: Vec<u8>,
    incoming: Incoming,
    patience: Duration,
}

/// What comes next.
#[derive(Debug)]
enum NextSaid {
    Said(Said),
    End(WireEnd),
    Silence,
    /// What no server may send.
    Broken(String),
}

impl Conversation {
    pub(super) fn new(wire: Wire, deflate: Option<Deflate>, patience: Duration) -> Conversation {
        Conversation {
            wire,
            sent: Vec::new(),
            incoming: Incoming::new(deflate),
            patience,
        }
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.sent = bytes.to_vec();
        self.wire.write(bytes).await;
    }

    pub(super) async fn drip(&mut self, bytes: &[u8]) {
        self.sent = bytes.to_vec();
        self.wire.drip(bytes).await;
    }

    /// Whether this is the payload of the last frame that was sent: a proof that the server has
    /// taken it. A server may say other things of its own accord.
    fn is_echo(&self, data: &[u8]) -> bool {
        let masked = data.iter().zip(MASK.iter().cycle());
        let masked = masked.map(|(byte, key)| byte ^ key).collect::<Vec<_>>();
        !data.is_empty() && (self.sent.ends_with(&masked) || self.sent.ends_with(data))
    }

    /// The end of waiting: what comes meanwhile, and is something else, does not put it off.
    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// As [`deadline`](Self::deadline), with a second more for each 128 KiB.
    fn deadline_of(&self, data: &[u8]) -> Instant {
        self.deadline() + Duration::from_secs(data.len() as u64 / (128 * 1024))
    }

    /// Waits for what the server says next. Its own pings are answered.
    async fn hear(&mut self, until: Instant) -> NextSaid {
        loop {
            // Who never stops talking is not waited for either.
            if Instant::now() > until + self.patience {
                return NextSaid::Silence;
            }
            match self.incoming.next(&mut self.wire.received) {
                Ok(Some(Said::Ping(payload))) => {
                    self.wire.write(&Vec::from(pong(payload))).await;
                    continue;
                }
                Ok(Some(said)) => return NextSaid::Said(said),
                Ok(None) => {}
                Err(why) => return NextSaid::Broken(why),
            }
            match self.wire.read(until).await {
                Read::More => {}
                Read::End(WireEnd::Flood) => {
                    return NextSaid::Said(Said::TooMuch("more than 64 MiB"));
                }
                Read::End(how) => return NextSaid::End(how),
                Read::Silence => return NextSaid::Silence,
            }
        }
    }

    /// The next message is this. Pongs that nobody asked for may come before (RFC 6455, 5.5.3).
    pub(super) async fn message(&mut self, is_text: bool, data: &[u8], judgement: &mut Judgement) {
        let until = self.deadline_of(data);
        loop {
            let why = match self.hear(until).await {
                NextSaid::Said(Said::Pong(_)) => continue,
                NextSaid::Said(Said::Message {
                    is_text: text,
                    data: back,
                }) => match (text == is_text, back == data) {
                    (true, true) => return,
                    (_, false) => format!("another message came back: {}", shown(&back)),
                    (false, true) => "a message of the other type came back".to_owned(),
                },
                heard => self.instead(heard, "the message", judgement),
            };
            return judgement.hard(why);
        }
    }

    /// A text message and a pong, whichever comes first.
    pub(super) async fn text_and_pong(
        &mut self,
        text: &[u8],
        payload: &[u8],
        judgement: &mut Judgement,
    ) {
        let until = self.deadline();
        let (mut has_text, mut has_pong) = (false, false);
        while !(has_text && has_pong) {
            match self.hear(until).await {
                NextSaid::Said(Said::Message { data, .. }) if data == text && !has_text => {
                    has_text = true;
                }
                NextSaid::Said(Said::Pong(pong)) => has_pong |= pong == payload,
                heard => {
                    let wanted = if has_text { "a pong" } else { "the message" };
                    let why = self.instead(heard, wanted, judgement);
                    return judgement.hard(why);
                }
            }
        }
    }

    /// This message, text or not, or a Close frame with 1009.
    pub(super) async fn message_or_too_big(&mut self, data: &[u8], judgement: &mut Judgement) {
        let until = self.deadline_of(data);
        loop {
            let why = match self.hear(until).await {
                NextSaid::Said(Said::Pong(_)) => continue,
                NextSaid::Said(Said::Message { data: back, .. }) if back == data => return,
                NextSaid::Said(Said::Message { data: back, .. }) => {
                    return judgement.hard(format!("another message came back: {}", shown(&back)));
                }
                NextSaid::Said(Said::Close(Some(1009))) => return,
                NextSaid::Said(Said::Close(code)) => {
                    format!("closed with {}, not 1009", code_in_words(code))
                }
                NextSaid::End(how) => format!("no Close frame with 1009, but {how}"),
                heard => {
                    let why = self.instead(heard, "the message", judgement);
                    return judgement.hard(why);
                }
            };
            return judgement.soft(why);
        }
    }

    /// Pongs come in order, the last of them in any case. Messages of the server's own may come
    /// before.
    pub(super) async fn pongs(&mut self, payloads: &[Vec<u8>], judgement: &mut Judgement) {
        let until = self.deadline();
        let mut left = payloads;
        let mut other = None;
        while !left.is_empty() {
            match self.hear(until).await {
                NextSaid::Said(Said::Message { .. }) => {}
                NextSaid::Said(Said::Pong(payload)) => {
                    match left.iter().position(|expected| *expected == payload) {
                        Some(index) => left = &left[index + 1..],
                        // Of a heartbeat, perhaps.
                        None => other = Some(payload),
                    }
                }
                heard => {
                    let mut why = self.instead(heard, "a pong", judgement);
                    if let Some(other) = other {
                        why = format!("{why}; a pong had the payload {}", shown(&other));
                    }
                    return judgement.hard(why);
                }
            }
        }
    }

    /// The server answers our Close frame, and ends TCP (RFC 6455, 5.5.1 and 7.1.1).
    /// Messages of its own may come before.
    pub(super) async fn closed(&mut self, codes: &[u16], judgement: &mut Judgement) {
        let until = self.deadline();
        loop {
            match self.hear(until).await {
                NextSaid::Said(Said::Message { data, .. }) if self.is_echo(&data) => {
                    judgement.soft("what came behind the Close frame comes back".to_owned());
                }
                NextSaid::Said(Said::Pong(_) | Said::Message { .. }) => {}
                NextSaid::Said(Said::Close(Some(1002))) if !codes.contains(&1002) => {
                    return judgement
                        .hard("the Close frame is taken for an error (1002)".to_owned());
                }
                NextSaid::Said(Said::Close(code)) => {
                    let is_echo = code.is_some_and(|code| codes.contains(&code));
                    if !codes.is_empty() && !is_echo {
                        let code = code_in_words(code);
                        judgement.soft(format!("the Close frame is answered with {code}"));
                    }
                    break;
                }
                heard => {
                    let why = self.instead(heard, "a Close frame", judgement);
                    return judgement.hard(why);
                }
            }
        }
        match self.hear(self.deadline()).await {
            NextSaid::End(_) => {}
            heard => {
                let why = self.instead(heard, "the end of TCP", judgement);
                judgement.hard(why);
            }
        }
    }

    /// The server fails the connection. One that says nothing is asked whether it goes on, unless
    /// it has to fail at once.
    pub(super) async fn fails(&mut self, codes: &[u16], at_once: bool, judgement: &mut Judgement) {
        let mut is_asked = at_once;
        let mut until = match at_once {
            true => self.deadline(),
            false => Instant::now() + self.patience.min(GRACE),
        };
        let code = loop {
            match self.hear(until).await {
                NextSaid::Silence if !is_asked => {
                    self.wire.write(&Vec::from(ping(QUESTION))).await;
                    is_asked = true;
                    until = self.deadline();
                }
                NextSaid::Said(Said::Close(code)) => break code,
                NextSaid::End(_) if codes.is_empty() => return,
                NextSaid::End(how) => {
                    return judgement.soft(format!(
                        "it ends without a Close frame ({how}): RFC 6455, 7.1.7 asks for one"
                    ));
                }
                NextSaid::Said(Said::Pong(payload))
                    if payload == QUESTION || self.is_echo(&payload) =>
                {
                    return judgement.hard("it goes on: a ping is answered".to_owned());
                }
                NextSaid::Said(Said::Message { data, .. }) if self.is_echo(&data) => {
                    let data = shown(&data);
                    return judgement.hard(format!("it goes on: it sends the message {data}"));
                }
                NextSaid::Said(Said::Pong(_) | Said::Message { .. }) => {}
                heard => {
                    let why = self.instead(heard, "a Close frame or the end", judgement);
                    return judgement.hard(why);
                }
            }
        };
        if let Some(code) = code.filter(|code| !has_meaning(*code)) {
            let why = format!("it closes with {code}, which means nothing (RFC 6455, 7.4)");
            return judgement.hard(why);
        }
        if !codes.is_empty() && !code.is_some_and(|code| codes.contains(&code)) {
            let wanted = codes.iter().map(u16::to_string).collect::<Vec<_>>();
            let (code, wanted) = (code_in_words(code), wanted.join(" or "));
            judgement.soft(format!("closed with {code}, not {wanted}"));
        }
        self.wire
            .write(&Vec::from(close(code.unwrap_or(1000), "")))
            .await;
        match self.hear(self.deadline()).await {
            NextSaid::End(_) => {}
            heard => {
                let why = self.instead(heard, "the end of TCP (RFC 6455, 7.1.7)", judgement);
                judgement.soft(why);
            }
        }
    }

    /// TCP ends.
    pub(super) async fn ends(&mut self, judgement: &mut Judgement) {
        let until = self.deadline();
        loop {
            match self.hear(until).await {
                NextSaid::End(_) => return,
                NextSaid::Said(Said::Close(_) | Said::Pong(_) | Said::Message { .. }) => {}
                heard => {
                    let why = self.instead(heard, "the end of TCP", judgement);
                    return judgement.hard(why);
                }
            }
        }
    }

    /// Says goodbye, and does not wait for an answer.
    pub(super) async fn leave(&mut self) {
        self.wire.write(&Vec::from(close(1000, ""))).await;
    }

    fn instead(&self, heard: NextSaid, wanted: &str, judgement: &mut Judgement) -> String {
        let what = match heard {
            NextSaid::Said(Said::Message { data, .. }) => format!("the message {}", shown(&data)),
            NextSaid::Said(Said::Pong(payload)) => format!("a pong with {}", shown(&payload)),
            NextSaid::Said(Said::Ping(payload)) => format!("a ping with {}", shown(&payload)),
            NextSaid::Said(Said::Close(code)) => {
                format!("a Close frame with {}", code_in_words(code))
            }
            NextSaid::End(how) => how.to_string(),
            NextSaid::Said(Said::TooMuch(what)) => {
                judgement.left_out(format!("the server sends {what}"));
                what.to_owned()
            }
            NextSaid::Silence if self.wire.is_stuck => {
                "the server stops reading, and says nothing".to_owned()
            }
            NextSaid::Silence => format!("nothing within {:?}", self.patience),
            NextSaid::Broken(why) => {
                judgement.broken(why.clone());
                why
            }
        };
        format!("{what} in place of {wanted}")
    }
}

/// For how long a server is left alone before it is asked whether it goes on.
const GRACE: Duration = Duration::from_millis(250);

/// What it is asked then.
const QUESTION: &[u8] = b"still there?";

fn code_in_words(code: Option<u16>) -> String {
    match code {
        Some(code) => code.to_string(),
        None => "no code".to_owned(),
    }
}

/// The first bytes of a payload.
fn shown(data: &[u8]) -> String {
    let first = &data[..data.len().min(24)];
    let dots = if first.len() < data.len() { ".." } else { "" };
    let first = first.escape_ascii();
    format!("\"{first}{dots}\" ({} bytes)", data.len())
}
