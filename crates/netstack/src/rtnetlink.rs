//! What Linux tells of its network: links and addresses that come and go (rtnetlink(7)).
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram as StdUnixDatagram;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use tokio::net::UnixDatagram;

/// RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR of `linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// A socket to which the kernel sends each change, and nobody else anything. That there is a change
/// is all that counts here, so that no message is ever looked at.
///
/// To tokio it is a socket of datagrams like a Unix socket: what waits and receives is the same.
#[derive(Debug)]
pub(crate) struct Rtnetlink(UnixDatagram);

impl Rtnetlink {
    /// To be called in the runtime that it will be waited in.
    ///
    /// # Errors
    /// The system's: there are too many open files, or it does not allow it.
    pub(crate) fn open() -> io::Result<Rtnetlink> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            // NETLINK_ROUTE, number 0.
            None,
        )?;
        // 0: the kernel chooses the address.
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        UnixDatagram::from_std(StdUnixDatagram::from(socket)).map(Rtnetlink)
    }

    /// Takes what has been told; whether there was anything.
    pub(crate) fn take(&self) -> bool {
        let mut any = false;
        loop {
            // The rest of a message, which does not fit, is dropped.
            match self.0.try_recv(&mut [0]) {
                Ok(_) => any = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return any,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // ENOBUFS: there were more than the kernel keeps.
                Err(_) => return true,
            }
        }
    }

    /// Ready when something has been told, which is then taken.
    pub(crate) async fn changed(&self) {
        // It fails if the runtime ends: then nobody waits for long.
        while self.0.readable().await.is_ok() {
            if self.take() {
                return;
            }
        }
        std::future::pending().await
    }
}
