//! A link that fails behind some byte of a whole session: behind each byte of either direction,
//! with and without compression and TLS. It ends, or it stalls. Both ends are told what had come,
//! in order, and then once that it is over, in bounded time.
use std::sync::Arc;
use std::time::Duration;

use arkws::{
    Acceptor, Cause, Client, DeflateConfig, Entropy, Error, Heartbeat, Message, WebSocket,
};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::common::next;

/// Longer than all time-outs on the way together, in the tests' own time.
const BOUND: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Both directions end.
    End,
    /// This direction stands still, and nobody is told.
    Stall,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToServer,
    ToClient,
}

/// What one end has received, and how it ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    received: Vec<Message>,
    end: End,
}

#[derive(Debug, PartialEq)]
enum End {
    /// There was no connection, for this reason.
    Never(Cause),
    /// The closing handshake is done; whether it was the client's, who had heard all.
    Closed { in_order: bool },
    /// The connection was lost, for this reason.
    Lost(Cause),
}

fn messages() -> [Message; 3] {
    // What does not compress.
    let binary: Vec<u8> = (0..200_u32)
        .map(|n| (n.wrapping_mul(n) >> 3) as u8)
        .collect();
    [
        Message::from("the first"),
        Message::from(binary),
        Message::from("the last, ".repeat(9)),
    ]
}

/// What stands between the ends: after `limit` bytes of one direction, `fault` happens.
struct Link {
    fault: Fault,
    direction: Direction,
    limit: usize,
}

impl Link {
    /// Passes bytes on until both directions have ended, or the fault has happened; how many passed
    /// to the server, and to the client.
    async fn pass(
        self,
        client: DuplexStream,
        server: DuplexStream,
        at_a_time: usize,
    ) -> [usize; 2] {
        let buffers = || vec![0; at_a_time];
        let [to_server, to_client] = match self.direction {
            Direction::ToServer => [self.limit, usize::MAX],
            Direction::ToClient => [usize::MAX, self.limit],
        };
        let (client_read, client_write) = tokio::io::split(client);
        let (server_read, server_write) = tokio::io::split(server);
        let [mut up, mut down] = [0, 0];
        let stalls = matches!(self.fault, Fault::Stall);
        let both = async {
            let upwards = copy(
                client_read,
                server_write,
                buffers(),
                to_server,
                stalls,
                &mut up,
            );
            let downwards = copy(
                server_read,
                client_write,
                buffers(),
                to_client,
                stalls,
                &mut down,
            );
            tokio::pin!(upwards, downwards);
            // One that has failed takes the other with it.
            tokio::select! {
                failed = &mut upwards => if !failed { downwards.await; },
                failed = &mut downwards => if !failed { upwards.await; },
            }
        };
        // Whoever waits for ever waits no longer than the ends do.
        let _ = timeout(BOUND, both).await;
        [up, down]
    }
}

/// Copies to the end of the stream, or to the limit; `true`: to that.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut buffer: Vec<u8>,
    limit: usize,
    stalls: bool,
    passed: &mut usize,
) -> bool {
    loop {
        let room = buffer.len().min(limit - *passed);
        if room == 0 {
            if stalls {
                std::future::pending::<()>().await;
            }
            return true;
        }
        match from.read(&mut buffer[..room]).await {
            Ok(count @ 1..) => {
                *passed += count;
                if to.write_all(&buffer[..count]).await.is_err() {
                    return false;
                }
                // What has come so far is read by itself.
                tokio::task::yield_now().await;
            }
            Ok(0) | Err(_) => {
                let _ = to.shutdown().await;
                return false;
            }
        }
    }
}

/// TLS for both ends, if there is any.
type Tls = Option<(TlsConnector, TlsAcceptor)>;

fn tls() -> Tls {
    // Of this algorithm all signatures are of one length: so are the sessions.
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let made = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = made.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Each session is a whole one.
    client.resumption = rustls::client::Resumption::disabled();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Some((Arc::new(client).into(), Arc::new(server).into()))
}

/// A client that sends, hears its messages again, and closes; and its server.
struct Ends {
    client: Client,
    acceptor: Acceptor,
    tls: Tls,
    /// How many bytes the link passes on at a time.
    at_a_time: usize,
}

impl Ends {
    fn new(deflate: Option<DeflateConfig>, tls: Tls) -> Ends {
        let config = arkws::Config {
            entropy: Entropy::Seed(7),
            ..arkws::Config::default()
        };
        let heartbeat = Heartbeat {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(4),
        };
        let client = Client::builder()
            .config(config.clone())
            .deflate(deflate.clone())
            .heartbeat(heartbeat)
            .build()
            .unwrap();
        let acceptor = Acceptor::builder()
            .config(config)
            .deflate(deflate)
            .heartbeat(heartbeat)
            .build();
        Ends {
            client,
            acceptor,
            tls,
            at_a_time: 4096,
        }
    }

    /// One session over a link that fails; what the client and the server were told, and how many
    /// bytes passed to the server and to the client.
    async fn session(&self, link: Link) -> ([Outcome; 2], [usize; 2]) {
        let (client, near) = tokio::io::duplex(1 << 16);
        let (server, far) = tokio::io::duplex(1 << 16);
        let ends = async { tokio::join!(self.client(client), self.server(server)) };
        let ends = async {
            timeout(BOUND, ends)
                .await
                .expect("both ends end by themselves")
        };
        let passed = link.pass(near, far, self.at_a_time);
        let ((client, server), passed) = tokio::join!(ends, passed);
        ([client, server], passed)
    }

    async fn client(&self, io: DuplexStream) -> Outcome {
        let Some((connector, _)) = &self.tls else {
            return asks(self.client.connect_over("ws://localhost/", io).await).await;
        };
        let name = ServerName::try_from("localhost").unwrap();
        // The time-out of whoever connects by himself.
        match timeout(BOUND / 3, connector.connect(name, io)).await {
            Ok(Ok(io)) => asks(self.client.connect_over("ws://localhost/", io).await).await,
            Ok(Err(_)) | Err(_) => Outcome::never(Cause::Tls),
        }
    }

    async fn server(&self, io: DuplexStream) -> Outcome {
        let Some((_, acceptor)) = &self.tls else {
            return echoes(self.acceptor.accept(io).await).await;
        };
        match timeout(BOUND / 3, acceptor.accept(io)).await {
            Ok(Ok(io)) => echoes(self.acceptor.accept(io).await).await,
            Ok(Err(_)) | Err(_) => Outcome::never(Cause::Tls),
        }
    }
}

impl Outcome {
    fn never(cause: Cause) -> Outcome {
        Outcome {
            received: Vec::new(),
            end: End::Never(cause),
        }
    }
}

async fn asks<S, R>(connected: Result<(WebSocket<S>, R), Error>) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = match connected {
        Ok((socket, _)) => socket,
        Err(error) => return Outcome::never(error.cause()),
    };
    let mut received = Vec::new();
    for message in messages() {
        let sent = socket.send(message).await;
        let answer = match sent {
            Ok(()) => data(&mut socket).await,
            Err(error) => Err(End::Lost(error.cause())),
        };
        match answer {
            Ok(message) => received.push(message),
            Err(end) => return rest(socket, received, end).await,
        }
    }
    let end = match socket.close(None).await {
        Ok(_) => End::Closed { in_order: true },
        Err(error) => End::Lost(error.cause()),
    };
    rest(socket, received, end).await
}

async fn echoes<S>(accepted: Result<WebSocket<S>, Error>) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut socket = match accepted {
        Ok(socket) => socket,
        Err(error) => return Outcome::never(error.cause()),
    };
    let mut received = Vec::new();
    let end = loop {
        match data(&mut socket).await {
            Ok(message) => {
                received.push(message.clone());
                if let Err(error) = socket.send(message).await {
                    break End::Lost(error.cause());
                }
            }
            Err(end) => break end,
        }
    };
    rest(socket, received, end).await
}

/// The next message with data, or the end.
async fn data<S>(socket: &mut WebSocket<S>) -> Result<Message, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match next(socket).await.expect("an end that was told") {
            Ok(Message::Close(frame)) => {
                let in_order = frame.is_none();
                return Err(End::Closed { in_order });
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(message) => return Ok(message),
            Err(error) => return Err(End::Lost(error.cause())),
        }
    }
}

/// Receives what is left: of a connection that could not be written to what had come before, and
/// one error; of one that is closed, that the closing handshake came to nothing.
async fn rest<S>(mut socket: WebSocket<S>, mut received: Vec<Message>, mut end: End) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut errors = 0;
    while let Some(later) = next(&mut socket).await {
        match later {
            Ok(Message::Text(_) | Message::Binary(_)) if matches!(end, End::Closed { .. }) => {
                panic!("a message behind a close: {received:?}")
            }
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => received.push(message),
            Ok(_) => {}
            Err(error) => {
                errors += 1;
                end = End::Lost(error.cause());
            }
        }
    }
    assert!(errors <= 1, "{received:?} {end:?}");
    assert!(next(&mut socket).await.is_none());
    Outcome { received, end }
}

/// A session to which nothing happens: how many bytes pass to the server, and to the client.
async fn whole(ends: &Ends) -> [usize; 2] {
    let link = Link {
        fault: Fault::End,
        direction: Direction::ToServer,
        limit: usize::MAX,
    };
    let (outcomes, all) = ends.session(link).await;
    for outcome in outcomes {
        let received = messages().to_vec();
        let end = End::Closed { in_order: true };
        assert_eq!(outcome, Outcome { received, end });
    }
    all
}

/// Each cut of each direction.
async fn every_cut(ends: &Ends, fault: Fault) {
    let all = whole(ends).await;
    for (direction, all) in [(Direction::ToServer, all[0]), (Direction::ToClient, all[1])] {
        let mut before = [0, 0];
        for limit in 0..=all {
            let link = Link {
                fault,
                direction,
                limit,
            };
            let (outcomes, _) = ends.session(link).await;
            let what =
                format!("{fault:?} behind {limit} of {all} bytes {direction:?}: {outcomes:?}");
            let counts = [0, 1].map(|end: usize| outcomes[end].received.len());
            for (outcome, before) in outcomes.iter().zip(before) {
                let received = &outcome.received[..];
                assert!(messages().starts_with(received), "{what}");
                assert!(received.len() >= before, "{what}");
                match outcome.end {
                    End::Closed { in_order: true } => assert_eq!(received.len(), 3, "{what}"),
                    // The other end has heard nothing for too long, and says so.
                    End::Closed { in_order: false } => {
                        assert!(matches!(fault, Fault::Stall), "{what}");
                    }
                    End::Never(Cause::Reset | Cause::Timeout | Cause::Tls) => {
                        assert_eq!(received.len(), 0, "{what}");
                    }
                    End::Lost(Cause::Reset) => {}
                    End::Lost(Cause::Timeout | Cause::Heartbeat | Cause::Closed) => {
                        assert!(matches!(fault, Fault::Stall), "{what}");
                    }
                    End::Never(_) | End::Lost(_) => panic!("{what}"),
                }
            }
            assert!(counts[0] <= counts[1], "{what}");
            before = counts;
        }
        assert_eq!(before, [3, 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn plain() {
    let ends = Ends::new(None, None);
    every_cut(&ends, Fault::End).await;
    every_cut(&ends, Fault::Stall).await;
}

#[tokio::test(start_paused = true)]
async fn compressed() {
    let ends = Ends::new(Some(DeflateConfig::default()), None);
    every_cut(&ends, Fault::End).await;
    every_cut(&ends, Fault::Stall).await;
}

#[tokio::test(start_paused = true)]
async fn over_tls() {
    let ends = Ends::new(Some(DeflateConfig::default()), tls());
    every_cut(&ends, Fault::End).await;
    every_cut(&ends, Fault::Stall).await;
}

#[tokio::test(start_paused = true)]
async fn one_byte_at_a_time() {
    for deflate in [None, Some(DeflateConfig::default())] {
        for tls in [None, tls()] {
            let mut ends = Ends::new(deflate.clone(), tls);
            let all = whole(&ends).await;
            ends.at_a_time = 1;
            assert_eq!(whole(&ends).await, all);
        }
    }
}
