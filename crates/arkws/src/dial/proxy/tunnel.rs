//! Opening a tunnel: HTTP's CONNECT (RFC 9110, 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929).
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::Host;
use arkws_proto::Limits;
use arkws_proto::handshake::ResponseReader;
use http::StatusCode;
use http::header::PROXY_AUTHORIZATION;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;
use zeroize::Zeroizing;

use super::error::ProxyError;
use super::server::{ProxyProtocol, ProxyServer};
use crate::WebSocketUrl;
use crate::authorization::basic_text;
use crate::dial::deadline::Deadline;
use crate::dial::race;
use crate::dial::route::Route;
use crate::error::{Error, Phase};
use crate::{Transport, log};

/// A connection to the server of `url` through a proxy.
///
/// # Errors
/// [`ProxyError`]; or, for [`ProxyProtocol::Socks5`], the name of `url` does not resolve.
pub(crate) async fn open(
    server: &ProxyServer,
    url: &WebSocketUrl,
    route: &Route,
    deadline: &Deadline,
    limits: &Limits,
) -> Result<Transport, Error> {
    #[cfg(not(feature = "nested-tls"))]
    if server.protocol == ProxyProtocol::Https {
        return Err(Error::MissingFeature {
            what: format!("TLS with the proxy {server}"),
            feature: "nested-tls",
        });
    }
    let found = deadline.run(Phase::Lookup, || server.to_string(), find(server, route));
    let found = found.await?;
    let targets = match server.protocol {
        ProxyProtocol::Socks5 => {
            let target = || url.authority();
            let addresses = resolve(url, route);
            deadline.run(Phase::Lookup, target, addresses).await?
        }
        ProxyProtocol::Http | ProxyProtocol::Https | ProxyProtocol::Socks5h => Vec::new(),
    };
    let target = url.authority();
    let tunnel = async {
        Ok(match server.protocol {
            ProxyProtocol::Http | ProxyProtocol::Https => {
                let stream = connect_to_proxy(server, route, found).await?;
                connect(server, &target, stream, limits).await?
            }
            ProxyProtocol::Socks5 => race(server, &target, route, &found, targets).await?,
            ProxyProtocol::Socks5h => {
                let address = match url.host() {
                    Host::Domain(name) => TargetAddr::Domain(name.as_str().into(), url.port()),
                    Host::Ipv4(ip) => TargetAddr::Ip(SocketAddr::from((*ip, url.port()))),
                    Host::Ipv6(ip) => TargetAddr::Ip(SocketAddr::from((*ip, url.port()))),
                };
                let stream = connect_to_proxy(server, route, found).await?;
                socks5(server, &target, address, stream).await?
            }
        })
    };
    let through = || format!("{target} through {server}");
    let stream = deadline.run(Phase::Proxy, through, tunnel).await?;
    log::debug!(proxy = %server, %target, "tunnel open");
    Ok(stream)
}

/// The addresses of the proxy.
async fn find(server: &ProxyServer, route: &Route) -> Result<Vec<SocketAddr>, Error> {
    let addresses = route.find(&host(server), server.port).await;
    addresses.map_err(|source| {
        Error::Proxy(ProxyError::Dns {
            proxy: server.to_string(),
            source,
        })
    })
}

/// The addresses of the server, of a proxy that is not to look for them.
async fn resolve(url: &WebSocketUrl, route: &Route) -> Result<Vec<SocketAddr>, Error> {
    let addresses = route.resolve(url.host(), url.port()).await;
    addresses.map_err(|source| Error::Dns {
        host: url.host().to_string(),
        source,
    })
}

async fn connect_to_proxy(
    server: &ProxyServer,
    route: &Route,
    addresses: Vec<SocketAddr>,
) -> Result<Transport, ProxyError> {
    let host = host(server);
    let stream = route.connect(&host, server.port, addresses, server.to_string());
    let stream = stream.await.map_err(ProxyError::Connect)?;
    #[cfg(feature = "nested-tls")]
    if server.protocol == ProxyProtocol::Https
        && let Some(tls) = &route.proxy_tls
    {
        let secured = tls.connect(&host, &server.to_string(), stream).await;
        return secured.map(Transport::tunnel).map_err(ProxyError::Tls);
    }
    Ok(stream)
}

/// The proxy's own host, to be resolved and connected to.
fn host(server: &ProxyServer) -> Host {
    match server.host.parse() {
        Ok(IpAddr::V4(ip)) => Host::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => Host::Ipv6(ip),
        Err(_) => Host::Domain(server.host.clone()),
    }
}

/// Races the server's addresses through a SOCKS 5 proxy, which was `found` at its own. Each attempt
/// opens its own connection to the proxy, since one connection serves one request (RFC 1928, 6).
async fn race(
    server: &ProxyServer,
    target: &str,
    route: &Route,
    found: &[SocketAddr],
    addresses: Vec<SocketAddr>,
) -> Result<Transport, ProxyError> {
    let open = |address| {
        let (server, target, route) = (server.clone(), target.to_owned(), route.clone());
        let found = found.to_vec();
        async move {
            let stream = connect_to_proxy(&server, &route, found).await?;
            socks5(&server, &target, TargetAddr::Ip(address), stream).await
        }
    };
    race::race(addresses, open).await.map_err(|attempts| {
        let mut errors = attempts.into_iter().map(|(_, error)| error);
        // The one that failed first: the others mostly say the same.
        errors.next().unwrap_or_else(|| ProxyError::Misbehaviour {
            proxy: server.to_string(),
            reason: "no attempt has ended".to_owned(),
        })
    })
}

async fn connect(
    server: &ProxyServer,
    target: &str,
    mut stream: Transport,
    limits: &Limits,
) -> Result<Transport, ProxyError> {
    let lost = |source| ProxyError::Io {
        proxy: server.to_string(),
        source,
    };
    let request = connect_request(server, target);
    stream.write_all(&request).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;

    let status = read_status(server, &mut stream, limits).await?;
    match status {
        status if status.is_success() => Ok(stream),
        // tinyproxy asks with 407, as RFC 9110, 15.5.8 has it, but answers wrong credentials with
        // 401.
        StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => {
            Err(ProxyError::Authentication {
                proxy: server.to_string(),
                offered: server.credentials.is_some(),
            })
        }
        status => Err(ProxyError::Refused {
            proxy: server.to_string(),
            target: target.to_owned(),
            status,
        }),
    }
}

/// In one buffer of the right size, so that no credentials are left behind in a smaller one.
fn connect_request(server: &ProxyServer, target: &str) -> Zeroizing<Vec<u8>> {
    let authorization = match &server.credentials {
        Some((user, password)) if !server.headers.contains_key(PROXY_AUTHORIZATION) => {
            Some(basic_text(user.as_bytes(), password.as_bytes()))
        }
        _ => None,
    };
    let mut parts: Vec<&[u8]> = vec![
        b"CONNECT ",
        target.as_bytes(),
        b" HTTP/1.1\r\nHost: ",
        target.as_bytes(),
        b"\r\n",
    ];
    if let Some(authorization) = &authorization {
        parts.extend([b"Proxy-Authorization: ", authorization.as_bytes(), b"\r\n"]);
    }
    for (name, value) in &server.headers {
        parts.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    parts.push(b"\r\n");
    Zeroizing::new(parts.concat())
}

/// Reads the head of the answer. After a 2xx no bytes may follow: the client speaks first in TLS
/// and in WebSocket.
async fn read_status(
    server: &ProxyServer,
    stream: &mut Transport,
    limits: &Limits,
) -> Result<StatusCode, ProxyError> {
    let lost = |source| ProxyError::Io {
        proxy: server.to_string(),
        source,
    };
    let mut answer = ResponseReader::new(limits);
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer).await.map_err(lost)?;
        if count == 0 {
            return Err(lost(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it ended before an answer to CONNECT",
            )));
        }
        let read = answer.recv(&buffer[..count]);
        let read = read.map_err(|source| ProxyError::Answer {
            proxy: server.to_string(),
            source,
        })?;
        if let Some((response, length)) = read {
            let status = response.status();
            if status.is_success() && length < count {
                return Err(ProxyError::Misbehaviour {
                    proxy: server.to_string(),
                    reason: "it sends data before the tunnel is used".to_owned(),
                });
            }
            return Ok(status);
        }
    }
}

async fn socks5(
    server: &ProxyServer,
    target: &str,
    address: TargetAddr<'_>,
    stream: Transport,
) -> Result<Transport, ProxyError> {
    let tunnel = match &server.credentials {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, address, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, address).await,
    };
    tunnel
        .map(Socks5Stream::into_inner)
        .map_err(|error| socks5_error(server, target, error))
}

fn socks5_error(server: &ProxyServer, target: &str, error: tokio_socks::Error) -> ProxyError {
    use tokio_socks::Error;
    let proxy = server.to_string();
    match error {
        Error::Io(source) => ProxyError::Io { proxy, source },
        // RFC 1928, 3: X'FF' if none of the offered methods is acceptable.
        Error::NoAcceptableAuthMethods
        | Error::AuthorizationRequired
        | Error::PasswordAuthFailure(_) => ProxyError::Authentication {
            proxy,
            offered: server.credentials.is_some(),
        },
        Error::InvalidAuthValues(reason) => ProxyError::Address {
            reason: reason.to_owned(),
        },
        Error::InvalidResponseVersion
        | Error::InvalidReservedByte
        | Error::UnknownAddressType
        | Error::UnknownAuthMethod => ProxyError::Misbehaviour {
            proxy,
            reason: "it does not answer with SOCKS 5".into(),
        },
        other => ProxyError::Socks {
            proxy,
            target: target.to_owned(),
            reason: other.to_string().to_lowercase(),
        },
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A SOCKS proxy without authentication that connects where it is told, and is silent about
    /// `silent`.
    async fn socks_proxy(silent: Option<SocketAddr>) -> ProxyServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = ProxyServer::parse(
            &format!("socks5://{}", listener.local_addr().unwrap()),
            None,
        );
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut greeting = [0; 3];
                    stream.read_exact(&mut greeting).await?;
                    stream.write_all(&[5, 0]).await?;
                    // RFC 1928, 4: version, CONNECT, reserved, IPv4, address, port.
                    let mut request = [0; 10];
                    stream.read_exact(&mut request).await?;
                    let ip = <[u8; 4]>::try_from(&request[4..8]).unwrap();
                    let port = u16::from_be_bytes([request[8], request[9]]);
                    let address = SocketAddr::from((ip, port));
                    if Some(address) == silent {
                        return stream.read_u8().await.map(drop);
                    }
                    let reply = |code| [5, code, 0, 1, 0, 0, 0, 0, 0, 0];
                    match TcpStream::connect(address).await {
                        Ok(mut upstream) => {
                            stream.write_all(&reply(0)).await?;
                            tokio::io::copy_bidirectional(&mut stream, &mut upstream).await?;
                        }
                        Err(_) => stream.write_all(&reply(5)).await?,
                    }
                    Ok(())
                });
            }
        });
        server.unwrap()
    }

    /// An address that refuses.
    async fn closed() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    }

    async fn through(
        proxy: &ProxyServer,
        addresses: Vec<SocketAddr>,
    ) -> Result<Transport, ProxyError> {
        let route = Route::default();
        let found = route.find(&host(proxy), proxy.port).await.unwrap();
        race(proxy, "name:1", &route, &found, addresses).await
    }

    #[tokio::test]
    async fn the_addresses_of_a_name_race_through_a_socks_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        });
        let silent = closed().await;
        let server = socks_proxy(Some(silent)).await;
        let addresses = vec![closed().await, silent, good];

        let mut stream = through(&server, addresses).await.unwrap();

        let mut said = [0; 5];
        stream.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hello");
    }

    #[tokio::test]
    async fn when_no_address_answers_the_proxy_is_quoted() {
        let server = socks_proxy(None).await;
        let addresses = vec![closed().await, closed().await];

        let error = through(&server, addresses).await.unwrap_err();

        let words = format!("the proxy {server} cannot connect to name:1: connection refused");
        assert_eq!(error.to_string(), words);
    }
}
