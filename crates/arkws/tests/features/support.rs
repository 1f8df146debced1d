//! A server with a certificate that nobody has vouched for.
use arkws::{IncomingRequest, Server, Transport, WebSocket};
use futures_util::StreamExt;
use rcgen::{CertifiedKey, KeyPair};
use rustls::ServerConfig;

/// For the server of [`serve`].
pub(crate) fn self_signed() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap()
}

/// Sends every message back. The server, and its URL.
pub(crate) async fn serve(config: ServerConfig) -> (Server, String) {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let server = server.tls(config).serve(echo);
    let url = format!("wss://{}/", server.local_addr().unwrap());
    (server, url)
}

async fn echo(mut socket: WebSocket<Transport>, _: IncomingRequest) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_data() && socket.send(message).await.is_err() {
            return;
        }
    }
}
