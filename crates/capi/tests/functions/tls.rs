//! TLS of clients and servers.
use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use arkws::Identity;
use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::client_option_functions::{
    arkws_client_set_ca, arkws_client_set_certificate, arkws_client_set_skip_verification,
};
use net_websocket::server_functions::{arkws_server_destroy, arkws_server_port};
use net_websocket::server_option_functions::arkws_server_set_certificate;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;

use crate::client::{connect, send_text};
use crate::echo::Echo;
use crate::seen::{Log, own_client, platform_client, server_that};
use crate::server::{Server, start};
use crate::{platform, seen};

fn c_path(folder: &Path, name: &str) -> CString {
    CString::new(folder.join(name).to_str().unwrap()).unwrap()
}

/// A server of the name `localhost`, and the folder with its certificate.
fn tls_server() -> (Server, Log, tempfile::TempDir) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
    let (server, log) = server_that(|_, _| {});
    let cert = c_path(folder.path(), "cert.pem");
    let key = c_path(folder.path(), "key.pem");
    // SAFETY: strings.
    let set = unsafe { arkws_server_set_certificate(server, cert.as_ptr(), key.as_ptr()) };
    assert_eq!(set, 0);
    assert_eq!(start(server), 0);
    (server, log, folder)
}

#[test]
fn the_servers_certificate_is_verified_with_its_name() {
    let (server, log, folder) = tls_server();
    let port = arkws_server_port(server);
    let (client, client_log) = own_client();
    // Nobody stands for it.
    assert_eq!(connect(client, &format!("wss://localhost:{port}/")), 0);
    assert_eq!(client_log.error().1, "tls");
    let ca = c_path(folder.path(), "cert.pem");
    // SAFETY: a string.
    assert_eq!(unsafe { arkws_client_set_ca(client, ca.as_ptr()) }, 0);
    // It has another name.
    assert_eq!(connect(client, &format!("wss://127.0.0.1:{port}/")), 0);
    let (_, cause, words) = client_log.error();
    assert_eq!(cause, "tls", "{words}");
    assert_eq!(connect(client, &format!("wss://localhost:{port}/")), 0);
    client_log.open();
    assert_eq!(send_text(client, b"secret"), 0);
    loop {
        match log.next() {
            // Of the attempts that failed.
            seen::Seen::Error(0, ..) => {}
            seen::Seen::Accept { .. } => break,
            seen => panic!("{seen:?}"),
        }
    }
    log.text("secret");
    assert_eq!(arkws_client_destroy(client), 0);

    let (client, client_log) = own_client();
    assert_eq!(arkws_client_set_skip_verification(client, 1), 0);
    assert_eq!(connect(client, &format!("wss://127.0.0.1:{port}/")), 0);
    client_log.open();
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn the_platforms_clients_verify_too() {
    let (server, _log, _folder) = tls_server();
    let (client, client_log) = platform_client();
    let url = format!("wss://localhost:{}/", arkws_server_port(server));
    assert_eq!(platform::connect(client, &url), 0);
    let (code, cause, words) = client_log.error();
    assert_eq!((code, cause.as_str()), (1003, "tls"), "{words}");
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn a_client_shows_its_certificate_to_a_server_that_asks_for_one() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    // The server's and the client's.
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ca).unwrap().pem();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("ca.pem", ca.pem()),
        ("cert.pem", certificate.clone()),
        ("key.pem", key.serialize_pem()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let identity = Identity::from_pem(certificate.as_bytes(), key.serialize_pem().as_bytes(), None);
    let config = identity
        .unwrap()
        .server_config_for_clients_of(ca.pem().as_bytes(), true);
    let echo = Echo::start_tls(TlsAcceptor::from(Arc::new(config.unwrap())));
    let url = format!("wss://localhost:{}/", echo.address.port());

    let (client, log) = own_client();
    let [authority, cert, key] =
        ["ca.pem", "cert.pem", "key.pem"].map(|name| c_path(folder.path(), name));
    // SAFETY: a string.
    let set = unsafe { arkws_client_set_ca(client, authority.as_ptr()) };
    assert_eq!(set, 0);
    assert_eq!(connect(client, &url), 0);
    let (_, cause, words) = log.error();
    assert_eq!(cause, "tls", "{words}");
    // SAFETY: strings.
    let set =
        unsafe { arkws_client_set_certificate(client, cert.as_ptr(), key.as_ptr(), ptr::null()) };
    assert_eq!(set, 0);
    assert_eq!(connect(client, &url), 0);
    log.open();
    assert_eq!(send_text(client, b"it is me"), 0);
    log.text("text it is me");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_client_certificate_that_is_not_there_is_told_by_connect() {
    let (client, _log) = own_client();
    let missing = c"no/such.pem".as_ptr();
    // SAFETY: strings, or NULL.
    unsafe {
        let set = arkws_client_set_certificate(client, missing, missing, ptr::null());
        assert_eq!(set, 0);
    }
    assert_eq!(connect(client, "wss://127.0.0.1:9/"), 1019);
    // SAFETY: NULL.
    unsafe {
        let set = arkws_client_set_certificate(client, ptr::null(), ptr::null(), ptr::null());
        assert_eq!(set, 0);
    }
    assert_eq!(connect(client, "wss://127.0.0.1:9/"), 0);
    assert_eq!(arkws_client_destroy(client), 0);
}
