//! A server whose connections the program accepts.
use std::sync::Arc;

use arkws::{Acceptor, Identity, PeerInfo, Server, ServerLimits, Transport};
use futures_util::{SinkExt, StreamExt, stream};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::{LONG, closed, echo, next};

async fn echoes<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> WebSocketStream<S> {
    let (mut client, _) = client_async("ws://localhost/", stream).await.unwrap();
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), Message::text("hello"));
    client
}

#[tokio::test]
async fn clients_stay_when_no_more_come() {
    let (near, far): (Vec<_>, Vec<_>) = (0..3).map(|_| duplex(1000)).unzip();
    let address = "192.0.2.7:1".parse().unwrap();
    let limits = ServerLimits {
        connections_per_address: 2,
        ..ServerLimits::default()
    };
    let known = move |far| (Transport::other(far), PeerInfo::from(address));
    let server = Server::from_streams(stream::iter(far).map(known))
        .limits(limits)
        .serve(move |socket, request| {
            assert_eq!(request.peer().address, Some(address));
            echo(socket, request)
        });
    assert_eq!(server.local_addr(), None);
    let mut near = near.into_iter();
    let first = echoes(near.next().unwrap()).await;
    let second = echoes(near.next().unwrap()).await;
    let third = client_async("ws://localhost/", near.next().unwrap()).await;
    assert!(third.unwrap_err().to_string().contains("503"));
    assert_eq!(server.connections(), 2);
    let goodbyes = async { [closed(first).await, closed(second).await] };
    let (cut_off, goodbyes) = tokio::join!(server.shutdown(LONG), goodbyes);
    assert_eq!(cut_off, 0);
    assert!(goodbyes.iter().all(|it| u16::from(it.code) == 1001));
}

/// They are told why without anybody's having to wait for them.
#[tokio::test]
async fn who_comes_while_too_many_wait_for_answers_is_told_so() {
    let asked = Arc::new(Notify::new());
    let asks = Arc::clone(&asked);
    let acceptor = Acceptor::builder()
        .on_request(move |_| {
            asks.notify_one();
            std::future::pending()
        })
        .build();
    let limits = ServerLimits {
        handshakes: 1,
        ..ServerLimits::default()
    };
    let (arrive, mut arrivals) = unbounded_channel();
    let _server = Server::from_streams(stream::poll_fn(move |cx| arrivals.poll_recv(cx)))
        .acceptor(acceptor)
        .limits(limits)
        .serve(echo);
    let come = || {
        let (near, far) = duplex(1000);
        let _ = arrive.send((Transport::other(far), PeerInfo::default()));
        near
    };
    let first = tokio::spawn(client_async("ws://localhost/", come()));
    timeout(LONG, asked.notified()).await.unwrap();
    let mut answer = String::new();
    let mut second = come();
    let read = second.read_to_string(&mut answer);
    timeout(LONG, read).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    first.abort();
}

/// Over TCP, too, if it is the program that has accepted.
#[tokio::test]
async fn they_may_speak_tls() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let [certificate, private] = [key.cert.pem(), key.signing_key.serialize_pem()];
    let identity = Identity::from_pem(certificate.as_bytes(), private.as_bytes(), None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    let (accepted, peer) = listener.accept().await.unwrap();
    let (near, far) = duplex(1000);
    let clients = [
        (Transport::from(accepted), PeerInfo::from(peer)),
        (Transport::other(far), PeerInfo::default()),
    ];
    let _server = Server::from_streams(stream::iter(clients))
        .tls(identity.server_config().unwrap())
        .serve(async |socket, request| {
            assert!(request.peer().tls.is_some());
            echo(socket, request).await;
        });
    let mut roots = RootCertStore::empty();
    roots.add(key.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConnector::from(Arc::new(config));
    let name = || ServerName::try_from("localhost").unwrap();
    echoes(tls.connect(name(), tcp).await.unwrap()).await;
    echoes(tls.connect(name(), near).await.unwrap()).await;
}
