//! What a feature that is switched off would do is an error that names it.

/// What an attempt to connect says.
#[cfg(not(all(feature = "tls", feature = "proxy")))]
async fn words(client: &arkws::Client, url: &str) -> String {
    let error = client.connect(url).await.expect_err("nothing is there");
    assert_eq!(error.cause(), arkws::Cause::Invalid, "{error}");
    error.to_string()
}

#[cfg(not(feature = "tls"))]
#[tokio::test]
async fn wss_needs_tls() {
    let client = arkws::Client::builder().build().unwrap();

    let words = words(&client, "wss://localhost:1/").await;

    assert_eq!(
        words,
        "wss, WebSocket over TLS, needs arkws's feature `tls`, which is switched off"
    );
}

#[cfg(not(feature = "proxy"))]
#[tokio::test]
async fn a_proxy_needs_the_feature_and_is_never_passed_by() {
    let server = arkws::ProxyServer::parse("http://localhost:1", None).unwrap();
    let proxy = arkws::Proxy::Server(server);
    let client = arkws::Client::builder().proxy(proxy).build().unwrap();

    let words = words(&client, "ws://localhost:1/").await;

    assert_eq!(
        words,
        "a connection through the proxy localhost:1 needs arkws's feature `proxy`, which is \
         switched off"
    );
}

#[cfg(all(feature = "proxy", not(feature = "nested-tls")))]
#[tokio::test]
async fn a_proxy_over_tls_needs_the_feature_and_is_never_passed_by() {
    let server = arkws::ProxyServer::parse("https://localhost:1", None).unwrap();
    let proxy = arkws::Proxy::Server(server);
    let client = arkws::Client::builder().proxy(proxy).build().unwrap();

    let error = client.connect("ws://localhost:1/").await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "TLS with the proxy localhost:1 needs arkws's feature `nested-tls`, which is switched off"
    );
}

/// Asks for a WebSocket over HTTP/2 (RFC 8441, 5). Another crate may have switched hyper's HTTP/2
/// on, so that such requests come.
#[cfg(all(feature = "hyper", not(feature = "http2")))]
fn extended_connect() -> arkws::http::Request<()> {
    arkws::http::Request::builder()
        .method("CONNECT")
        .version(arkws::http::Version::HTTP_2)
        .uri("https://localhost/")
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap()
}

#[cfg(all(feature = "hyper", not(feature = "http2")))]
const NO_HTTP2: &str = "WebSocket over HTTP/2 needs arkws's feature `http2`, which is switched off";

#[cfg(all(feature = "hyper", not(feature = "http2")))]
#[tokio::test]
async fn http2_needs_the_feature() {
    let acceptor = arkws::Acceptor::default();

    let refused = arkws::hyper::upgrade(&mut extended_connect(), &acceptor).await;

    let rejection = refused.expect_err("it is refused");
    assert_eq!(rejection.error().to_string(), NO_HTTP2);
    let answer: arkws::http::Response<arkws::Bytes> = rejection.into_response();
    assert_eq!(answer.status(), 501);
    assert_eq!(answer.into_body(), format!("{NO_HTTP2}\n"));
}

#[cfg(all(feature = "axum", not(feature = "http2")))]
#[tokio::test]
async fn http2_needs_the_feature_in_axum_too() {
    use axum::extract::FromRequestParts;
    use axum::response::IntoResponse;
    let (mut parts, ()) = extended_connect().into_parts();

    let upgrade = arkws::axum::WebSocketUpgrade::from_request_parts(&mut parts, &()).await;

    let Err(rejection) = upgrade else {
        panic!("it is not refused");
    };
    assert_eq!(rejection.error().to_string(), NO_HTTP2);
    assert_eq!(IntoResponse::into_response(rejection).status(), 501);
}

#[cfg(not(feature = "idna"))]
#[tokio::test]
async fn a_name_of_another_script_needs_idna() {
    let client = arkws::Client::builder().build().unwrap();

    let error = client
        .connect("ws://b\u{fc}cher.example/")
        .await
        .unwrap_err();

    assert!(
        error.to_string().ends_with("needs arkws's feature `idna`"),
        "{error}"
    );
}

#[cfg(all(feature = "tls", not(any(feature = "ring", feature = "aws-lc-rs"))))]
#[tokio::test]
async fn tls_needs_cryptography() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());

    let error = arkws::connect(&url).await.unwrap_err();

    assert!(
        error.to_string().contains("feature `ring` or `aws-lc-rs`"),
        "{error}"
    );
}

#[cfg(all(
    feature = "tls",
    any(feature = "ring", feature = "aws-lc-rs"),
    not(any(feature = "native-roots", feature = "webpki-roots")),
))]
#[tokio::test]
async fn trust_needs_roots() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());

    let error = arkws::connect(&url).await.unwrap_err();

    assert!(
        error.to_string().contains("feature `native-roots`"),
        "{error}"
    );
}

#[cfg(all(feature = "tls", not(feature = "encrypted-keys")))]
#[test]
fn an_encrypted_key_needs_the_feature() {
    let path = |name| format!("{}/tests/client/keys/{name}", env!("CARGO_MANIFEST_DIR"));
    for key in ["rsa-pbes2-aes256.pem", "rsa-aes256.pem"] {
        let (certificate, key) = (path("rsa-cert.pem"), path(key));

        let error = arkws::Identity::from_files(certificate, key, Some("sesame")).unwrap_err();

        assert!(
            error.to_string().contains("feature `encrypted-keys`"),
            "{error}"
        );
    }
}
