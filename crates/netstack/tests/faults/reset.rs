//! A link over TCP, both of whose connections are reset behind some byte. What each end had sent
//! so far has gone to the other; the reset comes behind it.
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::link::{Direction, Fault, Passed};

/// Both ends of a connection.
pub(crate) async fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (near, (far, _)) = (near.unwrap(), far.unwrap());
    for stream in [&near, &far] {
        // What is written has left before a reset.
        stream.set_nodelay(true).unwrap();
    }
    (near, far)
}

/// Passes bytes on until both ends have ended, or the fault has happened.
pub(crate) async fn pass(
    fault: Option<Fault>,
    mut client: TcpStream,
    mut server: TcpStream,
    passed: &Passed,
) {
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let one = |direction, read, write| OneWay {
        direction,
        end: fault
            .filter(|fault| fault.direction == direction)
            .map_or(usize::MAX, |fault| fault.at),
        read,
        write,
        passed,
    };
    let to_server = one(Direction::ToServer, client_read, server_write);
    let to_client = one(Direction::ToClient, server_read, client_write);
    if let Err(Reset) = tokio::try_join!(to_server.run(), to_client.run()) {
        passed.happen();
        for stream in [client, server] {
            // Dropped, it is reset.
            stream.set_zero_linger().unwrap();
        }
    }
}

/// The fault happens.
struct Reset;

/// One direction of a link.
struct OneWay<'a> {
    direction: Direction,
    /// Behind so many bytes comes the fault.
    end: usize,
    read: ReadHalf<'a>,
    write: WriteHalf<'a>,
    passed: &'a Passed,
}

impl OneWay<'_> {
    async fn run(mut self) -> Result<(), Reset> {
        let mut buffer = [0; 4096];
        loop {
            let left = self.end - self.passed.bytes()[self.direction as usize];
            if left == 0 {
                return Err(Reset);
            }
            let room = left.min(buffer.len());
            match self.read.read(&mut buffer[..room]).await {
                Ok(count @ 1..) => {
                    self.passed.count(self.direction, count);
                    // Nobody may be there any more.
                    let _ = self.write.write_all(&buffer[..count]).await;
                }
                Ok(0) | Err(_) => {
                    let _ = self.write.shutdown().await;
                    return Ok(());
                }
            }
        }
    }
}

/// What Linux calls this socket, and no other one.
pub(crate) fn name(stream: &TcpStream) -> PathBuf {
    std::fs::read_link(format!("/proc/self/fd/{}", stream.as_raw_fd())).unwrap()
}

/// Which of these sockets this process has.
pub(crate) fn open(names: &[PathBuf]) -> Vec<PathBuf> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    let open =
        descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.ok()?.path()).ok());
    open.filter(|name| names.contains(name)).collect()
}
