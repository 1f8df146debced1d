//! One open connection, a client's or a server's: what both have in common.
//!
//! | file | what it is |
//! |---|---|
//! | `batch.rs` | messages that travel together |
//! | `send_queue.rs` | what waits to be sent, its counts and its limit |
//! | `receive_window.rs` | what was delivered and not consumed; high and low water |
//! | `pings.rs` | pings of the program, and which pong answers which |
//! | `close_state.rs` | how far the end of the connection has come |
//! | `mailbox.rs` | what the program's threads and the task share: one lock, one waker |
//! | `shared_socket.rs` | the socket, which either of them may write to |
//! | `stall.rs` | whether a server reads from a peer that does not take what waits for it |
//! | `driver.rs` | the task |
pub(crate) mod batch;
pub(crate) mod close_state;
pub(crate) mod driver;
pub(crate) mod mailbox;
pub(crate) mod pings;
pub(crate) mod receive_window;
pub(crate) mod send_queue;
pub(crate) mod shared_socket;
pub(crate) mod stall;
