//! A client that is in, as the calls of the object and its task see it.
use std::sync::OnceLock;

use arkws::{CloseCode, CloseFrame};

use super::connection::ConnectedClient;
use crate::Cause;
use crate::connection::mailbox::Mailbox;
use crate::connection::send_queue::SendNumbers;
use crate::process_exit::OpenConnection;

/// What the object knows of a client. Messages of a broadcast are not answered.
pub(super) struct Peer {
    pub(super) client: ConnectedClient,
    pub(super) mailbox: Mailbox,
    /// Why the server has closed it: too much waited.
    pub(super) overflow: OnceLock<String>,
}

impl Peer {
    pub(super) fn new(client: ConnectedClient, max_queued: usize, message_cost: usize) -> Peer {
        Peer {
            client,
            mailbox: Mailbox::new(max_queued, message_cost, SendNumbers::default()),
            overflow: OnceLock::new(),
        }
    }

    /// Closes a client that takes too little of what is sent to it; the words say so.
    pub(super) fn overflow(&self, queued: usize, limit: usize) -> String {
        let why = format!(
            "is too slow: {queued} bytes wait for it already, the limit is {limit} \
             (the option maxQueuedBytes changes it)"
        );
        let frame = CloseFrame::new(CloseCode::POLICY, "too slow");
        if self.mailbox.close(frame, false) {
            let _ = self.overflow.set(why.clone());
        }
        why
    }
}

/// How a client has left.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    /// For people.
    pub(super) why: String,
    /// For programs.
    pub(super) cause: Cause,
}

impl OpenConnection for Peer {
    fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}
