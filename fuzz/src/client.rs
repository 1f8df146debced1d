//! A client that connects: the answers of proxies and servers may be any bytes.
use std::time::Duration;

use arkws::{
    Client, Config, DeflateConfig, Error, Host, Proxy, ProxyProtocol, ProxyServer, Transport,
};
use arkws_proto::Limits;
use arkws_proto::handshake::{ClientHandshake, ClientRequest};
use tokio::time::timeout;

use crate::config::{ENTROPY, HEARTBEAT};
use crate::handshake::with_proof;
use crate::input::Input;
use crate::peer::Stream;
use crate::runtime::paused;
use crate::url::assert_one_line;

/// Longer than all time-outs of a client, for each of the redirects that it follows.
const END: Duration = Duration::from_secs(600);

const PASSWORD: &str = "secret-4711";

/// It connects or says why not, in one line without the proxy's password, and waits for nobody
/// longer than it says.
pub(crate) fn run(data: &[u8]) {
    paused().block_on(async {
        let connecting = timeout(END, connect(Input::new(data)));
        let result = connecting.await.expect("an end");
        if let Err(error) = result {
            let error = error.to_string();
            assert!(!error.contains(PASSWORD), "{error}");
            assert_one_line(&error);
        }
    });
}

async fn connect(mut input: Input<'_>) -> Result<(), Error> {
    let [choice, read_size] = input.array();
    let bytes = prove(input.rest());
    // Each connection is told the same: also that behind a redirect.
    let network = move |_: &Host, _: u16| {
        let stream = Stream::new(1 + usize::from(read_size), usize::MAX);
        let mut wire = stream.wire();
        wire.say(&bytes);
        if choice & 8 != 0 {
            wire.end();
        }
        drop(wire);
        async { Ok(Transport::other(stream)) }
    };
    let client = Client::builder()
        .connector(network)
        .proxy(proxy(choice))
        .protocols(["p", "q"])
        .deflate(DeflateConfig::default())
        .config(Config {
            entropy: ENTROPY,
            // A server that says nothing more is given up.
            heartbeat: Some(HEARTBEAT),
            ..Config::default()
        })
        .build()?;
    let (mut socket, _) = client.connect("ws://a/").await?;
    while let Some(message) = socket.recv().await {
        drop(message?);
    }
    Ok(())
}

/// Bits 0 to 2.
fn proxy(choice: u8) -> Proxy {
    let protocol = match choice & 3 {
        0 => return Proxy::None,
        1 => ProxyProtocol::Socks5h,
        _ => ProxyProtocol::Http,
    };
    let credentials = (choice & 4 != 0).then(|| ("user".to_owned(), PASSWORD.to_owned().into()));
    Proxy::Server(ProxyServer {
        protocol,
        host: "proxy".to_owned(),
        port: 1,
        credentials,
        headers: Default::default(),
        exclusions: Vec::new(),
    })
}

/// The proof for the key that every request of this seed has.
fn prove(bytes: &[u8]) -> Vec<u8> {
    let request = ClientRequest {
        host: "a".into(),
        target: "/".into(),
        entropy: ENTROPY,
        ..ClientRequest::default()
    };
    let made = ClientHandshake::new(request, &Limits::default());
    let (_, sent) = made.expect("a valid request");
    with_proof(bytes, &sent)
}
