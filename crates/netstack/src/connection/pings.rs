//! Pings that the program sends, and which pong answers which.
use std::time::{Duration, Instant};

/// The longest payload of a ping, in bytes (RFC 6455, 5.5).
pub(crate) const MAX_PING: usize = 125;

/// A ping of the program's.
#[derive(Debug)]
pub(crate) struct Ping {
    /// 1, 2, ... of all pings of an object.
    pub(crate) number: u64,
    pub(crate) data: Vec<u8>,
}

/// Pings that wait for the driver.
#[derive(Debug, Default)]
pub(crate) struct PingQueue {
    waiting: Vec<Ping>,
    /// There is a connection.
    is_open: bool,
    /// The number of the last ping that was taken.
    last: u64,
}

impl PingQueue {
    /// The connection is open.
    pub(crate) fn open(&mut self) {
        self.is_open = true;
    }

    /// Queues a ping; `false`: there is no connection.
    pub(crate) fn push(&mut self, ping: Ping) -> bool {
        if self.is_open {
            self.last = ping.number;
            self.waiting.push(ping);
        }
        self.is_open
    }

    /// Takes those that wait.
    #[inline]
    pub(crate) fn take(&mut self) -> Vec<Ping> {
        std::mem::take(&mut self.waiting)
    }

    /// The connection has ended. Returns the number of the last ping; none up to this one is
    /// answered any more. 0: there was none.
    pub(crate) fn close(&mut self) -> u64 {
        self.is_open = false;
        self.waiting = Vec::new();
        std::mem::take(&mut self.last)
    }
}

/// Pings that are on their way.
#[derive(Debug, Default)]
pub(crate) struct SentPings(Vec<SentPing>);

#[derive(Debug)]
struct SentPing {
    ping: Ping,
    since: Instant,
}

/// Pings up to this one have been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PingAnswer {
    pub(crate) through: u64,
    /// From when the last of them left until its pong came.
    pub(crate) round_trip: Duration,
}

impl SentPings {
    /// This ping leaves.
    pub(crate) fn sent(&mut self, ping: Ping) {
        let since = Instant::now();
        self.0.push(SentPing { ping, since });
    }

    /// A pong has come. It answers the first ping with the same data, and those before it: a peer
    /// need answer only the last of several (RFC 6455, 5.5.3). `None`: it answers none of these.
    pub(crate) fn answer(&mut self, data: &[u8]) -> Option<PingAnswer> {
        let index = self.0.iter().position(|sent| sent.ping.data == data)?;
        let sent = self.0.drain(..=index).next_back()?;
        Some(PingAnswer {
            through: sent.ping.number,
            round_trip: sent.since.elapsed(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(number: u64, data: &[u8]) -> Ping {
        let data = data.to_vec();
        Ping { number, data }
    }

    #[test]
    fn a_pong_answers_its_ping_and_those_before() {
        let mut pings = SentPings::default();
        for (number, data) in [(1, b"a"), (2, b"b"), (3, b"b"), (4, b"c")] {
            pings.sent(ping(number, data));
        }
        let mut answer = |data: &[u8]| pings.answer(data).map(|answer| answer.through);
        assert_eq!(answer(b"b"), Some(2));
        assert_eq!(answer(b"a"), None);
        assert_eq!(answer(b"b"), Some(3));
        assert_eq!(answer(b"c"), Some(4));
        assert_eq!(answer(b"c"), None);
    }

    #[test]
    fn pings_are_taken_while_there_is_a_connection() {
        let mut queue = PingQueue::default();
        assert!(!queue.push(ping(1, b"")));
        queue.open();
        assert!(queue.push(ping(2, b"")));
        assert_eq!(queue.take().len(), 1);
        assert!(queue.take().is_empty());
        assert!(queue.push(ping(3, b"")));
        assert_eq!(queue.close(), 3);
        assert!(!queue.push(ping(4, b"")));
        assert_eq!(queue.close(), 0);
    }
}
