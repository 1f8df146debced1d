//! The extractor for axum, under axum's own `serve`.
use std::net::SocketAddr;

use arkws::axum::WebSocketUpgrade;
use arkws::{
    Acceptance, Acceptor, Client, DeflateConfig, Error, Limits, Message, Transport, WebSocket,
};
use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite;

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn echo(socket: WebSocket<Transport>) {
    let (mut sender, mut receiver) = socket.split();
    while let Some(Ok(message)) = receiver.next().await {
        if message.is_data() && sender.send(message).await.is_err() {
            return;
        }
    }
}

/// Greets by the room in the path, then echoes.
async fn room(Path(room): Path<String>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade
        .protocols(["v2", "v1"])
        .deflate(DeflateConfig::default())
        .limits(Limits {
            max_message_size: 1000,
            max_frame_size: 1000,
            ..Limits::default()
        });
    upgrade.on_upgrade(async move |mut socket| {
        socket.send(room.into()).await.unwrap();
        echo(socket).await;
    })
}

fn app() -> Router {
    Router::new().route("/rooms/{room}", any(room))
}

#[tokio::test]
async fn tungstenite_talks_to_a_handler_of_axum() {
    let address = serve(app()).await;
    let uri = format!("ws://{address}/rooms/red").parse().unwrap();
    let request = tungstenite::client::ClientRequestBuilder::new(uri).with_sub_protocol("v1");

    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut socket, response) = tokio_tungstenite::client_async(request, tcp).await.unwrap();

    assert_eq!(response.headers()["sec-websocket-protocol"], "v1");
    assert_eq!(socket.next().await.unwrap().unwrap(), "red".into());
    socket.send("hello".into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), "hello".into());
    socket.send("x".repeat(1001).into()).await.unwrap();
    let close = socket.next().await.unwrap().unwrap();
    let tungstenite::Message::Close(Some(close)) = close else {
        panic!("{close:?}");
    };
    assert_eq!(u16::from(close.code), 1009);
}

#[tokio::test]
async fn a_handler_of_axum_has_compression() {
    let address = serve(app()).await;
    let client = Client::builder().deflate(DeflateConfig::default());

    let url = format!("ws://{address}/rooms/red");
    let (mut socket, response) = client.build().unwrap().connect(&url).await.unwrap();

    assert!(response.negotiated.deflate.is_some());
    assert_eq!(socket.next().await.unwrap().unwrap(), "red".into());
    let text = Message::from("x".repeat(900));
    socket.send(text.clone()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), text);
    assert!(socket.stats().bytes_received < 700, "{:?}", socket.stats());
}

async fn http2(address: SocketAddr) -> http2::SendRequest<Empty<Bytes>> {
    let tcp = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tcp))
        .await
        .unwrap();
    tokio::spawn(async move {
        let _ = connection.await;
    });
    sender
}

#[tokio::test]
async fn the_same_handler_serves_http2() {
    let mut sender = http2(serve(app()).await).await;
    let client = Client::builder().protocols(["v1", "v2"]).build().unwrap();
    let mut sockets = Vec::new();
    for name in ["red", "green"] {
        let url = format!("ws://localhost/rooms/{name}");
        let (request, upgrade) = arkws::hyper::extended_connect(&client, &url).unwrap();
        sender.ready().await.unwrap();
        let response = sender.send_request(request.map(|()| Empty::new())).await;
        let (socket, response) = upgrade.socket(response.unwrap()).await.unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.negotiated.protocol.as_deref(), Some("v2"));
        sockets.push((name, socket));
    }
    for (name, mut socket) in sockets {
        assert_eq!(socket.next().await.unwrap().unwrap(), name.into());
        socket.send("hello".into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), "hello".into());
        socket.close(None).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_websocket_request_is_answered_by_the_extractor() {
    let address = serve(app()).await;
    let mut sender = http2(address).await;
    let request = arkws::http::Request::get(format!("http://{address}/rooms/red"));

    let answer = sender
        .send_request(request.body(Empty::new()).unwrap())
        .await
        .unwrap();

    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "CONNECT");
}

#[tokio::test]
async fn an_acceptor_made_once_gives_all_options() {
    let acceptor = Acceptor::builder()
        .protocols(["v3"])
        .on_request(
            async |request| match request.headers.contains_key("cookie") {
                true => Ok(Default::default()),
                false => Err(arkws::Refusal::new(
                    arkws::http::StatusCode::UNAUTHORIZED,
                    "no cookie",
                )),
            },
        )
        .build();
    let handler = async |State(acceptor): State<Acceptor>, upgrade: WebSocketUpgrade| {
        upgrade
            .on_upgrade_with(&acceptor, |socket, _| echo(socket))
            .await
    };
    let app = Router::new().route("/", any(handler)).with_state(acceptor);
    let url = format!("ws://{}/", serve(app).await);

    let client = Client::builder().protocols(["v3"]);
    let stranger = client.clone().build().unwrap().connect(&url).await;
    let cookie = (arkws::http::header::COOKIE, "a=b".parse().unwrap());
    let known = client.header(cookie.0, cookie.1).build().unwrap();
    let (_socket, response) = known.connect(&url).await.unwrap();

    assert!(stranger.unwrap_err().to_string().contains("401"));
    assert_eq!(response.negotiated.protocol.as_deref(), Some("v3"));
}

#[tokio::test]
async fn a_failed_upgrade_is_told() {
    let (tell, mut told) = unbounded_channel();
    // Another response than the one that accepts: the stream cannot become a socket.
    let handler = async |State(tell): State<UnboundedSender<Error>>, upgrade: WebSocketUpgrade| {
        let response = upgrade
            .on_failed_upgrade(move |error| tell.send(error).unwrap())
            .on_upgrade(|_socket| async { panic!("there is no socket") });
        drop(response);
        arkws::http::StatusCode::SERVICE_UNAVAILABLE
    };
    let app = Router::new().route("/", any(handler)).with_state(tell);
    let mut sender = http2(serve(app).await).await;
    let client = Client::builder().build().unwrap();

    let (request, upgrade) = arkws::hyper::extended_connect(&client, "ws://localhost/").unwrap();
    let response = sender.send_request(request.map(|()| Empty::new())).await;
    let refused = upgrade.socket(response.unwrap()).await;

    assert!(refused.unwrap_err().to_string().contains("503"));
    let error = told.recv().await.unwrap();
    assert!(
        error.to_string().contains("did not become a WebSocket"),
        "{error}"
    );
}

#[tokio::test]
async fn the_functions_of_an_acceptor_see_what_axum_and_its_layers_know() {
    let acceptor = Acceptor::builder()
        .on_request(async |request| {
            let ConnectInfo(address) = request
                .extensions()
                .get::<ConnectInfo<SocketAddr>>()
                .unwrap();
            let user = request.extensions().get::<&str>().unwrap();
            Ok(Acceptance::new().with_extension(format!("{user} at {address}")))
        })
        .build();
    let handler = async |State(acceptor): State<Acceptor>, upgrade: WebSocketUpgrade| {
        let greet = async |mut socket: WebSocket<Transport>, request: arkws::IncomingRequest| {
            let known = request.extensions().get::<String>().unwrap();
            socket.send(known.as_str().into()).await.unwrap();
        };
        upgrade.on_upgrade_with(&acceptor, greet).await
    };
    let app = Router::new()
        .route("/", any(handler))
        .layer(axum::Extension("alice"))
        .with_state(acceptor);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let (mut socket, _) = arkws::connect(url).await.unwrap();

    let ours = socket.get_ref().tcp_stream().unwrap().local_addr().unwrap();
    let greeting = socket.next().await.unwrap().unwrap();
    assert_eq!(greeting, format!("alice at {ours}").into());
}
