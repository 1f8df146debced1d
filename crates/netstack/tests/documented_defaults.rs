//! The numbers that the documents state are those that hold: the page on limits, and the types of
//! the npm package.
use std::time::Duration;

use arkws::{Acceptor, Client, Config, Limits, UnfinishedBudget};
use arkws_netstack::{CustomLimits, Reconnect, RequestOptions, ServerConfig, StopOptions};

const CLIENT: &str = "WebSocketRequestOptions";
const SERVER: &str = "WebSocketServerConfig";
const RECONNECT: &str = "ReconnectOptions";

/// A file of the repository.
fn document(path: &str) -> String {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The number that a text begins with, such as `30 s` (30,000 ms), `16 MiB` or `1,048,576`.
fn quantity(text: &str) -> u64 {
    let digits = |c: char| c.is_ascii_digit() || c == ',';
    let (number, rest) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
    let number: u64 = number
        .replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("{text:?} begins with no number"));
    let unit = rest.trim_start().split(|c: char| !c.is_alphabetic()).next();
    number
        * match unit {
            Some("s") => 1000,
            Some("KiB") => 1 << 10,
            Some("MiB") => 1 << 20,
            _ => 1,
        }
}

/// The default in the documentation of an option in `index.d.ts`.
fn declared(types: &str, interface: &str, option: &str) -> u64 {
    let found = || {
        let (_, body) = types.split_once(&format!("interface {interface} {{"))?;
        let (before, _) = body.split_once(&format!(" {option}?: number;"))?;
        let (_, comment) = before.rsplit_once("/**")?;
        let words = comment.split_whitespace().filter(|word| *word != "*");
        let text = words.collect::<Vec<_>>().join(" ");
        let (_, default) = text.rsplit_once("efault: ")?;
        Some(quantity(default))
    };
    found().unwrap_or_else(|| panic!("{interface} has no documented {option}"))
}

/// The default in the page on limits, of a client (column 3) or a server (column 4).
fn listed(page: &str, option: &str, column: usize) -> u64 {
    let start = format!("| `{option}` |");
    let row = page.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("the page has no row for {option}"));
    quantity(row.split('|').nth(column).unwrap().trim())
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis() as u64
}

#[test]
fn the_documents_state_the_defaults_that_hold() {
    let page = document("docs/src/limits.md");
    let types = document("npm/index.d.ts");
    let connect_timeout = milliseconds(Client::DEFAULT_CONNECT_TIMEOUT);
    let redirects = Client::DEFAULT_MAX_REDIRECTS as u64;
    let write_timeout = milliseconds(Config::DEFAULT_WRITE_TIMEOUT);
    let fragments = u64::from(Limits::DEFAULT_MAX_FRAGMENTS);
    let header_bytes = Limits::DEFAULT_MAX_HEADER_BYTES as u64;
    let headers = Limits::DEFAULT_MAX_HEADERS as u64;
    let clients_message = Limits::DEFAULT_MAX_MESSAGE_SIZE as u64;
    let servers_message = Acceptor::DEFAULT_MAX_MESSAGE_SIZE as u64;
    let clients_handshake = milliseconds(Client::DEFAULT_HANDSHAKE_TIMEOUT);
    let servers_handshake = milliseconds(Acceptor::DEFAULT_HANDSHAKE_TIMEOUT);
    let message_timeout = milliseconds(Acceptor::DEFAULT_MESSAGE_TIMEOUT);
    let request_timeout = milliseconds(ServerConfig::DEFAULT_REQUEST_TIMEOUT);
    let unfinished = UnfinishedBudget::DEFAULT_LIMIT as u64;
    let clients_queue = RequestOptions::DEFAULT_MAX_QUEUED_BYTES as u64;
    let servers_queue = ServerConfig::DEFAULT_MAX_QUEUED_BYTES as u64;
    for (interface, option, default) in [
        (CLIENT, "connectTimeout", connect_timeout),
        (CLIENT, "handshakeTimeout", clients_handshake),
        (CLIENT, "writeTimeout", write_timeout),
        (CLIENT, "maxRedirects", redirects),
        (CLIENT, "maxHeaderBytes", header_bytes),
        (CLIENT, "maxHeaders", headers),
        (CLIENT, "maxMessageSize", clients_message),
        (CLIENT, "maxFragments", fragments),
        (CLIENT, "maxQueuedBytes", clients_queue),
        (SERVER, "handshakeTimeout", servers_handshake),
        (SERVER, "requestTimeout", request_timeout),
        (SERVER, "writeTimeout", write_timeout),
        (SERVER, "messageTimeout", message_timeout),
        (SERVER, "maxHeaderBytes", header_bytes),
        (SERVER, "maxHeaders", headers),
        (SERVER, "maxMessageSize", servers_message),
        (SERVER, "maxFragments", fragments),
        (SERVER, "maxUnfinishedBytes", unfinished),
        (SERVER, "maxQueuedBytes", servers_queue),
    ] {
        let column = if interface == CLIENT { 3 } else { 4 };
        assert_eq!(
            listed(&page, option, column),
            default,
            "{option} in the page"
        );
        assert_eq!(
            declared(&types, interface, option),
            default,
            "{interface}: {option}"
        );
    }
}

#[test]
fn the_documents_state_how_a_server_bounds_handshakes_and_its_stop() {
    let types = document("npm/index.d.ts");
    for (interface, option, default) in [
        (
            "ServerLimits",
            "handshakes",
            CustomLimits::DEFAULT_HANDSHAKES as u64,
        ),
        (
            "StopOptions",
            "timeout",
            milliseconds(StopOptions::DEFAULT_TIMEOUT),
        ),
    ] {
        assert_eq!(
            declared(&types, interface, option),
            default,
            "{interface}: {option}"
        );
    }
}

#[test]
fn the_documents_state_the_heartbeat_in_seconds() {
    let default = RequestOptions::DEFAULT_HEARTBEAT;
    let page = document("docs/src/limits.md");
    for option in ["pingInterval", "pongTimeout"] {
        assert_eq!(listed(&page, option, 3), default * 1000, "{option}");
    }
    let types = document("npm/index.d.ts");
    assert_eq!(declared(&types, CLIENT, "pingInterval"), default);
}

#[test]
fn the_documents_state_the_defaults_of_reconnect() {
    let queue = Reconnect::DEFAULT_MAX_QUEUED_BYTES as u64;
    let page = document("docs/src/limits.md");
    assert_eq!(listed(&page, "reconnect.maxQueuedBytes", 3), queue);

    let initial_delay = milliseconds(Reconnect::DEFAULT_INITIAL_DELAY);
    let max_delay = milliseconds(Reconnect::DEFAULT_MAX_DELAY);
    let types = document("npm/index.d.ts");
    for (option, default) in [
        ("initialDelay", initial_delay),
        ("maxDelay", max_delay),
        ("factor", Reconnect::DEFAULT_FACTOR as u64),
        ("maxQueuedBytes", queue),
    ] {
        assert_eq!(declared(&types, RECONNECT, option), default, "{option}");
    }
}
