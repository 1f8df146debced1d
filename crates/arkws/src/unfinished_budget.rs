//! Memory of messages that are not whole, over many connections.
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// A bound on the memory that incomplete messages take, for all connections that share it
/// (`max_unfinished_bytes`). Clones are the same budget.
///
/// When it is exceeded, the connection whose incomplete message takes most is closed with 1009. One
/// that is alone with such a message is not: `max_message_size` bounds it.
#[derive(Clone)]
pub struct UnfinishedBudget(Arc<Mutex<Ledger>>);

#[derive(Debug)]
struct Ledger {
    limit: usize,
    /// The sum of all accounts, without those whose connections are to be closed.
    used: usize,
    accounts: Vec<Account>,
    /// Accounts that are not in use.
    free: Vec<usize>,
}

#[derive(Debug, Default)]
struct Account {
    open: bool,
    bytes: usize,
    /// The connection has to be closed.
    over: bool,
    waker: Option<Waker>,
}

/// What one connection takes of a budget. It is given back when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Share {
    budget: Option<UnfinishedBudget>,
    /// The index of the account; there is none while nothing is taken.
    account: Option<usize>,
    bytes: usize,
}

impl UnfinishedBudget {
    /// The limit that a budget has if the program chooses none, in bytes: four of the longest
    /// messages that a client accepts.
    pub const DEFAULT_LIMIT: usize = 256 << 20;

    /// A budget of `limit` bytes. Default: [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT).
    pub fn new(limit: usize) -> UnfinishedBudget {
        UnfinishedBudget(Arc::new(Mutex::new(Ledger {
            limit,
            used: 0,
            accounts: Vec::new(),
            free: Vec::new(),
        })))
    }

    /// The limit in bytes: what it was made with, or the largest `max_message_size` of its
    /// connections if that is more.
    pub fn limit(&self) -> usize {
        self.lock().limit
    }

    /// How many bytes incomplete messages take now.
    pub fn used(&self) -> usize {
        self.lock().used
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for UnfinishedBudget {
    fn default() -> Self {
        UnfinishedBudget::new(UnfinishedBudget::DEFAULT_LIMIT)
    }
}

impl PartialEq for UnfinishedBudget {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UnfinishedBudget {}

impl fmt::Debug for UnfinishedBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = self.lock();
        f.debug_struct("UnfinishedBudget")
            .field("limit", &ledger.limit)
            .field("used", &ledger.used)
            .finish()
    }
}

impl Ledger {
    /// The account that takes most, unless it is the only one.
    fn largest(&self) -> Option<usize> {
        let owing = |account: &Account| account.open && !account.over;
        let accounts = self.accounts.iter().enumerate();
        let mut accounts = accounts.filter(|(_, account)| owing(account));
        let first = accounts.next()?;
        // Without a second there is nobody whose share it could take.
        let second = accounts.next()?;
        let rest = std::iter::once(second).chain(accounts);
        let largest = rest.fold(first, |largest, other| {
            if other.1.bytes > largest.1.bytes {
                other
            } else {
                largest
            }
        });
        Some(largest.0)
    }
}

impl Share {
    /// For a connection that accepts messages of up to `max_message_size` bytes.
    pub(crate) fn new(budget: Option<UnfinishedBudget>, max_message_size: usize) -> Share {
        if let Some(budget) = &budget {
            let mut ledger = budget.lock();
            ledger.limit = ledger.limit.max(max_message_size);
        }
        Share {
            budget,
            account: None,
            bytes: 0,
        }
    }

    /// Bytes that are taken.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// From now on this many bytes are taken. If the sum is too much, this connection or another
    /// one has to be closed. Another one is woken, by the waker that it has given here last; if it
    /// is this one, the budget's limit is returned.
    pub(crate) fn set(&mut self, bytes: usize, waker: &Waker) -> Option<usize> {
        let budget = self.budget.as_ref()?;
        if bytes == 0 {
            self.clear();
            return None;
        }
        let mut guard = budget.lock();
        let ledger = &mut *guard;
        let index = *self.account.get_or_insert_with(|| {
            ledger.free.pop().unwrap_or_else(|| {
                ledger.accounts.push(Account::default());
                ledger.accounts.len() - 1
            })
        });
        let account = &mut ledger.accounts[index];
        account.open = true;
        if account.over {
            return Some(ledger.limit);
        }
        match &mut account.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        account.bytes = bytes;
        ledger.used = ledger.used - self.bytes + bytes;
        self.bytes = bytes;

        let mut woken = Vec::new();
        while ledger.used > ledger.limit {
            let Some(largest) = ledger.largest() else {
                break;
            };
            let account = &mut ledger.accounts[largest];
            account.over = true;
            ledger.used -= account.bytes;
            if largest != index {
                woken.extend(account.waker.take());
            }
        }
        let over = ledger.accounts[index].over.then_some(ledger.limit);
        drop(guard);
        for waker in woken {
            waker.wake();
        }
        over
    }

    /// The budget's limit, if this connection has to be closed.
    #[inline]
    pub(crate) fn is_over(&self) -> Option<usize> {
        let index = self.account?;
        self.judged(index)
    }

    fn judged(&self, index: usize) -> Option<usize> {
        let budget = self.budget.as_ref()?;
        let ledger = budget.lock();
        ledger.accounts[index].over.then_some(ledger.limit)
    }

    /// Nothing is taken any more.
    pub(crate) fn clear(&mut self) {
        let Some((budget, index)) = self.budget.as_ref().zip(self.account.take()) else {
            return;
        };
        let mut ledger = budget.lock();
        let account = std::mem::take(&mut ledger.accounts[index]);
        if !account.over {
            ledger.used -= account.bytes;
        }
        ledger.free.push(index);
        if ledger.free.len() == ledger.accounts.len() {
            ledger.accounts = Vec::new();
            ledger.free = Vec::new();
        }
        self.bytes = 0;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(budget: &UnfinishedBudget, count: usize) -> Vec<Share> {
        (0..count)
            .map(|_| Share::new(Some(budget.clone()), 10))
            .collect()
    }

    #[test]
    fn whoever_takes_most_has_to_go() {
        let budget = UnfinishedBudget::new(100);
        let mut shares = shares(&budget, 3);
        let waker = Waker::noop();
        assert_eq!(shares[0].set(60, waker), None);
        assert_eq!(shares[1].set(30, waker), None);
        assert_eq!(shares[2].set(20, waker), None);
        assert_eq!(shares[0].is_over(), Some(100));
        assert_eq!(shares[1].is_over(), None);
        assert_eq!(budget.used(), 50);
        // It is told so whatever it does.
        assert_eq!(shares[0].set(10, waker), Some(100));
        shares[0].clear();
        assert_eq!(shares[0].is_over(), None);
        assert_eq!(shares[0].set(10, waker), None);
        // And who receives may be the one.
        assert_eq!(shares[1].set(90, waker), Some(100));
        shares.clear();
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn who_is_alone_does_not() {
        let budget = UnfinishedBudget::new(5);
        assert_eq!(budget.limit(), 5);
        let mut shares = shares(&budget, 2);
        assert_eq!(budget.limit(), 10);
        let waker = Waker::noop();
        assert_eq!(shares[0].set(20, waker), None);
        assert_eq!(shares[1].set(1, waker), None);
        assert_eq!(shares[0].is_over(), Some(10));
        assert_eq!(shares[1].set(15, waker), None);
    }
}
