//! What goes to the server.
use arkws_netstack::{Header, RequestOptions};

use crate::connect::without_proxy;
use crate::support::{Client, Server, field};

/// The request that a connect with these options makes.
async fn request(server: &Server, url: &str, options: RequestOptions) -> String {
    let client = Client::new();
    client.socket.connect(url, options).unwrap();
    let (_, request) = server.answer("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    request
}

fn headers(fields: &[(&str, &str)]) -> RequestOptions {
    RequestOptions {
        headers: fields
            .iter()
            .map(|&(name, value)| Header {
                name: name.into(),
                value: value.into(),
            })
            .collect(),
        ..without_proxy()
    }
}

#[tokio::test]
async fn the_request_is_a_handshake_with_host_and_origin() {
    let server = Server::start().await;
    let address = server.address();
    let request = request(&server, &server.url(), without_proxy()).await;

    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{request}");
    assert_eq!(field(&request, "host"), Some(&*address.to_string()));
    // Origin has no port, as on the platform.
    assert_eq!(field(&request, "origin"), Some("http://127.0.0.1"));
    assert_eq!(field(&request, "upgrade"), Some("websocket"));
    assert_eq!(field(&request, "connection"), Some("Upgrade"));
    assert_eq!(field(&request, "sec-websocket-version"), Some("13"));
    assert_eq!(field(&request, "sec-websocket-protocol"), None);
    assert_eq!(field(&request, "sec-websocket-extensions"), None);
    assert!(field(&request, "user-agent").unwrap().starts_with("arkws/"));
}

#[tokio::test]
async fn origin_has_a_port_if_asked_for() {
    let server = Server::start().await;
    let options = RequestOptions {
        support_origin_port: true,
        ..without_proxy()
    };
    let request = request(&server, &server.url(), options).await;
    let origin = format!("http://{}", server.address());
    assert_eq!(field(&request, "origin"), Some(&*origin));
}

#[tokio::test]
async fn the_target_goes_by_the_rules_for_urls() {
    let server = Server::start().await;
    let base = server.address();
    for (rest, target) in [
        ("", "/"),
        ("?q=1", "/?q=1"),
        ("/a/../b c/ä?ö=1#fragment", "/b%20c/%C3%A4?%C3%B6=1"),
        ("//double", "//double"),
    ] {
        let request = request(&server, &format!("WS://{base}{rest}"), without_proxy()).await;
        let line = request.lines().next().unwrap();
        assert_eq!(line, format!("GET {target} HTTP/1.1"), "{rest}");
    }
}

#[tokio::test]
async fn user_information_becomes_basic_authorization() {
    let server = Server::start().await;
    let url = format!("ws://user:pa%20ss@{}/", server.address());
    let request = request(&server, &url, without_proxy()).await;
    assert_eq!(
        field(&request, "authorization"),
        Some("Basic dXNlcjpwYSBzcw==")
    );
}

#[tokio::test]
async fn the_programs_fields_are_added_or_replace_ours() {
    let server = Server::start().await;
    let request = request(
        &server,
        &server.url(),
        headers(&[
            ("X-Token", "t\u{e9}"),
            ("Host", "virtual.test"),
            ("ORIGIN", "https://page.test:8443"),
            ("User-Agent", "mine"),
            ("X-Empty", ""),
            ("Cookie", "a=1"),
        ]),
    )
    .await;
    assert_eq!(field(&request, "x-token"), Some("t\u{e9}"));
    assert_eq!(field(&request, "host"), Some("virtual.test"));
    assert_eq!(field(&request, "origin"), Some("https://page.test:8443"));
    assert_eq!(field(&request, "user-agent"), Some("mine"));
    assert_eq!(field(&request, "x-empty"), None);
    assert_eq!(field(&request, "cookie"), Some("a=1"));
}

#[tokio::test]
async fn sub_protocols_from_the_option_and_from_the_header_are_one_list() {
    let server = Server::start().await;
    let options = RequestOptions {
        protocol: "a, b,".into(),
        ..headers(&[("Sec-WebSocket-Protocol", "b,c")])
    };
    let request = request(&server, &server.url(), options).await;
    let list = field(&request, "sec-websocket-protocol").unwrap();
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    assert_eq!(names, ["a", "b", "c"]);
}
