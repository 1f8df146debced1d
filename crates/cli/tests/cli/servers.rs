//! Servers for the command to talk to.
use std::sync::OnceLock;

use arkws::{Acceptor, IncomingRequest, Message, Server, ServerBuilder, Transport, WebSocket};
use tokio::runtime::Runtime;

/// A server, and where it is.
pub(crate) struct Serving {
    pub(crate) url: String,
    _server: Server,
}

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}

pub(crate) fn bind() -> ServerBuilder {
    let bound = runtime().block_on(Server::bind("127.0.0.1:0"));
    bound.expect("a port")
}

/// A server on loopback, each of whose connections is handled by this.
pub(crate) fn serve<H, F>(acceptor: Acceptor, handle: H) -> Serving
where
    H: Fn(WebSocket<Transport>) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let _guard = runtime().enter();
    let builder = bind().acceptor(acceptor);
    let address = builder.local_addr().expect("TCP");
    Serving {
        url: format!("ws://{address}/"),
        _server: builder.serve(move |socket, _| handle(socket)),
    }
}

/// Sends everything back.
pub(crate) fn echo() -> Serving {
    serve(Acceptor::builder().build(), echo_all)
}

pub(crate) async fn echo_all(mut socket: WebSocket<Transport>) {
    while let Some(Ok(message)) = socket.recv().await {
        let message = Message::from(message);
        if message.is_data() && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Tells what it was asked, one header field a message, and closes.
pub(crate) fn mirror(acceptor: arkws::AcceptorBuilder) -> Serving {
    let _guard = runtime().enter();
    let builder = bind().acceptor(acceptor.build());
    let address = builder.local_addr().expect("TCP");
    Serving {
        url: format!("ws://{address}/path?query"),
        _server: builder.serve(async |mut socket, request: IncomingRequest| {
            _ = socket.send(request.target.as_str().into()).await;
            for (name, value) in &request.headers {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                _ = socket.send(format!("{name}: {value}").into()).await;
            }
            _ = socket.close(None).await;
        }),
    }
}
