//! `connect`: its checks, their order, and where the answers go.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arkws_netstack::{
    AllowList, BusinessError, Cause, ClientCert, ConnectionCause, Header, OpenPolicy, Permission,
    Proxy, ProxyServer, ReadyState, Reconnect, RequestOptions,
};

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server, context, level};

/// The text that the contract has for a code.
fn text(code: i32) -> &'static str {
    match code {
        401 => "Parameter error",
        201 => "Permission denied",
        -1 => "Websocket connect failed",
        2302001 => "Websocket url error",
        2302002 => "Websocket certificate file does not exist",
        2302003 => "Websocket connection already exist",
        2302998 => "It is not allowed to access this domain",
        other => panic!("{other} is not a code of connect"),
    }
}

/// Checks the error of a call, and that an event tells of it, too, if it says so: of all but
/// mistakes in options and a missing permission.
async fn check(client: &mut Client, result: Result<(), BusinessError>, code: i32) -> BusinessError {
    let reported = !matches!(code, 401 | 201);
    check_reported(client, result, code, reported).await
}

/// As [`check`], of a URL: whatever its code, an event reports it.
async fn check_url(
    client: &mut Client,
    result: Result<(), BusinessError>,
    code: i32,
) -> BusinessError {
    let error = check_reported(client, result, code, true).await;
    assert_eq!(error.cause_name(), Some("invalid"));
    error
}

async fn check_reported(
    client: &mut Client,
    result: Result<(), BusinessError>,
    code: i32,
    reported: bool,
) -> BusinessError {
    let error = result.expect_err("connect must fail");
    assert_eq!(error.code, code, "{error}");
    let start = format!("{}: ", text(code));
    assert!(error.message.starts_with(&start), "{error}");
    assert_eq!(error.event_follows, reported, "{error}");
    assert_eq!(error.cause.is_some(), reported, "{error}");
    if reported {
        let event = client.error().await;
        assert_eq!((event.code, event.data.as_deref()), (200, Some("0")));
        assert_eq!(event.message, error.message);
        assert_eq!(event.cause_name(), error.cause_name());
        assert_eq!(client.next().await, Seen::Idle);
    }
    client.assert_silent().await;
    error
}

#[tokio::test]
async fn what_is_no_websocket_url_is_401_before_level_12_and_2302001_from_it() {
    for url in [
        "",
        "hello",
        "123",
        "http://x",
        "https://x/",
        "localhost:80",
        "ws//x",
        "ws://x:99999",
        "ws://x:port",
        "ws://[::1",
        "ws://a b/",
    ] {
        for (api, code) in [(10, 401), (11, 401), (12, 2302001), (26, 2302001)] {
            let mut client = Client::at(level(api));
            let result = client.connect(url);
            let error = check_url(&mut client, result, code).await;
            assert!(error.message.contains(url), "{error}");
            assert_eq!(client.socket.ready_state(), ReadyState::Closed);
        }
    }
}

#[tokio::test]
async fn a_url_without_a_host_is_minus_one_and_an_error_event() {
    for url in ["ws://", "wss://", "ws://:80", "ws://?query", "WS://"] {
        for api in [10, 26] {
            let mut client = Client::at(level(api));
            let result = client.connect(url);
            check_url(&mut client, result, -1).await;
        }
    }
}

#[tokio::test]
async fn urls_may_be_1024_then_2048_then_8196_characters_long() {
    let server = Server::start().await;
    for (api, limit, code) in [
        (10, 1024, 401),
        (12, 1024, 2302001),
        (14, 1024, 2302001),
        (15, 2048, 2302001),
        (25, 2048, 2302001),
        (26, 8196, 2302001),
    ] {
        let mut client = Client::at(level(api));
        let url = |length: usize| {
            let base = server.url();
            // Characters, not bytes.
            format!("{base}{}", "ä".repeat(length - base.len()))
        };
        let result = client.connect(url(limit + 1));
        let error = check_url(&mut client, result, code).await;
        assert!(error.message.contains(&limit.to_string()), "{error}");

        client.connect(url(limit)).unwrap();
        client.close().unwrap();
        client.rest().await;
    }
}

#[tokio::test]
async fn headers_that_cannot_be_sent_are_401_and_say_why() {
    for (name, value, why) in [
        ("x-a", "one\r\nX-Evil: two", "line break"),
        ("x-a", "one\ntwo", "line break"),
        ("x-a", "nul\0", "NUL"),
        ("x a", "v", "token"),
        ("x:a", "v", "token"),
        ("x\r\na", "v", "token"),
        ("ä", "v", "token"),
        ("", "v", "token"),
        ("Host", "a.example/path", "Host field"),
        ("host", "me@a.example", "Host field"),
        ("Upgrade", "h2c", "handshake"),
        ("Connection", "close", "handshake"),
        ("Sec-WebSocket-Key", "x", "handshake"),
        ("sec-websocket-version", "8", "handshake"),
        ("Sec-WebSocket-Extensions", "x", "handshake"),
        ("Sec-WebSocket-Accept", "x", "handshake"),
        ("Sec-WebSocket-Protocol", "two words", "token"),
    ] {
        let mut client = Client::at(level(26));
        let options = RequestOptions {
            headers: vec![Header {
                name: name.into(),
                value: value.into(),
            }],
            ..without_proxy()
        };
        let result = client.socket.connect("ws://127.0.0.1:9", options);
        let error = check(&mut client, result, 401).await;
        assert!(error.message.contains(why), "{name:?}: {error}");
        assert!(!error.message.contains(['\r', '\n', '\0']), "{error:?}");
    }
}

/// A map of fields holds some 24,000, and panics where there are more.
#[tokio::test]
async fn more_headers_than_any_server_reads_are_401() {
    let header = |nth| Header {
        name: format!("x-{nth}"),
        value: "v".into(),
    };
    for count in [8193, 30_000] {
        let mut client = Client::at(level(26));
        let options = RequestOptions {
            headers: (0..count).map(header).collect(),
            ..without_proxy()
        };
        let result = client.socket.connect("ws://127.0.0.1:9", options);
        let error = check(&mut client, result, 401).await;
        assert!(error.message.contains("8192 are allowed"), "{error}");
    }
}

#[tokio::test]
async fn a_sub_protocol_that_is_no_token_and_a_proxy_that_is_no_address_are_401() {
    let mut client = Client::at(level(26));
    let protocol = RequestOptions {
        protocol: "good, bad one".into(),
        ..without_proxy()
    };
    let proxy = RequestOptions {
        proxy: Proxy::Server(ProxyServer {
            host: "not a host".to_owned().into(),
            port: 1.0,
            ..ProxyServer::default()
        }),
        ..without_proxy()
    };
    for options in [protocol, proxy] {
        let result = client.socket.connect("ws://127.0.0.1:9", options);
        check(&mut client, result, 401).await;
    }
}

#[tokio::test]
async fn files_that_do_not_exist_are_2302002_also_for_ws() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let nowhere = PathBuf::from("/no/such/file.pem");
    let cert = |cert_path: &PathBuf, key_path: &PathBuf| {
        Some(ClientCert {
            cert_path: cert_path.clone(),
            key_path: key_path.clone(),
            key_password: String::new().into(),
        })
    };
    for (ca_path, client_cert, option) in [
        (Some(nowhere.clone()), None, "caPath"),
        (None, cert(&nowhere, &here), "certPath"),
        (None, cert(&here, &nowhere), "keyPath"),
        (None, cert(&here, &PathBuf::new()), "keyPath"),
    ] {
        let mut client = Client::new();
        let options = RequestOptions {
            ca_path,
            client_cert,
            ..without_proxy()
        };
        let result = client.socket.connect("ws://127.0.0.1:9", options);
        let error = check(&mut client, result, 2302002).await;
        assert!(error.message.contains(option), "{error}");
    }
}

#[tokio::test]
async fn empty_paths_mean_the_defaults() {
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        ca_path: Some(PathBuf::new()),
        client_cert: Some(ClientCert {
            key_path: "/no/such/file".into(),
            ..ClientCert::default()
        }),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let _peer = server.accept().await;
    client.next().await;
}

#[tokio::test]
async fn a_second_connect_is_2302003_and_does_not_touch_the_first() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();

    // Connecting.
    let error = client.connect(server.url()).unwrap_err();
    assert_eq!(error.code, 2302003);
    let mut peer = server.accept().await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(client.next().await);
    }
    // Its error event comes among the first's events.
    let is_error = |seen: &Seen| matches!(seen, Seen::Error(error) if error.code == 200);
    assert_eq!(seen.iter().filter(|seen| is_error(seen)).count(), 1);
    assert!(seen.contains(&Seen::Idle));

    // Open; the URL does not matter yet.
    let result = client.connect("hello");
    check(&mut client, result, 2302003).await;
    // Closing.
    client.close().unwrap();
    let result = client.connect(server.url());
    check(&mut client, result, 2302003).await;

    while peer.recv().await.is_some() {}
    assert_eq!(client.rest().await, [Seen::Close(1000, "".into())]);
    client.connect(server.url()).unwrap();
}

#[tokio::test]
async fn without_the_permission_every_call_is_201_and_says_why() {
    let context = context(level(26));
    let mut client = Client::with(context.clone());
    let why = "ohos.permission.INTERNET is not requested";
    let denied = Permission::new(Err(why.into()), Arc::new(OpenPolicy));
    // The policy may be set when objects exist already.
    context.set_policy(Arc::new(denied));

    let result = client.connect("hello");
    let error = check(&mut client, result, 201).await;
    assert_eq!(error.message, format!("Permission denied: {why}"));
    assert_eq!(client.send("x").unwrap_err().code, 201);
    assert_eq!(client.close().unwrap_err().code, 201);

    context.set_policy(Arc::new(OpenPolicy));
    assert_eq!(client.send("x").unwrap_err().code, -1);
}

#[tokio::test]
async fn hosts_that_are_not_in_the_allow_list_are_2302998() {
    let server = Server::start().await;
    let context = context(level(26));
    let list = AllowList::new(["127.0.0.1"], Arc::new(OpenPolicy)).unwrap();
    context.set_policy(Arc::new(list));
    let mut client = Client::with(context);

    let result = client.connect("ws://localhost:1");
    let error = check(&mut client, result, 2302998).await;
    assert!(error.message.contains("ws://localhost:1"), "{error}");
    client.connect(server.url()).unwrap();
}

#[tokio::test]
async fn a_redirect_does_not_lead_around_the_allow_list() {
    let server = Server::start().await;
    let context = context(level(26));
    let list = AllowList::new([server.address().to_string()], Arc::new(OpenPolicy)).unwrap();
    context.set_policy(Arc::new(list));
    let mut client = Client::with(context);
    client.connect(server.url()).unwrap();

    let elsewhere = "HTTP/1.1 302 Found\r\nLocation: ws://localhost:1/\r\n\r\n";
    server.answer(elsewhere).await;

    let error = client.error().await;
    assert_eq!(error.cause_name(), Some("redirect"));
    assert!(error.message.contains("ws://localhost:1"), "{error}");
}

#[tokio::test]
async fn checks_are_made_in_the_platforms_order() {
    let context = context(level(26));
    let mut client = Client::with(context.clone());
    let file = RequestOptions {
        ca_path: Some("/no/such/file".into()),
        ..without_proxy()
    };
    let header_and_file = RequestOptions {
        headers: vec![Header {
            name: "bad name".into(),
            value: "x".into(),
        }],
        ..file.clone()
    };
    let nowhere = AllowList::new([] as [&str; 0], Arc::new(OpenPolicy)).unwrap();
    let nothing = Permission::new(Err("no".into()), Arc::new(nowhere.clone()));

    // Everything is wrong; one thing after the other is put right.
    context.set_policy(Arc::new(nothing));
    let result = client.socket.connect("ws://x:1/", header_and_file.clone());
    check(&mut client, result, 201).await;
    context.set_policy(Arc::new(nowhere));
    let result = client.socket.connect("ws://x:1/", header_and_file.clone());
    check(&mut client, result, 2302998).await;
    context.set_policy(Arc::new(OpenPolicy));
    let result = client.socket.connect("hello", header_and_file.clone());
    check(&mut client, result, 401).await;
    let result = client.socket.connect("hello", file.clone());
    check(&mut client, result, 2302002).await;

    let server = Server::start().await;
    let _peer = client.open_to(&server).await;
    let result = client.socket.connect("hello", file.clone());
    check(&mut client, result, 2302002).await;
    let result = client.socket.connect("hello", without_proxy());
    check(&mut client, result, 2302003).await;
}

#[tokio::test]
async fn the_level_is_the_one_the_object_was_made_with() {
    let context = context(level(10));
    let mut old = Client::with(context.clone());
    let mut new = Client::with(context.with_level(level(26)));
    let result = old.connect("hello");
    check_url(&mut old, result, 401).await;
    let result = new.connect("hello");
    check_url(&mut new, result, 2302001).await;
}

#[tokio::test]
async fn limits_that_would_let_nothing_through_are_401() {
    type Mistake = fn(&mut RequestOptions);
    let mistakes: [(&str, Mistake); 6] = [
        ("connectTimeout", |it| {
            it.connect_timeout = Some(Duration::ZERO)
        }),
        ("handshakeTimeout", |it| {
            it.handshake_timeout = Some(Duration::ZERO)
        }),
        ("maxHeaderBytes", |it| it.max_header_bytes = Some(0)),
        ("maxHeaders", |it| it.max_headers = Some(0)),
        ("maxMessageSize", |it| it.max_message_size = Some(0)),
        ("maxFragments", |it| it.max_fragments = Some(0)),
    ];
    for (name, make) in mistakes {
        let mut options = without_proxy();
        make(&mut options);
        let mut client = Client::new();
        let result = client.socket.connect("ws://127.0.0.1:1", options);
        let error = check(&mut client, result, 401).await;
        let words = format!("Parameter error: {name} is not a number over 0");
        assert_eq!(error.message, words);
    }
}

#[tokio::test]
async fn ways_to_reconnect_that_make_no_sense_are_401() {
    let never = Reconnect {
        retry_on: vec![ConnectionCause::Dns.into(), Cause::Flood],
        ..Reconnect::default()
    };
    let backwards = Reconnect {
        factor: -2.0,
        ..Reconnect::default()
    };
    for (reconnect, words) in [(never, "\"flood\""), (backwards, "factor is not")] {
        let mut client = Client::new();
        let options = RequestOptions {
            reconnect: Some(reconnect),
            ..without_proxy()
        };
        let result = client.socket.connect("ws://127.0.0.1:1", options);
        let error = check(&mut client, result, 401).await;
        assert!(error.message.contains(words), "{error}");
    }
}
