//! What the network thread asks the program, which answers later: names that it resolves itself,
//! and with what to reconnect.
use tokio::sync::oneshot;

/// A question on its way to JavaScript. One that is dropped is answered with an error.
pub(crate) struct Question {
    pub(crate) subject: Subject,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// What is asked.
pub(crate) enum Subject {
    /// The addresses of this name.
    Addresses(String),
    /// With what this attempt to reconnect is to be made; 0: the first of `connect`.
    Renewal(u32),
}

/// The program's answer, or in words why it has none.
pub(crate) type Answer = Result<Answered, String>;

/// What the program has answered.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) url: Option<String>,
    /// Addresses; or header fields.
    pub(crate) list: Option<Vec<String>>,
}
