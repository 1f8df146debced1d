//! When the environment is read for the proxy that it names. A test binary of its own: the
//! environment is the process's.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arkws_netstack::{
    ApiLevel, Context, Event, Header, Listener, Network, Proxy, Reconnect, Renewal, Renewed,
    RequestOptions, WebSocket,
};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::select;

struct Ignore;

impl Listener for Ignore {
    fn on_event(&self, _: Event<'_>) {}
}

/// All later reads of the environment find this.
fn set_http_proxy(proxy: &TcpListener) {
    // SAFETY: the only test of this process, whose other threads do not read the environment.
    unsafe { std::env::set_var("http_proxy", proxy.local_addr().unwrap().to_string()) };
}

async fn asked(named: &TcpListener, other: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = select! {
        accepted = named.accept() => accepted.unwrap(),
        _ = other.accept() => panic!("the environment was read after connect"),
    };
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap().into());
    }
    (stream, head)
}

/// A thread that reads the environment while the program changes it may take the process down.
#[tokio::test]
async fn it_is_read_once_by_the_call_of_connect() {
    // SAFETY: as in `set_http_proxy`.
    unsafe {
        std::env::remove_var("no_proxy");
        std::env::remove_var("NO_PROXY");
    }
    let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let renewed = Arc::new(AtomicBool::new(false));
    let renews = Arc::clone(&renewed);
    let options = RequestOptions {
        proxy: Proxy::System,
        reconnect: Some(Reconnect {
            initial_delay: Duration::from_millis(1),
            renewal: Some(Renewal::new(move |_| {
                renews.store(true, Ordering::Relaxed);
                Box::pin(async {
                    Ok(Renewed {
                        url: None,
                        headers: Some(Vec::<Header>::new()),
                    })
                })
            })),
            ..Reconnect::default()
        }),
        ..RequestOptions::default()
    };
    let context = Context::new(ApiLevel::NEWEST).with_network(Network::on(Handle::current()));
    let socket = WebSocket::new(context, Arc::new(Ignore));

    set_http_proxy(&first);
    socket.connect("ws://target.test/", options).unwrap();
    // The task of the connection has not run yet.
    set_http_proxy(&second);
    let (stream, head) = asked(&first, &second).await;
    assert!(head.starts_with("CONNECT target.test:80 "), "{head}");
    assert!(!renewed.load(Ordering::Relaxed));

    // An attempt to reconnect goes the same way, also with other headers.
    drop(stream);
    let (_stream, head) = asked(&first, &second).await;
    assert!(head.starts_with("CONNECT target.test:80 "), "{head}");
    assert!(renewed.load(Ordering::Relaxed));
}
