//! Proxies that are spoken to over TLS.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arkws::TlsConfig;
use arkws::http::HeaderValue;
use arkws::{Cause, ClientBuilder, Error, Heartbeat, Message, Proxy, ProxyError, ProxyServer};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::common::{Authority, Connected, authority, issue, params, serve, trusting, versions};
use crate::{assert_echoes, builder, echo_server, failure, field, listen, read_head};

/// A proxy over TLS that is at `localhost`, and whose tunnels all lead to `server`.
async fn tls_proxy(
    authority: &Authority,
    server: SocketAddr,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    tls_proxy_with(authority, server, None).await
}

/// The same; one with a rate takes no more bytes of a client in a second.
async fn tls_proxy_with(
    authority: &Authority,
    server: SocketAddr,
    rate: Option<u32>,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let credentials = issue(authority, params(&["localhost"]));
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listen().await;
    let (heads, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut client) = acceptor.accept(stream).await else {
                continue;
            };
            heads.send(read_head(&mut client).await).unwrap();
            tokio::spawn(async move {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                client.flush().await.unwrap();
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = match rate {
                    None => copy_bidirectional(&mut client, &mut server).await.map(drop),
                    Some(rate) => copy_slowly(client, server, rate).await,
                };
            });
        }
    });
    (address, received)
}

/// What the client sends goes on at this rate, bytes a second.
async fn copy_slowly(client: TlsStream<TcpStream>, server: TcpStream, rate: u32) -> io::Result<()> {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut part = vec![0; 16 << 10];
    loop {
        let count = from_client.read(&mut part).await?;
        if count == 0 {
            return Ok(());
        }
        to_server.write_all(&part[..count]).await?;
        sleep(Duration::from_secs(1) * count as u32 / rate).await;
    }
}

async fn connect(proxy: SocketAddr, proxy_tls: TlsConfig, tls: TlsConfig, url: &str) -> Connected {
    connect_with(builder(), proxy, proxy_tls, tls, url).await
}

async fn connect_with(
    builder: ClientBuilder,
    proxy: SocketAddr,
    proxy_tls: TlsConfig,
    tls: TlsConfig,
    url: &str,
) -> Connected {
    let proxy = format!("https://me:secret@localhost:{}", proxy.port());
    let mut proxy = ProxyServer::parse(&proxy, None).unwrap();
    let name = arkws::http::HeaderName::from_static("x-tenant");
    proxy.headers.insert(name, HeaderValue::from_static("blue"));
    assert!(!format!("{proxy:?}").contains("secret"));
    let client = builder.proxy(Proxy::Server(proxy));
    let client = client.proxy_tls(proxy_tls).tls(tls).build().unwrap();
    client.connect(url).await
}

#[tokio::test]
async fn a_tunnel_leads_through_tls_with_the_headers_for_the_proxy() {
    let authority = authority();
    let server = echo_server().await;
    let (proxy, mut heads) = tls_proxy(&authority, server).await;

    let trusted = trusting(authority.pem());
    let connected = connect(proxy, trusted, TlsConfig::default(), "ws://name.invalid/").await;

    let (mut socket, _) = connected.unwrap();
    assert_echoes(&mut socket).await;
    let head = heads.recv().await.unwrap();
    assert!(head.starts_with("CONNECT name.invalid:80 "), "{head}");
    assert_eq!(
        field(&head, "Proxy-Authorization"),
        Some("Basic bWU6c2VjcmV0")
    );
    assert_eq!(field(&head, "X-Tenant"), Some("blue"));
    // TLS is with the proxy, and nothing of it is told of the server.
    let transport = socket.get_ref();
    assert_eq!(transport.tls_version(), None);
    assert!(transport.peer_certificate().is_none());
    assert_eq!(transport.peer_addr().unwrap(), proxy);
    socket.close(None).await.unwrap();
}

/// Each has an authority of its own, and neither certificate is trusted in the other's place.
#[tokio::test]
async fn tls_with_the_server_runs_through_tls_with_the_proxy() {
    let (of_proxy, of_server) = (authority(), authority());
    let server = serve(&issue(&of_server, params(&["name.invalid"]))).await;
    let (proxy, _heads) = tls_proxy(&of_proxy, server).await;
    let (proxy_tls, tls) = (trusting(of_proxy.pem()), trusting(of_server.pem()));
    let url = "wss://name.invalid/";

    let connected = connect(proxy, proxy_tls.clone(), tls.clone(), url).await;

    let (mut socket, _) = connected.unwrap();
    assert_echoes(&mut socket).await;
    let transport = socket.get_ref();
    assert_eq!(transport.tls_version().unwrap().as_str(), "TLSv1.3");
    let shown = transport.peer_certificate().unwrap();
    assert!(format!("{shown:?}").len() > 2, "{shown:?}");
    assert_eq!(transport.peer_addr().unwrap(), proxy);
    socket.close(None).await.unwrap();

    let error = failure(connect(proxy, tls.clone(), tls, url).await);
    assert_eq!(error.cause(), Cause::Proxy, "{error}");
    assert!(
        matches!(error, Error::Proxy(ProxyError::Tls(_))),
        "{error:?}"
    );
    let error = failure(connect(proxy, proxy_tls.clone(), proxy_tls, url).await);
    assert_eq!(error.cause(), Cause::Tls, "{error}");
}

/// What the kernel holds, some 4 MB, takes the proxy longer than the heartbeat has.
#[tokio::test]
async fn a_proxy_that_takes_what_is_sent_slowly_is_no_dead_server() {
    const RATE: u32 = 4_000_000;
    let short = Duration::from_millis(400);
    let heartbeat = Heartbeat {
        interval: short,
        timeout: short,
    };
    let (of_proxy, of_server) = (authority(), authority());
    let (proxy_tls, tls) = (trusting(of_proxy.pem()), trusting(of_server.pem()));
    let plain = echo_server().await;
    let over_tls = serve(&issue(&of_server, params(&["name.invalid"]))).await;
    for (server, url) in [
        (plain, "ws://name.invalid/"),
        (over_tls, "wss://name.invalid/"),
    ] {
        let (proxy, _heads) = tls_proxy_with(&of_proxy, server, Some(RATE)).await;
        let builder = builder().heartbeat(heartbeat);
        let connected = connect_with(builder, proxy, proxy_tls.clone(), tls.clone(), url).await;
        let (mut socket, _) = connected.unwrap();

        let message = Message::from(vec![7; 12 << 20]);
        socket.feed_message(message).unwrap();
        let echo = socket.next().await.unwrap().unwrap();
        assert_eq!(echo.len(), 12 << 20);
    }
}

#[tokio::test]
async fn a_proxy_without_tls_is_recognized() {
    let server = echo_server().await;
    let tls = super::common::careless();
    let error = failure(connect(server, tls.clone(), tls, "ws://name.invalid/").await);

    assert_eq!(error.cause(), Cause::Proxy, "{error}");
    assert!(
        error.to_string().contains("does not answer with TLS"),
        "{error}"
    );
}
