//! A peer that takes what is sent to it slowly.
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;

/// The other end of `stream`, read from at `rate` bytes a second and no faster.
pub(crate) fn slowly(stream: TcpStream, rate: u32) -> DuplexStream {
    let (near, far) = tokio::io::duplex(64 << 10);
    let (mut from_peer, mut to_peer) = stream.into_split();
    let (mut from_us, mut to_us) = tokio::io::split(near);
    tokio::spawn(async move {
        let mut part = vec![0; 16 << 10];
        loop {
            match from_peer.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(count) => {
                    if to_us.write_all(&part[..count]).await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_secs(1) * count as u32 / rate).await;
                }
            }
        }
        let _ = to_us.shutdown().await;
    });
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_us, &mut to_peer).await;
    });
    far
}
