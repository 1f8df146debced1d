//! The heartbeat: pings to a silent peer.
pub(super) mod monitor;

use std::task::Context;

use arkws_proto::{CloseCode, CloseFrame};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::log;

use super::WebSocket;
use super::closing::Fatal;
use super::timeouts::GivenUp;
use monitor::{Action, Monitor};

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The heartbeat's time may have come while the connection is received from.
    #[cold]
    pub(super) fn silence_passed(&mut self, now: Instant) -> Result<(), Fatal> {
        let is_overdue = |it: &Monitor| it.is_overdue(now);
        if self.heartbeat.as_deref().is_some_and(is_overdue) && self.has_progressed(now) {
            return Ok(());
        }
        let Some(monitor) = &mut self.heartbeat else {
            return Ok(());
        };
        match monitor.handle_timeout(now) {
            Some(Action::Ping(payload)) => {
                self.queue_ping(&payload, now);
                Ok(())
            }
            Some(Action::GiveUp) => {
                let given_up = GivenUp::Silent(monitor.settings());
                self.given_up = Some(Box::new(given_up));
                // The peer may be alive, and its pongs stuck.
                let why = CloseFrame::new(CloseCode::INTERNAL_ERROR, "no answer to a ping");
                self.engine.start_close(Some(why), || now);
                Err(Fatal::abort(given_up.into()))
            }
            None => Ok(()),
        }
    }

    /// The heartbeat's time has come while a flush is pending, so that nobody may have received for
    /// a while.
    pub(super) fn beat(&mut self, cx: &mut Context<'_>, now: Instant) {
        let is_overdue = |it: &Monitor| it.is_overdue(now);
        if self.heartbeat.as_deref().is_some_and(is_overdue)
            && (self.has_progressed(now) || self.hears(cx, now))
        {
            return;
        }
        let Some(monitor) = &mut self.heartbeat else {
            return;
        };
        match monitor.handle_timeout(now) {
            Some(Action::Ping(payload)) => self.queue_ping(&payload, now),
            Some(Action::GiveUp) => {
                let settings = monitor.settings();
                self.give_up(GivenUp::Silent(settings), now);
            }
            None => {}
        }
    }

    /// The time for the answer to a ping has passed: has the peer taken bytes meanwhile?
    fn has_progressed(&mut self, now: Instant) -> bool {
        let taken = self.taken();
        let monitor = self.heartbeat.as_deref_mut();
        monitor.is_some_and(|monitor| monitor.progressed(taken, now))
    }

    fn queue_ping(&mut self, payload: &[u8], now: Instant) {
        let taken = self.taken();
        let Some(monitor) = &mut self.heartbeat else {
            return;
        };
        let before = self.engine.connection.queued();
        match self.engine.connection.send_ping(payload) {
            Ok(ahead) => {
                let end = self.engine.stats.bytes_sent + ahead as u64;
                monitor.pinged(self.engine.connection.queued() - before, end, taken);
                self.engine.stats.pings_sent += 1;
            }
            Err(error) => {
                monitor.not_pinged(now);
                self.log(|| {
                    log::debug!(%error, "heartbeat: no room for a ping");
                });
            }
        }
    }
}
