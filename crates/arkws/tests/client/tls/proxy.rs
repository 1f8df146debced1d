//! Proxies that are spoken to over TLS.
use std::net::SocketAddr;
use std::sync::Arc;

use arkws::http::HeaderValue;
use arkws::{Cause, Error, Proxy, ProxyError, ProxyServer, TlsConfig};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::common::{Authority, Connected, authority, issue, params, serve, trusting, versions};
use crate::{assert_echoes, builder, echo_server, failure, field, listen, read_head};

/// A proxy over TLS that is at `localhost`, and whose tunnels all lead to `server`.
async fn tls_proxy(
    authority: &Authority,
    server: SocketAddr,
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
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, received)
}

async fn connect(proxy: SocketAddr, proxy_tls: TlsConfig, tls: TlsConfig, url: &str) -> Connected {
    let proxy = format!("https://me:secret@localhost:{}", proxy.port());
    let mut proxy = ProxyServer::parse(&proxy, None).unwrap();
    let name = arkws::http::HeaderName::from_static("x-tenant");
    proxy.headers.insert(name, HeaderValue::from_static("blue"));
    assert!(!format!("{proxy:?}").contains("secret"));
    let client = builder().proxy(Proxy::Server(proxy));
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
