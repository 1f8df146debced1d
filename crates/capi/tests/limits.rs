//! How many clients there may be, and when an address is used again: in a process of its own, as
//! all clients of a process count.
use std::ffi::c_int;
use std::ptr;

use net_websocket::client_functions::{arkws_client_create, arkws_client_destroy};
use net_websocket::platform_functions::{
    OH_WebSocketClient_Constructor, OH_WebSocketClient_Destroy, OH_WebSocketClient_Send,
};
use net_websocket::platform_types::WebSocketMemory;

fn construct() -> *mut WebSocketMemory {
    OH_WebSocketClient_Constructor(None, None, None, None)
}

fn send(client: *mut WebSocketMemory) -> c_int {
    let mut byte = 1;
    // SAFETY: one byte.
    unsafe { OH_WebSocketClient_Send(client, &raw mut byte, 1) }
}

/// One test, since its parts would count each other's clients.
#[test]
fn an_address_rests_while_1024_others_are_made_and_there_are_100_clients_at_most() {
    let first = construct();
    assert_eq!(OH_WebSocketClient_Destroy(first), 1018);
    for _ in 0..1024 {
        let other = construct();
        assert_ne!(other, first);
        assert_eq!(send(first), 1002);
        assert_eq!(OH_WebSocketClient_Destroy(first), 1002);
        assert_eq!(OH_WebSocketClient_Destroy(other), 1018);
    }
    // No memory is taken for more.
    assert_eq!(construct(), first);

    let clients: Vec<_> = (1..100).map(|_| construct()).collect();
    assert!(clients.iter().all(|client| !client.is_null()));
    assert!(construct().is_null());
    // Ours are not limited.
    // SAFETY: NULL: no callbacks.
    let own = unsafe { arkws_client_create(ptr::null(), ptr::null_mut()) };
    assert!(!own.is_null());
    assert_eq!(arkws_client_destroy(own), 0);
    assert_eq!(OH_WebSocketClient_Destroy(first), 1018);
    assert!(!construct().is_null());
}
