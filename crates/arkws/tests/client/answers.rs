//! What servers answer, and what becomes of it.
use arkws::http::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use arkws::{Cause, Client, DeflateConfig, Error, HandshakeError, Message};
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use crate::{
    assert_echoes, builder, canned, echo_server, failure, failure_at, field, finish, listen,
    read_head,
};

#[tokio::test]
async fn a_connection_carries_messages_and_knows_its_peer() {
    let address = echo_server().await;

    let (mut socket, response) = builder()
        .build()
        .unwrap()
        .connect(&format!("ws://{address}/"))
        .await
        .unwrap();

    assert_eq!(response.status, 101);
    assert_eq!(response.reason, "Switching Protocols");
    assert_eq!(socket.get_ref().peer_addr().unwrap(), address);
    assert_eq!(socket.get_ref().tls_version(), None);
    assert_echoes(&mut socket).await;
    assert_eq!(socket.close(None).await.unwrap(), None);
}

#[tokio::test]
async fn a_name_with_several_addresses_leads_to_the_one_that_listens() {
    let address = echo_server().await;

    let client = builder().build().unwrap();
    let (mut socket, _) = client
        .connect(&format!("ws://localhost:{}/", address.port()))
        .await
        .unwrap();

    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn the_request_has_the_urls_path_and_credentials_and_the_users_headers() {
    let (address, mut requests) = canned(|_| "HTTP/1.1 403 Forbidden\r\n\r\n".into()).await;
    let client = builder()
        .header(ORIGIN, HeaderValue::from_static("https://app.example"))
        .protocols(["a", "b"])
        .deflate(DeflateConfig::default())
        .build()
        .unwrap();

    failure(
        client
            .connect(&format!("ws://me:pass@{address}/p q?x=1#fragment"))
            .await,
    );

    let request = requests.recv().await.unwrap();
    assert!(
        request.starts_with("GET /p%20q?x=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(field(&request, "Host"), Some(address.to_string().as_str()));
    assert_eq!(field(&request, "Authorization"), Some("Basic bWU6cGFzcw=="));
    assert_eq!(field(&request, "Origin"), Some("https://app.example"));
    assert_eq!(field(&request, "Sec-WebSocket-Protocol"), Some("a, b"));
    assert!(
        field(&request, "Sec-WebSocket-Extensions")
            .unwrap()
            .starts_with("permessage-deflate")
    );
}

#[tokio::test]
async fn headers_of_the_user_win_over_those_of_the_url() {
    let (address, mut requests) = canned(|_| "HTTP/1.1 403 Forbidden\r\n\r\n".into()).await;
    let client = builder()
        .header(HOST, HeaderValue::from_static("virtual.example"))
        .header(AUTHORIZATION, HeaderValue::from_static("Bearer token"))
        .build()
        .unwrap();

    failure(client.connect(&format!("ws://me:pass@{address}/")).await);

    let request = requests.recv().await.unwrap();
    assert_eq!(field(&request, "Host"), Some("virtual.example"));
    assert_eq!(field(&request, "Authorization"), Some("Bearer token"));
    assert_eq!(request.matches("uthorization").count(), 1);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_any_connection() {
    let upgrade = builder()
        .header(
            arkws::http::header::UPGRADE,
            HeaderValue::from_static("h2c"),
        )
        .build();
    let protocol = builder().protocols(["a b"]).build();
    let window = builder()
        .deflate(DeflateConfig {
            client_max_window_bits: 7,
            ..DeflateConfig::default()
        })
        .build();

    for (result, words) in [
        (upgrade, "upgrade"),
        (protocol, "number 1"),
        (window, "not 7"),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.cause(), Cause::Invalid, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_connected_to_says_why() {
    let client = builder().build().unwrap();
    for (url, words) in [
        ("", "is not a URL"),
        ("hello", "is not a URL"),
        ("http://x", "its scheme is http, not ws or wss"),
        ("ws://", "has no host"),
        ("ws://a:99999", "has a port that is not a number"),
    ] {
        let error = failure(client.connect(url).await);

        assert_eq!(error.cause(), Cause::Invalid, "{url}");
        assert!(error.to_string().contains(words), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_refused() {
    let (listener, address) = listen().await;
    drop(listener);

    let error = failure_at(&format!("ws://{address}")).await;

    assert_eq!(error.cause(), Cause::Refused);
    assert_eq!(error.to_string(), format!("{address}: connection refused"));
}

/// RFC 6761, 6.4: names under `.invalid` never resolve.
#[tokio::test]
async fn a_name_that_does_not_exist_does_not_resolve() {
    let error = failure_at("ws://nobody.invalid/").await;

    assert_eq!(error.cause(), Cause::Dns, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("nobody.invalid does not resolve: "),
        "{error}"
    );
}

#[tokio::test]
async fn every_other_status_is_a_refusal_with_its_headers() {
    for status in [200, 400, 401, 403, 404, 407, 429, 500, 503] {
        let answer =
            format!("HTTP/1.1 {status} Whatever\r\nX-Why: because\r\nContent-Length: 2\r\n\r\nno");
        let (address, _requests) = canned(move |_| answer.clone()).await;

        let error = failure_at(&format!("ws://{address}")).await;

        assert_eq!(error.cause(), Cause::Handshake);
        let Error::Handshake(HandshakeError::Refused(response)) = error else {
            panic!("{error}")
        };
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["x-why"], "because");
        assert_eq!(&response.body()[..], b"no");
    }
}

async fn refusal_body(address: std::net::SocketAddr) -> Vec<u8> {
    let client = builder().build().unwrap();
    let error = failure(client.connect(format!("ws://{address}")).await);
    let Error::Handshake(HandshakeError::Refused(response)) = error else {
        panic!("{error}")
    };
    response.into_body().into_bytes()
}

#[tokio::test]
async fn the_body_of_a_refusal_is_kept_up_to_its_limit_and_without_its_chunks() {
    let chunked = "HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\n\r\n\
                   9\r\n{\"limit\":\r\n3\r\n10}\r\n0\r\n\r\n";
    let (address, _requests) = canned(|_| chunked.to_owned()).await;
    assert_eq!(refusal_body(address).await, b"{\"limit\":10}");

    let (address, _requests) =
        canned(|_| format!("HTTP/1.1 401 Who\r\n\r\n{}", "x".repeat(100_000))).await;
    assert_eq!(refusal_body(address).await.len(), Client::MAX_REFUSAL_BODY);
}

/// What has come by then is told.
#[tokio::test]
async fn the_body_of_a_refusal_is_not_waited_for_for_ever() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\nso far";
        stream.write_all(answer).await.unwrap();
        // Until the client gives up.
        read_head(&mut stream).await;
    });

    assert_eq!(refusal_body(address).await, b"so far");
}

#[tokio::test]
async fn an_answer_without_the_right_proof_fails() {
    let (address, _requests) = canned(|_| {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            .into()
    })
    .await;

    let error = failure_at(&format!("ws://{address}")).await;

    assert_eq!(error.cause(), Cause::Handshake);
    assert!(
        error
            .to_string()
            .contains("Sec-WebSocket-Accept does not match"),
        "{error}"
    );
}

#[tokio::test]
async fn garbage_fails_the_handshake() {
    for garbage in [
        "\u{0}\u{1}\u{2}\u{3}",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "<html>\r\n\r\n",
        "220 mail ready\r\n",
    ] {
        let (address, _requests) = canned(|_| garbage.to_owned()).await;

        let error = failure_at(&format!("ws://{address}")).await;

        assert_eq!(error.cause(), Cause::Handshake, "{garbage:?}: {error}");
        assert!(error.to_string().contains("HTTP"), "{garbage:?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_fails_at_the_limit() {
    let (address, _requests) =
        canned(|_| format!("HTTP/1.1 101 S\r\nX: {}", "y".repeat(100_000))).await;

    let error = failure_at(&format!("ws://{address}")).await;

    assert!(
        error
            .to_string()
            .contains("larger than the limit of 16384 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_ends_the_connection_instead_of_answering_is_named() {
    for half in ["", "HTTP/1.1 101 Switching"] {
        let (address, _requests) = canned(|_| half.to_owned()).await;

        let error = failure_at(&format!("ws://{address}")).await;

        assert_eq!(error.cause(), Cause::Reset, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("{address} ended the connection before")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_resets_the_connection_is_named() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        socket2::SockRef::from(&stream)
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
    });

    let error = failure_at(&format!("ws://{address}")).await;

    assert_eq!(error.cause(), Cause::Reset, "{error}");
}

#[tokio::test]
async fn frames_that_come_with_the_answer_are_not_lost() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // The server's side of one handshake, with a frame put behind its answer in the same write.
        let (client_end, server_end) = tokio::io::duplex(1 << 16);
        let (mut from_client, mut to_client) = stream.into_split();
        let accepting = tokio::spawn(arkws::accept(server_end));
        let (mut from_server, mut to_server) = tokio::io::split(client_end);
        let request = read_head(&mut from_client).await;
        to_server.write_all(request.as_bytes()).await.unwrap();
        let mut answer = read_head(&mut from_server).await.into_bytes();
        answer.extend_from_slice(b"\x81\x05early");
        to_client.write_all(&answer).await.unwrap();
        let _open = (accepting.await, from_client, to_client);
        std::future::pending::<()>().await;
    });

    let (mut socket, _) = builder()
        .build()
        .unwrap()
        .connect(&format!("ws://{address}"))
        .await
        .unwrap();

    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::Text("early".into())
    );
}

#[tokio::test]
async fn an_answer_byte_by_byte_is_an_answer() {
    let (listener, address) = listen().await;
    let (client_end, server_end) = tokio::io::duplex(1 << 16);
    tokio::spawn(crate::echo(server_end));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut from_client, mut to_client) = stream.into_split();
        let (mut from_server, mut to_server) = tokio::io::split(client_end);
        tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let answer = read_head(&mut from_server).await;
        for byte in answer.as_bytes() {
            to_client.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });

    let (mut socket, _) = builder()
        .build()
        .unwrap()
        .connect(&format!("ws://{address}"))
        .await
        .unwrap();

    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_client_can_connect_over_any_stream() {
    let (client_end, server_end) = tokio::io::duplex(1 << 16);
    tokio::spawn(crate::echo(server_end));

    let (mut socket, _) = Client::builder()
        .build()
        .unwrap()
        .connect_over("ws://unix/", client_end)
        .await
        .unwrap();

    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_refusal_is_read_even_if_the_server_did_not_read_the_request() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 503 Busy\r\n\r\n").await;
            finish(stream).await;
        }
    });

    let error = failure_at(&format!("ws://{address}")).await;

    assert!(
        error.to_string().contains("503 Service Unavailable"),
        "{error}"
    );
}
