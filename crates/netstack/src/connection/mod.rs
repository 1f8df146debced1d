//! One open connection, a client's or a server's: what both have in common.
//!
//! | file | what it is |
//! |---|---|
//! | `batch.rs` | messages that travel together |
//! | `mailbox.rs` | what the program's threads and the connection's task share: one lock, one waker |
//! | `shared_socket.rs` | the socket, which either of them may write to |
//! | `driver.rs` | the task |
pub(crate) mod batch;
pub(crate) mod driver;
pub(crate) mod mailbox;
pub(crate) mod shared_socket;
