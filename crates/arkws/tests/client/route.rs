//! Names that the program resolves, and the address that it connects from.
use std::io;
use std::net::IpAddr;

use arkws::{Cause, Error, Lookup};

use crate::{assert_echoes, builder, echo_server, failure};

/// Every name has these addresses.
fn lookup(addresses: &'static [&'static str]) -> Lookup {
    Lookup::new(move |name| {
        assert_eq!(name, "name.test");
        let addresses = addresses.iter().map(|address| address.parse().unwrap());
        let addresses: Vec<IpAddr> = addresses.collect();
        Box::pin(async move { Ok(addresses) })
    })
}

#[tokio::test]
async fn the_programs_lookup_is_asked_for_names_and_its_addresses_are_tried_in_order() {
    let server = echo_server().await;
    let url = format!("ws://name.test:{}/", server.port());
    let client = builder()
        .lookup(lookup(&["127.0.0.2", "127.0.0.1"]))
        .build()
        .unwrap();

    let (mut socket, _) = client.connect(&url).await.unwrap();

    assert_eq!(socket.get_ref().peer_addr().unwrap(), server);
    assert_echoes(&mut socket).await;

    // An address is no name.
    let asked = Lookup::new(|name| panic!("asked for {name}"));
    let client = builder().lookup(asked).build().unwrap();
    client.connect(&format!("ws://{server}/")).await.unwrap();
}

#[tokio::test]
async fn a_lookup_that_fails_or_finds_nothing_is_a_name_that_does_not_resolve() {
    let failing = Lookup::new(|_| Box::pin(async { Err(io::Error::other("no such name")) }));
    for (lookup, words) in [(failing, "no such name"), (lookup(&[]), "no address")] {
        let client = builder().lookup(lookup).build().unwrap();
        let error = failure(client.connect("ws://name.test/").await);
        assert!(matches!(error, Error::Dns { .. }), "{error}");
        assert_eq!(error.cause(), Cause::Dns);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_connection_comes_from_the_local_address() {
    let server = echo_server().await;
    let connect = async |local: &str| {
        let client = builder().local_address(local.parse().unwrap());
        let client = client.build().unwrap();
        client.connect(&format!("ws://{server}/")).await
    };

    let (socket, _) = connect("127.0.0.1").await.unwrap();
    let local = socket.get_ref().tcp_stream().unwrap().local_addr().unwrap();
    assert_eq!(local.ip().to_string(), "127.0.0.1");

    let error = failure(connect("::1").await).to_string();
    assert!(error.contains("::1 is of another family"), "{error}");
    let error = failure(connect("192.0.2.1").await).to_string();
    assert!(error.contains("192.0.2.1 cannot be used"), "{error}");
}

#[tokio::test]
async fn a_host_has_the_addresses_that_the_program_gives_it() {
    let server = echo_server().await;
    let client = builder()
        .lookup(Lookup::new(|name| panic!("asked for {name}")))
        .resolve("Name.Test", [server.ip()])
        .build()
        .unwrap();

    let url = format!("ws://name.test:{}/", server.port());
    let (mut socket, _) = client.connect(url).await.unwrap();

    assert_echoes(&mut socket).await;
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn a_connection_is_made_through_the_network_interface() {
    let server = echo_server().await;
    let connect = async |device: &str| {
        let client = builder().device(device).build().unwrap();
        client.connect(format!("ws://{server}/")).await
    };

    connect("lo").await.unwrap();

    let error = failure(connect("none-such").await).to_string();
    assert!(
        error.contains("interface none-such cannot be used"),
        "{error}"
    );
}
