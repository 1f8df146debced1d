//! TLS sessions, which are resumed among the connections of a client.
use std::net::SocketAddr;
use std::sync::Arc;

use arkws::Client;
use rustls::{HandshakeKind, ServerConfig};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::common::{authority, issue, only, params, trusting};
use crate::{assert_echoes, builder, echo, listen};

/// An echo server over TLS that tells how each of its handshakes was made.
async fn counting(config: ServerConfig) -> (SocketAddr, mpsc::UnboundedReceiver<HandshakeKind>) {
    let (listener, address) = listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (kinds, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, kinds) = (acceptor.clone(), kinds.clone());
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                kinds
                    .send(stream.get_ref().1.handshake_kind().unwrap())
                    .unwrap();
                echo(stream).await;
            });
        }
    });
    (address, received)
}

async fn connect(client: &Client, server: SocketAddr) {
    let url = format!("wss://localhost:{}/", server.port());
    // A request of its own is still one of this client.
    let request = client.request(url).bearer_auth("fresh");
    let (mut socket, _) = request.connect().await.unwrap();
    // In TLS 1.3 the ticket comes with the first data.
    assert_echoes(&mut socket).await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn sessions_are_resumed_among_the_connections_of_a_client_and_its_clones() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = only(version)
            .with_no_client_auth()
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        let (server, mut kinds) = counting(config).await;
        let tls = arkws::TlsConfig {
            // No other client shares this one's sessions.
            server_name: Some("localhost".to_owned()),
            ..trusting(authority.pem())
        };
        let client = builder().tls(tls.clone()).build().unwrap();

        connect(&client, server).await;
        connect(&client, server).await;
        connect(&client.clone(), server).await;
        connect(&builder().tls(tls).build().unwrap(), server).await;

        for expected in [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed,
            HandshakeKind::Full,
        ] {
            assert_eq!(kinds.recv().await.unwrap(), expected, "{version:?}");
        }
    }
}
