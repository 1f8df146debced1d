//! How a server says goodbye to its clients.
use std::time::Duration;

use arkws::{CloseCode, CloseFrame};
use tokio::time::Instant;

use crate::BusinessError;

/// arkws: how [`stop_with`](super::WebSocketServer::stop_with) ends the connections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StopOptions {
    /// Code of the close frames; one that a close frame may carry (RFC 6455, 7.4), else 401.
    /// `None`: 1001, going away.
    pub code: Option<f64>,
    /// Reason, of which 123 bytes are sent at most. `None`: `server is going away`.
    pub reason: Option<String>,
    /// How long the clients may take; then those left are dropped. Zero: no time at all. `None`:
    /// [`DEFAULT_TIMEOUT`](Self::DEFAULT_TIMEOUT).
    pub timeout: Option<Duration>,
}

impl StopOptions {
    /// What [`timeout`](Self::timeout) is by default: 5 s, as long as a closing handshake may take.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

    /// # Errors
    /// 401: no close frame may carry the code.
    pub(super) fn goodbye(&self) -> Result<Goodbye, BusinessError> {
        let Goodbye { frame, .. } = Goodbye::default();
        let code = match self.code {
            None => frame.code(),
            Some(number) => Some(number as u16)
                .filter(|code| f64::from(*code) == number)
                .and_then(CloseCode::new)
                .ok_or_else(|| {
                    BusinessError::parameter(format!(
                        "stop: no close frame may carry code {number}"
                    ))
                })?,
        };
        let timeout = self.timeout.unwrap_or(StopOptions::DEFAULT_TIMEOUT);
        Ok(Goodbye {
            frame: CloseFrame::new(code, self.reason.as_deref().unwrap_or(frame.reason())),
            waits: true,
            // One that no clock reaches is none.
            deadline: Instant::now().checked_add(timeout),
        })
    }
}

/// What the clients of a run that stops are told, and how long they have.
#[derive(Debug, Clone)]
pub(super) struct Goodbye {
    pub(super) frame: CloseFrame,
    /// Whether the program waits for an answer.
    pub(super) waits: bool,
    /// When those left are dropped. `None`: never.
    pub(super) deadline: Option<Instant>,
}

impl Default for Goodbye {
    /// That of the platform.
    fn default() -> Self {
        Goodbye {
            frame: CloseFrame::new(CloseCode::GOING_AWAY, "server is going away"),
            waits: false,
            deadline: None,
        }
    }
}

impl Goodbye {
    /// Why a client whose connection ends now without its close frame is given up; `None`: its time
    /// is not over.
    pub(super) fn given_up(&self, now: Instant) -> Option<String> {
        (now >= self.deadline?).then(|| {
            "the server was stopped, and the client had not closed in time (the option timeout of \
             stop changes the limit)"
                .to_owned()
        })
    }
}
