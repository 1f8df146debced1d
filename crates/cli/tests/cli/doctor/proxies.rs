//! Proxies, and what they say.
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::doctor;
use super::http::read_head;
use super::network::closed_port;
use crate::command::{arkws, finish};
use crate::servers::echo;

/// A proxy that answers this to each request; and then, if that is a tunnel, carries it.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a client");
            thread::spawn(move || tunnel(stream, answer));
        }
    });
    format!("http://{address}")
}

fn tunnel(mut client: TcpStream, answer: &str) {
    let head = read_head(&mut client);
    if client.write_all(answer.as_bytes()).is_err() || !answer.contains(" 200 ") {
        _ = io::copy(&mut client, &mut io::sink());
        return;
    }
    let target = head.split(' ').nth(1).expect("CONNECT, and to where");
    let mut server = TcpStream::connect(target).expect("it listens");
    let (mut from, mut to) = (server.try_clone().expect("a copy"), client.try_clone());
    thread::spawn(move || {
        let to = to.as_mut().expect("a copy");
        _ = io::copy(&mut from, to);
        _ = to.shutdown(std::net::Shutdown::Write);
    });
    _ = io::copy(&mut client, &mut server);
    _ = server.shutdown(std::net::Shutdown::Write);
}

#[test]
fn a_tunnel_leads_to_the_server() {
    let proxy = proxy("HTTP/1.1 200 OK\r\n\r\n");
    let server = echo();
    let found = doctor(&["--proxy", &proxy, &server.url]);
    found.is_good();
    let step = found.step("proxy");
    assert_eq!(step["state"], "ok");
    assert_eq!(step["proxy"], proxy.trim_start_matches("http://"));
}

#[test]
fn a_proxy_wants_to_know_who_asks() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let proxy = proxy(refusal);
    doctor(&["--proxy", &proxy, "ws://a.invalid/"]).is(
        "proxy-authentication",
        "proxy",
        &[
            "asks for a user name and password (407)",
            "--proxy http://user:password@host:port",
        ],
    );
    let wrong = proxy.replace("http://", "http://me:secret@");
    let found = doctor(&["--proxy", &wrong, "ws://a.invalid/"]);
    found.is(
        "proxy-authentication",
        "proxy",
        &["does not accept", "Check the user name"],
    );
    assert!(!found.0.to_string().contains("secret"));
}

#[test]
fn a_proxy_refuses() {
    let proxy = proxy("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    doctor(&["--proxy", &proxy, "ws://a.invalid/"]).is(
        "proxy-refused",
        "proxy",
        &[
            "answered 403 Forbidden to CONNECT a.invalid:80",
            "--no-proxy",
        ],
    );
}

#[test]
fn a_proxy_that_is_none() {
    let port = closed_port();
    let found = doctor(&[
        "--proxy",
        &format!("http://localhost:{port}"),
        "ws://a.invalid/",
    ]);
    found.is(
        "proxy-unreachable",
        "proxy",
        &[
            &format!("The proxy localhost:{port} cannot be connected to"),
            "http_proxy",
        ],
    );
    assert_eq!(found.step("address")["state"], "failed");

    let proxy = proxy("220 mail.test ESMTP\r\n");
    doctor(&["--proxy", &proxy, "ws://a.invalid/"]).is("proxy", "proxy", &["of this kind"]);

    // The limit of a step, and no more, is for what a proxy does behind its TCP connection.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = listener.local_addr().expect("an address").to_string();
    let found = doctor(&["--timeout", "2s", "--proxy", &silent, "ws://a.invalid/"]);
    found.is(
        "proxy",
        "proxy",
        &[&format!("The proxy {silent} does not answer"), "within 2s"],
    );
    drop(listener);
}

#[test]
fn the_proxy_of_the_environment_cannot_be_understood() {
    let child = arkws(&["doctor", "ws://a.invalid/"])
        .env("http_proxy", "ftp://secret")
        .spawn();
    let ran = finish(child.expect("it starts")).with(1);
    assert!(ran.text().contains("Mend http_proxy"), "{}", ran.text());
    assert!(!ran.text().contains("secret"), "{}", ran.text());
}
