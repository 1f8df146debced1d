//! `arkws serve`: what becomes of messages.
use arkws::{Client, Message, Proxy, Transport, WebSocket};
use futures_util::StreamExt;

use crate::command::{arkws, finish, run};
use crate::served::serve;
use crate::servers::runtime;

async fn connect(url: &str) -> WebSocket<Transport> {
    let client = Client::builder()
        .proxy(Proxy::None)
        .build()
        .expect("a client");
    client.connect(url).await.expect("a connection").0
}

async fn next(socket: &mut WebSocket<Transport>) -> Message {
    socket.next().await.expect("a message").expect("no error")
}

#[test]
fn the_url_comes_first_and_everything_comes_back() {
    let server = serve(&[]);
    let (before, port) = server
        .url
        .trim_end_matches('/')
        .rsplit_once(':')
        .expect("a port");
    assert_eq!(before, "ws://127.0.0.1");
    assert_ne!(port, "0");
    let ran = run(&["connect", &server.url], "one\ntwo\nthrée\n".as_bytes()).with(0);
    assert_eq!(ran.text(), "one\ntwo\nthrée\n");

    // Nobody else gets its port.
    run(&["serve", "--port", port], b"").with(1);
}

#[test]
fn protocols_and_compression_are_agreed_on() {
    let server = serve(&["--echo", "--protocol", "a,b", "--deflate"]);
    runtime().block_on(async {
        let client = Client::builder()
            .proxy(Proxy::None)
            .protocols(["b", "a"])
            .deflate(arkws::DeflateConfig::default())
            .build();
        let connected = client.expect("a client").connect(&server.url).await;
        let negotiated = connected.expect("a connection").1.negotiated;
        assert!(negotiated.protocol.is_some());
        assert!(negotiated.deflate.is_some());
    });
}

#[test]
fn a_broadcast_reaches_all() {
    let server = serve(&["--broadcast"]);
    runtime().block_on(async {
        let mut one = connect(&server.url).await;
        one.send("1".into()).await.expect("sent");
        assert_eq!(next(&mut one).await, "1".into());
        let mut other = connect(&server.url).await;
        other.send(Message::binary(&b"2"[..])).await.expect("sent");
        for socket in [&mut one, &mut other] {
            assert_eq!(next(socket).await, Message::binary(&b"2"[..]));
        }
    });
}

#[test]
fn a_chat_says_who_says_what_and_who_comes_and_goes() {
    let server = serve(&["--chat"]);
    runtime().block_on(async {
        let mut one = connect(&server.url).await;
        assert_eq!(next(&mut one).await, "* guest 1 is here".into());
        let mut other = connect(&server.url).await;
        assert_eq!(next(&mut one).await, "* guest 2 is here".into());
        other.send("hello".into()).await.expect("sent");
        assert_eq!(next(&mut one).await, "guest 2: hello".into());
        drop(other);
        assert_eq!(next(&mut one).await, "* guest 2 has gone".into());
    });
}

#[cfg(unix)]
#[test]
fn a_command_gets_lines_and_its_lines_are_sent() {
    let command = "while read line; do echo \"got $line\"; [ \"$line\" = end ] && exit; done";
    let server = serve(&["--exec", command]);
    let ran = run(
        &["connect", "--keep-open", &server.url],
        b"a line\nend\nno more\n",
    );
    assert_eq!(ran.with(0).text(), "got a line\ngot end\n");
}

#[test]
fn a_record_is_played_to_whoever_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record.jsonl");
    let echo = serve(&[]);
    let mut child = arkws(&["connect", "--jsonl", &echo.url])
        .spawn()
        .expect("it starts");
    let stdin = child.stdin.as_mut().expect("a pipe");
    std::io::Write::write_all(stdin, b"question\n").expect("it reads");
    std::fs::write(&file, finish(child).with(0).stdout).expect("it is written");

    let server = serve(&["--script", file.to_str().expect("UTF-8")]);
    let ran = run(&["connect", "--keep-open", &server.url], b"question\n").with(0);
    assert_eq!(ran.text(), "question\n");
    let ran = run(&["connect", "--keep-open", &server.url], b"other\n").with(4);
    assert!(ran.stderr.contains("another message"), "{}", ran.stderr);

    run(&["serve", "--script", "/no/file"], b"").with(2);
}

#[test]
fn wss_is_served_with_a_certificate_of_ones_own_or_one_that_is_given() {
    let server = serve(&["--tls-self-signed"]);
    assert!(server.url.starts_with("wss://127.0.0.1:"), "{}", server.url);
    let ran = run(&["connect", "--insecure", &server.url], b"hi\n").with(0);
    assert_eq!(ran.text(), "hi\n");
    run(&["connect", &server.url], b"hi\n").with(3);

    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a key");
    let files = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&files[0], made.cert.pem()).expect("it is written");
    std::fs::write(&files[1], made.signing_key.serialize_pem()).expect("it is written");
    let [cert, key] = [&files[0], &files[1]].map(|file| file.to_str().expect("UTF-8"));
    let server = serve(&["--tls", cert, key]);
    run(&["connect", "--ca", cert, &server.url], b"hi\n").with(0);
    run(&["serve", "--tls", key, cert], b"").with(2);
}

#[cfg(unix)]
#[test]
fn ctrl_c_does_not_wait_for_whoever_is_silent_before_tls() {
    let server = serve(&["--tls-self-signed"]);
    let address = server
        .url
        .trim_start_matches("wss://")
        .trim_end_matches('/');
    let silent = std::net::TcpStream::connect(address).expect("it listens");
    // Whoever comes later is let in later.
    run(&["connect", "--insecure", &server.url], b"hi\n").with(0);
    server.interrupt().with(130);
    drop(silent);
}

#[cfg(unix)]
#[test]
fn ctrl_c_sends_clients_away_and_the_log_says_what_there_was() {
    let server = serve(&[]);
    let log = runtime().block_on(async {
        let mut socket = connect(&format!("{}path", server.url)).await;
        socket.send("say \x1b[31mred".into()).await.expect("sent");
        next(&mut socket).await;
        let stopping = tokio::task::spawn_blocking(move || server.interrupt());
        let Message::Close(Some(frame)) = next(&mut socket).await else {
            panic!("no goodbye");
        };
        assert_eq!(frame.code(), arkws::CloseCode::GOING_AWAY);
        assert!(socket.next().await.is_none());
        stopping.await.expect("no panic").with(130).stderr
    });
    for part in [
        "#1 127.0.0.1:",
        " asks for /path\n",
        "text of 12 bytes: say \\u{1b}[31mred\n",
        "#1 the connection is closed\n",
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
}
