//! What the program is asked before an attempt: a token may have expired meanwhile.
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::Header;

/// Asks the program for URL and header fields before each attempt to reconnect, and before the
/// first one with [`renews_first`](crate::Reconnect::renews_first).
#[derive(Clone)]
pub struct Renewal(Arc<Function>);

type Function = dyn Fn(u32) -> BoxFuture<'static, Result<Renewed, String>> + Send + Sync;

/// What an attempt is made with.
#[derive(Debug, Clone, Default)]
pub struct Renewed {
    /// `None`: the URL stays what it is.
    pub url: Option<String>,
    /// In place of [`RequestOptions::headers`](crate::RequestOptions::headers); `None`: they stay
    /// what they are.
    pub headers: Option<Vec<Header>>,
}

impl Renewal {
    /// `renew` is called with the number of the attempt to reconnect: 1, 2, ..., or 0 for the first
    /// of `connect`. An error, in words, is how that attempt fails, and so is an answer that takes
    /// longer than [`connect_timeout`](crate::RequestOptions::connect_timeout).
    pub fn new<F>(renew: F) -> Renewal
    where
        F: Fn(u32) -> BoxFuture<'static, Result<Renewed, String>> + Send + Sync + 'static,
    {
        Renewal(Arc::new(renew))
    }

    pub(super) fn ask(&self, attempt: u32) -> BoxFuture<'static, Result<Renewed, String>> {
        (self.0)(attempt)
    }
}

impl PartialEq for Renewal {
    fn eq(&self, other: &Renewal) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewal")
    }
}
