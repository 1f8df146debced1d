//! What the records say that `deliver` gets: numbers, whose names exist here only.
//!
//! JavaScript gets the names when it loads the module, and asks for the number of each that it
//! knows: one that is not here is an error then, and a number that it does not know is one later.

/// Makes the enum and the list of its names out of one list.
macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a record says. Its values: see [`crate::delivery`].
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// The names of all, each at the index that is its number.
            pub(crate) const NAMES: &[&str] = &[$($name,)*];
        }
    };
}

operations! {
    /// Whole messages to a client: `message` and `dataEnd` for each.
    Messages = "messages",
    /// Pieces of messages to a client: `message` for each.
    Pieces = "pieces",
    /// Messages to a server.
    MessagesFrom = "messagesFrom",
    /// The sends of a client up to that one are done, but for those that have failed.
    Sent = "sent",
    /// The same of the sends of a server to one client.
    SentTo = "sentTo",
    /// The last piece of a message has been delivered.
    DataEnd = "dataEnd",

    // Calls of the method `event` with the name, and a value: see `crate::event`.
    Error = "error",
    Idle = "idle",
    Refused = "refused",
    HeaderReceive = "headerReceive",
    Open = "open",
    OpenInfo = "openInfo",
    Close = "close",
    CloseFrame = "closeFrame",
    SendFailed = "sendFailed",
    Reconnecting = "reconnecting",
    Reconnected = "reconnected",
    Ping = "ping",
    Pong = "pong",
    PingsLost = "pingsLost",
    Question = "question",
    Started = "started",
    Request = "request",
    HttpRequest = "httpRequest",
    RequestOver = "requestOver",
    Connected = "connected",
    ClientError = "clientError",
    NeverConnected = "neverConnected",
    Disconnected = "disconnected",
    HandedOverEnded = "handedOverEnded",
    Stopped = "stopped",
    /// Write these bytes to a stream, and say when that is done.
    StreamWrite = "streamWrite",
    /// Give what a stream brings next.
    StreamRead = "streamRead",
    /// End a stream: nothing more is written.
    StreamEnd = "streamEnd",
    /// The connection over a stream is over.
    StreamGone = "streamGone",
}

impl From<Operation> for u64 {
    fn from(operation: Operation) -> u64 {
        operation as u64
    }
}
