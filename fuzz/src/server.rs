//! A server that accepts: the client may say any bytes.
use std::time::Duration;

use arkws::http::Response;
use arkws::{Acceptor, AllowedOrigins, DeflateConfig, Error, MessageRef};
use tokio::time::timeout;

use crate::config::HEARTBEAT;
use crate::input::Input;
use crate::peer::Stream;
use crate::runtime::paused;
use crate::url::assert_one_line;

/// Longer than all time-outs of a server.
const END: Duration = Duration::from_secs(600);

/// It accepts and echoes, or answers with one valid head, and waits for nobody longer than it says.
pub(crate) fn run(data: &[u8]) {
    paused().block_on(async {
        let mut input = Input::new(data);
        let [choice, read_size] = input.array();
        let stream = Stream::new(1 + usize::from(read_size), usize::MAX);
        {
            let mut wire = stream.wire();
            wire.say(input.rest());
            if choice & 1 != 0 {
                wire.end();
            }
        }
        let serving = timeout(END, serve(choice, stream.clone()));
        let result = serving.await.expect("an end");
        if let Err(error) = result {
            assert_one_line(&error.to_string());
        }
        let written = &stream.wire().written;
        assert!(written.is_empty() || written.starts_with(b"HTTP/1.1 "));
    });
}

async fn serve(choice: u8, stream: Stream) -> Result<(), Error> {
    let mut acceptor = Acceptor::builder()
        .protocols(["chat", "p"])
        .heartbeat(HEARTBEAT);
    if choice & 2 != 0 {
        acceptor = acceptor.deflate(DeflateConfig::default());
    }
    if choice & 4 != 0 {
        acceptor = acceptor.allowed_origins(AllowedOrigins::new(["http://example.com"]).ok());
    }
    if choice & 8 != 0 {
        acceptor =
            acceptor.on_http(|request| async move { Some(Response::new(request.target.clone())) });
    }
    let mut socket = acceptor.build().accept(stream).await?;
    while let Some(received) = socket.recv_with_outbox().await {
        match received? {
            (MessageRef::Text(text), mut outbox) => outbox.feed_text(&text)?,
            (MessageRef::Binary(data), mut outbox) => outbox.feed_binary(&data)?,
            _ => {}
        }
    }
    Ok(())
}
