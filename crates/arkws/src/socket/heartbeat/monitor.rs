//! When to ping, and when to give up: a state machine with time as a parameter.
use std::time::Duration;

use tokio::time::Instant;

use crate::Heartbeat;

/// Watches one connection's silence.
#[derive(Debug)]
pub(in crate::socket) struct Monitor {
    settings: Heartbeat,
    ping: PingState,
    /// The number of the last ping, which is its payload.
    count: u64,
    /// The number of the last ping whose pong has arrived.
    answered: u64,
    /// When the last ping was queued or, if it had to wait, when it left. `None` once its pong has
    /// arrived.
    unanswered: Option<Instant>,
    /// The number of the last byte of the last ping, in all that is sent.
    ping_end: u64,
    /// So many bytes are known to have left, when that was last looked at.
    left: u64,
    /// The last ping is known to wait here, behind what the peer does not take: meanwhile there is
    /// no time for its answer.
    waits: bool,
    /// How many bytes the peer had taken when that was last looked at, the ping included.
    taken: u64,
}

#[derive(Debug, Clone, Copy)]
enum PingState {
    /// Something arrived (or the connection was made) at this time.
    Idle(Instant),
    /// A ping was sent at this time; nothing has arrived since.
    Unanswered(Instant),
}

/// What to do when a deadline has passed.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::socket) enum Action {
    /// Send a ping with this payload.
    Ping([u8; 8]),
    /// The peer is gone.
    GiveUp,
}

/// What a pong is the answer to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::socket) enum PongAnswer {
    /// The last ping, which took so long.
    Last(Duration),
    /// One before it, after which something else has arrived.
    Older,
    /// No ping of ours.
    NotOurs,
}

impl Monitor {
    pub(in crate::socket) fn new(settings: Heartbeat, now: Instant) -> Monitor {
        Monitor {
            settings,
            ping: PingState::Idle(now),
            count: 0,
            answered: 0,
            unanswered: None,
            ping_end: 0,
            left: 0,
            waits: false,
            taken: 0,
        }
    }

    pub(in crate::socket) fn settings(&self) -> Heartbeat {
        self.settings
    }

    /// When [`handle_timeout`](Monitor::handle_timeout) has to be called; `None`: never.
    pub(in crate::socket) fn deadline(&self) -> Option<Instant> {
        match self.ping {
            PingState::Idle(since) => since.checked_add(self.settings.interval),
            PingState::Unanswered(_) if self.waits => None,
            PingState::Unanswered(since) => since.checked_add(self.settings.timeout),
        }
    }

    /// Bytes arrived: whatever they are, the peer lives.
    #[inline]
    pub(in crate::socket) fn received(&mut self, now: Instant) {
        self.ping = PingState::Idle(now);
    }

    /// The ping has been queued. It takes `len` bytes, of which the last is number `end` of all
    /// that is sent; `taken` bytes were taken by the peer.
    pub(in crate::socket) fn pinged(&mut self, len: usize, end: u64, taken: u64) {
        self.ping_end = end;
        self.taken = taken + len as u64;
    }

    /// The ping could not be queued: the next one follows after the interval.
    pub(in crate::socket) fn not_pinged(&mut self, now: Instant) {
        self.ping = PingState::Idle(now);
        self.unanswered = None;
    }

    /// Of all that is sent `left` bytes are known to have left, where not all does or did. Once the
    /// ping has, the time for its answer begins.
    pub(in crate::socket) fn written(&mut self, left: u64, now: Instant) {
        self.left = self.left.max(left);
        let PingState::Unanswered(since) = &mut self.ping else {
            return;
        };
        let waited = std::mem::replace(&mut self.waits, self.left < self.ping_end);
        if waited && !self.waits {
            *since = now;
            if self.unanswered.is_some() {
                self.unanswered = Some(now);
            }
        }
    }

    /// The time for the answer has passed, and the peer has `taken` this many bytes. If some are
    /// new, it lives, and that time starts anew.
    pub(in crate::socket) fn progressed(&mut self, taken: u64, now: Instant) -> bool {
        let progressed = taken > self.taken;
        if progressed {
            self.taken = taken;
            self.ping = PingState::Unanswered(now);
        }
        progressed
    }

    /// Whether it is time to give the peer up, unless it has taken something.
    pub(in crate::socket) fn is_overdue(&self, now: Instant) -> bool {
        let passed = || self.deadline().is_some_and(|deadline| deadline <= now);
        matches!(self.ping, PingState::Unanswered(_)) && passed()
    }

    /// Time has passed.
    pub(in crate::socket) fn handle_timeout(&mut self, now: Instant) -> Option<Action> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        match self.ping {
            PingState::Idle(_) => {
                self.ping = PingState::Unanswered(now);
                self.waits = false;
                self.count += 1;
                self.unanswered = Some(now);
                Some(Action::Ping(self.count.to_be_bytes()))
            }
            PingState::Unanswered(_) => Some(Action::GiveUp),
        }
    }

    /// A pong arrived: whether it answers a ping of ours that has had no answer, be it an older
    /// one, and the round trip, if that was the last.
    pub(in crate::socket) fn pong(&mut self, payload: &[u8], now: Instant) -> PongAnswer {
        let Ok(number) = payload.try_into().map(u64::from_be_bytes) else {
            return PongAnswer::NotOurs;
        };
        if number <= self.answered || number > self.count {
            return PongAnswer::NotOurs;
        }
        self.answered = number;
        match self.unanswered {
            Some(left) if number == self.count => {
                self.unanswered = None;
                PongAnswer::Last(now.duration_since(left))
            }
            _ => PongAnswer::Older,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);
    const TIMEOUT: Duration = Duration::from_secs(10);

    fn monitor(now: Instant) -> Monitor {
        let settings = Heartbeat {
            interval: INTERVAL,
            timeout: TIMEOUT,
        };
        Monitor::new(settings, now)
    }

    #[test]
    fn silence_is_answered_with_a_ping_and_then_with_giving_up() {
        let start = Instant::now();
        let mut monitor = monitor(start);
        assert_eq!(monitor.deadline(), Some(start + INTERVAL));
        assert_eq!(
            monitor.handle_timeout(start + INTERVAL - Duration::from_millis(1)),
            None
        );

        let pinged = start + INTERVAL;
        assert_eq!(
            monitor.handle_timeout(pinged),
            Some(Action::Ping(1u64.to_be_bytes()))
        );
        assert_eq!(monitor.deadline(), Some(pinged + TIMEOUT));
        assert_eq!(
            monitor.handle_timeout(pinged + TIMEOUT),
            Some(Action::GiveUp)
        );
    }

    #[test]
    fn any_byte_counts_as_life() {
        let start = Instant::now();
        let mut monitor = monitor(start);
        monitor.handle_timeout(start + INTERVAL);
        let heard = start + INTERVAL + TIMEOUT / 2;
        monitor.received(heard);
        assert_eq!(monitor.handle_timeout(start + INTERVAL + TIMEOUT), None);
        assert_eq!(monitor.deadline(), Some(heard + INTERVAL));
    }

    #[test]
    fn only_the_pong_to_the_last_ping_measures_the_round_trip_and_only_once() {
        let start = Instant::now();
        let mut monitor = monitor(start);
        assert_eq!(
            monitor.pong(&0u64.to_be_bytes(), start),
            PongAnswer::NotOurs
        );
        assert_eq!(
            monitor.pong(&1u64.to_be_bytes(), start),
            PongAnswer::NotOurs
        );
        let pinged = start + INTERVAL;
        monitor.handle_timeout(pinged);
        let arrived = pinged + Duration::from_millis(20);
        assert_eq!(monitor.pong(b"unsolicited", arrived), PongAnswer::NotOurs);
        assert_eq!(
            monitor.pong(&1u64.to_be_bytes(), arrived),
            PongAnswer::Last(Duration::from_millis(20))
        );
        assert_eq!(
            monitor.pong(&1u64.to_be_bytes(), arrived),
            PongAnswer::NotOurs
        );
    }

    #[test]
    fn a_pong_that_the_next_ping_has_overtaken_is_ours() {
        let start = Instant::now();
        let mut monitor = monitor(start);
        let mut now = start;
        for _ in 0..3 {
            now += INTERVAL;
            assert!(matches!(monitor.handle_timeout(now), Some(Action::Ping(_))));
            // A part of a large message.
            monitor.received(now);
        }
        assert_eq!(monitor.pong(&2u64.to_be_bytes(), now), PongAnswer::Older);
        assert_eq!(monitor.pong(&1u64.to_be_bytes(), now), PongAnswer::NotOurs);
        let trip = Duration::from_millis(20);
        assert_eq!(
            monitor.pong(&3u64.to_be_bytes(), now + trip),
            PongAnswer::Last(trip)
        );
    }

    #[test]
    fn an_interval_beyond_the_end_of_time_means_never() {
        let start = Instant::now();
        let settings = Heartbeat {
            interval: Duration::MAX,
            timeout: TIMEOUT,
        };
        assert_eq!(Monitor::new(settings, start).deadline(), None);
    }
}
