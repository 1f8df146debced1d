//! A chat in axum: what one member of a room says, all others hear. It runs by itself, with two
//! members on a port of this machine, and ends by itself.
//!
//! ```console
//! cargo run --example axum_chat --features axum
//! ```
//!
//! With the features `http2` of arkws and of axum the same handler serves HTTP/2.
use std::error::Error;
use std::time::Duration;

use arkws::axum::WebSocketUpgrade;
use arkws::{Client, Heartbeat, Limits, Message, Transport, Utf8Bytes, WebSocket};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt;
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// The longest remark, in bytes.
const MAX_REMARK: usize = 16 << 10;
/// How many remarks a member may be behind before some are missed.
const BACKLOG: usize = 256;

/// Who said what.
type Remark = (String, Utf8Bytes);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (room, _) = broadcast::channel::<Remark>(BACKLOG);
    // `any`, not `get`: over HTTP/2 the method is CONNECT.
    let app = Router::new()
        .route("/chat/{name}", any(join))
        .with_state(room);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/chat", listener.local_addr()?);
    // Small messages leave at once.
    let listener = listener.tap_io(|tcp| _ = tcp.set_nodelay(true));
    tokio::spawn(async move { axum::serve(listener, app).await });
    talk(&url).await
}

async fn join(
    Path(name): Path<String>,
    State(room): State<broadcast::Sender<Remark>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .protocols(["chat"])
        .limits(Limits {
            max_message_size: MAX_REMARK,
            max_frame_size: MAX_REMARK as u64,
            ..Limits::default()
        })
        .heartbeat(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        })
        .on_failed_upgrade(|error| eprintln!("a member never came: {error}"))
        .on_upgrade(async move |socket| {
            if let Err(error) = chat(socket, &name, room).await {
                eprintln!("{name} goes: {error}");
            }
        })
}

async fn chat(
    mut socket: WebSocket<Transport>,
    name: &str,
    room: broadcast::Sender<Remark>,
) -> Result<(), arkws::Error> {
    let mut remarks = room.subscribe();
    socket
        .send(Message::from(format!("welcome, {name}")))
        .await?;
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    // There is always a listener: ourselves.
                    let _ = room.send((name.to_owned(), text));
                }
                Some(_) => {}
                None => return Ok(()),
            },
            remark = remarks.recv() => match remark {
                Ok((speaker, _)) if speaker == name => {}
                Ok((speaker, text)) => {
                    socket.send(Message::from(format!("{speaker}: {text}"))).await?;
                }
                Err(RecvError::Lagged(missed)) => {
                    let line = format!("(you missed {missed} remarks)");
                    socket.send(Message::from(line)).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Two members come; one hears the other.
async fn talk(url: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::builder().protocols(["chat"]).build()?;
    let (mut ann, _) = client.connect(format!("{url}/ann")).await?;
    println!("ann hears {:?}", ann.next().await.transpose()?);
    let (mut bob, _) = client.connect(format!("{url}/bob")).await?;
    println!("bob hears {:?}", bob.next().await.transpose()?);

    bob.send(Message::from("hello")).await?;
    let heard = ann.next().await.transpose()?;
    println!("ann hears {heard:?}");
    assert_eq!(heard, Some(Message::from("bob: hello")));
    ann.close(None).await?;
    bob.close(None).await?;
    Ok(())
}

#[cfg(test)]
#[test]
fn it_runs() {
    main().unwrap();
}
