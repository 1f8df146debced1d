//! The TLS connection: version, protocol, and servers that have none.
use std::sync::Arc;

use arkws::{
    Cause, CloseCode, CloseFrame, Host, Proxy, ProxyServer, TlsConfig, TlsVersion, Transport,
};
use futures_util::{SinkExt, StreamExt};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::common::{
    assert_refused, authority, careless, connect, issue, only, params, serve, serve_with, trusting,
    versions,
};
use crate::{assert_echoes, builder, failure, failure_at, listen, read_head};

#[tokio::test]
async fn the_lowest_version_is_kept() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let config = only(&rustls::version::TLS12)
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let server = serve_with(config).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "localhost", server)
        .await
        .unwrap();
    assert_eq!(
        socket.get_ref().tls_version().map(TlsVersion::as_str),
        Some("TLSv1.2")
    );
    assert_echoes(&mut socket).await;

    let strict = TlsConfig {
        min_version: TlsVersion::Tls13,
        ..trusting(authority.pem())
    };
    let refused = connect(strict, "localhost", server).await;
    assert_refused(
        refused,
        "the server speaks none of the accepted versions of TLS",
    );
}

/// RFC 7301: some balancers end a connection that asks for nothing.
#[tokio::test]
async fn http_1_1_is_asked_for() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let speaking = |protocol: &str| {
        let mut config = versions()
            .with_no_client_auth()
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        config
    };
    let server = serve_with(speaking("http/1.1")).await;
    let tls = trusting(authority.pem());
    let (mut socket, _) = connect(tls.clone(), "localhost", server).await.unwrap();
    assert_echoes(&mut socket).await;

    // rustls, as a server, refuses a client that asks for something else, and lets one that asks
    // for nothing pass.
    let server = serve_with(speaking("h2")).await;
    assert_refused(
        connect(tls, "localhost", server).await,
        "does not speak HTTP/1.1",
    );
}

/// The server is tokio-tungstenite's, and there is no socket between the two.
#[tokio::test]
async fn tls_and_tungstenite_are_reached_over_a_connectors_stream() {
    let authority = authority();
    let credentials = issue(&authority, params(&["name.invalid"]));
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let network = move |host: &Host, port: u16| {
        assert_eq!(format!("{host}:{port}"), "name.invalid:443");
        let (near, far) = tokio::io::duplex(1 << 16);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let stream = acceptor.accept(far).await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if !message.is_close() {
                    socket.send(message).await.unwrap();
                }
            }
        });
        async { Ok(Transport::other(near)) }
    };
    let client = builder().tls(trusting(authority.pem())).connector(network);

    let connected = client.build().unwrap().connect("wss://name.invalid/").await;

    let (mut socket, _) = connected.unwrap();
    assert!(socket.get_ref().tls_version().is_some());
    assert_echoes(&mut socket).await;
    let frame = CloseFrame::new(CloseCode::GOING_AWAY, "home");
    let answer = socket.close(Some(frame)).await.unwrap();
    assert_eq!(answer.unwrap().code(), CloseCode::GOING_AWAY);
}

#[tokio::test]
async fn a_server_without_tls_is_recognized() {
    let server = crate::echo_server().await;

    assert_refused(
        connect(careless(), "localhost", server).await,
        "does not answer with TLS",
    );
}

#[tokio::test]
async fn a_server_that_ends_the_connection_during_tls_is_named() {
    let (listener, server) = listen().await;
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });

    let refused = connect(careless(), "localhost", server).await;

    assert_refused(
        refused,
        "the server ended the connection during the handshake",
    );
}

#[tokio::test]
async fn a_server_with_tls_is_no_server_for_ws() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let error = failure_at(&format!("ws://localhost:{}/", server.port())).await;

    assert_eq!(error.cause(), Cause::Handshake, "{error}");
}

#[tokio::test]
async fn tls_runs_through_a_tunnel() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["server.invalid"]))).await;
    let (listener, proxy) = listen().await;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let head = read_head(&mut client).await;
        assert!(
            head.starts_with("CONNECT server.invalid:443 "),
            "the proxy resolves the name: {head}"
        );
        let mut server = TcpStream::connect(server).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut client, b"HTTP/1.0 200 OK\r\n\r\n")
            .await
            .unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });

    let proxy = Proxy::Server(ProxyServer::parse(&proxy.to_string(), None).unwrap());
    let client = builder()
        .proxy(proxy)
        .tls(trusting(authority.pem()))
        .build()
        .unwrap();
    let (mut socket, _) = client.connect("wss://server.invalid/").await.unwrap();

    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_redirect_from_wss_to_ws_is_not_followed() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let (listener, server) = listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 301 Moved\r\nLocation: http://localhost/\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream)
            .await
            .unwrap();
    });

    let error = failure(connect(trusting(authority.pem()), "localhost", server).await);

    assert_eq!(error.cause(), Cause::Redirect);
    assert!(
        error.to_string().contains("would give up encryption"),
        "{error}"
    );
}

#[tokio::test]
async fn the_name_that_the_program_gives_is_asked_for_and_checked() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["elsewhere.test"]))).await;
    let named = |name: &str| TlsConfig {
        server_name: Some(name.to_owned()),
        ..trusting(authority.pem())
    };
    let (mut socket, _) = connect(named("elsewhere.test"), "localhost", server)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;
    for name in ["localhost", "127.0.0.1"] {
        let error = failure(connect(named(name), "localhost", server).await);
        assert_eq!(error.cause(), Cause::Tls, "{error}");
    }
    let error = failure(connect(named("no name"), "localhost", server).await);
    assert!(error.to_string().contains("no name"), "{error}");
}
