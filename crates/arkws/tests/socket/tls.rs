//! Over TLS: its own buffers, its own end of the stream.
use std::sync::Arc;

use arkws::{Config, Message, MessageRef, Role};
use futures_util::StreamExt;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::common::{CLOSE, frame, next, open};

/// Both ends of a TLS connection with this many bytes between them.
async fn tls(buffer: usize) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
    streams(tokio::io::duplex(buffer)).await
}

/// Both ends of a TLS connection over these streams: the client's, the server's.
pub(crate) async fn streams<S>((near, far): (S, S)) -> (TlsStream<S>, TlsStream<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();

    let name = ServerName::try_from("localhost").unwrap();
    let (client, server) = tokio::join!(
        TlsConnector::from(Arc::new(client)).connect(name, near),
        TlsAcceptor::from(Arc::new(server)).accept(far),
    );
    (client.unwrap().into(), server.unwrap().into())
}

#[tokio::test]
async fn messages_and_the_closing_handshake_pass() {
    let (client, server) = tls(1000).await;
    let mut client = open(client, Role::Client, Config::default());
    let mut server = open(server, Role::Server, Config::default());
    let serve = async {
        let message = next(&mut server).await.unwrap().unwrap();
        server.send(message).await.unwrap();
        assert!(next(&mut server).await.unwrap().unwrap().is_close());
        assert!(next(&mut server).await.is_none());
    };
    let ask = async {
        let message = Message::from(vec![7; 300_000]);
        client.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut client).await.unwrap().unwrap(), message);
        client.close(None).await.unwrap();
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn the_server_ends_with_a_close_notify() {
    let (mut client, server) = tls(4096).await;
    let mut server = open(server, Role::Server, Config::default());
    client
        .write_all(&frame(Role::Server, CLOSE, b""))
        .await
        .unwrap();
    client.flush().await.unwrap();
    let read = async {
        let mut rest = Vec::new();
        // An error, if the stream were cut without one.
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, [CLOSE, 0]);
        drop(client);
    };
    let serve = async {
        assert!(matches!(
            server.recv().await,
            Some(Ok(MessageRef::Close(None)))
        ));
        assert!(server.recv().await.is_none());
    };
    tokio::join!(read, serve);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_halves_exchange_messages_at_the_same_time() {
    const COUNT: usize = 2_000;
    let (client, server) = tls(3000).await;
    let halves = [
        open(client, Role::Client, Config::default()).split(),
        open(server, Role::Server, Config::default()).split(),
    ];
    let ends = halves.map(|(mut sender, mut receiver)| {
        let send = tokio::spawn(async move {
            for number in 0..COUNT {
                sender.send(numbered(number)).await.unwrap();
            }
            sender
        });
        let receive = tokio::spawn(async move {
            for number in 0..COUNT {
                assert_eq!(receiver.next().await.unwrap().unwrap(), numbered(number));
            }
            receiver
        });
        async { send.await.unwrap().reunite(receive.await.unwrap()).unwrap() }
    });
    let [client, server] = ends;
    let (mut client, mut server) = tokio::join!(client, server);
    let (from_server, from_client) = tokio::join!(client.close(None), server.close(None));
    assert_eq!((from_server.unwrap(), from_client.unwrap()), (None, None));
}

fn numbered(number: usize) -> Message {
    Message::from(format!("{number} {}", "x".repeat(number % 300)))
}
