//! The clients of a server object, by the numbers that JavaScript knows them by.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws_netstack::{CloseOptions, Connection, WebSocketServer};

use crate::numbers::Numbers;

/// A server object and the numbers of its clients.
pub(crate) struct Server {
    pub(crate) server: WebSocketServer,
    pub(crate) clients: Arc<Clients>,
}

impl Server {
    pub(crate) fn consumed(&self, client: u64, events: usize, bytes: usize) {
        let connection = self.clients.lock().by_number.get(&client).cloned();
        if let Some(connection) = connection {
            self.server.consumed(&connection, events, bytes);
        }
    }

    /// Closes the connection of that number; `false`: it is gone, or closing already.
    pub(crate) fn close_number(&self, client: u64, options: CloseOptions) -> bool {
        let connection = self.clients.lock().by_number.get(&client).cloned();
        connection.is_some_and(|connection| self.server.close(&connection, options).is_ok())
    }
}

#[derive(Default)]
pub(crate) struct Clients(Mutex<Numbered>);

#[derive(Default)]
pub(crate) struct Numbered {
    last: Numbers,
    by_number: HashMap<u64, Connection>,
    by_connection: HashMap<Connection, u64>,
}

impl Clients {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Numbered {
    pub(crate) fn add(&mut self, connection: &Connection) -> u64 {
        let number = self.last.next();
        self.by_number.insert(number, connection.clone());
        self.by_connection.insert(connection.clone(), number);
        number
    }

    pub(crate) fn get(&self, connection: &Connection) -> Option<u64> {
        self.by_connection.get(connection).copied()
    }

    pub(crate) fn remove(&mut self, connection: &Connection) -> Option<u64> {
        let number = self.by_connection.remove(connection)?;
        self.by_number.remove(&number);
        Some(number)
    }
}
