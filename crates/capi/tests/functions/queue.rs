//! Callbacks in a loop of the program's own.
use std::ffi::c_int;
use std::ptr;

use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::client_option_functions::arkws_client_set_queue;
use net_websocket::queue_functions::{
    arkws_poll, arkws_queue_create, arkws_queue_descriptor, arkws_queue_destroy,
};
use net_websocket::queue_type::QueueMemory;
use net_websocket::server_functions::{arkws_server_destroy, arkws_server_port};
use net_websocket::server_option_functions::arkws_server_set_queue;

use crate::client::{connect, send_text};
use crate::echo::Echo;
use crate::seen::{Log, Seen, last_error, own_client, server_that};
use crate::server::start;

/// Whether the descriptor is readable within so many milliseconds.
fn is_readable(queue: *mut QueueMemory, timeout: c_int) -> bool {
    let mut waited_for = libc::pollfd {
        fd: arkws_queue_descriptor(queue),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one descriptor.
    unsafe { libc::poll(&raw mut waited_for, 1, timeout) == 1 }
}

/// Runs a loop until something is told.
fn wait(queue: *mut QueueMemory, log: &Log) -> Seen {
    loop {
        if let Some((thread, seen)) = log.try_next_with_thread() {
            assert_eq!(thread, std::thread::current().id());
            return seen;
        }
        assert!(is_readable(queue, 20_000), "an event");
        assert!(arkws_poll(queue, 0) >= 0);
    }
}

#[test]
fn clients_and_a_server_share_a_queue_and_the_thread_that_polls() {
    let queue = arkws_queue_create();
    assert!(!is_readable(queue, 0));
    assert_eq!(arkws_poll(queue, 0), 0);
    let (server, server_log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_queue(server, queue), 0);
    assert_eq!(start(server), 0);
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_queue(client, queue), 0);
    assert_eq!(arkws_client_set_queue(client, queue), 1101);
    let url = format!("ws://127.0.0.1:{}/", arkws_server_port(server));
    assert_eq!(connect(client, &url), 0);
    assert!(matches!(wait(queue, &log), Seen::Open { .. }));
    assert!(matches!(wait(queue, &server_log), Seen::Accept { .. }));
    for _ in 0..10 {
        assert_eq!(send_text(client, b"a"), 0);
    }
    for _ in 0..10 {
        assert!(matches!(wait(queue, &server_log), Seen::Message(..)));
    }
    assert!(!is_readable(queue, 0));
    assert_eq!(arkws_client_destroy(client), 0);
    assert!(matches!(wait(queue, &server_log), Seen::Close(..)));
    assert_eq!(arkws_server_destroy(server), 0);
    assert_eq!(arkws_queue_destroy(queue), 0);
    assert_eq!(arkws_queue_destroy(queue), 1002);
    assert!(log.is_empty());
}

#[test]
fn a_poll_runs_as_many_callbacks_as_it_is_asked_for() {
    let echo = Echo::start();
    let queue = arkws_queue_create();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_queue(client, queue), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    assert!(matches!(wait(queue, &log), Seen::Open { .. }));
    for _ in 0..3 {
        assert_eq!(send_text(client, b"a"), 0);
    }
    assert_eq!(send_text(client, b"close"), 0);
    let mut told = 0;
    while told < 4 {
        assert!(is_readable(queue, 20_000));
        assert_eq!(arkws_poll(queue, 1), 1);
        told += 1;
    }
    let seen: Vec<_> = std::iter::from_fn(|| log.try_next()).collect();
    assert_eq!(seen.len(), 4);
    assert!(matches!(seen[3], Seen::Close(0, 4001, _)));
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_queue_destroy(queue), 0);
}

#[test]
fn events_of_a_client_that_was_destroyed_are_not_told() {
    let echo = Echo::start();
    let queue = arkws_queue_create();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_queue(client, queue), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    assert!(is_readable(queue, 20_000));
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_poll(queue, 0), 0);
    assert!(log.is_empty());
    assert_eq!(arkws_queue_destroy(queue), 0);
}

#[test]
fn a_client_that_has_connected_takes_no_queue_and_null_is_none() {
    let echo = Echo::start();
    let queue = arkws_queue_create();
    let (client, log) = own_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(arkws_client_set_queue(client, queue), 1101);
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_queue_destroy(queue), 0);
    assert_eq!(arkws_queue_destroy(ptr::null_mut()), 1001);
    assert_eq!(arkws_poll(ptr::null_mut(), 0), -1);
    assert_eq!(last_error().0, 1001);
    assert_eq!(arkws_queue_descriptor(queue), -1);
    assert_eq!(last_error().0, 1002);
}
