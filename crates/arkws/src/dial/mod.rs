//! From a URL to a stream to its server: name, addresses, proxy; and where redirects lead to.
pub(crate) mod connector;
pub(crate) mod proxy;
mod race;
pub(crate) mod redirect;
mod resolve;
pub(crate) mod route;
pub(crate) mod tcp;

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::{Error, Limits, Phase, Transport, WebSocketUrl};
use proxy::Proxy;
use route::Route;

/// When the phases that share a time limit must be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    end: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Deadline {
        /// 30 years: longer than anybody waits, short enough for tokio's timers.
        const NEVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        Deadline {
            end: Instant::now() + limit.min(NEVER),
            limit,
        }
    }

    /// This one, or `other` if that comes first.
    pub(crate) fn or_sooner(self, other: Option<Deadline>) -> Deadline {
        match other {
            Some(other) if other.end < self.end => other,
            _ => self,
        }
    }

    /// How much time is left.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(crate) async fn run<T>(
        &self,
        phase: Phase,
        target: impl FnOnce() -> String,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        timeout_at(self.end, work).await.unwrap_or_else(|_| {
            Err(Error::DialTimeout {
                target: target(),
                phase,
                limit: self.limit,
            })
        })
    }
}

/// A stream to the server of `url`, through the proxy if there is one for it. `deadline`
/// is for all of it, `heads` for a proxy's answer.
pub(crate) async fn connect(
    url: &WebSocketUrl,
    proxy: &Proxy,
    route: &Route,
    deadline: &Deadline,
    heads: &Limits,
) -> Result<Transport, Error> {
    let Some(server) = proxy.for_url(url)? else {
        return connect_directly(url, route, deadline).await;
    };
    proxy::open(&server, url, route, deadline, heads).await
}

async fn connect_directly(
    url: &WebSocketUrl,
    route: &Route,
    deadline: &Deadline,
) -> Result<Transport, Error> {
    let target = || url.authority();
    let addresses = deadline.run(Phase::Lookup, target, async {
        let addresses = route.find(url.host(), url.port()).await;
        addresses.map_err(|source| Error::Dns {
            host: url.host().to_string(),
            source,
        })
    });
    let addresses = addresses.await?;
    let connect = async {
        let stream = route.connect(url.host(), url.port(), addresses, url.authority());
        Ok(stream.await?)
    };
    deadline.run(Phase::Connect, target, connect).await
}
