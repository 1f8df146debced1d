//! Who comes while all the opening handshakes that may be wait for the program.
use std::net::SocketAddr;

use arkws_netstack::{
    CustomLimits, HandedOver, ListenOn, PendingRequest, ServerConfig, ServerLimits, Transport,
};
use arkws_proto::Limits;
use arkws_proto::handshake::{ClientHandshake, ClientRequest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// One handshake may wait.
fn one(config: ServerConfig) -> ServerConfig {
    ServerConfig {
        ask_request: true,
        limits: ServerLimits::Custom(CustomLimits {
            handshakes: Some(1),
            ..CustomLimits::default()
        }),
        ..config
    }
}

fn head() -> Vec<u8> {
    let request = ClientRequest {
        host: "localhost".into(),
        target: "/".into(),
        ..ClientRequest::default()
    };
    ClientHandshake::new(request, &Limits::default()).unwrap().1
}

/// `first` waits for the program.
async fn waits(server: &mut Server, first: &mut (impl AsyncWrite + Unpin)) -> PendingRequest {
    first.write_all(&head()).await.unwrap();
    match server.next().await {
        Seen::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

/// `newcomer` is told so.
async fn is_refused(server: &mut Server, newcomer: &mut (impl AsyncRead + Unpin)) {
    let mut answer = Vec::new();
    newcomer.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
    assert!(answer.ends_with("(limits.handshakes)"), "{answer:?}");
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("limit"), "{error}");
}

#[tokio::test]
async fn over_tcp_and_handed_over_is_told_so() {
    let (mut server, address) = Server::started(one(loopback())).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let _request = waits(&mut server, &mut first).await;

    let mut newcomer = TcpStream::connect(address).await.unwrap();
    is_refused(&mut server, &mut newcomer).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = listener.local_addr().unwrap();
    let mut newcomer = TcpStream::connect(near).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let socket = HandedOver::Socket(accepted.into_std().unwrap().into());
    server.object.hand_over(socket, head()).unwrap();
    is_refused(&mut server, &mut newcomer).await;
    server.handed_over_ended().await;

    let (mut newcomer, far) = tokio::io::duplex(1000);
    let from: SocketAddr = "192.0.2.1:1".parse().unwrap();
    let stream = HandedOver::Stream(Transport::other(far), Some(from));
    server.object.hand_over(stream, head()).unwrap();
    is_refused(&mut server, &mut newcomer).await;
    server.handed_over_ended().await;
}

#[tokio::test]
async fn over_a_unix_socket_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut server = Server::new();
    let config = ServerConfig {
        listen_on: ListenOn::Path(path.clone()),
        ..ServerConfig::default()
    };
    server.start_anywhere(one(config)).await.unwrap();
    let mut first = tokio::net::UnixStream::connect(&path).await.unwrap();
    let _request = waits(&mut server, &mut first).await;
    let mut newcomer = tokio::net::UnixStream::connect(&path).await.unwrap();
    is_refused(&mut server, &mut newcomer).await;
}
