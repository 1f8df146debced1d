//! What was delivered and not consumed, and whether that is so much that the connection is not read
//! from.

/// A connection is no longer read from when the program has left this many delivered messages, or
/// bytes of them, unconsumed...
const HIGH_WATER: Amount = Amount {
    events: 16 << 10,
    bytes: 4 << 20,
};
/// ...and is again when it has come down to this. (Messages count, too: millions of empty ones are
/// not free.)
const LOW_WATER: Amount = Amount {
    events: 4 << 10,
    bytes: 1 << 20,
};

/// Messages, and bytes of them. Below zero when a program has consumed what the driver has not
/// reported yet.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Amount {
    pub(crate) events: isize,
    pub(crate) bytes: isize,
}

impl Amount {
    fn exceeds(&self, other: &Amount) -> bool {
        self.events > other.events || self.bytes > other.bytes
    }
}

/// How far the program lags behind what was delivered to it.
#[derive(Debug, Default)]
pub(crate) struct ReceiveWindow {
    unconsumed: Amount,
    paused: bool,
    /// The program wants nothing for the time being.
    held: bool,
}

impl ReceiveWindow {
    /// These have been delivered.
    #[inline]
    pub(crate) fn delivered(&mut self, more: Amount) {
        self.unconsumed.events += more.events;
        self.unconsumed.bytes += more.bytes;
        self.paused |= self.unconsumed.exceeds(&HIGH_WATER);
    }

    /// The program has consumed `events` messages with `bytes` of data in all. Whether the
    /// connection, which was paused, is read from again.
    #[inline]
    pub(crate) fn consumed(&mut self, events: usize, bytes: usize) -> bool {
        self.unconsumed.events -= events as isize;
        self.unconsumed.bytes -= bytes as isize;
        let resumed = self.paused && !self.unconsumed.exceeds(&LOW_WATER);
        if resumed {
            self.paused = false;
        }
        resumed && !self.held
    }

    /// The program wants nothing for the time being, or wants something again. Whether the
    /// connection, which was not read from, is again.
    pub(crate) fn hold(&mut self, held: bool) -> bool {
        let resumed = self.held && !held && !self.paused;
        self.held = held;
        resumed
    }

    /// The connection is not to be read from.
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.paused || self.held
    }
}

/// What the driver is to do with data that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadPermission {
    /// Deliver it.
    Deliver,
    /// Leave it in the transport: the program lags behind.
    Pause,
    /// The program has asked for a close, whose answer lies behind the data.
    Discard,
}
