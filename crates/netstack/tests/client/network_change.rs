//! Clients that wait to reconnect when the machine's network changes.
use std::time::Duration;

use arkws_netstack::{ApiLevel, Context, Network, Reconnect, RequestOptions};
use tokio::runtime::Handle;

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, Seen, Server};

const SECOND: Duration = Duration::from_secs(1);

/// Waits of a minute and more, without jitter.
fn patient() -> Reconnect {
    Reconnect {
        initial_delay: 60 * SECOND,
        max_delay: 3600 * SECOND,
        jitter: false,
        ..Reconnect::default()
    }
}

/// A client on a network whose changes a test tells.
fn client(network: &Network) -> Client {
    Client::with(Context::new(ApiLevel::NEWEST).with_network(network.clone()))
}

fn connect(client: &Client, url: &str, reconnect: Reconnect) {
    let options = RequestOptions {
        reconnect: Some(reconnect),
        ..without_proxy()
    };
    client.socket.connect(url, options).unwrap();
}

/// The next event must be that an attempt has failed, and that this one follows.
async fn announced(client: &mut Client, number: u32) {
    match client.next().await {
        Seen::Reconnecting { attempt, .. } => assert_eq!(attempt, number),
        other => panic!("unexpected: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_network_ends_the_wait_of_every_client() {
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let url = format!("ws://{}", Server::start().await.stop());
    let mut clients = [client(&network), client(&network)];
    for client in &mut clients {
        connect(client, &url, patient());
        announced(client, 1).await;
    }
    clock.advance(10 * SECOND).await;

    network.notify_changed();
    for client in &mut clients {
        announced(client, 2).await;
        client.assert_silent().await;
    }
    // Another network's clients have heard nothing of it.
    let mut other = client(&Network::on(Handle::current()));
    connect(&other, &url, patient());
    announced(&mut other, 1).await;
    clock.advance(10 * SECOND).await;
    network.notify_changed();
    other.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn a_network_that_comes_and_goes_makes_no_client_busy() {
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let url = format!("ws://{}", Server::start().await.stop());
    let mut client = client(&network);
    connect(&client, &url, patient());
    announced(&mut client, 1).await;

    // Each pause is twice the one before, however often the network changes.
    for (attempt, pause) in [(2, 1), (3, 2), (4, 4), (5, 8), (6, 16)] {
        for _ in 0..10 * pause - 1 {
            clock.advance(SECOND / 10).await;
            network.notify_changed();
            client.assert_silent().await;
        }
        clock.advance(SECOND / 10).await;
        announced(&mut client, attempt).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_holds_makes_the_pauses_short_again() {
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let server = Server::start().await;
    let mut client = client(&network);
    connect(&client, &server.url(), patient());
    drop(server.accept_raw().await);
    announced(&mut client, 1).await;
    network.notify_changed();
    client.assert_silent().await;
    clock.advance(SECOND).await;
    let peer = server.accept().await;
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    assert_eq!(client.next().await, Seen::Reconnected(1));

    // While it was open, changes were none of its business.
    network.notify_changed();
    clock.advance(60 * SECOND).await;
    drop(peer);
    announced(&mut client, 1).await;
    clock.advance(10 * SECOND).await;
    client.assert_silent().await;

    network.notify_changed();
    drop(server.accept_raw().await);
    announced(&mut client, 2).await;
    // The second pause in a row, not the third.
    network.notify_changed();
    clock.advance(2 * SECOND).await;
    drop(server.accept_raw().await);
}

#[tokio::test(start_paused = true)]
async fn a_change_during_an_attempt_counts_for_the_next() {
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let server = Server::start().await;
    let mut client = client(&network);
    connect(&client, &server.url(), patient());
    drop(server.accept_raw().await);
    announced(&mut client, 1).await;
    clock.advance(60 * SECOND).await;

    let attempt = server.accept_raw().await;
    network.notify_changed();
    drop(attempt);
    announced(&mut client, 2).await;
    clock.advance(SECOND).await;
    drop(server.accept_raw().await);
    announced(&mut client, 3).await;
    // It counts once.
    clock.advance(100 * SECOND).await;
    client.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_patience_gets_it_on_any_network() {
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let server = Server::start().await;
    let mut client = client(&network);
    connect(&client, &server.url(), patient());
    server
        .answer("HTTP/1.1 503 Busy\r\nRetry-After: 20\r\nContent-Length: 0\r\n\r\n")
        .await;
    announced(&mut client, 1).await;

    network.notify_changed();
    clock.advance(20 * SECOND - SECOND / 10).await;
    client.assert_silent().await;
    let waiting = tokio::time::timeout(Duration::ZERO, server.accept_raw()).await;
    assert!(waiting.is_err(), "an attempt before its time");
    clock.advance(SECOND / 10).await;
    drop(server.accept_raw().await);
    announced(&mut client, 2).await;
}

#[tokio::test(start_paused = true)]
async fn the_clients_of_a_network_do_not_all_come_at_once() {
    const CLIENTS: usize = 20;
    let clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let url = format!("ws://{}", Server::start().await.stop());
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| client(&network)).collect();
    for client in &mut clients {
        let jitter = Reconnect {
            jitter: true,
            initial_delay: 3600 * SECOND,
            ..patient()
        };
        connect(client, &url, jitter);
        announced(client, 1).await;
    }
    clock.advance(2 * SECOND).await;
    network.notify_changed();

    let mut steps = Vec::new();
    let mut left = clients;
    // They hear of it in the first step, and a second is ten of them.
    for _ in 0..11 {
        clock.advance(SECOND / 10).await;
        let mut waiting = Vec::new();
        let before = left.len();
        for mut client in left {
            if client.is_silent().await {
                waiting.push(client);
            }
        }
        steps.push(before - waiting.len());
        left = waiting;
    }
    for client in &mut left {
        // A second has passed: it comes without any more.
        announced(client, 2).await;
    }
    assert!(steps.iter().all(|&at_once| at_once < CLIENTS), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_a_wait_that_was_cut_short() {
    let _clock = Frozen::clock();
    let network = Network::on(Handle::current());
    let url = format!("ws://{}", Server::start().await.stop());
    let mut client = client(&network);
    connect(&client, &url, patient());
    announced(&mut client, 1).await;
    network.notify_changed();
    client.assert_silent().await;
    client.close().unwrap();
    let events = client.rest().await;
    assert!(matches!(events[..], [Seen::Close(..)]), "{events:?}");
}
