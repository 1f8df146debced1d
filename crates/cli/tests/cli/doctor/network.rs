//! Addresses, and steps as they happen.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::doctor;
use crate::command::{arkws, finish, run};
use crate::servers::{echo, runtime};

/// A port at which nothing listens: one that the system gives to nobody.
pub(super) const fn closed_port() -> u16 {
    1
}

#[test]
fn a_server_that_is_well_is_called_that() {
    let server = echo();
    let found = doctor(&["--idle", "100ms", &server.url]);
    found.is_good();
    for (name, state) in [
        ("name", "skipped"),
        ("address", "ok"),
        ("proxy", "skipped"),
        ("tls", "skipped"),
        ("http", "ok"),
        ("subprotocol", "skipped"),
        ("extensions", "skipped"),
        ("ping", "ok"),
        ("idle", "ok"),
        ("close", "ok"),
    ] {
        assert_eq!(found.step(name)["state"], state, "{name}");
    }
    assert!(found.step("ping")["milliseconds"].as_f64().expect("a time") > 0.0);
}

#[test]
fn a_person_reads_each_step_and_the_verdict() {
    let ran = run(&["doctor", &echo().url], b"").with(0);
    assert!(
        ran.text().contains("\nok       http         101"),
        "{}",
        ran.text()
    );
    assert!(
        ran.text().ends_with("no fault was found.\n"),
        "{}",
        ran.text()
    );
    assert!(!ran.text().contains('\u{1b}'), "{}", ran.text());

    let url = format!("ws://127.0.0.1:{}/", closed_port());
    let ran = run(&["doctor", &url], b"").with(1);
    let lines: Vec<_> = ran.text().lines().collect();
    assert!(lines[1].starts_with("failed   address "), "{lines:?}");
    assert_eq!(lines[2].trim_start(), "[refused]");
    assert_eq!(
        lines[3],
        "skipped  proxy, tls, http, subprotocol, extensions, ping, idle, close"
    );
    assert!(
        lines[5].starts_with("Nothing listens at port "),
        "{lines:?}"
    );
    assert!(lines[6].starts_with("Check the port "), "{lines:?}");
}

/// The server waits with its answer until the steps before it have been read.
#[test]
fn steps_are_shown_as_they_happen() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    let (shown, was_shown) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        was_shown.recv().expect("it is shown");
        _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        _ = stream.read_to_end(&mut Vec::new());
    });
    let mut child = arkws(&["doctor", "--timeout", "60s", &url])
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for line in &mut lines {
        if line.expect("UTF-8").starts_with("skipped  tls") {
            break;
        }
    }
    shown.send(()).expect("it waits");
    let rest: Vec<_> = lines.map(|line| line.expect("UTF-8")).collect();
    assert!(rest[0].starts_with("failed   http"), "{rest:?}");
    finish(child).with(1);
}

#[test]
fn what_is_secret_in_a_url_is_not_shown() {
    let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let refusing = super::http::answering(refusal);
    for server in [
        &echo().url,
        &refusing,
        &format!("ws://127.0.0.1:{}/chat", closed_port()),
    ] {
        let url = server.replace("ws://", "ws://me:password@") + "?token=secret";
        for flags in [&["doctor"][..], &["doctor", "--json"]] {
            let ran = run(&[flags, &[&url]].concat(), b"");
            let said = format!("{}{}", ran.text(), ran.stderr);
            assert!(said.contains("127.0.0.1"), "{said}");
            assert!(
                !said.contains("password") && !said.contains("secret"),
                "{said}"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_terminal_has_colours_and_ctrl_c_ends_it() {
    use crate::terminal::Terminal;

    // Nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/", listener.local_addr().expect("an address"));
    let mut command = arkws(&["doctor", "--timeout", "600s", &url]);
    command.env_remove("NO_COLOR");
    let mut terminal = Terminal::start(command);
    terminal.wait_for("\x1b[32mok      \x1b[0m address");
    terminal.wait_for("\x1b[2mskipped \x1b[0m tls");
    terminal.interrupt();
    terminal.ends_with(130);

    let mut command = arkws(&["doctor", &format!("ws://127.0.0.1:{}/", closed_port())]);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command);
    terminal.wait_for("failed   address");
    terminal.wait_for("Check the port");
    assert!(!terminal.seen.contains('\x1b'), "{}", terminal.seen);
    terminal.ends_with(1);
}

#[test]
fn wrong_usage_is_no_fault_of_the_server() {
    run(&["doctor", "http://a"], b"").with(2);
    run(&["doctor", "--proxy", "ftp://a", "ws://a/"], b"").with(2);
    run(&["doctor", "--ca", "/no/such/file", "wss://a/"], b"").with(2);
}

#[test]
fn a_port_at_which_nothing_listens_refuses() {
    let port = closed_port();
    let found = doctor(&[&format!("ws://localhost:{port}/")]);
    found.is(
        "refused",
        "address",
        &[
            &format!("port {port} of localhost"),
            "whether the server runs",
        ],
    );
}

#[test]
fn one_address_of_two_is_dead() {
    let server = echo();
    let url = server.url.replace("127.0.0.1", "two.test");
    let found = doctor(&["--resolve", "two.test:127.0.0.2,127.0.0.1", &url]);
    found.is(
        "dead-address",
        "address",
        &[
            "Of the 2 addresses of two.test",
            "127.0.0.2 (connection refused)",
            "out of DNS",
        ],
    );
    // All else is looked at.
    assert_eq!(found.step("close")["state"], "ok");
}

/// A listener whose queue is full is not answered for, as behind a firewall that drops.
#[test]
fn nobody_answers_at_a_filtered_port() {
    let _guard = runtime().enter();
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let listener = socket.listen(0).expect("it listens");
    let address = listener.local_addr().expect("an address");
    let mut queue = Vec::new();
    let patience = std::time::Duration::from_millis(500);
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, patience) {
        queue.push(stream);
    }
    let found = doctor(&["--timeout", "1s", &format!("ws://{address}/")]);
    found.is("filtered", "address", &["no answer at all", "firewall"]);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_has_no_address_of_its_own() {
    let found = doctor(&["--unix", "/no/socket", "ws://localhost/"]);
    found.is("unix-socket", "address", &["/no/socket", "permissions"]);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let _guard = runtime().enter();
    let listener = arkws::Server::bind_unix(&path).expect("a socket");
    let _server = listener.serve(async |socket, _| crate::servers::echo_all(socket).await);
    let path = path.to_str().expect("UTF-8");
    doctor(&["--unix", path, "ws://localhost/"]).is_good();
}
