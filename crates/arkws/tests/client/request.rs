//! Requests of one connection: what they add to those of their client, and in which forms they
//! come.
use std::time::Duration;

use arkws::http::{self, HeaderMap, HeaderName, HeaderValue, header};
use arkws::{Cause, Client, Error, IntoRequest, Phase, WebSocketUrl};

use crate::{assert_echoes, builder, canned, echo_server, failure, field, listen};

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/// The head that a request has on the wire.
async fn head(client: &Client, request: impl FnOnce(String) -> arkws::RequestBuilder) -> String {
    let (address, mut requests) = canned(|_| REFUSAL.to_owned()).await;
    let error = failure(request(format!("ws://{address}/p")).connect().await);
    assert_eq!(error.cause(), Cause::Handshake, "{error}");
    // The client is still what it was.
    failure(client.connect(format!("ws://{address}/")).await);
    let head = requests.recv().await.unwrap();
    let plain = requests.recv().await.unwrap();
    assert_eq!(field(&plain, "X-Room"), Some("of the client"), "{plain}");
    assert_eq!(field(&plain, "Sec-WebSocket-Protocol"), Some("a, b"));
    assert_eq!(field(&plain, "Authorization"), None);
    head
}

#[tokio::test]
async fn a_request_has_fields_protocols_and_credentials_of_its_own() {
    let client = builder()
        .header(
            http::HeaderName::from_static("x-room"),
            HeaderValue::from_static("of the client"),
        )
        .header(
            header::USER_AGENT,
            HeaderValue::from_static("of the client, too"),
        )
        .protocols(["a", "b"])
        .build()
        .unwrap();

    let more = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("c=1"))]);
    let sent = head(&client, |url| {
        client
            .request(url)
            .header("X-Room", "one")
            .header("x-room", "two")
            .headers(more)
            .protocol("c")
            .protocol("d")
            .basic_auth("me", "secret")
    })
    .await;

    assert!(sent.starts_with("GET /p HTTP/1.1\r\n"), "{sent}");
    let rooms: Vec<&str> = sent
        .lines()
        .filter_map(|line| line.strip_prefix("x-room: "))
        .collect();
    assert_eq!(rooms, ["one", "two"], "{sent}");
    assert_eq!(field(&sent, "User-Agent"), Some("of the client, too"));
    assert_eq!(field(&sent, "Cookie"), Some("c=1"));
    assert_eq!(field(&sent, "Sec-WebSocket-Protocol"), Some("c, d"));
    assert_eq!(field(&sent, "Authorization"), Some("Basic bWU6c2VjcmV0"));

    let sent = head(&client, |url| {
        let url = url.replace("://", "://me:secret@");
        client.request(url).bearer_auth("fresh")
    })
    .await;
    assert_eq!(field(&sent, "Authorization"), Some("Bearer fresh"));
    assert_eq!(field(&sent, "Sec-WebSocket-Protocol"), Some("a, b"));
}

#[tokio::test]
async fn a_url_is_a_request_in_each_form_that_it_has() {
    let address = echo_server().await;
    let text = format!("ws://{address}/");
    let url = WebSocketUrl::parse(&text).unwrap();
    let uri: http::Uri = text.parse().unwrap();
    let client = builder().build().unwrap();

    let all = [
        text.as_str().into_request(),
        (&text).into_request(),
        text.clone().into_request(),
        (&url).into_request(),
        url.clone().into_request(),
        uri.into_request(),
        url::Url::parse(&text).unwrap().into_request(),
    ];
    for request in all {
        let request = request.unwrap();
        assert_eq!(request.url().as_str(), text);
        let (mut socket, _) = client.connect(request).await.unwrap();
        assert_echoes(&mut socket).await;
    }
}

/// What `into_client_request` of other libraries makes, with the fields of the handshake.
#[tokio::test]
async fn a_request_of_http_is_sent_with_its_fields_and_a_key_of_ours() {
    let (address, mut requests) = canned(|_| REFUSAL.to_owned()).await;
    let request = http::Request::get(format!("ws://{address}/p?q"))
        .header("Host", "virtual.example")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "a,b")
        .header("Sec-WebSocket-Protocol", "c")
        .header("X-Room", "one")
        .body(())
        .unwrap();

    failure(builder().build().unwrap().connect(request).await);

    let sent = requests.recv().await.unwrap();
    assert!(sent.starts_with("GET /p?q HTTP/1.1\r\n"), "{sent}");
    assert_eq!(field(&sent, "Host"), Some("virtual.example"));
    assert_eq!(field(&sent, "X-Room"), Some("one"));
    assert_eq!(field(&sent, "Sec-WebSocket-Protocol"), Some("a, b, c"));
    for name in ["Connection", "Upgrade", "Sec-WebSocket-Key"] {
        let lines = sent.lines().filter(|line| line.starts_with(name));
        assert_eq!(lines.count(), 1, "{name}: {sent}");
    }
    assert!(!sent.contains("dGhlIHNhbXBsZSBub25jZQ=="), "{sent}");
}

/// Nobody listens at this address: that is not asked.
#[tokio::test]
async fn what_cannot_be_sent_is_told_before_any_connection() {
    const URL: &str = "ws://127.0.0.1:1/";
    let client = builder().build().unwrap();
    let of_http = |method, name: &str| {
        let request = http::Request::builder().method(method).uri(URL);
        client.request(request.header(name, "x/y").body(()).unwrap())
    };
    for (request, words) in [
        (client.request("http://x/"), "its scheme is http"),
        (client.request(URL).header("a b", "x"), "header name"),
        (client.request(URL).header("a", "secret\n"), "field a"),
        (client.request(URL).bearer_auth("secret\n"), "authorization"),
        (client.request(URL).header("Upgrade", "x"), "upgrade"),
        (client.request(URL).header("Host", "a/b"), "the Host field"),
        (client.request(URL).header("Host", "me:secret@a"), "...@a"),
        (client.request(URL).protocol("a b"), "number 1"),
        (client.request(URL).protocol("a").protocol("a"), "number 2"),
        (of_http("POST", "x"), "POST"),
        (of_http("GET", "Host"), "the Host field"),
        (
            of_http("GET", "Sec-WebSocket-Extensions"),
            "sec-websocket-extensions",
        ),
    ] {
        let error = failure(request.connect().await);

        assert_eq!(error.cause(), Cause::Invalid, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// `http::HeaderMap` would panic at some 24,576.
#[tokio::test]
async fn too_many_header_fields_are_an_error() {
    const URL: &str = "ws://127.0.0.1:1/";
    let name = |number| HeaderName::try_from(format!("x-{number}")).unwrap();
    let fields = |numbers: std::ops::Range<usize>| {
        let fields = numbers.map(|number| (name(number), HeaderValue::from_static("x")));
        HeaderMap::from_iter(fields)
    };
    let is_told = |error: Error| {
        assert_eq!(error.cause(), Cause::Invalid, "{error}");
        let words = "more than 8192 header fields of the program's own cannot be sent";
        assert!(error.to_string().contains(words), "{error}");
    };
    let (one, other) = (fields(0..20_000), fields(20_000..40_000));
    let client = builder().headers(one.clone()).headers(other.clone());
    is_told(client.build().err().unwrap());
    let each = (0..40_000).fold(builder(), |builder, number| {
        builder.header(name(number), HeaderValue::from_static("x"))
    });
    is_told(each.build().err().unwrap());

    let client = builder().headers(fields(0..8000)).build().unwrap();
    let request = client.request(URL).headers(one.clone()).headers(other);
    is_told(failure(request.connect().await));
    let mut request = http::Request::get(URL).body(()).unwrap();
    *request.headers_mut() = one;
    is_told(failure(client.connect(request).await));
    // Those of the client count, too.
    let request = client.request(URL).headers(fields(8000..9000));
    is_told(failure(request.connect().await));
}

#[tokio::test]
async fn the_debug_forms_show_no_secrets() {
    let client = builder().build().unwrap();
    let request = client
        .request("ws://a/?token=secret")
        .bearer_auth("secret")
        .protocol("secret");

    assert!(!format!("{request:?}").contains("secret"), "{request:?}");
    let request = request.into_request().unwrap();
    assert!(!format!("{request:?}").contains("secret"), "{request:?}");
}

#[tokio::test]
async fn the_time_out_of_a_request_holds_in_each_phase() {
    let (_silent, address) = listen().await;
    let client = builder().build().unwrap();
    let limit = Duration::from_millis(50);

    let request = client.request(format!("ws://{address}")).timeout(limit);
    let error = failure(request.connect().await);

    let Error::DialTimeout {
        phase, limit: told, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((phase, told), (Phase::Handshake, limit));
}

/// Each answer comes in time; all of them together do not.
#[tokio::test]
async fn the_time_out_of_a_request_is_for_all_redirects_together() {
    let (address, _requests) = canned(|head| {
        std::thread::sleep(Duration::from_millis(20));
        let path = head.split(' ').nth(1).unwrap_or_default();
        format!("HTTP/1.1 302 Found\r\nLocation: {path}x\r\nContent-Length: 0\r\n\r\n")
    })
    .await;
    let client = builder().max_redirects(1000).build().unwrap();

    let request = client
        .request(format!("ws://{address}/"))
        .timeout(Duration::from_millis(200));
    let error = failure(request.connect().await);

    assert_eq!(error.cause(), Cause::Timeout, "{error}");
}
