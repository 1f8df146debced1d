//! A client that is in, as the calls of the object and its task see it.
use std::sync::OnceLock;

use arkws::{CloseCode, CloseFrame};

use super::identity::ConnectedClient;
use crate::Cause;
use crate::connection::mailbox::Mailbox;
use crate::connection::send_queue::SendNumbers;
use crate::process_exit::OpenConnection;

/// A connected client. Sends to it are answered, messages of a broadcast are not.
pub(super) struct Peer {
    pub(super) client: ConnectedClient,
    pub(super) mailbox: Mailbox,
    /// Set when the server has closed it because too much waited: the words that say so.
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

    /// Closes a client that is too slow for what is sent to it. Returns the words that say so.
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
