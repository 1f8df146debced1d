//! Our side is the server.
use std::convert::Infallible;

use arkws::http::{Request, StatusCode};
use arkws::{Acceptance, Acceptor, AllowedOrigins, Client, Message, PeerInfo, Refusal};
use futures_util::{SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;

use crate::support::{Serve, acceptor, echo, serve};

#[tokio::test]
async fn tungstenite_talks_to_a_service_of_hyper() {
    for how in [Serve::Http1, Serve::Auto] {
        let address = serve(how, acceptor(), echo).await;
        let request = tungstenite::client::ClientRequestBuilder::new(
            format!("ws://{address}/chat").parse().unwrap(),
        )
        .with_sub_protocol("other")
        .with_sub_protocol("echo");

        let tcp = TcpStream::connect(address).await.unwrap();
        let (mut socket, response) = tokio_tungstenite::client_async(request, tcp).await.unwrap();

        assert_eq!(response.headers()["sec-websocket-protocol"], "echo");
        for text in ["hello", "", "\u{1f30d}"] {
            socket.send(text.into()).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), text.into());
        }
        let large = vec![7; 3 << 20];
        socket.send(large.clone().into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), large.into());
        socket.close(None).await.unwrap();
        let close = socket.next().await.unwrap().unwrap();
        assert!(close.is_close(), "{close:?}");
    }
}

#[tokio::test]
async fn our_client_talks_to_a_service_of_hyper_with_compression() {
    for how in [Serve::Http1, Serve::Auto] {
        let address = serve(how, acceptor(), echo).await;
        let client = Client::builder()
            .deflate(arkws::DeflateConfig::default())
            .build()
            .unwrap();

        let url = format!("ws://{address}/");
        let (mut socket, response) = client.connect(&url).await.unwrap();

        assert!(response.negotiated.deflate.is_some());
        let text = "to be, or not to be ".repeat(5000);
        socket.send(text.clone().into()).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        assert_eq!(answer, Message::from(text));
        socket.close(None).await.unwrap();
    }
}

#[tokio::test]
async fn the_tcp_connection_is_taken_out_of_hypers_wrapping() {
    for how in [Serve::Http1, Serve::Auto] {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let address = serve(how, acceptor(), move |socket| {
            let tell = tell.clone();
            async move { tell.send(socket.get_ref().peer_addr().unwrap()).unwrap() }
        })
        .await;

        let url = format!("ws://{address}/");
        let (socket, _) = Client::builder()
            .build()
            .unwrap()
            .connect(&url)
            .await
            .unwrap();

        let ours = socket.get_ref().tcp_stream().unwrap().local_addr().unwrap();
        assert_eq!(told.recv().await, Some(ours), "{how:?}");
    }
}

#[tokio::test]
async fn what_is_sent_behind_the_request_is_not_lost() {
    for how in [Serve::Http1, Serve::Auto] {
        let address = serve(how, acceptor(), echo).await;
        let mut tcp = TcpStream::connect(address).await.unwrap();
        let mut bytes = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .to_vec();
        // "hi", with a masking key of zeroes.
        bytes.extend_from_slice(b"\x81\x82\0\0\0\0hi");
        tcp.write_all(&bytes).await.unwrap();

        let mut answer = Vec::new();
        while !answer.ends_with(b"\x81\x02hi") {
            assert_ne!(tcp.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
        }
        let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    }
}

/// The whole answer to a request, which ends the connection.
async fn answer(how: Serve, acceptor: Acceptor, fields: &str) -> String {
    let address = serve(how, acceptor, echo).await;
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    tcp.shutdown().await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    answer.to_ascii_lowercase()
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[tokio::test]
async fn what_is_no_websocket_request_is_told_so() {
    let answer = answer(Serve::Http1, acceptor(), "").await;

    assert!(answer.starts_with("http/1.1 426 "), "{answer}");
    assert!(
        answer.contains("\r\nsec-websocket-version: 13\r\n"),
        "{answer}"
    );
    assert!(answer.contains("\r\nupgrade: websocket\r\n"), "{answer}");
    assert!(answer.contains("upgrade field is missing"), "{answer}");
}

#[tokio::test]
async fn the_acceptors_options_decide() {
    let origins = AllowedOrigins::new(["https://example.org"]).unwrap();
    let acceptor = Acceptor::builder()
        .allowed_origins(origins)
        .on_request(async |_| {
            let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "no token");
            Err(refusal.with_header("retry-after".parse().unwrap(), "7".parse().unwrap()))
        })
        .build();

    let foreign = format!("{UPGRADE}Origin: https://example.com\r\n");
    let foreign = answer(Serve::Http1, acceptor.clone(), &foreign).await;
    assert!(foreign.starts_with("http/1.1 403 "), "{foreign}");

    let unknown = answer(Serve::Http1, acceptor, UPGRADE).await;
    assert!(unknown.starts_with("http/1.1 401 "), "{unknown}");
    assert!(unknown.contains("\r\nretry-after: 7\r\n"), "{unknown}");
    assert!(unknown.ends_with("no token"), "{unknown}");
}

/// hyper offers an upgrade to the service however the connection is served, and it fails then.
#[tokio::test]
async fn a_connection_that_is_served_without_upgrades_ends() {
    let answer = answer(Serve::WithoutUpgrades, acceptor(), UPGRADE).await;

    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_request_without_an_upgrade_behind_it_says_what_to_do() {
    let mut request = arkws::http::Request::get("/")
        .header("host", "localhost")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .body(())
        .unwrap();

    let rejection = arkws::hyper::upgrade(&mut request, &acceptor())
        .await
        .unwrap_err();

    assert!(
        rejection.to_string().contains("with_upgrades"),
        "{rejection}"
    );
    let response = rejection.into_response::<Vec<u8>>();
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn the_acceptors_functions_see_the_extensions_of_the_request() {
    #[derive(Clone)]
    struct User(&'static str);
    let acceptor = Acceptor::builder()
        .on_request(async |request| {
            let address = request.peer().address.unwrap();
            let User(user) = request.extensions().get().unwrap();
            Ok(Acceptance::new().with_extension(format!("{user} at {address}")))
        })
        .build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, address) = listener.accept().await.unwrap();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            let acceptor = acceptor.clone();
            async move {
                let extensions = request.extensions_mut();
                extensions.insert(PeerInfo::from(address));
                extensions.insert(User("alice"));
                let accepted = arkws::hyper::upgrade(&mut request, &acceptor).await;
                let (response, upgrade) = accepted.unwrap();
                tokio::spawn(async move {
                    let known = upgrade.request().extensions().get::<String>().cloned();
                    let mut socket = upgrade.await.unwrap();
                    socket.send(known.unwrap().into()).await.unwrap();
                });
                Ok::<_, Infallible>(response.map(|()| Empty::<Bytes>::new()))
            }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connection.with_upgrades().await.unwrap();
    });

    let (mut socket, _) = arkws::connect(url).await.unwrap();

    let ours = socket.get_ref().tcp_stream().unwrap().local_addr().unwrap();
    let greeting = socket.next().await.unwrap().unwrap();
    assert_eq!(greeting, format!("alice at {ours}").into());
}
