//! From a host to a TCP connection: its name, and each of its addresses.
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arkws::{Cause, Connector, Host, Transport};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::json;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::fault::{Fault, Kind};
use super::name_servers::{self, Answer};
use super::report::{Report, Stage, Step};

/// Makes the client's connections, and tells how. The client asks it for the server, or for the
/// proxy that leads there.
pub(super) struct Network {
    report: Report,
    server: (Host, u16),
    /// `host:port`, where it was asked for another than the server.
    proxy: OnceLock<String>,
    /// There is a TCP connection.
    connected: Notify,
    /// Hosts that no resolver is asked for.
    known: HashMap<String, Vec<IpAddr>>,
    /// How long each step may take.
    limit: Duration,
}

impl Connector for Network {
    fn connect<'a>(&'a self, host: &'a Host, port: u16) -> BoxFuture<'a, io::Result<Transport>> {
        Box::pin(async move {
            if (host, port) != (&self.server.0, self.server.1) {
                self.proxy.get_or_init(|| format!("{host}:{port}"));
            }
            let addresses = self.resolve(host).await?;
            self.open(host, port, addresses).await
        })
    }
}

/// A fault has been reported: there is nothing to add.
fn reported() -> io::Error {
    io::Error::other("a fault was found")
}

impl Network {
    pub(super) fn new(
        server: (Host, u16),
        known: HashMap<String, Vec<IpAddr>>,
        limit: Duration,
        report: Report,
    ) -> Network {
        Network {
            report,
            server,
            proxy: OnceLock::new(),
            connected: Notify::new(),
            known,
            limit,
        }
    }

    /// The proxy that leads to the server, if there is one.
    pub(super) fn proxy(&self) -> Option<&str> {
        self.proxy.get().map(String::as_str)
    }

    /// Waits for a TCP connection.
    pub(super) async fn connected(&self) {
        self.connected.notified().await;
    }

    /// The addresses of a host.
    ///
    /// # Errors
    /// There are none: a fault is reported.
    pub(super) async fn resolve(&self, host: &Host) -> io::Result<Vec<IpAddr>> {
        let name = match (host, host.ip()) {
            (_, Some(ip)) => {
                let words = format!("{ip} is an address");
                self.report.step(Step::skipped(Stage::Name, words));
                return Ok(vec![ip]);
            }
            (Host::Domain(name), _) => name,
            _ => return Err(reported()),
        };
        if let Some(addresses) = self.known.get(name) {
            let words = format!("{name} is {} (--resolve)", list(addresses));
            self.report.step(Step::skipped(Stage::Name, words));
            return Ok(addresses.clone());
        }
        let began = Instant::now();
        let found = match timeout(self.limit, lookup_host((name.as_str(), 0))).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                addresses.dedup();
                Ok(addresses)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.limit)),
        };
        match found {
            Ok(addresses) => {
                let words = format!("{name} is {}", list(&addresses));
                let step = Step::ok(Stage::Name, words).since(began);
                let shown: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
                self.report.step(step.data("addresses", shown));
                Ok(addresses)
            }
            Err(why) => {
                let step =
                    Step::failed(Stage::Name, Cause::Dns, format!("{name}: {why}")).since(began);
                let answers = name_servers::ask(name, self.limit.min(PATIENCE)).await;
                let details = answers
                    .iter()
                    .map(|(server, answer)| format!("name server {server}: {}", answer.words()));
                self.report.step(step.details(details));
                self.report.fault(unresolved(name, &why, &answers));
                Err(reported())
            }
        }
    }

    /// Tries all addresses, and takes the first of them that answers.
    ///
    /// # Errors
    /// None does: a fault is reported.
    async fn open(&self, host: &Host, port: u16, addresses: Vec<IpAddr>) -> io::Result<Transport> {
        let count = addresses.len();
        let mut attempts: FuturesUnordered<_> = addresses
            .into_iter()
            .enumerate()
            .map(|(place, ip)| async move {
                let began = Instant::now();
                let address = SocketAddr::new(ip, port);
                let stream = timeout(self.limit, TcpStream::connect(address)).await;
                let stream = stream.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                (place, address, stream, began.elapsed())
            })
            .collect();
        let (mut open, mut dead) = (Vec::new(), Vec::new());
        while let Some((place, address, stream, time)) = attempts.next().await {
            let step = match stream {
                Ok(stream) => {
                    open.push((place, stream));
                    Step::ok(Stage::Address, format!("{address} answers"))
                }
                Err(error) => {
                    let step = if is_without_route(address, &error) && count > 1 {
                        let words = format!("{address}: this machine has no way there");
                        Step::skipped(Stage::Address, words)
                    } else {
                        let cause = error.kind().into();
                        Step::failed(
                            Stage::Address,
                            cause,
                            format!("{address}: {}", words(&error)),
                        )
                    };
                    dead.push((address, error));
                    step
                }
            };
            let step = step.took(time);
            self.report
                .step(step.data("address", json!(address.to_string())));
        }
        open.sort_by_key(|(place, _)| *place);
        match open.into_iter().next() {
            Some((_, stream)) => {
                let stream = match dead.is_empty() {
                    true => stream,
                    // It may have waited for the others for longer than its server waits for it.
                    false => {
                        let address = stream.peer_addr()?;
                        drop(stream);
                        TcpStream::connect(address).await?
                    }
                };
                dead.retain(|(address, error)| !is_without_route(*address, error));
                if !dead.is_empty() {
                    self.report.fault(partly_dead(host, port, count, &dead));
                }
                stream.set_nodelay(true)?;
                self.connected.notify_one();
                Ok(stream.into())
            }
            None => {
                self.report.fault(all_dead(host, port, &dead));
                Err(reported())
            }
        }
    }
}

/// How long a name server is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Not each machine has IPv6, which is no fault while there are other addresses.
fn is_without_route(address: SocketAddr, error: &io::Error) -> bool {
    address.is_ipv6() && error.kind() == io::ErrorKind::NetworkUnreachable
}

fn list(addresses: &[IpAddr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
    addresses.join(", ")
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => "no answer".to_owned(),
        io::ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        _ => error.to_string(),
    }
}

fn unresolved(name: &str, why: &str, answers: &[(IpAddr, Answer)]) -> Fault {
    let who = |wanted: fn(&Answer) -> bool| {
        let found = answers.iter().find(|(_, answer)| wanted(answer));
        found.map(|(server, _)| *server)
    };
    if let Some(server) = who(|answer| *answer == Answer::NoSuchName) {
        return Fault::new(
            Kind::NoSuchName,
            format!("There is no host called {name}: the name server {server} knows no such name."),
            "Check the name in the URL; if it is new, or of an internal network, check the name \
             server.",
        );
    }
    if let Some(server) = who(|answer| *answer == Answer::NoAddress) {
        return Fault::new(
            Kind::NoAddress,
            format!("The name {name} exists and has no address, says the name server {server}."),
            "Give it a record of the type A or AAAA, or use another name.",
        );
    }
    let failed = answers.iter().find_map(|(server, answer)| match answer {
        Answer::Fault(_) => Some((server, answer)),
        _ => None,
    });
    if let Some((server, answer)) = failed {
        return Fault::new(
            Kind::NameServer,
            format!(
                "Whether there is a host {name} is not known: of the name server {server}, {}.",
                answer.words()
            ),
            "Try later, or use another name server.",
        );
    }
    let is_silent =
        |(_, answer): &(_, Answer)| matches!(answer, Answer::Silent | Answer::Unreachable(_));
    if !answers.is_empty() && answers.iter().all(is_silent) {
        let servers: Vec<_> = answers.iter().map(|(server, _)| *server).collect();
        return Fault::new(
            Kind::NoNameServer,
            format!(
                "No name server answers, so that nothing is known of {name}; asked was {}.",
                list(&servers)
            ),
            "Check this machine's network, and its name servers in /etc/resolv.conf.",
        );
    }
    Fault::new(
        Kind::Lookup,
        format!("The name {name} cannot be resolved: {why}."),
        "Check the name, and how this machine resolves names.",
    )
}

fn partly_dead(host: &Host, port: u16, count: usize, dead: &[(SocketAddr, io::Error)]) -> Fault {
    let which: Vec<_> = dead
        .iter()
        .map(|(address, error)| format!("{} ({})", address.ip(), words(error)))
        .collect();
    Fault::new(
        Kind::DeadAddress,
        format!(
            "Of the {count} addresses of {host} there is no connecting to {} at port {port}.",
            which.join(", ")
        ),
        "Have the server listen there too, or take the address out of DNS: clients that try it \
         first lose time, or fail.",
    )
}

fn all_dead(host: &Host, port: u16, dead: &[(SocketAddr, io::Error)]) -> Fault {
    let kind_of = |kind| dead.iter().find(|(_, error)| error.kind() == kind);
    if let Some((address, _)) = kind_of(io::ErrorKind::ConnectionRefused) {
        return Fault::new(
            Kind::Refused,
            format!("Nothing listens at port {port} of {host}: {address} refuses the connection."),
            "Check the port in the URL, and whether the server runs and listens at this address.",
        );
    }
    if let Some((address, _)) = kind_of(io::ErrorKind::TimedOut) {
        return Fault::new(
            Kind::Filtered,
            format!("There is no answer at all from port {port} of {host} ({address})."),
            "Mostly a firewall drops what is sent there: allow the port, or go through a proxy. \
             Check also that the machine is up and that this is its address.",
        );
    }
    let why = dead
        .iter()
        .map(|(address, error)| format!("{}: {}", address.ip(), words(error)));
    Fault::new(
        Kind::Unreachable,
        format!(
            "There is no way to {host}: {}.",
            why.collect::<Vec<_>>().join(", ")
        ),
        "Check this machine's network, routes and VPN, and its firewall.",
    )
}
