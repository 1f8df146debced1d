//! `arkws connect`: each flag does what it says.
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::thread;

use arkws::{Acceptor, DeflateConfig, Identity};

use crate::command::{Ran, arkws, finish, run};
use crate::servers::{bind, echo_all, mirror, runtime};

fn lines(ran: &Ran) -> Vec<&str> {
    ran.text().lines().collect()
}

#[test]
fn headers_protocols_and_compression_are_in_the_request() {
    let acceptor = Acceptor::builder()
        .protocols(["chat"])
        .deflate(DeflateConfig::default());
    let server = mirror(acceptor);
    let ran = run(
        &[
            "connect",
            "--keep-open",
            "-H",
            "X-One: 1",
            "-H",
            "Authorization:Bearer abc",
            "--protocol",
            "chat,other",
            "--protocol",
            "third",
            "--deflate",
            &server.url,
        ],
        b"",
    );
    let ran = ran.with(0);
    let lines = lines(&ran);
    assert_eq!(lines[0], "/path?query");
    for field in [
        "x-one: 1",
        "authorization: Bearer abc",
        "sec-websocket-protocol: chat, other, third",
    ] {
        assert!(lines.contains(&field), "{field} in {lines:?}");
    }
    assert!(ran.text().contains("permessage-deflate"));
}

#[test]
fn a_resolved_host_is_asked_for_by_its_name() {
    let server = mirror(Acceptor::builder());
    let url = server.url.replace("127.0.0.1", "no-such-host.invalid");
    let resolve = "no-such-host.invalid:127.0.0.1";
    let ran = run(&["connect", "--keep-open", "--resolve", resolve, &url], b"").with(0);
    assert!(
        ran.text().contains("host: no-such-host.invalid:"),
        "{}",
        ran.text()
    );
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_connected_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let _guard = runtime().enter();
    let listener = arkws::Server::bind_unix(&path).expect("a socket");
    let _server = listener.serve(async |socket, _| echo_all(socket).await);
    let path = path.to_str().expect("UTF-8");
    let ran = run(&["connect", "--unix", path, "ws://localhost/"], b"hi\n").with(0);
    assert_eq!(ran.text(), "hi\n");

    let ran = run(&["connect", "--unix", "/no/socket", "ws://localhost/"], b"").with(3);
    assert!(ran.stderr.contains("/no/socket"), "{}", ran.stderr);
}

#[test]
fn certificates_are_checked_presented_and_ignored_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a key");
    let (cert, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let cert_file = folder.path().join("cert.pem");
    let both_file = folder.path().join("both.pem");
    std::fs::write(&cert_file, &cert).expect("it is written");
    std::fs::write(&both_file, format!("{cert}{key}")).expect("it is written");
    let (cert_file, both_file) = (
        cert_file.to_str().expect("UTF-8"),
        both_file.to_str().expect("UTF-8"),
    );

    // Who presents no certificate of this authority is turned away.
    let identity = Identity::from_pem(cert.as_bytes(), key.as_bytes(), None).expect("a pair");
    let _guard = runtime().enter();
    let listener = bind();
    let port = listener.local_addr().expect("TCP").port();
    let config = identity.server_config().expect("TLS");
    let _server = listener
        .tls(config)
        .serve(async |socket, _| echo_all(socket).await);
    let url = format!("wss://localhost:{port}/");

    let ran = run(&["connect", &url], b"hi\n").with(3);
    assert!(ran.stderr.contains("certificate"), "{}", ran.stderr);
    let ran = run(&["connect", "--ca", cert_file, &url], b"hi\n").with(0);
    assert_eq!(ran.text(), "hi\n");
    let ran = run(
        &["connect", "--insecure", "--cert", both_file, &url],
        b"hi\n",
    )
    .with(0);
    assert_eq!(ran.text(), "hi\n");
    let ran = run(&["connect", "--cert", cert_file, &url], b"hi\n").with(2);
    assert!(ran.stderr.contains("cert.pem"), "{}", ran.stderr);
}

/// A proxy that hears what it is asked, and refuses.
fn proxy() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let head = head(&mut stream);
        let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal).expect("it reads");
        head
    });
    (address, asked)
}

fn head(stream: &mut TcpStream) -> String {
    use std::io::{BufRead, BufReader};
    let lines = BufReader::new(stream)
        .lines()
        .map(|line| line.expect("a line"));
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

#[test]
fn proxies_are_those_of_the_flag_else_of_the_environment_or_none() {
    let (address, asked) = proxy();
    let proxy_url = format!("http://{address}");
    run(&["connect", "--proxy", &proxy_url, "ws://a.invalid/"], b"").with(3);
    assert!(
        asked
            .join()
            .expect("a head")
            .starts_with("CONNECT a.invalid:80 ")
    );

    let (address, asked) = proxy();
    let child = arkws(&["connect", "ws://b.invalid/"])
        .env("http_proxy", &address)
        .spawn();
    finish(child.expect("it starts")).with(3);
    assert!(
        asked
            .join()
            .expect("a head")
            .starts_with("CONNECT b.invalid:80 ")
    );

    let server = crate::servers::echo();
    let child = arkws(&["connect", "--no-proxy", &server.url])
        .env("http_proxy", "http://127.0.0.1:1")
        .spawn();
    finish(child.expect("it starts")).with(0);

    run(&["connect", "--proxy", "ftp://a", "ws://a.invalid/"], b"").with(2);
}

#[test]
fn who_does_not_answer_pings_is_given_up() {
    // Shakes hands, and is silent from then on.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        stream.set_nonblocking(true).expect("a socket");
        runtime().block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
            let _socket = arkws::accept(stream).await.expect("a handshake");
            std::future::pending::<()>().await;
        });
    });
    let ran = run(
        &["connect", "--keep-open", "--ping-interval", "100ms", &url],
        b"",
    )
    .with(4);
    assert!(ran.stderr.contains("ping"), "{}", ran.stderr);
}
