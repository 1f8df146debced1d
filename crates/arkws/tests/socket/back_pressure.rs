//! What happens when the peer does not read.
use std::future::poll_fn;

use arkws::{Config, Message, Role};
use futures_util::{SinkExt, poll};
use tokio::io::AsyncReadExt;

use crate::common::open;

const MESSAGE: usize = 1000;
const WRITE_BUFFER: usize = 16 << 10;

#[tokio::test]
async fn the_queue_to_a_peer_that_does_not_read_is_bounded_and_drains_when_it_does() {
    let (near, mut far) = tokio::io::duplex(4096);
    let config = Config {
        write_buffer: WRITE_BUFFER,
        ..Config::default()
    };
    let mut socket = open(near, Role::Server, config);

    let mut fed = 0;
    while poll!(poll_fn(|cx| socket.poll_ready(cx))).is_ready() {
        socket
            .start_send_unpin(Message::from(vec![0; MESSAGE]))
            .unwrap();
        fed += 1;
    }
    assert!(socket.queued() >= WRITE_BUFFER);
    assert!(socket.queued() < WRITE_BUFFER + 2 * MESSAGE);

    // Given a peer that reads at last, everything arrives.
    let total = fed * (MESSAGE + 4);
    let drain = async {
        let mut bytes = vec![0; total];
        far.read_exact(&mut bytes).await.unwrap();
    };
    let (flushed, ()) = tokio::join!(SinkExt::flush(&mut socket), drain);
    flushed.unwrap();
    assert_eq!(socket.queued(), 0);
    assert_eq!(socket.stats().bytes_sent, total as u64);
}

#[tokio::test]
async fn a_peer_that_does_not_read_does_not_keep_us_from_receiving() {
    let (near, far) = tokio::io::duplex(4096);
    let mut here = open(near, Role::Client, Config::default());
    let mut there = open(far, Role::Server, Config::default());
    // Both directions are full: neither flush can complete unless somebody receives.
    here.feed_binary(&[1; 100_000]).unwrap();
    there.feed_binary(&[2; 100_000]).unwrap();
    let (from_there, from_here) = tokio::join!(
        async { here.recv().await.map(|message| message.map(Message::from)) },
        async { there.recv().await.map(|message| message.map(Message::from)) },
    );
    assert_eq!(
        from_there.unwrap().unwrap(),
        Message::from(vec![2; 100_000])
    );
    assert_eq!(from_here.unwrap().unwrap(), Message::from(vec![1; 100_000]));
}
