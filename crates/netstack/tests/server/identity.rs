//! What tells clients apart, and what is known of them.
use std::sync::Arc;

use arkws::http::HeaderValue;
use arkws_netstack::{
    CloseOptions, ConnectedClient, RequestHead, ServerConfig, ServerEvent, ServerListener,
    WebSocketServer,
};
use tokio::net::TcpSocket;
use tokio::sync::mpsc;

use crate::support::*;

/// Every client that an event names, with what `Connect` and `Request` tell of it.
struct Recorder(mpsc::UnboundedSender<(&'static str, ConnectedClient, Known)>);

type Known = Option<(Arc<RequestHead>, Option<String>)>;

impl ServerListener for Recorder {
    fn on_event(&self, event: ServerEvent<'_>) {
        let (name, client, known) = match event {
            ServerEvent::Request(request) => {
                let client = ConnectedClient {
                    id: request.client(),
                    connection: request.connection().clone(),
                    forwarded_for: request.forwarded_for(),
                };
                let head = Arc::clone(request.head());
                request.accept();
                ("request", client, Some((head, None)))
            }
            ServerEvent::Connect {
                client,
                head,
                protocol,
            } => {
                let known = (Arc::clone(head), protocol.map(str::to_owned));
                ("connect", client.clone(), Some(known))
            }
            ServerEvent::Error {
                client: Some(client),
                ..
            } => ("error", client.clone(), None),
            ServerEvent::Close(client, _) => ("close", client.clone(), None),
            _ => return,
        };
        let _ = self.0.send((name, client, known));
    }
}

#[tokio::test]
async fn events_of_a_client_name_the_same_one_from_its_request_on() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let object = WebSocketServer::new(context(), Arc::new(Recorder(sender)));
    let config = ServerConfig {
        ask_request: true,
        protocol: "chat.v1".into(),
        ..loopback()
    };
    object.start(config).unwrap();
    let address = loop {
        match object.list_address() {
            Some(address) => break address.socket_address().unwrap(),
            None => tokio::task::yield_now().await,
        }
    };
    let mut request = request(address);
    request.target = "/room?name=blue".into();
    request.protocols = vec!["chat.v1".into()];
    request
        .headers
        .insert("authorization", HeaderValue::from_static("Bearer sesame"));
    let client = connect_with(address, request).await.unwrap();

    let (name, asked, Some((before, None))) = seen.recv().await.unwrap() else {
        panic!("a head")
    };
    assert_eq!(name, "request");
    let (name, connected, Some((head, protocol))) = seen.recv().await.unwrap() else {
        panic!("a head")
    };
    assert_eq!((name, &connected), ("connect", &asked));
    assert!(Arc::ptr_eq(&before, &head));
    assert_eq!(head.target, "/room?name=blue");
    assert_eq!(head.headers["authorization"], "Bearer sesame");
    assert_eq!(protocol.as_deref(), Some("chat.v1"));
    let listed = object.list_all_connections().unwrap();
    assert!(listed.iter().eq([&asked]), "{listed:?}");
    let shown = format!("{head:?}");
    assert!(
        !shown.contains("blue") && !shown.contains("sesame"),
        "{shown}"
    );

    client.get_ref().set_zero_linger().unwrap();
    drop(client);
    for expected in ["error", "close"] {
        let (name, client, _) = seen.recv().await.unwrap();
        assert_eq!((name, client), (expected, asked.clone()));
    }
}

#[tokio::test]
async fn a_call_for_a_client_is_not_for_the_next_one_of_its_address() {
    let (mut server, address) = Server::started(loopback()).await;
    let stream = tcp_from([127, 0, 0, 1], address).await;
    let from = stream.local_addr().unwrap();
    let client = open(stream, request(address)).await.unwrap();
    let connection = server.connected().await;
    let before = server.object.list_all_connections().unwrap().remove(0);
    let (id, _) = server.object.send_text("to it", before.id).unwrap();
    assert_eq!(id, before.id);
    client.get_ref().set_zero_linger().unwrap();
    drop(client);
    loop {
        if let Seen::Close(..) = server.next().await {
            break;
        }
    }
    let error = server.object.send_text("late", before.id).unwrap_err();
    assert_eq!(error.code, 2302006);
    assert_eq!(error.cause_name(), Some("reset"));
    let how = format!(": {connection}: ");
    assert!(error.message.contains(&how), "{error}");

    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(from).unwrap();
    let stream = socket.connect(address).await.expect("its port is free");
    let mut after = open(stream, request(address)).await.unwrap();
    assert_eq!(server.connected().await, connection);
    assert_eq!(
        server.object.send_text("late", before.id).unwrap_err().code,
        2302006
    );
    let closed = server.object.close(before.id, CloseOptions::default());
    assert_eq!(closed.unwrap_err().code, 2302006);
    server
        .object
        .send_text("by its address", &connection)
        .unwrap();
    assert_eq!(
        receive(&mut after).await,
        Received::Text("by its address".into())
    );
}
