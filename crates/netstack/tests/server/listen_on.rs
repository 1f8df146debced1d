//! Servers that get their clients from elsewhere than from an address and port.
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use arkws_netstack::{
    Connection, HandedOver, ListenAddress, ListenOn, Payload, ServerCertificate, ServerConfig,
    Transport,
};
use arkws_proto::handshake::ClientRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::support::*;

fn at(listen_on: ListenOn) -> ServerConfig {
    ServerConfig {
        listen_on,
        ..ServerConfig::default()
    }
}

fn unix_request() -> ClientRequest {
    ClientRequest {
        host: "localhost".into(),
        target: "/".into(),
        ..ClientRequest::default()
    }
}

/// A client over a Unix socket, once the server knows it.
async fn join(server: &mut Server, path: &PathBuf) -> (Client<UnixStream>, Connection) {
    let stream = UnixStream::connect(path).await.unwrap();
    let client = open(stream, unix_request()).await.expect("it is let in");
    (client, server.connected().await)
}

/// Whatever else it has to tell.
async fn stop(server: &mut Server) {
    server.object.stop().unwrap();
    while !matches!(server.next().await, Seen::Idle) {}
}

fn local(client_port: u16) -> Connection {
    Connection {
        client_ip: Connection::LOCAL.into(),
        client_port,
    }
}

#[tokio::test]
async fn a_unix_socket_serves_clients_that_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut server = Server::new();
    let address = server
        .start_anywhere(at(ListenOn::Path(path.clone())))
        .await
        .unwrap();
    assert_eq!(address, ListenAddress::Path(path.clone()));
    assert_eq!(server.object.list_address(), Some(address));

    let (mut one, first) = join(&mut server, &path).await;
    let (mut other, second) = join(&mut server, &path).await;
    assert_eq!([&first, &second], [&local(1), &local(2)]);
    server.object.send_text("you", &second).unwrap();
    assert_eq!(receive(&mut other).await, Received::Text("you".into()));
    let all = Payload::Borrowed(&mut b"all".to_vec());
    assert_eq!(server.object.broadcast(all, false, &[]).unwrap(), 2);
    assert_eq!(receive(&mut one).await, Received::Binary("all".into()));

    drop(other);
    server.object.stop().unwrap();
    let goodbye = Received::Close(Some((1001, "server is going away".into())));
    assert_eq!(receive(&mut one).await, goodbye);
    while !matches!(server.next().await, Seen::Idle) {}
    assert!(!path.exists(), "the file that it had made");
}

#[tokio::test]
async fn a_path_that_is_taken_is_2302007_and_its_file_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, "mine").unwrap();
    let mut server = Server::new();
    let error = server
        .start_anywhere(at(ListenOn::Path(path.clone())))
        .await
        .unwrap_err();
    assert_eq!(error.code, 2302007);
    assert!(error.message.contains("/file: "), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");

    let long = directory.path().join("x".repeat(200));
    let error = Server::new()
        .start_anywhere(at(ListenOn::Path(long)))
        .await
        .unwrap_err();
    assert_eq!(error.code, 401, "{error}");
}

/// Somebody may have put another one there meanwhile.
#[tokio::test]
async fn only_the_file_that_it_has_made_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut server = Server::new();
    let config = at(ListenOn::Path(path.clone()));
    server.start_anywhere(config).await.unwrap();
    std::fs::rename(&path, directory.path().join("moved")).unwrap();
    std::fs::write(&path, "another's").unwrap();
    server.object.stop().unwrap();
    server.idle().await;
    assert!(path.exists());
}

#[tokio::test]
async fn a_socket_that_is_bound_already_serves() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::new();
    let config = at(ListenOn::Socket(Arc::new(OwnedFd::from(listener))));
    assert_eq!(server.start(config).await.unwrap(), address);
    let (client, connection) = server.join(address).await;
    assert_eq!(connection.client_ip, "127.0.0.1");
    drop(client);
    stop(&mut server).await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_unix_socket_that_is_bound_already_serves_and_its_file_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let mut server = Server::new();
    let config = at(ListenOn::Socket(Arc::new(OwnedFd::from(listener))));
    let address = server.start_anywhere(config).await.unwrap();
    assert_eq!(address, ListenAddress::Path(path.clone()));
    let (client, _) = join(&mut server, &path).await;
    drop(client);
    stop(&mut server).await;
    assert!(path.exists());
}

#[tokio::test]
async fn what_is_no_socket_to_listen_on_is_401() {
    let file = tempfile::tempfile().unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for no_socket in [OwnedFd::from(file), OwnedFd::from(udp)] {
        let error = Server::new()
            .start_anywhere(at(ListenOn::Socket(Arc::new(no_socket))))
            .await
            .unwrap_err();
        assert_eq!(error.code, 401);
        assert!(error.message.contains("the given socket: "), "{error}");
    }
}

#[tokio::test]
async fn servers_that_share_a_port_all_listen() {
    let config = || ServerConfig {
        reuse_port: true,
        ..loopback()
    };
    let (mut one, address) = Server::started(config()).await;
    let mut other = Server::new();
    let port = f64::from(address.port());
    let same = ServerConfig {
        server_port: port,
        ..config()
    };
    assert_eq!(other.start(same).await.unwrap(), address);
    let alone = ServerConfig {
        server_port: port,
        ..loopback()
    };
    assert_eq!(Server::new().start(alone).await.unwrap_err().code, 2302007);

    // Whichever is left has all of them.
    one.object.stop().unwrap();
    one.idle().await;
    other.join(address).await;
}

#[tokio::test]
async fn options_that_contradict_each_other_are_401() {
    let here = PathBuf::from("Cargo.toml");
    let with_certificate = |listen_on| ServerConfig {
        server_cert: Some(ServerCertificate::files(&here, &here)),
        ..at(listen_on)
    };
    let path = || ListenOn::Path("/nowhere".into());
    let shared = |listen_on| ServerConfig {
        reuse_port: true,
        ..at(listen_on)
    };
    for config in [
        with_certificate(path()),
        with_certificate(ListenOn::Nowhere),
        shared(path()),
        shared(ListenOn::Nowhere),
    ] {
        assert_eq!(Server::new().object.start(config).unwrap_err().code, 401);
    }
}

/// The request of a client, as an HTTP server has read it.
const HEAD: &[u8] = b"GET /chat HTTP/1.1\r\n\
    Host: example.org\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Both ends of a TCP connection, and the address of the first.
async fn tcp() -> (TcpStream, std::net::TcpStream, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (server, address) = listener.accept().await.unwrap();
    (client, server.into_std().unwrap(), address)
}

async fn read_answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn clients_that_the_program_has_accepted_are_served() {
    let mut server = Server::new();
    let address = server.start_anywhere(at(ListenOn::Nowhere)).await.unwrap();
    assert_eq!(address, ListenAddress::Nowhere);

    let (mut tcp, accepted, address) = tcp().await;
    let read = [HEAD, b"\x81\x82\0\0\0\0hi"].concat();
    let socket = HandedOver::Socket(accepted.into());
    server.object.hand_over(socket, read).unwrap();
    assert!(read_answer(&mut tcp).await.starts_with("HTTP/1.1 101 "));
    let connection = server.connected().await;
    assert_eq!(connection.client_port, address.port());
    assert_eq!(server.text().await, (connection, "hi".to_owned()));

    let (unix, accepted) = std::os::unix::net::UnixStream::pair().unwrap();
    unix.set_nonblocking(true).unwrap();
    let mut unix = UnixStream::from_std(unix).unwrap();
    let socket = HandedOver::Socket(accepted.into());
    server.object.hand_over(socket, HEAD).unwrap();
    assert!(read_answer(&mut unix).await.starts_with("HTTP/1.1 101 "));
    assert_eq!(server.connected().await, local(1));

    let (mut far, near) = tokio::io::duplex(1024);
    let elsewhere = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 7));
    let stream = HandedOver::Stream(Transport::other(near), Some(elsewhere));
    server.object.hand_over(stream, HEAD).unwrap();
    assert!(read_answer(&mut far).await.starts_with("HTTP/1.1 101 "));
    assert_eq!(server.connected().await.to_string(), "192.0.2.1:7");
    assert_eq!(server.list().len(), 3);

    // One that ends is told after all else of it.
    drop(unix);
    server.error().await;
    let (connection, code, _) = server.closed().await;
    assert_eq!((connection, code), (local(1), 1006));
    server.handed_over_ended().await;
}

#[tokio::test]
async fn the_rules_hold_for_clients_that_are_handed_over() {
    let mut server = Server::new();
    let config = ServerConfig {
        max_connections_for_one_client: Some(1.0),
        max_header_bytes: Some(1000),
        ..loopback()
    };
    let address = server.start(config).await.unwrap();
    let _client = server.join(address).await;
    let large = [&HEAD[..HEAD.len() - 2], b"X: ", &[b'x'; 2000], b"\r\n\r\n"].concat();
    for (head, status) in [
        (HEAD, "503"),
        (&large, "431"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "426"),
    ] {
        let (mut tcp, accepted, _) = tcp().await;
        let socket = HandedOver::Socket(accepted.into());
        server.object.hand_over(socket, head.to_vec()).unwrap();
        let answer = read_answer(&mut tcp).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        server.error().await;
        drop(tcp);
        server.handed_over_ended().await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_started_takes_nobody() {
    let (mut tcp, accepted, _) = tcp().await;
    let mut server = Server::new();
    let socket = HandedOver::Socket(accepted.into());
    let error = server.object.hand_over(socket, HEAD).unwrap_err();
    assert_eq!(error.code, 2302999);
    assert_eq!(tcp.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");

    server.start_anywhere(at(ListenOn::Nowhere)).await.unwrap();
    server.object.stop().unwrap();
    let (mut client, accepted, _) = self::tcp().await;
    let socket = HandedOver::Socket(accepted.into());
    let error = server.object.hand_over(socket, HEAD).unwrap_err();
    assert_eq!(error.code, 2302999);
    let _ = client.write_all(b"x").await;
    server.idle().await;
}
