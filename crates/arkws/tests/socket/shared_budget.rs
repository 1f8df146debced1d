//! Which connections share the memory of incomplete messages if the program says nothing of it.
use arkws::{Acceptor, Client, Config, Error, Role, UnfinishedBudget, WebSocket};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::task::yield_now;

use crate::common::{BINARY, next};

const LIMIT: usize = UnfinishedBudget::DEFAULT_LIMIT;
const LONG: usize = 200 << 20;
/// Of two messages, more than half of the budget.
const HALF: usize = 140 << 20;

/// The end with this role of a new connection, and the bare stream at the other one.
async fn connection(
    client: &Client,
    acceptor: &Acceptor,
    role: Role,
) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(1 << 20);
    let (connected, accepted) = tokio::join!(
        client.connect_over("ws://localhost/", near),
        acceptor.accept(far)
    );
    let ((client, _), server) = (connected.unwrap(), accepted.unwrap());
    match role {
        Role::Client => (client, server.into_inner().0),
        Role::Server => (server, client.into_inner().0),
    }
}

/// Writes a large part of a message to the end with `role`.
async fn begin(peer: &mut DuplexStream, role: Role) {
    let mut header = vec![BINARY, 127];
    header.extend((LONG as u64).to_be_bytes());
    if role == Role::Server {
        header[1] |= 0x80;
        header.extend([0; 4]);
    }
    let zeros = vec![0; 1 << 20];
    peer.write_all(&header).await.unwrap();
    for _ in 0..HALF / zeros.len() {
        // It may be given up meanwhile.
        let _ = peer.write_all(&zeros).await;
    }
}

/// Two connections, of these clients and acceptors, whose messages are begun, the first one's
/// first: the error of the first one, if the two are too much for their budget.
async fn both_begin(clients: [&Client; 2], acceptors: [&Acceptor; 2], role: Role) -> Option<Error> {
    let mut connections = Vec::new();
    for (client, acceptor) in clients.into_iter().zip(acceptors) {
        let (mut socket, mut peer) = connection(client, acceptor, role).await;
        let receives = tokio::spawn(async move {
            let received = next(&mut socket).await;
            (socket, received)
        });
        begin(&mut peer, role).await;
        connections.push((receives, peer));
    }
    let (first, _peer) = connections.swap_remove(0);
    if !first.is_finished() {
        yield_now().await;
    }
    match first.is_finished() {
        true => Some(first.await.unwrap().1.unwrap().unwrap_err()),
        false => None,
    }
}

#[tokio::test]
async fn the_connections_of_one_client_or_acceptor_share_256_mib() {
    let mut config = Config::default();
    config.limits.max_message_size = LONG;
    config.limits.max_frame_size = LONG as u64;
    let client = || Client::builder().config(config.clone()).build().unwrap();
    let acceptor = || Acceptor::builder().config(config.clone()).build();
    let clients = [client(), client()];
    let acceptors = [acceptor(), acceptor()];
    let [c1, c2] = &clients;
    let [a1, a2] = &acceptors;

    let error = both_begin([c1, c1], [a1, a2], Role::Client).await;
    assert!(matches!(error, Some(Error::UnfinishedBudget { limit }) if limit == LIMIT));
    let error = both_begin([c1, c2], [a1, a1], Role::Server).await;
    assert!(matches!(error, Some(Error::UnfinishedBudget { limit }) if limit == LIMIT));

    // What another client or acceptor has is not counted.
    assert!(both_begin([c1, c2], [a1, a1], Role::Client).await.is_none());
    assert!(both_begin([c1, c1], [a1, a2], Role::Server).await.is_none());
}
