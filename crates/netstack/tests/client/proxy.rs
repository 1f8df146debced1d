//! The option `proxy`, as far as it is this crate's: what becomes of the program's values.
use arkws_netstack::{BusinessError, Proxy, ProxyServer, RequestOptions};

use crate::connect::without_proxy;
use crate::support::{Client, Server, field, read_head};

/// `user:pass`, as Basic authorization.
const BASIC: Option<&str> = Some("Basic dXNlcjpwYXNz");

/// What a proxy is asked for when a client connects to `ws://target.test:81/`.
async fn asked(proxy: &Server, server: ProxyServer) -> String {
    let client = Client::new();
    let options = RequestOptions {
        proxy: Proxy::Server(server),
        ..without_proxy()
    };
    client
        .socket
        .connect("ws://target.test:81/", options)
        .unwrap();
    let mut stream = proxy.accept_raw().await;
    read_head(&mut stream).await
}

#[tokio::test]
async fn credentials_may_stand_in_the_host_or_beside_it() {
    let proxy = Server::start().await;
    let port = proxy.address().port();
    let plain = ProxyServer {
        host: "127.0.0.1".to_owned().into(),
        port: port.into(),
        ..ProxyServer::default()
    };
    let beside = ProxyServer {
        username: "user".into(),
        password: "pass".to_owned().into(),
        ..plain.clone()
    };
    let in_the_host = ProxyServer {
        host: "user:pass@127.0.0.1".to_owned().into(),
        ..plain.clone()
    };
    let all_inside = ProxyServer {
        host: format!("http://user:pass@127.0.0.1:{port}").into(),
        port: 0.0,
        ..ProxyServer::default()
    };
    for (server, authorization) in [
        (plain, None),
        (beside, BASIC),
        (in_the_host, BASIC),
        (all_inside, BASIC),
    ] {
        let request = asked(&proxy, server).await;
        assert!(
            request.starts_with("CONNECT target.test:81 HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(field(&request, "proxy-authorization"), authorization);
    }
}

#[tokio::test]
async fn hosts_on_the_exclusion_list_and_an_empty_host_mean_a_direct_connection() {
    let server = Server::start().await;
    let excluded = ProxyServer {
        host: "127.0.0.1".to_owned().into(),
        port: 1.0,
        exclusion_list: vec!["example.com".into(), "127.0.*".into()],
        ..ProxyServer::default()
    };
    let empty = ProxyServer {
        host: " ".to_owned().into(),
        ..excluded.clone()
    };
    for proxy in [excluded, empty] {
        let client = Client::new();
        let options = RequestOptions {
            proxy: Proxy::Server(proxy),
            ..without_proxy()
        };
        client.socket.connect(&server.url(), options).unwrap();
        let request = read_head(&mut server.accept_raw().await).await;
        assert!(request.starts_with("GET / "), "{request}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_the_cause() {
    let proxy = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        proxy: Proxy::Server(ProxyServer {
            host: "127.0.0.1".to_owned().into(),
            port: proxy.address().port().into(),
            ..ProxyServer::default()
        }),
        ..without_proxy()
    };
    client.socket.connect("ws://target.test/", options).unwrap();
    proxy
        .answer("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        .await;
    let error = client.error().await;
    assert_eq!(error.cause_name(), Some("proxy"));
    assert!(error.message.contains("user name and password"), "{error}");
    // Not a status of the server's.
    assert_eq!(error.data.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_port_that_is_none_is_refused_with_or_without_a_host() {
    let client = Client::new();
    for port in [-1.0, 65536.0, 4294967376.0, 80.5, f64::NAN, f64::INFINITY] {
        for host in ["127.0.0.1", ""] {
            let options = RequestOptions {
                proxy: Proxy::Server(ProxyServer {
                    host: host.to_owned().into(),
                    port,
                    ..ProxyServer::default()
                }),
                ..without_proxy()
            };
            let result = client.socket.connect("ws://target.test/", options);
            let error = result.unwrap_err();
            assert_eq!(error.code, BusinessError::PARAMETER);
            assert!(error.message.contains(&port.to_string()), "{error}");
        }
    }
}
