//! What `start` checks before anything is opened, in the platform's order.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use arkws::{Acceptor, AllowedOrigins, Client};

use super::limits::{Limits, ServerLimits};
use super::listen::CAN_REUSE_PORT;
use super::listen_on::ListenOn;
use super::tls::ServerCertificate;
use super::trusted_proxies::{TrustProxy, TrustedProxies};
use crate::BusinessError;
use crate::shared_limits::{refuse_zero, whole};

/// `WebSocketServerConfig`. Numbers are as the program gave them: `start` checks them.
#[derive(Debug, Clone, Default)]
pub struct ServerConfig {
    /// Address to listen on, an IPv4 or IPv6 literal; empty: 0.0.0.0.
    pub server_ip: String,
    /// Port, 0–65535; 0: any free one, which [`list_address`](super::WebSocketServer::list_address)
    /// tells.
    pub server_port: f64,
    /// arkws: where clients come from, if not from this address and port.
    pub listen_on: ListenOn,
    /// arkws: several servers listen on the port, all with this, of this process or others of the
    /// same user; Linux spreads the clients over them. 401 if the system has no such thing
    /// (Windows), or if it is no port to listen on. Default: `false`.
    pub reuse_port: bool,
    /// Certificate chain and key. `None`, or an empty path of the certificate: no TLS, as on the
    /// platform.
    pub server_cert: Option<ServerCertificate>,
    /// Most distinct client addresses, 0–10. `None`: 10.
    pub max_concurrent_clients_number: Option<f64>,
    /// Most connections of one client address, 0–10. `None`: 10.
    pub max_connections_for_one_client: Option<f64>,
    /// arkws: other limits than those two and the flood rule; 401 together with one of those two.
    pub limits: ServerLimits,
    /// arkws: the proxies in front of the server. A client that comes by one of them is counted by
    /// its [`forwarded_for`](super::ConnectedClient::forwarded_for), and the limits of opening
    /// handshakes do not concern it.
    pub trust_proxy: TrustProxy,
    /// Sub-protocols in order of preference, separated by commas. A client gets the first that it
    /// offers; one that offers none of them is let in without (RFC 6455, 4.2.2).
    pub protocol: String,
    /// arkws: a client that is silent for this long is sent a ping, and is given up if it stays
    /// silent for as long again from when the ping has left. `None` or zero: no pings.
    pub ping_interval: Option<Duration>,
    /// arkws: the origins whose web pages may connect, as [`AllowedOrigins`] has them: others are
    /// refused with 403 before there is a `Request` event. `None`: every page of every site may.
    pub allowed_origins: Option<Vec<String>>,
    /// arkws: whether `Request` events are wanted: each must then be answered.
    pub ask_request: bool,
    /// arkws: whether `HttpRequest` events are wanted, of requests that do not ask for a WebSocket:
    /// each must then be answered. Otherwise they are refused, with an `Error` event.
    pub ask_http: bool,
    /// arkws: accept permessage-deflate.
    pub per_message_deflate: bool,
    /// arkws: longest message that a client may send, in bytes; over 0 (401). Default:
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](Acceptor::DEFAULT_MAX_MESSAGE_SIZE).
    pub max_message_size: Option<usize>,
    /// arkws: most frames that a message of a client may come in; over 0 (401). Default:
    /// [`Limits::max_fragments`](arkws::Limits::max_fragments).
    pub max_fragments: Option<u32>,
    /// arkws: bytes of the largest head of a request; a larger one is refused with 431.
    /// Over 0 (401). Default:
    /// [`Limits::max_header_bytes`](arkws::Limits::max_header_bytes).
    pub max_header_bytes: Option<usize>,
    /// arkws: most header fields of a request; one with more is refused with 431. Over 0
    /// (401). Default:
    /// [`Limits::max_headers`](arkws::Limits::max_headers).
    pub max_headers: Option<usize>,
    /// arkws: how long a client may take from its TCP connection to its complete request, TLS
    /// included; over zero (401). Default:
    /// [`DEFAULT_HANDSHAKE_TIMEOUT`](Acceptor::DEFAULT_HANDSHAKE_TIMEOUT).
    pub handshake_timeout: Option<Duration>,
    /// arkws: how long the program may take to answer a `Request` event; over zero (401).
    /// Default: [`DEFAULT_REQUEST_TIMEOUT`](Self::DEFAULT_REQUEST_TIMEOUT).
    pub request_timeout: Option<Duration>,
    /// arkws: how long a client may take nothing of what waits for it, before it is given up; zero:
    /// for ever. Default: [`DEFAULT_WRITE_TIMEOUT`](arkws::Config::DEFAULT_WRITE_TIMEOUT).
    pub write_timeout: Option<Duration>,
    /// arkws: how long a message of a client may be incomplete while no frame comes, nor 64 KiB of
    /// a long one; the client is then closed with 1008. Zero: for ever. Default:
    /// [`DEFAULT_MESSAGE_TIMEOUT`](Acceptor::DEFAULT_MESSAGE_TIMEOUT).
    pub message_timeout: Option<Duration>,
    /// arkws: bytes that messages which are not whole may take, of all clients together: the one
    /// with the most beyond its fair share is closed with 1009. Over 0 (401). Default: what
    /// the [`Context`](crate::Context) has for all of its objects.
    pub max_unfinished_bytes: Option<usize>,
    /// arkws: bytes that may wait for one client before `send` to it is refused, and the client
    /// closed with 1008. Default: [`DEFAULT_MAX_QUEUED_BYTES`](Self::DEFAULT_MAX_QUEUED_BYTES).
    ///
    /// A client that takes nothing for 100 ms while more than 1 MiB or 4,096 messages wait for it
    /// is not read from, until half of that is left. Nor is one for whom more than a quarter of
    /// this waits, until less does, so that there is room for the answers to what it asks next.
    pub max_queued_bytes: Option<usize>,
}

/// A configuration that can be tried.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) address: SocketAddr,
    pub(super) limits: Limits,
    pub(super) trusted: TrustedProxies,
    pub(super) protocols: Vec<String>,
    pub(super) origins: Option<AllowedOrigins>,
    pub(super) config: ServerConfig,
}

impl Checked {
    pub(super) fn handshake_timeout(&self) -> Duration {
        self.config
            .handshake_timeout
            .unwrap_or(Acceptor::DEFAULT_HANDSHAKE_TIMEOUT)
    }

    pub(super) fn request_timeout(&self) -> Duration {
        self.config
            .request_timeout
            .unwrap_or(ServerConfig::DEFAULT_REQUEST_TIMEOUT)
    }

    pub(super) fn max_message_size(&self) -> usize {
        self.config
            .max_message_size
            .unwrap_or(Acceptor::DEFAULT_MAX_MESSAGE_SIZE)
    }

    /// `None`: for ever.
    pub(super) fn message_timeout(&self) -> Option<Duration> {
        let limit = self
            .config
            .message_timeout
            .unwrap_or(Acceptor::DEFAULT_MESSAGE_TIMEOUT);
        Some(limit).filter(|limit| !limit.is_zero())
    }

    pub(super) fn max_queued_bytes(&self) -> usize {
        self.config
            .max_queued_bytes
            .unwrap_or(ServerConfig::DEFAULT_MAX_QUEUED_BYTES)
    }
}

impl ServerConfig {
    /// What [`request_timeout`](Self::request_timeout) is by default: as long as our clients wait
    /// for a handshake.
    pub const DEFAULT_REQUEST_TIMEOUT: Duration = Client::DEFAULT_HANDSHAKE_TIMEOUT;

    /// What [`max_queued_bytes`](Self::max_queued_bytes) is by default: 16 MiB. Ours: three
    /// messages of the longest kind, and as many small ones as fit.
    pub const DEFAULT_MAX_QUEUED_BYTES: usize = 16 << 20;

    pub(super) fn check(self) -> Result<Checked, BusinessError> {
        self.check_limits()?;
        self.limits.check(self.documented_limits())?;
        let ip = match self.server_ip.as_str() {
            "" => Ipv4Addr::UNSPECIFIED.into(),
            text => text.parse::<IpAddr>().map_err(|_| {
                BusinessError::new(
                    BusinessError::NIC,
                    format!("serverIP {text:?} is neither an IPv4 nor an IPv6 address"),
                )
            })?,
        };
        let port = whole(self.server_port, u16::MAX).ok_or_else(|| {
            BusinessError::new(
                BusinessError::PORT,
                format!(
                    "serverPort {} is not a whole number from 0 to 65535",
                    self.server_port
                ),
            )
        })?;
        self.check_listen_on()?;
        let limits = self.limits.numbers(self.documented_limits())?;
        if let Some(certificate) = self.server_cert() {
            certificate.check_files()?;
        }
        Ok(Checked {
            address: SocketAddr::new(ip, port),
            limits,
            trusted: TrustedProxies::new(&self.trust_proxy)?,
            protocols: protocols(&self.protocol)?,
            origins: self.allowed_origins.as_deref().map(origins).transpose()?,
            config: self,
        })
    }

    /// As the platform documents them: of addresses, and of the connections of each.
    fn documented_limits(&self) -> [Option<f64>; 2] {
        [
            self.max_concurrent_clients_number,
            self.max_connections_for_one_client,
        ]
    }

    /// The certificate and its key, if there is to be TLS.
    pub(super) fn server_cert(&self) -> Option<&ServerCertificate> {
        let certificate = self.server_cert.as_ref();
        certificate.filter(|certificate| !certificate.is_none())
    }
}

impl ServerConfig {
    /// # Errors
    /// 401: one option contradicts another, or is for other systems.
    fn check_listen_on(&self) -> Result<(), BusinessError> {
        let is_port = matches!(self.listen_on, ListenOn::Port);
        let has_no_tls = matches!(self.listen_on, ListenOn::Path(_) | ListenOn::Nowhere);
        let mistake = if self.reuse_port && !is_port {
            "reusePort is for a serverPort"
        } else if self.reuse_port && !CAN_REUSE_PORT {
            "reusePort: this system has no such thing"
        } else if cfg!(not(unix)) && matches!(self.listen_on, ListenOn::Path(_)) {
            "path: there are no Unix sockets on this system"
        } else if has_no_tls && self.server_cert().is_some() {
            "serverCert is for a serverPort or an fd"
        } else {
            return Ok(());
        };
        Err(BusinessError::parameter(mistake))
    }

    /// # Errors
    /// 401: a limit is zero, which would let nothing through.
    fn check_limits(&self) -> Result<(), BusinessError> {
        let zero = Some(Duration::ZERO);
        refuse_zero(&[
            ("maxMessageSize", self.max_message_size == Some(0)),
            ("maxFragments", self.max_fragments == Some(0)),
            ("maxHeaderBytes", self.max_header_bytes == Some(0)),
            ("maxHeaders", self.max_headers == Some(0)),
            ("handshakeTimeout", self.handshake_timeout == zero),
            ("requestTimeout", self.request_timeout == zero),
            ("maxUnfinishedBytes", self.max_unfinished_bytes == Some(0)),
        ])
    }
}

/// RFC 6455, 11.3.4: the elements are tokens.
fn protocols(list: &str) -> Result<Vec<String>, BusinessError> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            // A token is what may be a field name (RFC 9110, 5.6.2).
            match http::HeaderName::from_bytes(name.as_bytes()) {
                Ok(_) => Ok(name.to_owned()),
                Err(_) => Err(BusinessError::parameter(format!(
                    "protocol {name:?} is not a token"
                ))),
            }
        })
        .collect()
}

fn origins(entries: &[String]) -> Result<AllowedOrigins, BusinessError> {
    AllowedOrigins::new(entries)
        .map_err(|error| BusinessError::parameter(format!("allowedOrigins: {error}")))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn code(config: ServerConfig) -> Result<Checked, i32> {
        config.check().map_err(|error| error.code)
    }

    #[test]
    fn defaults_are_every_interface_any_port_and_ten_of_each() {
        let checked = ServerConfig::default().check().unwrap();
        assert_eq!(checked.address, "0.0.0.0:0".parse().unwrap());
        assert_eq!(checked.limits, Limits::PLATFORM);
        assert!(checked.protocols.is_empty());
    }

    #[test]
    fn addresses_are_ip_literals() {
        for (server_ip, address) in [
            ("127.0.0.1", "127.0.0.1:0"),
            ("::1", "[::1]:0"),
            ("::", "[::]:0"),
        ] {
            let config = ServerConfig {
                server_ip: server_ip.into(),
                ..ServerConfig::default()
            };
            assert_eq!(code(config).unwrap().address, address.parse().unwrap());
        }
        for server_ip in [
            "0.0.0.0..",
            "localhost",
            "[::1]",
            "1.2.3",
            "127.0.0.1:80",
            " ",
        ] {
            let config = ServerConfig {
                server_ip: server_ip.into(),
                ..ServerConfig::default()
            };
            assert_eq!(code(config).unwrap_err(), 2302004, "{server_ip:?}");
        }
    }

    #[test]
    fn ports_are_whole_numbers_up_to_65535() {
        for (port, expected) in [(0.0, 0), (-0.0, 0), (8088.0, 8088), (65535.0, 65535)] {
            let config = ServerConfig {
                server_port: port,
                ..ServerConfig::default()
            };
            assert_eq!(code(config).unwrap().address.port(), expected);
        }
        for port in [
            -1.0,
            65536.0,
            4294975384.0,
            1e300,
            80.5,
            f64::NAN,
            f64::INFINITY,
        ] {
            let config = ServerConfig {
                server_port: port,
                ..ServerConfig::default()
            };
            assert_eq!(code(config).unwrap_err(), 2302005, "{port}");
        }
    }

    #[test]
    fn what_would_let_nothing_through_is_401_and_comes_first() {
        type Mistake = fn(&mut ServerConfig);
        let mistakes: [(&str, Mistake); 7] = [
            ("maxMessageSize", |it| it.max_message_size = Some(0)),
            ("maxFragments", |it| it.max_fragments = Some(0)),
            ("maxHeaderBytes", |it| it.max_header_bytes = Some(0)),
            ("maxHeaders", |it| it.max_headers = Some(0)),
            ("handshakeTimeout", |it| {
                it.handshake_timeout = Some(Duration::ZERO)
            }),
            ("requestTimeout", |it| {
                it.request_timeout = Some(Duration::ZERO)
            }),
            ("maxUnfinishedBytes", |it| it.max_unfinished_bytes = Some(0)),
        ];
        for (name, make) in mistakes {
            let mut config = ServerConfig {
                server_ip: "nowhere".into(),
                ..ServerConfig::default()
            };
            make(&mut config);
            let error = config.check().unwrap_err();
            let words = format!("Parameter error: {name} is not a number over 0");
            assert_eq!((error.code, error.message), (401, words));
        }
    }

    #[test]
    fn limits_are_whole_numbers_up_to_ten() {
        for number in [-1.0, 11.0, 4294967297.0, 2.5, f64::NAN] {
            for config in [
                ServerConfig {
                    max_concurrent_clients_number: Some(number),
                    ..ServerConfig::default()
                },
                ServerConfig {
                    max_connections_for_one_client: Some(number),
                    ..ServerConfig::default()
                },
            ] {
                assert_eq!(code(config).unwrap_err(), 2302999, "{number}");
            }
        }
        let config = ServerConfig {
            max_concurrent_clients_number: Some(0.0),
            max_connections_for_one_client: Some(10.0),
            ..ServerConfig::default()
        };
        let limits = code(config).unwrap().limits;
        assert_eq!((limits.addresses, limits.per_address), (0, 10));
    }

    #[test]
    fn certificate_files_must_exist() {
        let here = PathBuf::from("Cargo.toml");
        for (pair, expected) in [
            ((here.clone(), here.clone()), None),
            (("no/such.pem".into(), here.clone()), Some(2302002)),
            ((here.clone(), "no/such.key".into()), Some(2302002)),
            ((".".into(), here.clone()), Some(2302002)),
        ] {
            let config = ServerConfig {
                server_cert: Some(ServerCertificate::files(pair.0, pair.1)),
                ..ServerConfig::default()
            };
            assert_eq!(code(config).err(), expected);
        }
    }

    #[test]
    fn the_first_mistake_in_the_contracts_order_is_reported() {
        let mut config = ServerConfig {
            server_ip: "nowhere".into(),
            server_port: -1.0,
            max_concurrent_clients_number: Some(11.0),
            max_connections_for_one_client: Some(11.0),
            server_cert: Some(ServerCertificate::files("no/such.pem", "no/such.key")),
            ..ServerConfig::default()
        };
        assert_eq!(code(config.clone()).unwrap_err(), 2302004);
        config.server_ip.clear();
        assert_eq!(code(config.clone()).unwrap_err(), 2302005);
        config.server_port = 0.0;
        assert_eq!(code(config.clone()).unwrap_err(), 2302999);
        config.max_concurrent_clients_number = None;
        assert_eq!(code(config.clone()).unwrap_err(), 2302999);
        config.max_connections_for_one_client = None;
        assert_eq!(code(config).unwrap_err(), 2302002);
    }

    #[test]
    fn protocols_are_a_list_of_tokens_and_origins_one_of_origins() {
        let config = ServerConfig {
            protocol: " chat.v2, chat.v1,,".into(),
            ..ServerConfig::default()
        };
        assert_eq!(code(config).unwrap().protocols, ["chat.v2", "chat.v1"]);
        let config = ServerConfig {
            protocol: "chat v2".into(),
            ..ServerConfig::default()
        };
        assert_eq!(code(config).unwrap_err(), 401);
        let config = ServerConfig {
            allowed_origins: Some(vec!["https://example.org".into(), "example.org".into()]),
            ..ServerConfig::default()
        };
        let error = config.check().unwrap_err();
        assert_eq!(error.code, 401);
        assert!(
            error.message.contains("allowedOrigins: \"example.org\""),
            "{error}"
        );
    }
}
