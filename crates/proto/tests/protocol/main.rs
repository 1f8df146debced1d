//! The protocol engine through its public interface.
mod buffer;
mod closing;
mod common;
mod direct;
mod entropy;
mod limits;
mod mask;
mod must_fail;
mod payload;
mod pieces;
mod recv;
mod rfc_examples;
mod send;
mod shown;
mod utf8;

use arkws_proto::Connection;
use arkws_proto::deflate::DeflateConfig;

#[test]
fn a_connection_can_move_between_threads() {
    fn movable<T: Send + Sync + 'static>() {}
    movable::<Connection>();
    movable::<DeflateConfig>();
}
