//! The closing handshake, and failing the connection (RFC 6455, 5.5.1 and 7).
use super::Connection;
use super::state::Life;
use crate::frame::{Header, MAX_CONTROL_PAYLOAD, Opcode};
use crate::{CloseFrame, ProtocolError};

impl Connection {
    /// Starts the closing handshake (RFC 6455, 7.1.2): queues a close frame behind everything that
    /// waits. `false`, and nothing was done: there has been one already, from this function, as the
    /// answer to the peer's, or because the connection failed.
    pub fn send_close(&mut self, frame: Option<CloseFrame>) -> bool {
        if !matches!(self.life, Life::Open) {
            return false;
        }
        self.queue_close(frame.as_ref());
        self.life = Life::CloseSent;
        true
    }

    /// The transport reached its end. `Ok` if the closing handshake was complete.
    ///
    /// # Errors
    /// The stream ended before a close frame arrived (RFC 6455, 7.1.5: status 1006), or the
    /// connection had failed before. No close frame is queued: nobody is left to read it.
    pub fn recv_eof(&mut self) -> Result<(), ProtocolError> {
        match &self.life {
            Life::Closed(_) => Ok(()),
            Life::Failed(error) => Err(ProtocolError::clone(error)),
            Life::Open | Life::CloseSent => {
                self.receiver.stop();
                self.life = Life::Failed(Box::new(ProtocolError::UnexpectedEof));
                Err(ProtocolError::UnexpectedEof)
            }
        }
    }

    /// The peer's close frame: answers it with the same code (RFC 6455, 5.5.1), once.
    pub(super) fn on_close(&mut self, body: &[u8]) -> Result<Option<CloseFrame>, ProtocolError> {
        let frame = CloseFrame::decode(body)?;
        if matches!(self.life, Life::Open) {
            let echo = frame
                .as_ref()
                .map(|frame| CloseFrame::new(frame.code(), ""));
            self.queue_close(echo.as_ref());
        }
        self.receiver.stop();
        self.life = Life::Closed(frame.clone().map(Box::new));
        Ok(frame)
    }

    /// Fails the connection (RFC 6455, 7.1.7): queues the close frame that names the error, if none
    /// was queued before.
    #[cold]
    #[inline(never)]
    pub(super) fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        if matches!(self.life, Life::Open) {
            self.queue_close(Some(&CloseFrame::new(
                error.close_code(),
                &error.to_string(),
            )));
        }
        self.receiver.stop();
        self.life = Life::Failed(Box::new(error.clone()));
        error
    }

    fn queue_close(&mut self, frame: Option<&CloseFrame>) {
        let mut body = [0; MAX_CONTROL_PAYLOAD];
        let len = frame.map_or(0, |frame| frame.encode(&mut body));
        self.transmit.discard_held_pong();
        self.transmit
            .frame(Header::whole(Opcode::Close), &body[..len]);
    }
}
