//! The client object, through its public interface, against real servers on the loopback interface.
mod back_pressure;
mod closing;
#[path = "../support/connect.rs"]
mod connect;
mod connecting;
mod connector;
mod control;
mod ended;
mod events;
mod feeding;
mod heartbeat;
mod limits;
mod network_change;
mod progress;
mod proxy;
mod reconnecting;
mod refusals;
mod request;
mod sending;
mod sharing;
mod shown;
#[path = "../support/slow_peer.rs"]
mod slow_peer;
mod support;
mod tls;
