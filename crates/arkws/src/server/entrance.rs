//! The way in to a server that counts its clients.
use tokio::time::Instant;

use super::admission::{
    Admission, AdmissionError, ClientAddress, ConnectionPermit, HandshakePermit,
};
use super::refusal::Refusal;

/// Through which one client comes in.
pub(super) struct Entrance<'a> {
    pub(super) admission: &'a Admission,
    pub(super) handshake: &'a HandshakePermit,
    pub(super) address: Option<ClientAddress>,
    /// When the client connected.
    pub(super) began: Instant,
}

impl Entrance<'_> {
    /// The client's request is there, and is to be answered.
    pub(super) fn enter(&self) -> Result<ConnectionPermit, AdmissionError> {
        let permit = self.admission.begin_connection(self.address)?;
        self.handshake.keep()?;
        Ok(permit)
    }
}

/// The request waits for the program's answer: see [`HandshakePermit::keep`].
pub(super) fn keep(entrance: Option<&Entrance<'_>>) -> Result<(), Refusal> {
    match entrance {
        Some(entrance) => Ok(entrance.handshake.keep()?),
        None => Ok(()),
    }
}

/// The client is to read its answer: see [`HandshakePermit::yield_place`].
pub(super) fn yield_place(entrance: Option<&Entrance<'_>>) {
    if let Some(entrance) = entrance {
        entrance.handshake.yield_place();
    }
}
