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
use arkws::{
    Admission, AllowedOrigins, Client, Heartbeat, Limits, Message, ServerLimits, Transport,
    Utf8Bytes, WebSocket,
};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
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
/// The most members at a time; others are refused.
const MAX_MEMBERS: usize = 100;

/// Who said what.
type Remark = (String, Utf8Bytes);

#[derive(Clone)]
struct Room {
    remarks: broadcast::Sender<Remark>,
    members: Admission,
    /// Whose web pages may come: else every page that a user has open could.
    origins: AllowedOrigins,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    talk(&serve().await?).await
}

/// The URL of the chat, before the member's name.
async fn serve() -> Result<String, Box<dyn Error>> {
    let room = Room {
        remarks: broadcast::Sender::new(BACKLOG),
        members: Admission::new(ServerLimits {
            connections: MAX_MEMBERS,
            ..ServerLimits::default()
        }),
        origins: AllowedOrigins::new(["https://chat.example"])?,
    };
    // `any`, not `get`: over HTTP/2 the method is CONNECT.
    let app = Router::new()
        .route("/chat/{name}", any(join))
        .with_state(room);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/chat", listener.local_addr()?);
    // Small messages leave at once.
    let listener = listener.tap_io(|tcp| _ = tcp.set_nodelay(true));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

async fn join(
    Path(name): Path<String>,
    State(room): State<Room>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Ok(permit) = room.members.begin_connection(None) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the room is full").into_response();
    };
    upgrade
        .protocols(["chat"])
        .allowed_origins(room.origins)
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
            if let Err(error) = chat(socket, &name, room.remarks).await {
                eprintln!("{name} goes: {error}");
            }
            // Somebody else may come.
            drop(permit);
        })
}

async fn chat(
    mut socket: WebSocket<Transport>,
    name: &str,
    said: broadcast::Sender<Remark>,
) -> Result<(), arkws::Error> {
    let mut remarks = said.subscribe();
    socket
        .send(Message::from(format!("welcome, {name}")))
        .await?;
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    // There is always a listener: ourselves.
                    let _ = said.send((name.to_owned(), text));
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
mod tests {
    use arkws::HandshakeError::Refused;

    use super::*;

    #[test]
    fn it_runs() {
        main().unwrap();
    }

    /// The status that a client is refused with.
    async fn refused(client: &Client, url: &str, origin: &str) -> u16 {
        let request = client.request(url).header("origin", origin);
        match request.connect().await {
            Err(arkws::Error::Handshake(Refused(answer))) => answer.status().as_u16(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn neither_pages_of_other_sites_come_in_nor_more_than_the_room_holds() {
        let url = format!("{}/ann", serve().await.unwrap());
        let client = Client::builder().protocols(["chat"]).build().unwrap();
        assert_eq!(refused(&client, &url, "https://other.example").await, 403);
        let mut members = Vec::new();
        for _ in 0..MAX_MEMBERS {
            let ours = client
                .request(&url)
                .header("origin", "https://chat.example");
            members.push(ours.connect().await.unwrap());
        }
        assert_eq!(refused(&client, &url, "https://chat.example").await, 503);
    }
}
