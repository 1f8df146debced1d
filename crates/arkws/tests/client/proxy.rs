//! Tunnels through proxies, good and bad ones.
use std::net::SocketAddr;

use arkws::{Cause, Error, Proxy, ProxyError, ProxyServer, Transport, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::{assert_echoes, builder, canned, echo_server, failure, field, listen, read_head};

type Connected = Result<(WebSocket<Transport>, arkws::ClientResponse), Error>;

async fn through(proxy: &str, url: &str) -> Connected {
    let server = ProxyServer::parse(proxy, None).unwrap();
    builder()
        .proxy(Proxy::Server(server))
        .build()
        .unwrap()
        .connect(url)
        .await
}

/// An HTTP proxy that connects to where it is asked to.
async fn http_proxy() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (listener, address) = listen().await;
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let head = read_head(&mut client).await;
            let target = head.split(' ').nth(1).unwrap().to_owned();
            requests.send(head).unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(target).await.unwrap();
                client
                    .write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
                    .await
                    .unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, received)
}

/// What a SOCKS proxy was asked for: user name and password, if any; address type and target.
type SocksRequest = (Option<(String, String)>, u8, String);

/// A SOCKS 5 proxy that connects to where it is asked to, and answers with `reply`.
async fn socks_proxy(
    with_password: bool,
    reply: u8,
) -> (SocketAddr, mpsc::UnboundedReceiver<SocksRequest>) {
    let (listener, address) = listen().await;
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let Some((request, port)) = socks_request(&mut client, with_password).await else {
                continue;
            };
            let target = format!(
                "{}:{port}",
                if request.1 == 3 {
                    "127.0.0.1"
                } else {
                    request.2.as_str()
                }
            );
            requests.send(request).unwrap();
            let server = match reply {
                0 => TcpStream::connect(target).await.map_err(|_| REFUSED),
                refused => Err(refused),
            };
            let reply = server.as_ref().err().copied().unwrap_or(0);
            client
                .write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            if let Ok(mut server) = server {
                tokio::spawn(async move {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        }
    });
    (address, received)
}

/// RFC 1928, 6: connection refused.
const REFUSED: u8 = 5;

/// RFC 1928 and RFC 1929, the proxy's side. `None`: the client has been turned away.
async fn socks_request(client: &mut TcpStream, with_password: bool) -> Option<(SocksRequest, u16)> {
    assert_eq!(client.read_u8().await.unwrap(), 5);
    let methods = read_string(client).await.into_bytes();
    let mut credentials = None;
    if with_password {
        if !methods.contains(&2) {
            client.write_all(&[5, 0xff]).await.unwrap();
            return None;
        }
        client.write_all(&[5, 2]).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 1);
        let pair = (read_string(client).await, read_string(client).await);
        let good = pair == ("user".to_owned(), "pass".to_owned());
        client.write_all(&[1, u8::from(!good)]).await.unwrap();
        if !good {
            return None;
        }
        credentials = Some(pair);
    } else {
        client.write_all(&[5, 0]).await.unwrap();
    }
    let mut head = [0; 4];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(head[..3], [5, 1, 0]);
    let target = match head[3] {
        1 => {
            let mut ip = [0; 4];
            client.read_exact(&mut ip).await.unwrap();
            std::net::Ipv4Addr::from(ip).to_string()
        }
        3 => read_string(client).await,
        4 => {
            let mut ip = [0; 16];
            client.read_exact(&mut ip).await.unwrap();
            format!("[{}]", std::net::Ipv6Addr::from(ip))
        }
        other => panic!("address type {other}"),
    };
    let port = client.read_u16().await.unwrap();
    Some(((credentials, head[3], target), port))
}

async fn read_string(client: &mut TcpStream) -> String {
    let mut text = vec![0; client.read_u8().await.unwrap().into()];
    client.read_exact(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn http_connect_opens_a_tunnel() {
    let server = echo_server().await;
    let (proxy, mut requests) = http_proxy().await;

    let (mut socket, _) = through(&format!("http://{proxy}"), &format!("ws://{server}/"))
        .await
        .unwrap();

    assert_echoes(&mut socket).await;
    assert_eq!(socket.get_ref().peer_addr().unwrap(), proxy);
    let request = requests.recv().await.unwrap();
    assert_eq!(
        request,
        format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n")
    );
}

#[tokio::test]
async fn http_connect_sends_the_name_and_the_credentials() {
    let server = echo_server().await;
    let (proxy, mut requests) = http_proxy().await;

    let url = format!("ws://localhost:{}/", server.port());
    let (mut socket, _) = through(&format!("me:p%40ss@{proxy}"), &url).await.unwrap();

    assert_echoes(&mut socket).await;
    let request = requests.recv().await.unwrap();
    assert!(
        request.starts_with(&format!("CONNECT localhost:{} HTTP/1.1\r\n", server.port())),
        "{request}"
    );
    assert_eq!(
        field(&request, "Proxy-Authorization"),
        Some("Basic bWU6cEBzcw==")
    );
}

#[tokio::test]
async fn socks_opens_a_tunnel_and_resolves_names_where_it_is_told_to() {
    let server = echo_server().await;
    for (scheme, host, types, targets) in [
        ("socks5h", "localhost", &[3][..], &["localhost"][..]),
        ("socks5", "localhost", &[1, 4], &["127.0.0.1", "[::1]"]),
        ("socks5", "127.0.0.1", &[1], &["127.0.0.1"]),
        ("socks5h", "127.0.0.1", &[1], &["127.0.0.1"]),
    ] {
        let (proxy, mut requests) = socks_proxy(false, 0).await;

        let connected = through(
            &format!("{scheme}://{proxy}"),
            &format!("ws://{host}:{}/", server.port()),
        )
        .await;

        let (credentials, kind, target) = requests.recv().await.unwrap();
        assert_eq!(credentials, None);
        assert!(
            types.contains(&kind) && targets.contains(&target.as_str()),
            "{scheme} {host}: {target}"
        );
        // The server listens on 127.0.0.1 only: where [::1] is first, it is asked for next.
        assert_echoes(&mut connected.unwrap().0).await;
        if kind == 4 {
            assert_eq!(requests.recv().await.unwrap().2, "127.0.0.1");
        }
    }
}

#[tokio::test]
async fn socks_sends_user_name_and_password() {
    let server = echo_server().await;
    let (proxy, mut requests) = socks_proxy(true, 0).await;

    let (mut socket, _) = through(
        &format!("socks5://user:pass@{proxy}"),
        &format!("ws://{server}/"),
    )
    .await
    .unwrap();

    assert_echoes(&mut socket).await;
    assert_eq!(
        requests.recv().await.unwrap().0,
        Some(("user".into(), "pass".into()))
    );
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_says_so() {
    let (http, _requests) =
        canned(|_| "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n".into()).await;
    let (tinyproxy, _requests) = canned(|_| "HTTP/1.1 401 No\r\n\r\n".into()).await;
    let (socks, _) = socks_proxy(true, 0).await;
    for (address, words) in [
        (
            format!("http://{http}"),
            "asks for a user name and password",
        ),
        (
            format!("http://a:b@{http}"),
            "does not accept the user name and password",
        ),
        (
            format!("http://a:b@{tinyproxy}"),
            "does not accept the user name and password",
        ),
        (
            format!("socks5://{socks}"),
            "asks for a user name and password",
        ),
        (
            format!("socks5://user:wrong@{socks}"),
            "does not accept the user name and password",
        ),
    ] {
        let error = failure(through(&address, "ws://127.0.0.1:1/").await);

        assert_eq!(error.cause(), Cause::Proxy);
        assert!(
            matches!(error, Error::Proxy(ProxyError::Authentication { .. })),
            "{error:?}"
        );
        assert!(error.to_string().ends_with(words), "{address}: {error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_with_its_words() {
    let (http, _requests) = canned(|_| "HTTP/1.1 403 Filtered\r\n\r\n".into()).await;
    let error = failure(through(&format!("http://{http}"), "ws://127.0.0.1:1/").await);
    assert_eq!(
        error.to_string(),
        format!("the proxy {http} answered 403 Forbidden to CONNECT 127.0.0.1:1")
    );

    for (reply, words) in [
        (1, "general socks server failure"),
        (2, "connection not allowed by ruleset"),
        (4, "host unreachable"),
        (5, "connection refused"),
        (8, "address type not supported"),
    ] {
        let (socks, _requests) = socks_proxy(false, reply).await;
        let error = failure(through(&format!("socks5://{socks}"), "ws://127.0.0.1:1/").await);
        assert_eq!(error.cause(), Cause::Proxy);
        assert_eq!(
            error.to_string(),
            format!("the proxy {socks} cannot connect to 127.0.0.1:1: {words}")
        );
    }
}

#[tokio::test]
async fn a_proxy_that_lies_or_vanishes_is_an_error() {
    for (answer, words) in [
        ("", "was lost"),
        ("HTTP/1.1 200", "was lost"),
        ("SSH-2.0-x\r\n", "misbehaves"),
        ("\u{5}\u{0}", "misbehaves"),
        (
            "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 S\r\n\r\n",
            "sends data before the tunnel is used",
        ),
        ("HTTP/1.1 000 OK\r\n\r\n", "the status is out of range"),
    ] {
        let (proxy, _requests) = canned(move |_| answer.to_owned()).await;

        let error = failure(through(&format!("http://{proxy}"), "ws://127.0.0.1:1/").await);

        assert_eq!(error.cause(), Cause::Proxy, "{answer:?}");
        assert!(error.to_string().contains(words), "{answer:?}: {error}");
        assert!(error.to_string().contains(&proxy.to_string()), "{error}");
    }
    let (endless, _requests) =
        canned(|_| format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(100_000))).await;
    let error = failure(through(&format!("http://{endless}"), "ws://127.0.0.1:1/").await);
    assert!(
        error
            .to_string()
            .contains("larger than the limit of 16384 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_socks_proxy_that_is_none_is_an_error() {
    let (listener, proxy) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            crate::finish(stream).await;
        }
    });

    let error = failure(through(&format!("socks5://{proxy}"), "ws://127.0.0.1:1/").await);

    assert!(
        error.to_string().contains("does not answer with SOCKS 5"),
        "{error}"
    );
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_not_bypassed() {
    let server = echo_server().await;
    let (listener, proxy) = listen().await;
    drop(listener);

    let error = failure(through(&format!("http://{proxy}"), &format!("ws://{server}/")).await);
    assert_eq!(error.cause(), Cause::Proxy);
    assert_eq!(
        error.to_string(),
        format!("the proxy cannot be connected to: {proxy}: connection refused")
    );

    let error = failure(through("http://nobody.invalid:1", &format!("ws://{server}/")).await);
    assert_eq!(error.cause(), Cause::Proxy);
    assert!(
        error
            .to_string()
            .starts_with("the name of the proxy nobody.invalid:1 does not resolve"),
        "{error}"
    );
}

#[tokio::test]
async fn an_excluded_host_is_connected_to_directly() {
    let server = echo_server().await;
    let mut proxy = ProxyServer::parse("http://nobody.invalid:1", None).unwrap();
    proxy.exclusions = vec!["127.*".into()];

    let client = builder().proxy(Proxy::Server(proxy)).build().unwrap();
    let (mut socket, _) = client.connect(&format!("ws://{server}/")).await.unwrap();

    assert_echoes(&mut socket).await;
}
