//! What the program's functions see of a request, and what they make of it.
use std::sync::Arc;

use arkws::http::{Response, StatusCode};
use arkws::{Acceptance, Acceptor, AllowedOrigins, PeerInfo, Refusal};
use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::yield_now;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::{answer, bind, connect, echo, next, refusal};

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[derive(Clone, Debug, PartialEq)]
struct User(u64);

/// It asks another task, and the user that this knows is there when the handler runs.
#[tokio::test]
async fn on_request_may_wait_and_what_it_finds_out_reaches_the_handler() {
    let (users, mut asked) = mpsc::unbounded_channel::<(String, oneshot::Sender<User>)>();
    tokio::spawn(async move {
        while let Some((target, answer)) = asked.recv().await {
            answer.send(User(target.len() as u64)).unwrap();
        }
    });
    let acceptor = Acceptor::builder()
        .on_request(move |request| {
            let users = users.clone();
            async move {
                assert!(request.peer().address.unwrap().ip().is_loopback());
                assert_eq!(request.peer().tls, None);
                let (answer, user) = oneshot::channel();
                users.send((request.target.clone(), answer)).unwrap();
                Ok(Acceptance::new().with_extension(user.await.unwrap()))
            }
        })
        .build();
    let server = bind()
        .await
        .acceptor(acceptor)
        .serve(async |mut socket, request| {
            let user = request.extensions().get::<User>().unwrap();
            socket.send(format!("{user:?}").into()).await.unwrap();
        });
    let mut client = connect(&server).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), Message::text("User(1)"));
}

#[tokio::test]
async fn the_choice_of_the_protocol_may_wait_and_on_request_may_make_it() {
    let choosing = Acceptor::builder().choose_protocol(|request| async move {
        yield_now().await;
        request.protocols.last().cloned()
    });
    let deciding = Acceptor::builder()
        .protocols(["a"])
        .on_request(async |_| Ok(Acceptance::new().with_protocol("b")));
    for (builder, chosen) in [(choosing, "c"), (deciding, "b")] {
        let server = bind().await.acceptor(builder.build()).serve(echo);
        let url = format!("ws://{}/", server.local_addr().unwrap());
        let mut request = url.into_client_request().unwrap();
        let offer = "a, b, c".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
        let (_client, response) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], chosen);
    }
}

#[tokio::test]
async fn on_request_may_refuse_after_it_has_waited() {
    let acceptor = Acceptor::builder().on_request(async |_| {
        yield_now().await;
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "who are you?"))
    });
    let server = bind().await.acceptor(acceptor.build()).serve(echo);
    let (status, body) = refusal(connect(&server).await);
    assert_eq!((status, body.as_str()), (401, "who are you?"));
}

/// Its future is dropped.
#[tokio::test]
async fn on_request_is_not_kept_waiting_for_a_client_that_has_gone() {
    let (begun, over) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    struct Over(Arc<Notify>);
    impl Drop for Over {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let notify = (Arc::clone(&begun), Arc::clone(&over));
    let acceptor = Acceptor::builder().on_request(move |_| {
        let (begun, over) = notify.clone();
        async move {
            let _over = Over(over);
            begun.notify_one();
            std::future::pending::<Result<Acceptance, Refusal>>().await
        }
    });
    let server = bind().await.acceptor(acceptor.build()).serve(echo);
    let mut stream = TcpStream::connect(server.local_addr().unwrap())
        .await
        .unwrap();
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    begun.notified().await;
    drop(stream);
    tokio::time::timeout(crate::LONG, over.notified())
        .await
        .unwrap();
}

/// A program with a loop of its own tells who the client is.
#[tokio::test]
async fn an_acceptor_is_told_about_the_client() {
    let acceptor = Acceptor::builder()
        .on_request(async |request| {
            let user = request.extensions().get::<User>().unwrap();
            let address = request.peer().address.unwrap();
            Ok(Acceptance::new().with_extension(format!("{user:?} at {address}")))
        })
        .build();
    let (near, mut far) = tokio::io::duplex(1 << 16);
    far.write_all(UPGRADE.as_bytes()).await.unwrap();
    let address: std::net::SocketAddr = "192.0.2.1:4711".parse().unwrap();
    let mut peer = PeerInfo::from(address);
    peer.extensions.insert(User(7));
    let (socket, request) = acceptor.accept_from(near, peer).await.unwrap();
    assert_eq!(socket.role(), arkws::Role::Server);
    assert_eq!(request.target, "/chat");
    let seen = request.extensions().get::<String>().unwrap();
    assert_eq!(seen, "User(7) at 192.0.2.1:4711");
    assert_eq!(request.extensions().get(), Some(&User(7)));
}

fn with_health() -> Acceptor {
    Acceptor::builder()
        // No origin may connect, and no request is accepted: a probe does not mind.
        .allowed_origins(AllowedOrigins::new::<&str>([]).unwrap())
        .on_request(async |_| Err(Refusal::new(StatusCode::FORBIDDEN, "nobody")))
        .on_http(async |request| {
            assert!(request.peer().address.is_some());
            yield_now().await;
            match request.target.as_str() {
                "/healthz" => Some(Response::new("fine\n")),
                "/teapot" => Some(
                    Response::builder()
                        .status(418)
                        .header("x-kind", "porcelain")
                        .header("content-type", "application/json")
                        .body("{}")
                        .unwrap(),
                ),
                _ => None,
            }
        })
        .build()
}

#[tokio::test]
async fn probes_get_what_the_program_answers() {
    let server = bind().await.acceptor(with_health()).serve(echo);
    let get = "Host: a\r\nOrigin: https://elsewhere.example\r\n\r\n";
    let ok = answer(&server, &format!("GET /healthz HTTP/1.1\r\n{get}")).await;
    assert!(ok.starts_with("HTTP/1.1 200 OK\r\n"), "{ok}");
    assert!(ok.contains("Content-Length: 5\r\n"), "{ok}");
    assert!(ok.ends_with("\r\n\r\nfine\n"), "{ok}");

    let head = answer(&server, &format!("HEAD /healthz HTTP/1.1\r\n{get}")).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Length: 5\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");

    let teapot = answer(&server, &format!("POST /teapot HTTP/1.1\r\n{get}")).await;
    assert!(teapot.starts_with("HTTP/1.1 418 "), "{teapot}");
    assert!(teapot.contains("x-kind: porcelain\r\n"), "{teapot}");
    assert!(teapot.contains("content-type: application/json\r\n"));
    assert!(teapot.ends_with("\r\n\r\n{}"), "{teapot}");

    let other = answer(&server, &format!("GET /other HTTP/1.1\r\n{get}")).await;
    assert!(other.starts_with("HTTP/1.1 426 "), "{other}");
    let other = answer(&server, &format!("PUT /other HTTP/1.1\r\n{get}")).await;
    assert!(other.starts_with("HTTP/1.1 405 "), "{other}");
    assert_eq!(refusal(connect(&server).await).0, 403);
}

/// As HAProxy's `option httpchk` and other old probes send it: without a Host field.
#[tokio::test]
async fn probes_of_http_1_0_are_answered_and_the_connection_ends() {
    let server = bind().await.acceptor(with_health()).serve(echo);

    let ok = answer(&server, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(ok.starts_with("HTTP/1.1 200 OK\r\n"), "{ok}");
    assert!(ok.contains("Connection: close\r\n"), "{ok}");
    assert!(ok.ends_with("\r\n\r\nfine\n"), "{ok}");
    let head = answer(&server, "HEAD /healthz HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert!(head.contains("Content-Length: 5\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");

    let other = answer(&server, "GET /other HTTP/1.0\r\n\r\n").await;
    assert!(other.starts_with("HTTP/1.1 505 "), "{other}");
}

/// Over any stream, without a server.
#[tokio::test]
async fn an_answered_probe_is_no_connection() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    far.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let acceptor = Acceptor::builder().on_http(async |_| Some(Response::new("fine")));
    let client = async move {
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut far, &mut answer)
            .await
            .unwrap();
        answer
    };
    let acceptor = acceptor.build();
    let (error, answer) = tokio::join!(acceptor.accept(near), client);
    assert!(answer.ends_with("fine"), "{answer}");
    let error = error.unwrap_err();
    assert!(matches!(error, arkws::Error::Answered { status } if status == 200));
    assert_eq!(error.cause(), arkws::Cause::Handshake);
}

/// Whoever asks for a WebSocket gets one beside the probes.
#[tokio::test]
async fn clients_are_served_beside_the_probes() {
    let acceptor = Acceptor::builder().on_http(async |_| Some(Response::new("fine")));
    let server = bind().await.acceptor(acceptor.build()).serve(echo);
    let mut client = connect(&server).await.unwrap();
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), Message::text("hello"));
}

/// Of a real HTTP client, if there is one on this machine.
#[tokio::test]
async fn curl_gets_the_answer() {
    let server = bind().await.acceptor(with_health()).serve(echo);
    let url = format!("http://{}/healthz", server.local_addr().unwrap());
    let curl = |more: &'static str| {
        let url = url.clone();
        tokio::task::spawn_blocking(move || {
            let mut curl = std::process::Command::new("curl");
            curl.args(["--silent", "--noproxy", "*", "--fail", more, &url]);
            curl.output()
        })
    };
    match curl("--http1.1").await.unwrap() {
        Ok(output) => assert_eq!(output.stdout, b"fine\n", "{output:?}"),
        Err(_) => return eprintln!("not tested: there is no curl"),
    }
    let head = curl("--head").await.unwrap().unwrap();
    assert!(head.status.success(), "{head:?}");
    let head = String::from_utf8(head.stdout).unwrap();
    assert!(
        head.contains("Content-Length: 5\r\n") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
}
