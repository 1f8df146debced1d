//! What a connection logs, and in which span.
//!
//! A program of its own: `tracing` asks the thread that comes to a log line first whether it is
//! wanted, for all threads. Here each has a subscriber; a test without one would lose the line.
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use arkws::{Client, Config, Heartbeat, Message, Proxy, ProxyServer, Role};
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{DefaultGuard, set_default};

#[allow(dead_code, reason = "used by the tests of the socket")]
#[path = "socket/common.rs"]
mod common;

use common::{TEXT, frame, next, open, pair};

/// All that this thread logs is written to the file, until the guard is dropped.
fn log() -> (Arc<File>, DefaultGuard) {
    let file = Arc::new(tempfile::tempfile().unwrap());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .without_time()
        .with_ansi(false)
        .with_writer(Arc::clone(&file))
        .finish();
    (file, set_default(subscriber))
}

/// All that was logged.
fn text(mut log: &File) -> String {
    let mut text = String::new();
    log.rewind().unwrap();
    log.read_to_string(&mut text).unwrap();
    text
}

/// What follows level, span and target in each line. They are the same in all.
#[track_caller]
fn lines_of_span_made(log: &File) -> Vec<String> {
    let lines = text(log);
    let text = |line: &str| {
        line.trim()
            .strip_prefix("DEBUG made: arkws: ")
            .map(str::to_owned)
    };
    let texts = lines.lines().map(text).collect::<Option<Vec<_>>>();
    texts.unwrap_or_else(|| panic!("a line is of another level, span or target:\n{lines}"))
}

#[tokio::test]
async fn opening_and_closing_are_logged_and_messages_are_not() {
    let (log, _guard) = log();
    let (mut client, mut server) = tracing::info_span!("made").in_scope(|| pair(1 << 16));
    let talk = async {
        client.send(Message::from("SECRET")).await.unwrap();
        client.close(None).await.unwrap();
    };
    tokio::join!(talk, async { while next(&mut server).await.is_some() {} });

    let mut lines = lines_of_span_made(&log);
    lines.sort_unstable();
    let expected = [
        "close frame received",
        "close frame received",
        "connection ended",
        "connection ended",
        "connection open role=Client deflate=false",
        "connection open role=Server deflate=false",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_failure_is_logged_without_what_arrived() {
    let (log, _guard) = log();
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let made = tracing::info_span!("made");
    let mut socket = made.in_scope(|| open(near, Role::Server, Config::default()));
    far.write_all(&frame(Role::Server, TEXT, b"SECRET\xFF"))
        .await
        .unwrap();
    next(&mut socket).await.unwrap().unwrap_err();
    drop(far);
    assert!(next(&mut socket).await.is_none());

    let expected = [
        "connection open role=Server deflate=false",
        "connection failed error=a text message is not valid UTF-8 (RFC 6455, 8.1)",
        "connection ended",
    ];
    assert_eq!(lines_of_span_made(&log), expected);
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_heartbeat_for_which_there_is_no_room_is_logged() {
    let (log, _guard) = log();
    let interval = Duration::from_secs(30);
    let config = Config {
        heartbeat: Some(Heartbeat {
            interval,
            timeout: interval,
        }),
        write_timeout: None,
        ..Config::default()
    };
    let (near, far) = tokio::io::duplex(100);
    let made = tracing::info_span!("made");
    let mut socket = made.in_scope(|| open(near, Role::Server, config));
    let mut cx = Context::from_waker(Waker::noop());
    while socket.feed_ping(&[]).is_ok() {}
    assert!(socket.poll_flush_untimed(&mut cx).is_pending());
    while socket.feed_ping(&[]).is_ok() {}
    let peer = async move {
        sleep(interval + interval / 2).await;
        drop(far);
    };
    let (end, ()) = tokio::join!(next(&mut socket), peer);
    end.unwrap().unwrap_err();

    let lines = lines_of_span_made(&log);
    let no_room = "heartbeat: no room for a ping error=the output queue is full: ";
    assert!(lines[1].starts_with(no_room), "{lines:?}");
}

/// Answers each connection with the next of these, whatever it asks.
fn answering(answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut client, _) = listener.accept().unwrap();
            let (mut request, mut length) = ([0; 2048], 0);
            while !request[..length].ends_with(b"\r\n\r\n") {
                length += client.read(&mut request[length..]).unwrap();
            }
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

/// Everything of a connect that may be a secret, planted, through everything that logs or fails.
#[tokio::test]
async fn no_secret_of_a_connect_is_in_the_log_or_in_an_error() {
    const SECRET: &str = "s3cret";
    let (log, _guard) = log();
    let server = answering(&[
        "HTTP/1.1 302 Found\r\nLocation: /other?token=s3cret\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: ftp://x/?token=s3cret\r\nContent-Length: 0\r\n\r\n",
        "what?\r\n\r\n",
    ]);
    let proxy = answering(&["HTTP/1.1 407 No\r\n\r\n", "HTTP/1.1 502 No\r\n\r\n", "no"]);
    let direct = || Client::builder().proxy(Proxy::None);
    let url = format!("ws://me:s3cret@127.0.0.1:{server}/?token=s3cret");
    let by_proxy = || {
        let server = ProxyServer::parse(&format!("http://me:s3cret@127.0.0.1:{proxy}"), None);
        Client::builder().proxy(Proxy::Server(server.unwrap()))
    };
    let clients = [
        direct(),
        direct(),
        direct(),
        by_proxy(),
        by_proxy(),
        by_proxy(),
        direct(),
    ];
    let mut said = String::new();
    for (number, builder) in clients.into_iter().enumerate() {
        let client = builder.build().unwrap();
        // The last one has nobody to answer it.
        let url = if number == 6 {
            "wss://me:s3cret@127.0.0.1:1/?s3cret"
        } else {
            &url
        };
        let request = client
            .request(url)
            .header("X-Api-Key", "s3cret")
            .protocol("s3cret");
        said += &format!("{client:?} {request:?}");
        let error = request.connect().await.map(drop).unwrap_err();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            said += &format!("\n{error} {error:?}");
            cause = error.source();
        }
    }
    let log = text(&log);
    assert!(log.contains("redirected"), "{log}");
    assert!(
        said.contains("407") || said.contains("user name and password"),
        "{said}"
    );
    for output in [said, log] {
        assert!(!output.contains(SECRET), "{output}");
        assert!(!output.contains("bWU6czNjcmV0"), "its base64: {output}");
    }
}

#[cfg(feature = "ring")]
#[test]
fn a_trusted_authority_whose_dates_do_not_fit_is_a_warning() {
    use arkws::{Identity, Roots, TlsConfig};
    let key = rcgen::KeyPair::generate().unwrap();
    let of_servers = |pem: &[u8]| {
        let tls = TlsConfig {
            roots: vec![Roots::Pem(pem.to_vec())],
            ..TlsConfig::default()
        };
        Client::builder().tls(tls).build().map(drop).unwrap();
    };
    let of_clients = |pem: &[u8]| {
        let identity = Identity::from_pem(pem, key.serialize_pem().as_bytes(), None).unwrap();
        let config = identity.server_config_for_clients_of(pem, true);
        config.map(drop).unwrap();
    };
    for (from, to, why) in [
        (
            1990,
            2020,
            "has expired: it was valid until Wed, 01 Jan 2020",
        ),
        (
            2990,
            3000,
            "is not valid yet: it will be from Fri, 01 Jan 2990",
        ),
    ] {
        let mut params = rcgen::CertificateParams::default();
        let name = "An odd\u{1b} authority";
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        let pem = params.self_signed(&key).unwrap().pem().into_bytes();
        for trust in [&of_servers as &dyn Fn(&[u8]), &of_clients] {
            let (log, _guard) = log();
            trust(&pem);
            let text = text(&log);
            assert!(text.trim().starts_with("WARN arkws: "), "{text}");
            assert!(text.contains("a trusted certificate's dates"), "{text}");
            assert!(text.contains(why), "{text}");
            assert!(text.contains(r"An odd\u{1b} authority"), "{text:?}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
}
