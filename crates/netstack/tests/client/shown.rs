//! Messages and logs show no secrets of the program's, and nothing of the peer's that a terminal
//! would obey.
use arkws::{CloseCode, CloseFrame};
use arkws_netstack::{
    CertificateSource, ClientCert, CloseOptions, Header, IdentityPem, Proxy, ProxyServer,
    Reconnect, RequestOptions,
};

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, Seen, Server, level};

/// What a log must not have: it clears a screen, and forges a line.
const HOSTILE: &str = "\u{1b}[2J\r\n\u{9b}31m\u{7}\u{202e}\u{2028}forged";

fn assert_printable(words: &str) {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
    assert!(!words.contains(obeyed), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_close_is_escaped_in_messages_and_whole_as_data() {
    let _clock = Frozen::clock();
    for reconnects in [true, false] {
        let server = Server::start().await;
        let mut client = Client::new();
        let given = RequestOptions {
            reconnect: reconnects.then(Reconnect::default),
            ..without_proxy()
        };
        client.socket.connect(&server.url(), given).unwrap();
        let mut peer = server.accept().await;
        assert!(matches!(client.next().await, Seen::Headers(_)));
        assert!(matches!(client.next().await, Seen::Open { .. }));

        let frame = CloseFrame::new(CloseCode::new(1012).unwrap(), HOSTILE);
        let _ = peer.close(Some(frame)).await;

        match client.next().await {
            Seen::Reconnecting { cause, .. } if reconnects => {
                let escaped = "\\u{1b}[2J\\r\\n\\u{9b}31m\\u{7}\\u{202e}\\u{2028}forged";
                assert!(cause.message.ends_with(escaped), "{cause}");
            }
            Seen::Close(code, reason) => assert_eq!((code, &*reason), (1012, HOSTILE)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_server_answers_is_escaped_in_messages() {
    for answer in [
        format!(
            "HTTP/1.1 403 {}\r\n\r\n",
            HOSTILE.replace("\r\n", "").replace(['\u{1b}', '\u{7}'], "")
        ),
        format!("HTTP/1.1 101 S\r\nUpgrade: {}\r\n\r\n", "\u{9b}2J"),
        "HTTP/1.1 302 F\r\nLocation: \u{9b}2J://\u{202e}\r\n\r\n".to_owned(),
        "HTTP/1.1 302 F\r\nLocation: ftp://a/\u{9b}2J\u{202e}\r\n\r\n".to_owned(),
        HOSTILE.to_owned(),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        client.connect(server.url()).unwrap();
        let _peer = server.answer(&answer).await;
        assert_printable(&client.error().await.message);
    }
}

#[tokio::test]
async fn a_url_that_fails_is_shown_without_what_it_may_keep_secret() {
    for url in [
        "ws://me:secret@x:99999/",
        "ws://x:99999/path?token=secret",
        "ws://x:99999/path#token=secret",
        "http://x/path?token=secret&to=me@x",
        "ws://?token=secret",
    ] {
        let client = Client::at(level(26));
        let error = client.connect(url).unwrap_err();
        assert!(!error.message.contains("secret"), "{error}");
    }
}

#[test]
fn options_show_no_secrets() {
    let all = RequestOptions {
        headers: vec![Header {
            name: "Authorization".into(),
            value: "Bearer secret".into(),
        }],
        client_cert: Some(ClientCert {
            cert_path: "cert.pem".into(),
            key_path: "key.pem".into(),
            key_password: "secret".to_owned().into(),
        }),
        proxy: Proxy::Server(ProxyServer {
            host: "me:secret@proxy".to_owned().into(),
            port: 80.0,
            username: "me".into(),
            password: "secret".to_owned().into(),
            exclusion_list: vec!["intern".into()],
        }),
        identity: Some(IdentityPem {
            cert: b"a certificate".to_vec(),
            key: b"secret".to_vec().into(),
            password: "secret".to_owned().into(),
        }),
        protocol: "chat, token.secret".into(),
        ..without_proxy()
    };
    for host in ["proxy:80:me:secret", "me:secret:proxy", "secret://proxy"] {
        let server = ProxyServer {
            host: host.to_owned().into(),
            ..ProxyServer::default()
        };
        let shown = format!("{server:?}");
        assert!(!shown.contains("secret"), "{shown}");
    }
    let certificate = CertificateSource::Pem {
        certificate: b"a certificate".to_vec(),
        key: b"secret".to_vec().into(),
    };
    let shown = format!("{all:?} {certificate:?} {:?}", CloseOptions::default());
    // Bytes are shown as numbers: 115, 101, 99.
    assert!(!shown.contains("115, 101"), "{shown}");
    for public in ["Authorization", "key.pem", "proxy", "intern", "reconnect"] {
        assert!(shown.contains(public), "{shown}");
    }
    assert!(!shown.contains("secret"), "{shown}");
}
