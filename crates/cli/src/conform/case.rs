//! What a case is: an opening handshake, and what is said and expected behind it.
use super::request::OpeningRequest;

/// How much an RFC asks for it (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Must,
    /// A server that does not is warned of.
    Should,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
        }
    }
}

/// One case: a connection of its own.
#[derive(Debug)]
pub(super) struct Case {
    /// The area and the case's name in it, such as `utf8/overlong-slash`.
    pub(super) id: String,
    pub(super) level: Level,
    /// What asks for it, such as `RFC 6455, 5.2`.
    pub(super) section: &'static str,
    /// What is sent, and what has to become of it.
    pub(super) title: String,
    pub(super) request: fn(&mut OpeningRequest),
    /// What else the request asks for.
    pub(super) offer: Option<&'static str>,
    pub(super) opening: Opening,
    /// Whether a compressed message of ours refers to one before it.
    pub(super) refers_back: bool,
    pub(super) steps: Vec<CaseStep>,
}

/// What the server has to answer to the opening handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// 101.
    Accepted,
    /// 101, or an error of the client's: both are right, but no answer is not.
    Answered,
    /// An error of the client's.
    Refused,
    /// An error of the client's, which should be this.
    RefusedWith(u16),
    /// A refusal that tells the versions that the server speaks (RFC 6455, 4.4).
    VersionTold,
    /// Anything but 101: it may be a request for a page.
    NotUpgraded,
    /// 101, without compression.
    Declined,
    /// 101 with compression; a server that declines leaves the case out.
    Agreed,
    /// 101 with compression, where declining is wrong.
    AgreedAtOnce,
}

impl Opening {
    /// Whether 101 may be right.
    pub(super) fn is_acceptance(self) -> bool {
        match self {
            Opening::Accepted | Opening::Answered => true,
            Opening::Declined | Opening::Agreed | Opening::AgreedAtOnce => true,
            Opening::Refused | Opening::RefusedWith(_) => false,
            Opening::VersionTold | Opening::NotUpgraded => false,
        }
    }
}

/// What happens behind the opening handshake.
#[derive(Debug)]
pub(super) enum CaseStep {
    /// In one write.
    Send(Vec<u8>),
    /// Each byte in a write of its own.
    Drip(Vec<u8>),
    /// The end of what we send; the server may still send.
    EndOfWrites,
    /// The next message is this.
    Message { is_text: bool, data: Vec<u8> },
    /// This text message and a pong with this payload, whichever comes first: who sends messages
    /// back may take longer.
    TextAndPong { data: Vec<u8>, payload: Vec<u8> },
    /// This message, or a Close frame that says that it is too big.
    MessageOrTooBig(Vec<u8>),
    /// Pongs with these payloads, in this order; all but the last may be left out (RFC 6455,
    /// 5.5.3).
    Pongs(Vec<Vec<u8>>),
    /// A Close frame that answers ours, with one of these codes, and the end of TCP.
    Closed(Vec<u16>),
    /// The server fails the connection (RFC 6455, 7.1.7), with one of these codes; with none, it
    /// need not say why.
    Fails {
        codes: &'static [u16],
        /// Before anything else is sent.
        at_once: bool,
    },
    /// TCP ends, with a Close frame or without.
    Ends,
}

/// A case that every server has to pass.
pub(super) fn must(
    name: impl Into<String>,
    section: &'static str,
    title: impl Into<String>,
) -> Case {
    Case {
        id: name.into(),
        level: Level::Must,
        section,
        title: title.into(),
        request: |_| {},
        offer: None,
        opening: Opening::Accepted,
        refers_back: false,
        steps: Vec::new(),
    }
}

/// A case that servers should pass.
pub(super) fn should(
    name: impl Into<String>,
    section: &'static str,
    title: impl Into<String>,
) -> Case {
    Case {
        level: Level::Should,
        ..must(name, section, title)
    }
}

impl Case {
    /// The request, which is right in all but this.
    pub(super) fn asks(mut self, request: fn(&mut OpeningRequest)) -> Case {
        self.request = request;
        self
    }

    /// The request offers extensions.
    pub(super) fn offers(mut self, extensions: &'static str) -> Case {
        self.offer = Some(extensions);
        self
    }

    /// The request offers compression, without which there is no such case.
    pub(super) fn compressed(self) -> Case {
        self.offers("permessage-deflate").agreed()
    }

    /// Left out of a server that forbids it (RFC 7692, 7.1.1.2).
    pub(super) fn refers_back(mut self) -> Case {
        self.refers_back = true;
        self
    }

    pub(super) fn opening(mut self, opening: Opening) -> Case {
        self.opening = opening;
        self
    }

    pub(super) fn answered(self) -> Case {
        self.opening(Opening::Answered)
    }

    pub(super) fn refused(self) -> Case {
        self.opening(Opening::Refused)
    }

    pub(super) fn refused_with(self, status: u16) -> Case {
        self.opening(Opening::RefusedWith(status))
    }

    pub(super) fn not_upgraded(self) -> Case {
        self.opening(Opening::NotUpgraded)
    }

    pub(super) fn declined(self) -> Case {
        self.opening(Opening::Declined)
    }

    pub(super) fn agreed(self) -> Case {
        self.opening(Opening::Agreed)
    }

    fn step(mut self, step: CaseStep) -> Case {
        self.steps.push(step);
        self
    }

    pub(super) fn send(self, bytes: impl Into<Vec<u8>>) -> Case {
        self.step(CaseStep::Send(bytes.into()))
    }

    pub(super) fn drip(self, bytes: impl Into<Vec<u8>>) -> Case {
        self.step(CaseStep::Drip(bytes.into()))
    }

    pub(super) fn end_of_writes(self) -> Case {
        self.step(CaseStep::EndOfWrites)
    }

    /// A text message comes back.
    pub(super) fn text(self, data: impl Into<Vec<u8>>) -> Case {
        let data = data.into();
        self.step(CaseStep::Message {
            is_text: true,
            data,
        })
    }

    /// A binary message comes back.
    pub(super) fn binary(self, data: impl Into<Vec<u8>>) -> Case {
        let (is_text, data) = (false, data.into());
        self.step(CaseStep::Message { is_text, data })
    }

    /// These text messages come back.
    pub(super) fn texts(self, all: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Case {
        all.into_iter().fold(self, Case::text)
    }

    /// A text message and a pong come back, in whichever order.
    pub(super) fn text_and_pong(self, data: &str, payload: &str) -> Case {
        let (data, payload) = (data.into(), payload.into());
        self.step(CaseStep::TextAndPong { data, payload })
    }

    pub(super) fn back_or_too_big(self, data: impl Into<Vec<u8>>) -> Case {
        self.step(CaseStep::MessageOrTooBig(data.into()))
    }

    pub(super) fn pong(self, payload: impl Into<Vec<u8>>) -> Case {
        self.step(CaseStep::Pongs(vec![payload.into()]))
    }

    pub(super) fn pongs(self, payloads: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Case {
        let payloads = payloads.into_iter().map(Into::into).collect();
        self.step(CaseStep::Pongs(payloads))
    }

    /// Our Close frame is answered; none of these codes: with any.
    pub(super) fn closed(self, codes: impl Into<Vec<u16>>) -> Case {
        self.step(CaseStep::Closed(codes.into()))
    }

    pub(super) fn fails(self, codes: &'static [u16]) -> Case {
        let at_once = false;
        self.step(CaseStep::Fails { codes, at_once })
    }

    pub(super) fn fails_at_once(self, codes: &'static [u16]) -> Case {
        let at_once = true;
        self.step(CaseStep::Fails { codes, at_once })
    }

    pub(super) fn ends(self) -> Case {
        self.step(CaseStep::Ends)
    }

    /// Whether it can be judged only of a server that sends messages back.
    pub(super) fn needs_echo(&self) -> bool {
        let is_echo = |step: &CaseStep| {
            matches!(
                step,
                CaseStep::Message { .. }
                    | CaseStep::TextAndPong { .. }
                    | CaseStep::MessageOrTooBig(_)
            )
        };
        self.steps.iter().any(is_echo)
    }

    /// Whether half of the connection is closed, which TLS cannot do.
    pub(super) fn needs_half_close(&self) -> bool {
        let is_end = |step: &CaseStep| matches!(step, CaseStep::EndOfWrites);
        self.steps.iter().any(is_end)
    }

    pub(super) fn area(&self) -> &str {
        self.id
            .split_once('/')
            .map_or(self.id.as_str(), |(area, _)| area)
    }
}
