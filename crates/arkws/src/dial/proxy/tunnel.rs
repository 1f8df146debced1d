//! Opening a tunnel: HTTP's CONNECT (RFC 9110, 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929).
use std::io;
use std::net::SocketAddr;

use arkws_proto::Limits;
use arkws_proto::handshake::ResponseReader;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_socks::TargetAddr;
use tokio_socks::tcp::Socks5Stream;
use url::Host;

use super::{ProxyError, ProxyProtocol, ProxyServer};
use crate::dial::resolve;
use crate::dial::url::{Endpoint, basic};
use crate::error::Error;

/// Makes of a connection to a proxy one to the endpoint.
///
/// # Errors
/// [`ProxyError`]; or, for [`ProxyProtocol::Socks5`], the endpoint's name does not resolve.
pub(crate) async fn open(
    server: &ProxyServer,
    endpoint: &Endpoint,
    stream: TcpStream,
    limits: &Limits,
) -> Result<TcpStream, Error> {
    let stream = match server.protocol {
        ProxyProtocol::Http => connect(server, endpoint, stream, limits).await?,
        ProxyProtocol::Socks5 => {
            let addresses = resolve::resolve(endpoint.host(), endpoint.port())
                .await
                .map_err(|source| Error::Dns {
                    host: endpoint.host().to_string(),
                    source,
                })?;
            // The proxy is asked once, for the resolver's favourite.
            socks5(server, endpoint, TargetAddr::Ip(addresses[0]), stream).await?
        }
        ProxyProtocol::Socks5h => {
            let target = match endpoint.host() {
                Host::Domain(name) => TargetAddr::Domain(name.as_str().into(), endpoint.port()),
                Host::Ipv4(ip) => TargetAddr::Ip(SocketAddr::from((*ip, endpoint.port()))),
                Host::Ipv6(ip) => TargetAddr::Ip(SocketAddr::from((*ip, endpoint.port()))),
            };
            socks5(server, endpoint, target, stream).await?
        }
    };
    tracing::debug!(target: "arkws", proxy = %server, target = endpoint.authority(), "tunnel open");
    Ok(stream)
}

async fn connect(
    server: &ProxyServer,
    endpoint: &Endpoint,
    mut stream: TcpStream,
    limits: &Limits,
) -> Result<TcpStream, ProxyError> {
    let lost = |source| ProxyError::Io {
        proxy: server.to_string(),
        source,
    };
    let target = endpoint.authority();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some((user, password)) = &server.credentials {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(basic(user.as_bytes(), password.as_bytes()).as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(lost)?;

    let status = read_status(server, &mut stream, limits).await?;
    match status {
        status if status.is_success() => Ok(stream),
        // tinyproxy asks with 407, as RFC 9110, 15.5.8 has it, but answers wrong credentials with 401.
        StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => {
            Err(ProxyError::Authentication {
                proxy: server.to_string(),
                offered: server.credentials.is_some(),
            })
        }
        status => Err(ProxyError::Refused {
            proxy: server.to_string(),
            target,
            status,
        }),
    }
}

/// Reads the head of the answer. Nothing may follow that of a tunnel: the server at its other end speaks when spoken to.
async fn read_status(
    server: &ProxyServer,
    stream: &mut TcpStream,
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
    endpoint: &Endpoint,
    target: TargetAddr<'_>,
    stream: TcpStream,
) -> Result<TcpStream, ProxyError> {
    let tunnel = match &server.credentials {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, target).await,
    };
    tunnel
        .map(Socks5Stream::into_inner)
        .map_err(|error| socks5_error(server, endpoint, error))
}

fn socks5_error(
    server: &ProxyServer,
    endpoint: &Endpoint,
    error: tokio_socks::Error,
) -> ProxyError {
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
            address: proxy,
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
            target: endpoint.authority(),
            reason: other.to_string().to_lowercase(),
        },
    }
}
