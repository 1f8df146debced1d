//! Our side is the client, over a connection of hyper's.
use std::convert::Infallible;
use std::sync::Arc;

use arkws::http::{Request, Response};
use arkws::{Client, DeflateConfig, Error, HandshakeError, Message, Transport, WebSocket};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::support::{Serve, acceptor, connect_http1, echo, serve};

fn client() -> Client {
    Client::builder()
        .protocols(["other", "echo"])
        .deflate(DeflateConfig::default())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_connection_of_hyper_becomes_a_socket() {
    let address = serve(Serve::Http1, acceptor(), echo).await;
    let (mut sender, _driver) = connect_http1(address).await;
    let url = format!("ws://{address}/chat?a=b");

    let (request, upgrade) = arkws::hyper::request(&client(), &url).unwrap();
    assert_eq!(request.uri(), "/chat?a=b");
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (mut socket, response) = upgrade.socket(response.await.unwrap()).await.unwrap();

    assert_eq!(response.status, 101);
    assert_eq!(response.negotiated.protocol.as_deref(), Some("echo"));
    assert!(response.negotiated.deflate.is_some());
    assert_eq!(socket.get_ref().peer_addr().unwrap(), address);
    for message in [Message::from("hello"), Message::from(vec![7; 1 << 20])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_connection_of_hyper_talks_to_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        tungstenite(tcp).await;
    });
    let (mut sender, _driver) = connect_http1(address).await;
    let client = Client::builder().build().unwrap();

    let (request, upgrade) = arkws::hyper::request(&client, format!("ws://{address}/")).unwrap();
    let response = sender.send_request(request.map(|()| Empty::new()));
    let (socket, _) = upgrade.socket(response.await.unwrap()).await.unwrap();

    exchange(socket).await;
    server.await.unwrap();
}

#[tokio::test]
async fn the_client_of_hyper_util_talks_to_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        tungstenite(tcp).await;
    });
    let http = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();

    let url = format!("ws://{address}/chat");
    let (mut request, upgrade) = arkws::hyper::request(&client(), &url).unwrap();
    // This client chooses the connection by the target.
    *request.uri_mut() = format!("http://{address}/chat").parse().unwrap();
    let response = http.request(request.map(|()| Empty::new())).await.unwrap();
    let (socket, _) = upgrade.socket(response).await.unwrap();

    // Its TCP connection is taken out of hyper's wrapping.
    assert_eq!(socket.get_ref().peer_addr().unwrap(), address);
    exchange(socket).await;
    server.await.unwrap();
}

#[tokio::test]
async fn tls_under_a_connection_of_hyper_is_taken_out_of_its_wrapping() {
    let (connector, acceptor) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        tungstenite(acceptor.accept(tcp).await.unwrap()).await;
    });
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connector.connect(name, tcp).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());

    let (request, upgrade) = arkws::hyper::request(&client(), "wss://localhost/chat").unwrap();
    let response = sender.send_request(request.map(|()| Empty::<Bytes>::new()));
    let (socket, _) = upgrade.socket(response.await.unwrap()).await.unwrap();

    assert_eq!(socket.get_ref().peer_addr().unwrap(), address);
    assert!(socket.get_ref().tls_version().is_some());
    exchange(socket).await;
    server.await.unwrap();
}

/// Another implementation's server. Its first message may lie in the same packet as its answer to
/// the handshake.
async fn tungstenite<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    socket.send("welcome".into()).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

async fn exchange(mut socket: WebSocket<Transport>) {
    assert_eq!(socket.next().await.unwrap().unwrap(), "welcome".into());
    for message in [Message::from("hello"), Message::from(vec![7; 1 << 20])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
    }
    socket.close(None).await.unwrap();
}

/// A server with a certificate for `localhost`, and a client that trusts it.
fn tls() -> (TlsConnector, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (Arc::new(client).into(), Arc::new(server).into())
}

#[tokio::test]
async fn a_refusal_has_its_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let service = service_fn(|_: Request<Incoming>| async {
            let body = Full::new(Bytes::from("x".repeat(100_000)));
            let answer = Response::builder().status(429).header("retry-after", "7");
            Ok::<_, Infallible>(answer.body(body).unwrap())
        });
        let builder = hyper::server::conn::http1::Builder::new();
        builder.serve_connection(TokioIo::new(tcp), service).await
    });
    let (mut sender, _driver) = connect_http1(address).await;

    let (request, upgrade) = arkws::hyper::request(&client(), format!("ws://{address}/")).unwrap();
    let response = sender.send_request(request.map(|()| Empty::new()));
    let error = upgrade.socket(response.await.unwrap()).await.unwrap_err();

    let Error::Handshake(HandshakeError::Refused(refused)) = error else {
        panic!("{error}");
    };
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "7");
    assert_eq!(refused.body().len(), Client::MAX_REFUSAL_BODY);
}
