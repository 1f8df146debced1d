//! What the program's threads and the task of one connection share: one lock, one waker.
use std::ops::Range;
use std::task::{Context, Poll, Waker};

use crate::connection::batch::{Batch, Outgoing};
use crate::connection::close_state::{CloseBody, CloseState};
use crate::connection::pings::{Ping, PingQueue};
use crate::connection::receive_window::{Amount, ReadPermission, ReceiveWindow};
use crate::connection::send_queue::{Refused, SendNumbers, SendQueue};
use crate::connection::stall::Waiting;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// The state that a program's threads and the task of one connection share.
#[derive(Debug)]
pub(crate) struct Mailbox {
    state: Mutex<MailboxState>,
    /// The program has asked for the end: it wants no more messages.
    muted: AtomicBool,
    /// The program does not wait for a closing handshake.
    terminated: AtomicBool,
}

#[derive(Debug)]
struct MailboxState {
    queue: SendQueue,
    close_state: CloseState,
    window: ReceiveWindow,
    pings: PingQueue,
    /// The driver's, while it waits. `None`: it will look again by itself.
    waker: Option<Waker>,
    /// Of who waits until the messages have been handed over, or for the end. Boxed: few do.
    watcher: Option<Box<Waker>>,
}

/// The next thing to do for a driver.
#[derive(Debug)]
pub(crate) struct Work {
    /// Messages were taken: the driver is not woken until it asks again.
    pub(crate) taken: bool,
    /// A close frame that is to be sent now.
    pub(crate) close: Option<CloseBody>,
    /// A close waits for messages to be sent.
    pub(crate) draining: bool,
    /// What to do with data that arrives.
    pub(crate) reading: ReadPermission,
    /// Pings that are to be sent now.
    pub(crate) pings: Vec<Ping>,
}

impl Mailbox {
    /// At most `limit` bytes may wait, or `message_cost` for each message if that is more. Sends
    /// are numbered on from `numbers`.
    pub(crate) fn new(limit: usize, message_cost: usize, numbers: SendNumbers) -> Mailbox {
        let state = MailboxState {
            queue: SendQueue::new(limit, message_cost, numbers),
            close_state: CloseState::Open,
            window: ReceiveWindow::default(),
            pings: PingQueue::default(),
            waker: None,
            watcher: None,
        };
        Mailbox {
            state: Mutex::new(state),
            muted: AtomicBool::new(false),
            terminated: AtomicBool::new(false),
        }
    }

    /// Queues a message for the driver, and returns its number. One that is larger than the limit
    /// is taken if nothing else waits. A message counts for its place in the queue at least:
    /// millions of empty ones are not free.
    pub(crate) fn push(&self, message: Outgoing<'_>) -> Result<u64, Refused> {
        let (state, number) = self.add(message, SendQueue::push)?;
        wake(state);
        Ok(number)
    }

    /// As [`push`](Self::push), but nobody waits for an answer.
    pub(crate) fn push_unanswered(&self, message: Outgoing<'_>) -> Result<(), Refused> {
        let (state, ()) = self.add(message, SendQueue::push_unanswered)?;
        wake(state);
        Ok(())
    }

    /// As [`push`](Self::push), but does not wake the driver before much waits: the caller sees to
    /// it that what it has fed is [taken](Self::take), or [wakes the driver](Self::wake_driver).
    pub(crate) fn feed(&self, message: Outgoing<'_>) -> Result<u64, Refused> {
        let (state, number) = self.add(message, SendQueue::push)?;
        if state.queue.is_much() {
            wake(state);
        }
        Ok(number)
    }

    #[inline]
    fn add<'m, N>(
        &self,
        message: Outgoing<'m>,
        push: impl FnOnce(&mut SendQueue, Outgoing<'m>) -> Result<N, Refused>,
    ) -> Result<(MutexGuard<'_, MailboxState>, N), Refused> {
        // Whoever waits for the lock need not wait for the copy of a large payload.
        let message = message.detached();
        let mut state = self.lock();
        if !state.close_state.is_open() {
            return Err(Refused::Closed);
        }
        let number = push(&mut state.queue, message)?;
        Ok((state, number))
    }

    /// Takes the next messages for `batch`, an empty one, on behalf of the driver while it sleeps.
    /// Returns what wakes it; `None`: it will look by itself, or nothing waits but what is its own.
    ///
    /// The sender knows the answers to its first `answered` sends. If a later one has failed, it
    /// must hear of that first: nothing is taken, and the driver is woken, whose answers come in
    /// order.
    pub(crate) fn take(&self, batch: &mut Batch, answered: u64) -> Option<Waker> {
        let mut state = self.lock();
        if !state.queue.none_failed_behind(answered) {
            wake(state);
            return None;
        }
        let state = &mut *state;
        let (CloseState::Open, Some(waker)) = (&state.close_state, &state.waker) else {
            return None;
        };
        state.queue.take(batch).then(|| waker.clone())
    }

    /// What has not been handed to the operating system.
    pub(crate) fn waiting(&self) -> Waiting {
        let state = self.lock();
        let queue = &state.queue;
        Waiting {
            messages: queue.messages(),
            bytes: queue.bytes(),
            is_quarter_full: queue.is_quarter_full(),
        }
    }

    /// Has the driver look.
    pub(crate) fn wake_driver(&self) {
        wake(self.lock());
    }

    /// Asks for the end of the connection; `false` if it is ending already. Without `drain`,
    /// messages that still wait are given up.
    pub(crate) fn close(&self, frame: impl Into<CloseBody>, drain: bool) -> bool {
        let frame = frame.into();
        let mut state = self.lock();
        if !state.close_state.is_open() {
            return false;
        }
        state.close_state = CloseState::Closing { frame, drain };
        self.mute();
        wake(state);
        true
    }

    /// Ends the connection, or the attempt at one, without a closing handshake, and whether or not
    /// it is closing; `false` if it has ended.
    pub(crate) fn terminate(&self) -> bool {
        let mut state = self.lock();
        if matches!(state.close_state, CloseState::Closed { .. }) {
            return false;
        }
        if state.close_state.is_open() {
            let frame = Some(arkws::CloseFrame::new(arkws::CloseCode::NORMAL, ""));
            let drain = false;
            state.close_state = CloseState::Closing { frame, drain };
        }
        self.mute();
        self.terminated.store(true, Ordering::Release);
        wake(state);
        true
    }

    /// Whether the program has [terminated](Self::terminate) the connection.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::Acquire)
    }

    /// Whether the program wants nothing more to be read for the time being.
    pub(crate) fn hold(&self, held: bool) {
        let mut state = self.lock();
        if state.window.hold(held) {
            wake(state);
        }
    }

    /// There is a connection: pings are taken.
    pub(crate) fn open_pings(&self) {
        self.lock().pings.open();
    }

    /// Queues a ping; `false`: there is no connection, or it is closing.
    pub(crate) fn ping(&self, ping: Ping) -> bool {
        let mut state = self.lock();
        let taken = state.close_state.is_open() && state.pings.push(ping);
        if taken {
            wake(state);
        }
        taken
    }

    /// There is no connection any more: see [`PingQueue::close`].
    pub(crate) fn close_pings(&self) -> u64 {
        self.lock().pings.close()
    }

    /// No more messages are delivered: the program has asked for the end, or will.
    pub(crate) fn mute(&self) {
        self.muted.store(true, Ordering::Release);
    }

    /// Whether messages that arrive are for nobody.
    #[inline]
    pub(crate) fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Acquire)
    }

    /// Gives up the messages that a close waits for.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        if let CloseState::Closing { drain, .. } = &mut state.close_state {
            *drain = false;
            wake(state);
        }
    }

    /// The program has consumed `events` messages with `bytes` of data in all.
    pub(crate) fn consumed(&self, events: usize, bytes: usize) {
        let mut state = self.lock();
        if state.window.consumed(events, bytes) {
            wake(state);
        }
    }

    /// For the driver: takes the next messages for `batch`, an empty one, unless it is `None`, and
    /// says what else is to be done. If nothing was taken, what comes later wakes the driver; else
    /// it asks again when it has dealt with these.
    pub(crate) fn next(&self, waker: &Waker, batch: Option<&mut Batch>) -> Work {
        let mut state = self.lock();
        let state = &mut *state;
        let abandon = state.close_state.gives_up();
        let idle = batch.is_some();
        let mut taken = false;
        if let Some(batch) = batch
            && !abandon
        {
            taken = state.queue.take(batch);
            if !taken {
                // Idle connections own no memory for messages (but for what `Batch::shrink` leaves
                // of a flush).
                state.queue.release();
            }
        }
        if taken {
            state.waker = None;
        } else if !state
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            state.waker = Some(waker.clone());
        }
        let reading = match (state.window.is_paused(), &state.close_state) {
            (_, CloseState::Closing { .. } | CloseState::Closed { requested: Some(_) }) => {
                ReadPermission::Discard
            }
            (false, _) => ReadPermission::Deliver,
            (true, CloseState::Open) => ReadPermission::Pause,
            (true, CloseState::Closed { .. }) => ReadPermission::Discard,
        };
        let sent = abandon || (idle && state.queue.is_empty());
        let pings = state.pings.take();
        match &state.close_state {
            CloseState::Closing { frame, .. } => Work {
                taken,
                // To who is terminated nothing is said: a close frame would have it believe that it
                // has got all that was sent.
                close: (sent && !self.is_terminated()).then(|| frame.clone()),
                draining: !sent,
                reading,
                pings,
            },
            CloseState::Open | CloseState::Closed { .. } => Work {
                taken,
                close: None,
                draining: false,
                reading,
                pings,
            },
        }
    }

    /// For the driver: the messages of this batch have been handed to the operating system.
    pub(crate) fn handed_over(&self, batch: &Batch) {
        let mut state = self.lock();
        state.queue.handed_over(batch);
        if state.queue.messages() == 0 {
            notify(state);
        }
    }

    /// Sends of these numbers, which were taken, have failed.
    pub(crate) fn failed(&self, sends: &Range<u64>) {
        self.lock().queue.failed(sends);
    }

    /// For the driver: these have been delivered.
    pub(crate) fn delivered(&self, more: Amount) {
        self.lock().window.delivered(more);
    }

    /// From now on at most `limit` bytes may wait.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.lock().queue.set_limit(limit);
    }

    /// Bytes of messages that have not been handed to the operating system.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().queue.bytes()
    }

    /// Bytes of all messages that were taken, on this connection and those before.
    pub(crate) fn accepted(&self) -> u64 {
        self.lock().queue.accepted()
    }

    /// Whether messages are taken.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().close_state.is_open()
    }

    /// Ready when the program has asked for the end: for the time before there is a connection.
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if !state.close_state.is_open() {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when the operating system has all messages, or the connection has ended: for one
    /// thread at a time.
    pub(crate) fn poll_handed_over(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_watched(cx, |state| state.queue.messages() == 0)
    }

    /// Ready when the connection has ended, or its peer has; for one thread at a time.
    pub(crate) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_watched(cx, |_| false)
    }

    fn poll_watched(
        &self,
        cx: &mut Context<'_>,
        is_ready: impl FnOnce(&MailboxState) -> bool,
    ) -> Poll<()> {
        let mut state = self.lock();
        if matches!(state.close_state, CloseState::Closed { .. }) || is_ready(&state) {
            return Poll::Ready(());
        }
        state.watcher = Some(Box::new(cx.waker().clone()));
        Poll::Pending
    }

    /// For the driver: nothing is sent any more.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.close_state.end();
        notify(state);
    }

    /// Gives up the messages that still wait, after [`end`](Self::end); returns the numbers of
    /// those that are answered.
    pub(crate) fn unsent(&self) -> Range<u64> {
        let mut state = self.lock();
        state.waker = None;
        state.queue.give_up()
    }

    /// Where the numbers of the next connection's sends go on.
    pub(crate) fn numbers(&self) -> SendNumbers {
        self.lock().queue.numbers()
    }

    /// The close frame with which the program ended the connection, if it was first.
    pub(crate) fn requested_close(&self) -> Option<CloseBody> {
        self.lock().close_state.requested()
    }

    fn lock(&self) -> MutexGuard<'_, MailboxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes who watches the mailbox.
fn notify(mut state: MutexGuard<'_, MailboxState>) {
    if let Some(watcher) = state.watcher.take() {
        drop(state);
        watcher.wake();
    }
}

/// Wakes the driver if it waits. Not under the lock, which is the first thing that it wants.
fn wake(mut state: MutexGuard<'_, MailboxState>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;
    use crate::connection::batch::HEADER;
    use crate::connection::send_queue::MUCH;

    const LIMIT: usize = 1 << 20;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Wakes {
        fn taken(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    /// A mailbox, and its driver's end of it.
    struct Given {
        mailbox: Mailbox,
        wakes: Arc<Wakes>,
        waker: Waker,
    }

    fn given(limit: usize) -> Given {
        let wakes = Arc::<Wakes>::default();
        Given {
            mailbox: Mailbox::new(limit, 0, SendNumbers::default()),
            waker: Arc::clone(&wakes).into(),
            wakes,
        }
    }

    impl Given {
        fn send(&self, payload: &[u8]) -> Result<u64, Refused> {
            self.mailbox.push(Outgoing::Binary(payload.into()))
        }

        /// The sends that an idle driver is given, and whether it will be woken.
        fn take(&self) -> (Range<u64>, Work) {
            let mut batch = Batch::default();
            let next = self.mailbox.next(&self.waker, Some(&mut batch));
            self.mailbox.handed_over(&batch);
            (batch.sends(), next)
        }
    }

    #[test]
    fn a_driver_that_waits_is_woken_once_and_one_that_is_busy_not_at_all() {
        let given = given(LIMIT);
        assert!(!given.take().1.taken);
        for _ in 0..3 {
            given.send(b"payload").unwrap();
        }
        assert_eq!(given.wakes.taken(), 1);

        // It deals with these; what comes meanwhile it finds by itself.
        assert_eq!(given.take().0, 1..4);
        given.send(b"payload").unwrap();
        assert!(
            given
                .mailbox
                .close(arkws::CloseFrame::new(arkws::CloseCode::NORMAL, ""), true)
        );
        assert_eq!(given.wakes.taken(), 0);
        let (sends, next) = given.take();
        assert_eq!(sends, 4..5);
        assert!(next.taken && next.close.is_some());
    }

    #[test]
    fn no_wake_up_is_lost_however_sends_and_looks_interleave() {
        const SENDS: u64 = if cfg!(miri) { 200 } else { 20_000 };
        let given = given(usize::MAX);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..=SENDS {
                    assert_eq!(given.send(&number.to_le_bytes()), Ok(number));
                    if number % 64 == 0 {
                        std::thread::yield_now();
                    }
                }
            });
            // A driver that looks when it has just taken something, or was woken, and never else.
            let mut expected = 1;
            let mut look = true;
            while expected <= SENDS {
                if look || given.wakes.taken() > 0 {
                    let (sends, next) = given.take();
                    if next.taken {
                        assert_eq!(sends.start, expected);
                        expected = sends.end;
                    }
                    look = next.taken;
                } else {
                    std::thread::yield_now();
                }
            }
        });
        assert_eq!(given.mailbox.bytes(), 0);
    }

    #[test]
    fn messages_that_were_taken_count_until_they_are_handed_over() {
        let given = given(10);
        given.send(b"12345678").unwrap();
        let mut batch = Batch::default();
        assert!(given.mailbox.next(&given.waker, Some(&mut batch)).taken);
        let full = Refused::Full {
            queued: Batch::PLACE.max(8),
            limit: 10,
        };
        assert_eq!(given.send(b"123"), Err(full));
        given.mailbox.handed_over(&batch);
        assert_eq!(given.send(b"123"), Ok(2), "a refused one has no number");
    }

    #[test]
    fn empty_messages_are_not_free() {
        let given = given(10 * Batch::PLACE);
        let taken = (0..100).take_while(|_| given.send(b"").is_ok());
        assert_eq!(taken.count(), 11);
    }

    #[test]
    fn much_that_is_fed_wakes_the_driver_be_it_many_empty_messages_or_half_of_a_low_limit() {
        for (limit, len, expected) in [
            (usize::MAX, 0, MUCH.div_ceil(HEADER)),
            (usize::MAX, 4096, MUCH.div_ceil(4096 + HEADER)),
            (1000, 100, 5),
        ] {
            let payload = vec![0; len];
            let given = given(limit);
            given.take();
            let mut fed = 0;
            while given.wakes.taken() == 0 {
                let message = Outgoing::Binary(payload.as_slice().into());
                given.mailbox.feed(message).unwrap();
                fed += 1;
            }
            assert_eq!(fed, expected);
        }
    }

    #[test]
    fn what_waits_behind_a_failure_that_its_sender_does_not_know_of_is_left_to_the_driver() {
        let given = given(LIMIT);
        given.send(b"lost").unwrap();
        given.mailbox.failed(&given.take().0);
        given.take();
        let message = Outgoing::Binary(b"payload".as_slice().into());
        given.mailbox.feed(message).unwrap();
        let mut batch = Batch::default();
        assert!(given.mailbox.take(&mut batch, 0).is_none());
        assert_eq!(given.wakes.taken(), 1);

        // The driver looks, and waits; the sender has been told.
        given.mailbox.next(&given.waker, None);
        assert!(given.mailbox.take(&mut batch, 1).is_some());
        assert_eq!(batch.sends(), 2..3);
    }

    #[test]
    fn what_is_given_up_are_the_last_sends_with_whatever_unanswered_ones_among_them() {
        let given = given(LIMIT);
        let shared = || Outgoing::Binary(b"news".as_slice().into());
        assert_eq!(given.mailbox.unsent(), 0..0);
        given.mailbox.push_unanswered(shared()).unwrap();
        given.send(b"one").unwrap();
        given.take();
        given.send(b"two").unwrap();
        given.mailbox.push_unanswered(shared()).unwrap();
        given.send(&[0; 100_000]).unwrap();
        assert_eq!(given.mailbox.unsent(), 2..4);
        assert_eq!(given.mailbox.unsent(), 0..0);
    }

    #[test]
    fn an_idle_connection_owns_no_memory_for_messages() {
        let given = given(LIMIT);
        given.send(&[0; 100]).unwrap();
        given.take();
        given.take();
        assert!(!given.mailbox.lock().queue.owns_memory());
    }
}
