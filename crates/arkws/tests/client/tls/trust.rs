//! Which servers the client trusts, and what it says when it does not.
use arkws::{Cause, TlsVersion};
use rcgen::{
    BasicConstraints, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};

use super::common::{
    assert_refused, authority, authority_called, authority_params, careless, connect, issue, only,
    params, self_signed, serve, serve_with, trusting, version_of,
};
use crate::{assert_echoes, builder, failure};

#[tokio::test]
async fn a_server_of_a_trusted_authority_is_trusted() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "localhost", server)
        .await
        .unwrap();

    assert_eq!(socket.get_ref().tls_version(), Some(TlsVersion::Tls13));
    assert_echoes(&mut socket).await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn one_client_makes_many_connections() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;
    let client = builder().tls(trusting(authority.pem())).build().unwrap();

    for _ in 0..3 {
        let client = client.clone();
        let (mut socket, _) = client
            .connect(&format!("wss://localhost:{}/", server.port()))
            .await
            .unwrap();
        assert_echoes(&mut socket).await;
    }
}

#[tokio::test]
async fn an_address_is_verified_like_a_name() {
    let authority = authority();
    let with_address = serve(&issue(&authority, params(&["127.0.0.1"]))).await;
    let without = serve(&issue(&authority, params(&["localhost"]))).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "127.0.0.1", with_address)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;

    let refused = connect(trusting(authority.pem()), "127.0.0.1", without).await;
    assert_refused(
        refused,
        "the server's certificate is for localhost, not for 127.0.0.1",
    );
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused_by_its_names() {
    let authority = authority();
    let server = serve(&issue(
        &authority,
        params(&["a.example", "*.b.example", "10.0.0.1"]),
    ))
    .await;
    let anonymous = serve(&issue(&authority, params(&[]))).await;
    let many: Vec<String> = (0..100)
        .map(|number| format!("host{number}.example"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let crowded = serve(&issue(&authority, params(&many))).await;

    for (server, words) in [
        (
            server,
            "is for a.example, *.b.example, 10.0.0.1, not for localhost",
        ),
        (
            anonymous,
            "is for nobody (it has no subjectAltName), not for localhost",
        ),
        (
            crowded,
            "is for host0.example, host1.example, host2.example, host3.example and 96 more, not for localhost",
        ),
    ] {
        assert_refused(
            connect(trusting(authority.pem()), "localhost", server).await,
            words,
        );
    }
}

#[tokio::test]
async fn certificates_out_of_time_are_refused_with_the_date() {
    let authority = authority();
    let mut expired = params(&["localhost"]);
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let mut future = params(&["localhost"]);
    future.not_before = date_time_ymd(2999, 12, 31);
    future.not_after = date_time_ymd(3000, 1, 1);

    let server = serve(&issue(&authority, expired)).await;
    let refused = connect(trusting(authority.pem()), "localhost", server).await;
    assert_refused(
        refused,
        "has expired: it was valid until Sat, 29 Feb 2020 00:00:00 GMT",
    );

    let server = serve(&issue(&authority, future)).await;
    let refused = connect(trusting(authority.pem()), "localhost", server).await;
    assert_refused(
        refused,
        "is not valid yet: it will be from Tue, 31 Dec 2999 00:00:00 GMT",
    );
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let refused = connect(trusting(authority().pem()), "localhost", server).await;

    let port = server.port();
    assert_refused(
        refused,
        &format!(
            "TLS with localhost:{port} failed: the server's certificate was not issued by a trusted authority"
        ),
    );
}

#[tokio::test]
async fn another_authority_of_the_same_name_is_refused() {
    let server = serve(&issue(&authority_called("Same"), params(&["localhost"]))).await;

    let refused = connect(
        trusting(authority_called("Same").pem()),
        "localhost",
        server,
    )
    .await;

    assert_refused(
        refused,
        "was not made by the trusted authority that it names",
    );
}

#[tokio::test]
async fn self_signed_certificates_are_refused_as_such() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut params = params(&["localhost"]);
        params.is_ca = is_ca;
        // The one that is trusted has the same name: it was the server's before.
        let before = self_signed(params.clone()).chain_pem();
        let server = serve(&self_signed(params)).await;

        for trusted in [authority().pem(), before] {
            let refused = connect(trusting(trusted), "localhost", server).await;
            assert_refused(refused, "is self-signed, and not among the trusted ones");
        }
    }
}

/// As OpenSSL, curl and Node.js have it.
#[tokio::test]
async fn a_self_signed_certificate_can_be_trusted_itself() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut params = params(&["localhost"]);
        params.is_ca = is_ca;
        let credentials = self_signed(params);
        let server = serve(&credentials).await;

        let (mut socket, _) = connect(trusting(credentials.chain_pem()), "localhost", server)
            .await
            .expect("trusted");
        assert_echoes(&mut socket).await;

        let refused = connect(trusting(credentials.chain_pem()), "127.0.0.1", server).await;
        assert_refused(refused, "is for localhost, not for 127.0.0.1");
    }
}

#[tokio::test]
async fn a_trusted_certificate_that_has_expired_is_refused() {
    let mut params = params(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(2020, 1, 1);
    let credentials = self_signed(params);
    let server = serve(&credentials).await;

    assert_refused(
        connect(trusting(credentials.chain_pem()), "localhost", server).await,
        "has expired",
    );
}

#[tokio::test]
async fn intermediates_must_be_sent_by_the_server() {
    let root = authority();
    let key = KeyPair::generate().unwrap();
    let intermediate =
        CertifiedIssuer::signed_by(authority_params("Intermediate"), key, &root).unwrap();
    let mut credentials = issue(&intermediate, params(&["localhost"]));

    let server = serve(&credentials).await;
    assert_refused(
        connect(trusting(root.pem()), "localhost", server).await,
        "does not send the intermediate",
    );

    credentials.chain.push(intermediate.der().clone());
    let server = serve(&credentials).await;
    let (mut socket, _) = connect(trusting(root.pem()), "localhost", server)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_certificate_for_clients_is_refused_as_a_servers() {
    let authority = authority();
    let mut params = params(&["localhost"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let server = serve(&issue(&authority, params)).await;

    assert_refused(
        connect(trusting(authority.pem()), "localhost", server).await,
        "is not meant for servers",
    );
}

#[tokio::test]
async fn the_dangerous_switch_accepts_every_certificate() {
    let mut expired = params(&["other.example"]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let credentials = self_signed(expired.clone());
        let config = only(version)
            .with_no_client_auth()
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        let server = serve_with(config).await;

        let (mut socket, _) = connect(careless(), "localhost", server).await.unwrap();

        assert_echoes(&mut socket).await;
    }
}

#[tokio::test]
async fn a_certificate_of_another_version_is_named_by_its_own() {
    let tls = trusting(authority().pem());
    for (number, words) in [
        (0, "is of X.509 version 1, which is accepted only if"),
        (1, "is of X.509 version 2, which is accepted only if"),
        (
            7,
            "the server's certificate is of X.509 version 8, which nobody knows",
        ),
        (u8::MAX, "the server's certificate is damaged"),
    ] {
        let identity = version_of(&self_signed(params(&["localhost"])), number);
        let server = serve_with(identity.server_config().unwrap()).await;
        assert_refused(connect(tls.clone(), "localhost", server).await, words);
    }
}

/// What a terminal or a reader of lines obeys, as far as a certificate can hold it.
#[tokio::test]
async fn the_names_in_a_certificate_are_escaped() {
    const HOSTILE: &str = "\u{1b}[2J\r\n\u{7}\u{9b}31m\u{202e}\u{2028}";
    let mut params = params(&["\u{1b}[2J\r\n\u{7}.example"]);
    params.distinguished_name.push(DnType::CommonName, HOSTILE);
    let credentials = self_signed(params);
    let trusted = trusting(credentials.chain_pem());
    for number in [0, 2] {
        let identity = version_of(&credentials, number);
        let server = serve_with(identity.server_config().unwrap()).await;
        for tls in [trusted.clone(), trusting(authority().pem())] {
            let error = failure(connect(tls, "localhost", server).await);
            let words = error.to_string();
            assert_eq!(error.cause(), Cause::Tls, "{words:?}");
            let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
            assert!(!words.contains(obeyed), "{words:?}");
        }
    }
}
