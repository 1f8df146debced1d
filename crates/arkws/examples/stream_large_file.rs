//! A file in one message, whatever its length, through little memory on both ends: it is read from
//! the disk as fast as the network takes it, and leaves in fragments.
//!
//! ```console
//! cargo run --release --example stream_large_file -- FILE
//! ```
//!
//! Without a file it makes one, of 100 MB: more than a message may have that is received whole.
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use arkws::{Acceptor, AllowedOrigins, MessageKind};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// The longest file that the server takes, in bytes.
const LONGEST: u64 = 10 << 30;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    // (As a test it has the arguments of the test.)
    let source = match std::env::args_os().nth(1) {
        Some(file) if !cfg!(test) => PathBuf::from(file),
        _ => make_file(directory.path().join("source"), 100_000_000).await?,
    };
    let target = directory.path().join("target");

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let server = tokio::spawn(receive(listener, target.clone()));
    send(&url, &source).await?;
    let received = server.await??;
    println!("{received} bytes have arrived");

    match same(&source, &target).await? {
        true => Ok(()),
        false => Err("what has arrived is not what was sent".into()),
    }
}

/// The server: writes what the first client sends to a file, as it arrives. While the disk is
/// behind, nothing more is read, and the client has to wait.
async fn receive(listener: TcpListener, target: PathBuf) -> io::Result<u64> {
    let (stream, _) = listener.accept().await?;
    // Whose web pages may connect: else every page that a user has open could.
    let origins = AllowedOrigins::new(["https://files.example"]).map_err(io::Error::other)?;
    let acceptor = Acceptor::builder().allowed_origins(origins).build();
    let mut socket = acceptor.accept(stream).await?;
    let mut received = 0;
    while let Some(reader) = socket.message_reader(LONGEST).await {
        let mut file = File::create(&target).await?;
        received = tokio::io::copy(&mut reader?, &mut file).await?;
        file.flush().await?;
    }
    Ok(received)
}

/// The client: a file as one message. Dropped before `finish`, say because reading fails, the
/// connection would be closed: the server does not mistake half a file for a whole one.
async fn send(url: &str, source: &Path) -> Result<(), Box<dyn Error>> {
    let (mut socket, _response) = arkws::connect(url).await?;
    let mut file = File::open(source).await?;
    let mut writer = socket.message_writer(MessageKind::Binary);
    tokio::io::copy(&mut file, &mut writer).await?;
    writer.finish().await?;
    socket.close(None).await?;
    Ok(())
}

async fn make_file(path: PathBuf, len: u64) -> io::Result<PathBuf> {
    let mut file = File::create(&path).await?;
    tokio::io::copy(&mut tokio::io::repeat(7).take(len), &mut file).await?;
    file.flush().await?;
    Ok(path)
}

async fn same(one: &Path, other: &Path) -> io::Result<bool> {
    const AT_ONCE: usize = 1 << 20;
    if tokio::fs::metadata(one).await?.len() != tokio::fs::metadata(other).await?.len() {
        return Ok(false);
    }
    let mut one = BufReader::with_capacity(AT_ONCE, File::open(one).await?);
    let mut other = BufReader::with_capacity(AT_ONCE, File::open(other).await?);
    let (mut these, mut those) = (vec![0; AT_ONCE], vec![0; AT_ONCE]);
    loop {
        let len = one.read(&mut these).await?;
        other.read_exact(&mut those[..len]).await?;
        if these[..len] != those[..len] {
            return Ok(false);
        }
        if len == 0 {
            return Ok(true);
        }
    }
}

#[cfg(test)]
#[test]
fn it_runs() {
    main().unwrap();
}
