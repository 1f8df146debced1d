//! How a connection asks its stream what the peer has taken.
use std::any::{Any, TypeId};

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
#[cfg(feature = "tls")]
use tokio_rustls::{TlsStream, client, server};

use crate::{Progress, Transport};

/// [`Progress::taken`] of a stream. `None`: all that was accepted counts as taken.
pub(super) type Probe<S> = Option<fn(&S, u64) -> u64>;

/// The probe of a stream, if its type is one of those that are known here.
pub(super) fn probe<S: 'static>() -> Probe<S> {
    /// Of a stream that is an `S` and a `T`.
    fn same<S: 'static, T: Progress + 'static>(stream: &S, accepted: u64) -> u64 {
        let stream: &dyn Any = stream;
        match stream.downcast_ref::<T>() {
            Some(stream) => stream.taken(accepted),
            None => accepted,
        }
    }
    fn of<S: 'static, T: Progress + 'static>() -> Probe<S> {
        (TypeId::of::<S>() == TypeId::of::<T>()).then_some(same::<S, T>)
    }
    /// With or without TLS.
    fn over<S: 'static, T: Progress + 'static>() -> Probe<S> {
        let probe = of::<S, T>();
        #[cfg(feature = "tls")]
        let probe = probe
            .or_else(of::<S, TlsStream<T>>)
            .or_else(of::<S, client::TlsStream<T>>)
            .or_else(of::<S, server::TlsStream<T>>);
        probe
    }
    let probe = of::<S, Transport>().or_else(over::<S, TcpStream>);
    #[cfg(unix)]
    let probe = probe.or_else(over::<S, UnixStream>);
    probe
}
