//! Messages to groups of clients.
use std::slice;

use arkws::Payload;
use arkws_netstack::{BusinessError, ClientId, Connection};

use crate::support::*;

fn send(server: &Server, room: &str, except: &[Connection]) -> usize {
    let mut data = b"hello".to_vec();
    let data = Payload::Borrowed(&mut data);
    let sent = server.object.broadcast_to(room, data, true, except);
    sent.expect("it is started")
}

#[tokio::test]
async fn a_room_has_those_who_have_joined_until_they_leave_or_go() {
    let (mut server, address) = Server::started(loopback()).await;
    let (mut one, first) = server.join(address).await;
    let (other, second) = server.join(address).await;
    server.object.join(&first, "blue").unwrap();
    server.object.join(&first, "blue").unwrap();
    server.object.join(&second, "blue").unwrap();
    assert_eq!(send(&server, "blue", &[]), 2);
    assert_eq!(send(&server, "blue", slice::from_ref(&second)), 1);
    assert_eq!(send(&server, "red", &[]), 0);
    for _ in 0..2 {
        assert_eq!(receive(&mut one).await, Received::Text("hello".into()));
    }
    server.object.leave(&first, Some("blue")).unwrap();
    server.object.leave(&first, Some("blue")).unwrap();
    assert_eq!(send(&server, "blue", &[]), 1);
    drop(other);
    loop {
        if let Seen::Close(..) = server.next().await {
            break;
        }
    }
    assert_eq!(send(&server, "blue", &[]), 0);
    server.object.join(&first, "red").unwrap();
    server.object.leave(&first, None).unwrap();
    assert_eq!(send(&server, "red", &[]), 0);
}

#[tokio::test]
async fn rooms_are_bounded_and_for_clients_that_are_there() {
    let (mut server, address) = Server::started(loopback()).await;
    let (_client, connection) = server.join(address).await;
    let join = |room: &str| server.object.join(&connection, room);
    let code = |result: Result<(), BusinessError>| result.unwrap_err().code;
    assert_eq!(code(join(&"x".repeat(257))), BusinessError::PARAMETER);
    for room in 0..1024 {
        join(&room.to_string()).unwrap();
    }
    assert_eq!(code(join("more")), BusinessError::PARAMETER);
    join("7").unwrap();
    let nobody = ClientId::from(0);
    assert_eq!(code(server.object.join(nobody, "a")), 2302006);
    assert_eq!(code(server.object.leave(nobody, None)), 2302006);
}
