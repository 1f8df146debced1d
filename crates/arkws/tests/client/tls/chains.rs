//! Certificates above the server's: whichever is at fault is named, and no other.
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyPair, NameConstraints, date_time_ymd,
};

use super::common::{
    Authority, assert_refused, authority, authority_called, authority_params, connect, issue,
    params, serve, serve_with, trusting, version1,
};
use crate::assert_echoes;

fn between(name: &str, above: &Authority, change: fn(&mut CertificateParams)) -> Authority {
    let mut params = authority_params(name);
    change(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), above).unwrap()
}

/// A server of the last of `authorities`, which shows them all but the first, is refused.
async fn assert_refused_below(authorities: &[&Authority], words: &str) {
    let [root, above @ ..] = authorities else {
        panic!("one at least");
    };
    let mut credentials = issue(authorities.last().unwrap(), params(&["localhost"]));
    let above = above.iter().rev().map(|authority| authority.der().clone());
    credentials.chain.extend(above);
    let server = serve(&credentials).await;
    assert_refused(
        connect(trusting(root.pem()), "localhost", server).await,
        words,
    );
}

#[tokio::test]
async fn an_intermediate_at_fault_is_named() {
    let root = authority();
    for (change, words) in [
        (
            (|params| params.not_after = date_time_ymd(2020, 2, 29)) as fn(&mut CertificateParams),
            "the intermediate certificate \"Between\" has expired: it was valid until Sat, 29 Feb",
        ),
        (
            |params| {
                params.not_before = date_time_ymd(2999, 12, 31);
                params.not_after = date_time_ymd(3000, 1, 1);
            },
            "the intermediate certificate \"Between\" is not valid yet: it will be from Tue, 31",
        ),
        (
            |params| {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2019, 1, 1);
            },
            "the intermediate certificate \"Between\" has expired, or ends before it begins",
        ),
        (
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            "the intermediate certificate \"Between\" is not meant for servers",
        ),
        (
            |params| params.is_ca = IsCa::ExplicitNoCa,
            "the intermediate certificate \"Between\" is not one of an authority, and has signed",
        ),
    ] {
        assert_refused_below(&[&root, &between("Between", &root, change)], words).await;
    }
}

#[tokio::test]
async fn only_those_intermediates_that_may_be_at_fault_are_named() {
    let root = authority();
    let last = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    };
    let upper = between("Upper", &root, last);
    let lower = between("Lower", &upper, |_| {});
    assert_refused_below(
        &[&root, &upper, &lower],
        "one of the intermediate certificates \"Lower\", \"Upper\" may not have another authority",
    )
    .await;

    let upper = between("Upper", &root, |_| {});
    let lower = between("Lower", &upper, |params| {
        params.not_after = date_time_ymd(2020, 2, 29);
    });
    assert_refused_below(
        &[&root, &upper, &lower],
        "failed: the intermediate certificate \"Lower\" has expired",
    )
    .await;
}

/// Its signature may be wrong, or the one on an intermediate.
#[tokio::test]
async fn a_forgery_is_one_of_those_that_were_shown() {
    let (root, forger) = (authority_called("Same"), authority_called("Same"));
    let between = between("Between", &forger, |_| {});
    let mut credentials = issue(&between, params(&["localhost"]));
    credentials.chain.push(between.der().clone());
    let server = serve(&credentials).await;
    assert_refused(
        connect(trusting(root.pem()), "localhost", server).await,
        "the server's certificate, or the intermediate certificate \"Between\", was not made by",
    );
}

#[tokio::test]
async fn the_servers_own_certificate_is_blamed_for_what_is_its_own() {
    let root = authority();
    let above = between("Above", &root, |_| {});
    let nowhere = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("elsewhere.example".into())],
        excluded_subtrees: Vec::new(),
    };
    let mut constrained = authority_params("Constrained");
    constrained.name_constraints = Some(nowhere);
    let key = KeyPair::generate().unwrap();
    let constrained = CertifiedIssuer::signed_by(constrained, key, &root).unwrap();
    for (authority, change, words) in [
        (
            &above,
            (|params| params.not_after = date_time_ymd(2020, 2, 29)) as fn(&mut CertificateParams),
            "the server's certificate has expired: it was valid until Sat, 29 Feb 2020",
        ),
        (
            &above,
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            "the server's certificate is not meant for servers",
        ),
        (
            &above,
            |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "the server's certificate is one of an authority, which is accepted only if this very",
        ),
        (
            &constrained,
            |_| {},
            "the server's certificate has a name that an authority above it may not certify",
        ),
    ] {
        let mut params = params(&["localhost"]);
        change(&mut params);
        let mut credentials = issue(authority, params);
        credentials.chain.push(authority.der().clone());
        let server = serve(&credentials).await;
        assert_refused(
            connect(trusting(root.pem()), "localhost", server).await,
            words,
        );
    }
}

#[tokio::test]
async fn an_authority_of_version_1_has_its_servers() {
    let root = authority();
    let anchor = version1(root.der(), root.key());
    let anchor = pem::encode(&pem::Pem::new("CERTIFICATE", anchor.to_vec()));
    let identity = issue(&root, params(&["localhost"])).identity();
    let server = serve_with(identity.server_config().unwrap()).await;
    let (mut socket, _) = connect(trusting(anchor), "localhost", server)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;
}
