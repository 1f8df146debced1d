//! Redirects as they are followed on the wire.
use arkws::http::HeaderName;
use arkws::http::header::{COOKIE, HeaderValue, USER_AGENT};
use arkws::{Cause, Error, HandshakeError, PageOrigin, RedirectError};

use crate::{assert_echoes, builder, canned, echo_server, failure, failure_at, field};

fn to(location: impl std::fmt::Display) -> impl Fn(&str) -> String {
    let location = location.to_string();
    move |_| format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn every_redirect_is_followed() {
    let target = echo_server().await;
    for status in [301, 302, 303, 307, 308] {
        let (address, _requests) = canned(move |_| {
            format!("HTTP/1.1 {status} Moved\r\nLocation: http://{target}/there\r\n\r\n")
        })
        .await;

        let (mut socket, _) = builder()
            .build()
            .unwrap()
            .connect(&format!("ws://{address}"))
            .await
            .unwrap();

        assert_eq!(socket.get_ref().peer_addr().unwrap(), target);
        assert_echoes(&mut socket).await;
    }
}

#[tokio::test]
async fn a_relative_location_stays_on_the_host_with_all_headers() {
    let (address, mut requests) = canned(|request| {
        if request.starts_with("GET /a ") {
            to("b?c")(request)
        } else {
            "HTTP/1.1 404 Not Found\r\n\r\n".into()
        }
    })
    .await;
    let client = builder()
        .header(COOKIE, HeaderValue::from_static("id=1"))
        .build()
        .unwrap();

    failure(client.connect(&format!("ws://me:pass@{address}/a")).await);

    let (first, second) = (
        requests.recv().await.unwrap(),
        requests.recv().await.unwrap(),
    );
    assert!(second.starts_with("GET /b?c HTTP/1.1\r\n"), "{second}");
    for name in ["Cookie", "Authorization", "Host"] {
        assert!(field(&first, name).is_some());
        assert_eq!(field(&first, name), field(&second, name));
    }
    assert_ne!(
        field(&first, "Sec-WebSocket-Key"),
        field(&second, "Sec-WebSocket-Key")
    );
}

#[test]
fn what_a_client_shows_has_neither_header_fields_nor_sub_protocols() {
    let builder = builder()
        .protocols(["chat", "token.secret"])
        .header(USER_AGENT, HeaderValue::from_static("secret"));
    let client = builder.clone().build().unwrap();
    for shown in [format!("{builder:?}"), format!("{client:?}")] {
        assert!(shown.contains("protocols: 2"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[tokio::test]
async fn only_the_user_agent_goes_to_another_origin() {
    let (other, mut requests) = canned(|_| "HTTP/1.1 404 Not Found\r\n\r\n".into()).await;
    let (address, _) = canned(to(format!("ws://{other}/"))).await;
    let mut client = builder().protocols(["chat", "token.secret"]);
    for name in [
        "authorization",
        "cookie",
        "cookie2",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "host",
        "origin",
    ] {
        let name = HeaderName::from_static(name);
        client = client.header(name, HeaderValue::from_static("secret.example"));
    }
    let client = client
        .header(USER_AGENT, HeaderValue::from_static("me/1"))
        .page_origin(PageOrigin::Full)
        .build()
        .unwrap();

    failure(client.connect(&format!("ws://{address}")).await);

    let request = requests.recv().await.unwrap();
    assert!(!request.contains("secret"), "{request}");
    assert_eq!(field(&request, "Sec-WebSocket-Protocol"), None);
    assert_eq!(field(&request, "User-Agent"), Some("me/1"));
    assert_eq!(field(&request, "Host"), Some(other.to_string().as_str()));
    // Ours, and the new host's.
    assert_eq!(
        field(&request, "Origin"),
        Some(format!("http://{other}").as_str())
    );
}

#[tokio::test]
async fn a_loop_ends_after_four_redirects() {
    let (address, mut requests) = canned(to("/again")).await;

    let error = failure_at(&format!("ws://{address}")).await;

    assert_eq!(error.cause(), Cause::Redirect);
    assert!(
        matches!(
            error,
            Error::Redirect(RedirectError::TooMany { limit: 4, .. })
        ),
        "{error}"
    );
    assert!(error.to_string().contains("/again"), "{error}");
    drop(error);
    let mut count = 0;
    while requests.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 5, "one request and four redirects");
}

#[tokio::test]
async fn with_a_limit_of_zero_a_redirect_is_a_refusal() {
    let (address, _requests) = canned(to("/again")).await;

    let client = builder().max_redirects(0).build().unwrap();
    let error = failure(client.connect(&format!("ws://{address}")).await);

    let Error::Handshake(HandshakeError::Refused(response)) = error else {
        panic!("{error}")
    };
    assert_eq!(response.headers()["location"], "/again");
}

#[tokio::test]
async fn a_location_that_leads_nowhere_is_an_error() {
    for location in ["ftp://a/", "http://", "mailto:me@example.org"] {
        let (address, _requests) = canned(to(location)).await;

        let error = failure_at(&format!("ws://{address}")).await;

        assert_eq!(error.cause(), Cause::Redirect, "{error}");
    }
}
