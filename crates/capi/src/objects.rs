//! The clients, servers and queues that there are, by their addresses.
use std::sync::Arc;

use crate::client::Client;
use crate::code::Code;
use crate::environment;
use crate::event_queue::EventQueue;
use crate::failure::Failure;
use crate::platform_types::WebSocketMemory;
use crate::queue_type::QueueMemory;
use crate::server::Server;
use crate::server_types::ServerMemory;
use crate::slot_table::SlotTable;

/// All clients, of either header.
pub(crate) static CLIENTS: SlotTable<WebSocketMemory, Client> = SlotTable::new();
/// All servers.
pub(crate) static SERVERS: SlotTable<ServerMemory, Server> = SlotTable::new();
/// All queues.
pub(crate) static QUEUES: SlotTable<QueueMemory, EventQueue> = SlotTable::new();

/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn client(pointer: *const WebSocketMemory) -> Result<Arc<Client>, Failure> {
    find("client", pointer, || CLIENTS.get(pointer))
}

/// Takes a client out: nothing finds it any more.
///
/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn take_client(pointer: *const WebSocketMemory) -> Result<Arc<Client>, Failure> {
    find("client", pointer, || CLIENTS.remove(pointer))
}

/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn server(pointer: *const ServerMemory) -> Result<Arc<Server>, Failure> {
    find("server", pointer, || SERVERS.get(pointer))
}

/// Takes a server out: nothing finds it any more.
///
/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn take_server(pointer: *const ServerMemory) -> Result<Arc<Server>, Failure> {
    find("server", pointer, || SERVERS.remove(pointer))
}

/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn queue(pointer: *const QueueMemory) -> Result<Arc<EventQueue>, Failure> {
    find("queue", pointer, || QUEUES.get(pointer))
}

/// Takes a queue out: nothing finds it any more.
///
/// # Errors
/// [`Code::Null`], [`Code::NotCreated`], [`Code::System`].
pub(crate) fn take_queue(pointer: *const QueueMemory) -> Result<Arc<EventQueue>, Failure> {
    find("queue", pointer, || QUEUES.remove(pointer))
}

fn find<Memory, Object>(
    what: &str,
    pointer: *const Memory,
    look: impl FnOnce() -> Option<Arc<Object>>,
) -> Result<Arc<Object>, Failure> {
    // Another thread may have had the table's lock as the process was forked off.
    environment::check_process()?;
    look().ok_or_else(|| match pointer.is_null() {
        true => Failure::new(Code::Null, format!("the {what} is NULL")),
        false => Failure::not_created(what),
    })
}
