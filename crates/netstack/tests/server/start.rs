//! `start`, and what the object says before and after it.
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use arkws_netstack::{
    ClientId, CloseOptions, Connection, ListenAddress, OpenPolicy, Payload, Permission,
    ServerConfig,
};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

fn nobody() -> Connection {
    Connection {
        client_ip: "127.0.0.1".into(),
        client_port: 1,
    }
}

#[tokio::test]
async fn port_0_picks_a_free_port_and_tells_it() {
    let mut server = Server::new();
    assert_eq!(server.object.list_address(), None);
    let address = server.start(loopback()).await.unwrap();
    assert_ne!(address.port(), 0);
    assert_eq!(
        server.object.list_address(),
        Some(ListenAddress::Port(address))
    );
    assert_eq!(server.list(), []);
    server.join(address).await;
}

#[tokio::test]
async fn without_a_server_ip_every_interface_is_listened_on() {
    let (mut server, address) = Server::started(ServerConfig::default()).await;
    assert!(address.ip().is_unspecified() && address.is_ipv4());
    let port = address.port();
    let _one = server.join(SocketAddr::from(([127, 0, 0, 1], port))).await;
    let _other = server.join(SocketAddr::from(([127, 0, 0, 2], port))).await;
}

#[tokio::test]
async fn the_server_ip_is_honoured() {
    let (mut server, address) = Server::started(loopback()).await;
    server.join(address).await;
    let elsewhere = SocketAddr::from(([127, 0, 0, 2], address.port()));
    let refused = TcpStream::connect(elsewhere).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn ipv6_addresses_are_served_and_ipv4_clients_of_them_shown_as_ipv4() {
    let config = |ip: Ipv6Addr| ServerConfig {
        server_ip: ip.to_string(),
        ..ServerConfig::default()
    };
    let (mut server, address) = Server::started(config(Ipv6Addr::LOCALHOST)).await;
    let (_client, connection) = server.join(address).await;
    assert_eq!(connection.client_ip, "::1");
    assert_eq!(
        connection.to_string(),
        format!("::1:{}", connection.client_port)
    );

    let (mut server, address) = Server::started(config(Ipv6Addr::UNSPECIFIED)).await;
    let v4 = SocketAddr::from(([127, 0, 0, 1], address.port()));
    let (client, connection) = server.join(v4).await;
    let expected = client.get_ref().local_addr().unwrap();
    assert_eq!(connection.client_ip, "127.0.0.1");
    assert_eq!(connection.client_port, expected.port());
}

#[tokio::test]
async fn mistakes_in_the_configuration_are_refused_at_once_with_their_codes() {
    let ip = |server_ip: &str| ServerConfig {
        server_ip: server_ip.into(),
        ..ServerConfig::default()
    };
    let port = |server_port| ServerConfig {
        server_port,
        ..loopback()
    };
    let cases = [
        (
            ip("0.0.0.0.."),
            2302004,
            "Can't listen to the given NIC: serverIP",
        ),
        (
            port(65536.0),
            2302005,
            "Can't listen to the given Port: serverPort 65536",
        ),
        (
            port(-1.0),
            2302005,
            "Can't listen to the given Port: serverPort -1",
        ),
        (
            port(f64::NAN),
            2302005,
            "Can't listen to the given Port: serverPort NaN",
        ),
        (
            ServerConfig {
                max_concurrent_clients_number: Some(11.0),
                ..loopback()
            },
            2302999,
            "Websocket Unknown Other Error: maxConcurrentClientsNumber 11",
        ),
        (
            ServerConfig {
                max_connections_for_one_client: Some(11.0),
                ..loopback()
            },
            2302999,
            "Websocket Unknown Other Error: maxConnectionsForOneClient 11",
        ),
        (
            ServerConfig {
                server_cert: Some(arkws_netstack::ServerCertificate::files(
                    "/no/such.pem",
                    "/no/such.key",
                )),
                ..loopback()
            },
            2302002,
            "Websocket certificate file does not exist: the server's certificate /no/such.pem",
        ),
        (
            ServerConfig {
                protocol: "a b".into(),
                ..loopback()
            },
            401,
            "Parameter error: protocol \"a b\"",
        ),
    ];
    let mut server = Server::new();
    for (config, code, message) in cases {
        let error = server.object.start(config).unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    assert!(server.try_next().is_none(), "they raise no events");
    server.start(loopback()).await.unwrap();
}

#[tokio::test]
async fn an_occupied_port_is_2302007_and_the_object_can_start_elsewhere() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let occupied = other.local_addr().unwrap();
    let mut server = Server::new();
    let config = ServerConfig {
        server_port: occupied.port().into(),
        ..loopback()
    };
    let error = server.start(config.clone()).await.unwrap_err();
    assert_eq!(error.code, 2302007);
    let expected = format!("Websocket port already occupied: listen on {occupied}: ");
    assert!(error.message.starts_with(&expected), "{}", error.message);
    server.idle().await;

    drop(other);
    assert_eq!(server.start(config).await.unwrap(), occupied);
    server.join(occupied).await;
}

#[tokio::test]
async fn an_address_of_another_machine_is_2302004() {
    // TEST-NET-1 (RFC 5737) is nobody's.
    let config = ServerConfig {
        server_ip: "192.0.2.1".into(),
        ..ServerConfig::default()
    };
    let mut server = Server::new();
    let error = server.start(config).await.unwrap_err();
    assert_eq!(error.code, 2302004);
    let expected = "Can't listen to the given NIC: listen on 192.0.2.1:0: ";
    assert!(error.message.starts_with(expected), "{}", error.message);
    server.idle().await;
}

#[tokio::test]
async fn a_second_start_is_2302999_and_touches_nothing() {
    let (mut server, address) = Server::started(loopback()).await;
    let error = server.object.start(loopback()).unwrap_err();
    assert_eq!(error.code, 2302999);
    assert_eq!(
        server.object.list_address(),
        Some(ListenAddress::Port(address))
    );
    server.join(address).await;

    let mut server = Server::new();
    server.object.start(loopback()).unwrap();
    assert_eq!(
        server.object.start(loopback()).unwrap_err().code,
        2302999,
        "also while the first is under way"
    );
    assert!(matches!(server.next().await, Seen::Started(Ok(_))));
}

#[tokio::test]
async fn before_a_start_nothing_is_there() {
    let server = Server::new();
    let object = &server.object;
    assert_eq!(object.stop().unwrap_err().code, 2302999);
    assert_eq!(object.list_all_connections().unwrap_err().code, 2302999);
    assert_eq!(object.send_text("hi", &nobody()).unwrap_err().code, 2302006);
    assert_eq!(
        object.send_binary(vec![1], &nobody()).unwrap_err().code,
        2302006
    );
    let close = object.close(&nobody(), CloseOptions::default());
    assert_eq!(close.unwrap_err().code, 2302006);
    let broadcast = object.broadcast(Payload::Borrowed(&mut [1]), false, &[]);
    assert_eq!(broadcast.unwrap_err().code, 2302999);
    object.consumed(ClientId::from(1), 1, 1);
    assert!(!object.close_client(ClientId::from(1), CloseOptions::default()));
}

#[tokio::test]
async fn without_the_permission_every_call_is_201() {
    let context = context();
    let held = Err("ohos.permission.INTERNET is not requested".to_owned());
    context.set_policy(Arc::new(Permission::new(held, Arc::new(OpenPolicy))));
    let server = Server::with_context(context);
    let object = &server.object;
    let bad = ServerConfig {
        server_ip: "nowhere".into(),
        ..ServerConfig::default()
    };
    let errors = [
        object.start(loopback()).unwrap_err(),
        object.start(bad).unwrap_err(),
        object.stop().unwrap_err(),
        object.list_all_connections().unwrap_err(),
        object.send_text("hi", &nobody()).unwrap_err(),
        object.send_binary(vec![1], &nobody()).unwrap_err(),
        object
            .close(&nobody(), CloseOptions::default())
            .unwrap_err(),
        object
            .broadcast(Payload::Borrowed(&mut [1]), false, &[])
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.code, 201);
        assert!(
            error.message.starts_with("Permission denied: "),
            "{}",
            error.message
        );
    }
}

#[tokio::test]
async fn the_sub_protocol_is_the_servers_first_that_the_client_offers() {
    let config = ServerConfig {
        protocol: "chat.v2, chat.v1".into(),
        ..loopback()
    };
    let (_server, address) = Server::started(config).await;
    for (offered, chosen) in [
        (vec!["chat.v1", "other", "chat.v2"], Some("chat.v2")),
        (vec!["chat.v1"], Some("chat.v1")),
        (vec!["other"], None),
        (vec![], None),
    ] {
        let mut request = request(address);
        request.protocols = offered.iter().map(|&name| name.to_owned()).collect();
        let client = connect_with(address, request).await.unwrap();
        assert_eq!(
            client.negotiated().protocol.as_deref(),
            chosen,
            "{offered:?}"
        );
    }
}

#[tokio::test]
async fn compression_is_agreed_on_only_if_it_was_asked_for() {
    for per_message_deflate in [false, true] {
        let config = ServerConfig {
            per_message_deflate,
            ..loopback()
        };
        let (mut server, address) = Server::started(config).await;
        let mut request = request(address);
        request.deflate = deflate();
        let mut client = connect_with(address, request).await.unwrap();
        assert_eq!(client.negotiated().deflate.is_some(), per_message_deflate);

        let connection = server.connected().await;
        let text = "over and over, ".repeat(1000);
        client.send(text.as_str().into()).await.unwrap();
        assert_eq!(server.text().await, (connection.clone(), text.clone()));
        assert_eq!(client.stats().bytes_sent < 1000, per_message_deflate);
        server.object.send_text(&text, &connection).unwrap();
        assert_eq!(receive(&mut client).await, Received::Text(text));
    }
}
