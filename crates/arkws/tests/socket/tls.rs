//! Over TLS: its own buffers, its own end of the stream.
use std::sync::Arc;

use arkws::http::StatusCode;
use arkws::{Acceptor, Config, Message, MessageRef, Refusal, Role, Transport};
use futures_util::StreamExt;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::common::{CLOSE, frame, next, open, tcp};

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

/// A record of application data that nobody can decipher.
const NONSENSE: [u8; 37] = {
    let mut record = [7; 37];
    (record[0], record[1], record[2], record[3], record[4]) = (0x17, 3, 3, 0, 32);
    record
};

/// Both ends of a TLS connection over TCP, the server's as servers have it.
async fn tls_over_tcp() -> (TlsStream<TcpStream>, Transport) {
    match streams(tcp().await).await {
        (client, TlsStream::Server(server)) => (client, Transport::from(server)),
        (_, TlsStream::Client(_)) => unreachable!(),
    }
}

/// Reads to the end of the server's side, and sends what is none of TLS; ends the connection.
async fn answer_nonsense<S: AsyncRead + AsyncWrite + Unpin>(mut client: TlsStream<S>) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    let beneath = client.get_mut().0;
    beneath.write_all(&NONSENSE).await.unwrap();
    rest
}

/// rustls panics when it has to answer such a record behind its own end.
#[tokio::test]
async fn nonsense_behind_the_end_of_a_server_is_passed_over() {
    let (mut client, server) = tls_over_tcp().await;
    let mut server = open(server, Role::Server, Config::default());
    let close = frame(Role::Server, CLOSE, b"");
    client.write_all(&close).await.unwrap();
    client.flush().await.unwrap();
    let serve = async {
        assert!(next(&mut server).await.unwrap().unwrap().is_close());
        assert!(next(&mut server).await.is_none());
    };
    let (rest, ()) = tokio::join!(answer_nonsense(client), serve);
    assert_eq!(rest, [CLOSE, 0]);
}

/// As over a Unix socket, or any stream of a program's.
#[tokio::test]
async fn nonsense_behind_the_end_of_tls_over_another_stream_is_passed_over() {
    let (mut client, server) = tls(4096).await;
    let mut server = open(
        Transport::other_tls(server),
        Role::Server,
        Config::default(),
    );
    let close = frame(Role::Server, CLOSE, b"");
    client.write_all(&close).await.unwrap();
    client.flush().await.unwrap();
    let serve = async {
        assert!(next(&mut server).await.unwrap().unwrap().is_close());
        assert!(next(&mut server).await.is_none());
    };
    let (rest, ()) = tokio::join!(answer_nonsense(client), serve);
    assert_eq!(rest, [CLOSE, 0]);
}

#[tokio::test]
async fn nonsense_behind_a_refusal_is_passed_over() {
    let (mut client, server) = tls_over_tcp().await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                   Sec-WebSocket-Version: 13\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    client.flush().await.unwrap();
    let acceptor = Acceptor::builder()
        .on_request(async |_| Err(Refusal::new(StatusCode::FORBIDDEN, "nobody")))
        .build();
    let (rest, refused) = tokio::join!(answer_nonsense(client), acceptor.accept(server));
    assert!(refused.is_err());
    assert!(rest.starts_with(b"HTTP/1.1 403 "));
}

/// As is a client that has given its server up, and told it so.
#[tokio::test]
async fn nonsense_behind_the_end_of_a_client_is_passed_over() {
    let (mut client, server) = tls_over_tcp().await;
    let mut client_end = open(server, Role::Client, Config::default());
    // Reserved bits, behind which a client ends the connection.
    client.write_all(&[0xF1, 0]).await.unwrap();
    client.flush().await.unwrap();
    let hears = async {
        assert!(next(&mut client_end).await.unwrap().is_err());
        assert!(next(&mut client_end).await.is_none());
    };
    tokio::join!(answer_nonsense(client), hears);
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
