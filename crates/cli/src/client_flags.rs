//! The flags of everything that connects, and the client that they make.
use std::collections::HashMap;
#[cfg(unix)]
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arkws::http::{HeaderName, HeaderValue};
use arkws::{
    Client, ClientBuilder, DeflateConfig, Heartbeat, Identity, Proxy, ProxyServer, Roots, TlsConfig,
};
use clap::Args;

use crate::duration;
use crate::exit::Failure;

/// How to connect.
#[derive(Debug, Args)]
pub(crate) struct ClientFlags {
    /// A header field of the request; may be repeated
    #[arg(
        short = 'H',
        long = "header",
        value_name = "NAME: VALUE",
        value_parser = header,
        help_heading = "Request"
    )]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// A sub-protocol that is offered, the best first; may be repeated
    #[arg(
        long = "protocol",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Request"
    )]
    protocols: Vec<String>,
    /// Offer compression (permessage-deflate)
    #[arg(long, help_heading = "Request")]
    deflate: bool,

    /// Trust these authorities in place of the system's: a PEM file, or a folder of them
    #[arg(long = "ca", value_name = "PATH", help_heading = "TLS")]
    authorities: Vec<PathBuf>,
    /// The client's certificate with its chain (PEM)
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    cert: Option<PathBuf>,
    /// The certificate's key (PEM), if it is not in the same file
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    key: Option<PathBuf>,
    /// The key's password; other users see it in the list of processes, so there is also the
    /// environment variable ARKWS_KEY_PASSWORD
    #[arg(long, value_name = "TEXT", requires = "cert", help_heading = "TLS")]
    key_password: Option<String>,
    /// Accept any certificate: whoever is in between can read and change everything
    #[arg(long, help_heading = "TLS")]
    insecure: bool,

    /// Go through this proxy: http, https, socks5 or socks5h; else the environment's
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "no_proxy",
        help_heading = "Network"
    )]
    proxy: Option<String>,
    /// Connect directly, whatever the environment says of proxies
    #[arg(long, help_heading = "Network")]
    no_proxy: bool,
    /// Connect to this Unix socket; the URL still says host and path
    #[cfg(unix)]
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["proxy", "resolve"],
        help_heading = "Network"
    )]
    unix: Option<PathBuf>,
    /// Take these addresses for a host, and ask no resolver; may be repeated
    #[arg(
        long,
        value_name = "HOST:ADDRESS[,ADDRESS]",
        value_parser = resolution,
        help_heading = "Network"
    )]
    resolve: Vec<(String, Vec<IpAddr>)>,
    /// Ping after so much silence, and give the connection up after as much again
    #[arg(
        long,
        value_name = "TIME",
        value_parser = duration::positive,
        help_heading = "Network"
    )]
    ping_interval: Option<Duration>,
}

impl ClientFlags {
    /// The fields of the request that they ask for, for who writes it by itself.
    pub(crate) fn own_fields(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let protocols = (!self.protocols.is_empty()).then(|| {
            let list = self.protocols.join(", ");
            ("Sec-WebSocket-Protocol".to_owned(), list.into_bytes())
        });
        headers.chain(protocols).collect()
    }

    /// The client that they ask for. Reads the files that they name.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub(crate) fn client(self) -> Result<Client, Failure> {
        build(self.builder()?)
    }

    /// The builder of that client, for more options.
    ///
    /// # Errors
    /// A flag cannot be used.
    pub(crate) fn builder(&self) -> Result<ClientBuilder, Failure> {
        let mut builder = self
            .way()?
            .protocols(&self.protocols)
            .deflate(self.deflate.then(DeflateConfig::default))
            .heartbeat(self.heartbeat())
            .tls(self.tls()?);
        for (name, value) in &self.headers {
            builder = builder.header(name.clone(), value.clone());
        }
        Ok(builder)
    }

    /// A client that takes the same way, and tells nobody anything: no header field, no
    /// sub-protocol and no certificate goes along. How it sees TLS is for the caller to say.
    ///
    /// # Errors
    /// A flag cannot be used.
    pub(crate) fn stranger(&self, tls: TlsConfig) -> Result<ClientBuilder, Failure> {
        Ok(self.way()?.tls(tls))
    }

    /// Addresses, proxy or socket.
    fn way(&self) -> Result<ClientBuilder, Failure> {
        let mut builder = Client::builder();
        for (host, addresses) in &self.resolve {
            builder = builder.resolve(host, addresses.clone());
        }
        if self.no_proxy {
            builder = builder.proxy(Proxy::None);
        }
        if let Some(address) = &self.proxy {
            let server = ProxyServer::parse(address, None);
            let server = server.map_err(|error| Failure::usage(format!("--proxy: {error}")))?;
            builder = builder.proxy(Proxy::Server(server));
        }
        #[cfg(unix)]
        if let Some(path) = &self.unix {
            builder = over_unix(builder, path.clone());
        }
        Ok(builder)
    }

    /// The socket in place of TCP.
    pub(crate) fn unix_socket(&self) -> Option<&Path> {
        #[cfg(unix)]
        return self.unix.as_deref();
        #[cfg(not(unix))]
        None
    }

    /// Hosts that no resolver is asked for, in lower case.
    pub(crate) fn known_addresses(&self) -> HashMap<String, Vec<IpAddr>> {
        let known = self.resolve.iter().cloned();
        let known = known.map(|(host, addresses)| (host.to_ascii_lowercase(), addresses));
        known.collect()
    }

    /// Sub-protocols that are offered.
    pub(crate) fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// Whether any certificate is accepted.
    pub(crate) fn is_insecure(&self) -> bool {
        self.insecure
    }

    /// The names of header fields that are given.
    pub(crate) fn header_names(&self) -> Vec<HeaderName> {
        let names = self.headers.iter().map(|(name, _)| name.clone());
        names.collect()
    }

    /// The pings that are wanted.
    pub(crate) fn heartbeat(&self) -> Option<Heartbeat> {
        self.ping_interval.map(Heartbeat::every)
    }

    /// Whether compression is to be offered.
    pub(crate) fn offers_deflate(&self) -> bool {
        self.deflate
    }

    fn tls(&self) -> Result<TlsConfig, Failure> {
        let mut tls = TlsConfig {
            dangerous_accept_any_certificate: self.insecure,
            ..TlsConfig::default()
        };
        if !self.authorities.is_empty() {
            tls.roots = self.authorities.iter().cloned().map(Roots::Path).collect();
        }
        if let Some(cert) = &self.cert {
            let key = self.key.as_ref().unwrap_or(cert);
            let given = self.key_password.clone();
            let password = given.or_else(|| std::env::var("ARKWS_KEY_PASSWORD").ok());
            let identity = Identity::from_files(cert, key, password.as_deref())
                .map_err(|error| Failure::usage(error.to_string()))?;
            tls.identity = Some(identity);
        }
        Ok(tls)
    }
}

/// The client.
///
/// # Errors
/// The options cannot be used.
pub(crate) fn build(builder: ClientBuilder) -> Result<Client, Failure> {
    builder
        .build()
        .map_err(|error| Failure::usage(error.to_string()))
}

/// Each connection of this client is one to the socket at `path`.
#[cfg(unix)]
fn over_unix(builder: ClientBuilder, path: PathBuf) -> ClientBuilder {
    let connector = move |_host: &arkws::Host, _port| {
        let path = path.clone();
        async move {
            let stream = tokio::net::UnixStream::connect(&path).await;
            stream.map(arkws::Transport::other).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })
        }
    };
    builder.proxy(Proxy::None).connector(connector)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write the field's name, a colon and its value")?;
    let name = name.trim().parse::<HeaderName>();
    let name = name.map_err(|error| error.to_string())?;
    let value = value.trim().parse::<HeaderValue>();
    Ok((name, value.map_err(|error| error.to_string())?))
}

fn resolution(text: &str) -> Result<(String, Vec<IpAddr>), String> {
    let (host, addresses) = text
        .split_once(':')
        .ok_or("write the host, a colon and its addresses")?;
    let addresses = addresses.split(',').map(|address| {
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>();
        address.map_err(|_| format!("\"{bare}\" is no IP address"))
    });
    Ok((host.to_owned(), addresses.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_fields_are_split_at_the_first_colon() {
        let (name, value) = header("X-Time: 12:30").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-time", &b"12:30"[..]));
        assert!(header("Empty:").unwrap().1.is_empty());
        assert!(header("no colon").is_err());
        assert!(header("a b: c").is_err());
    }

    #[test]
    fn addresses_of_both_families_are_taken() {
        let (host, addresses) = resolution("a.test:127.0.0.1,::1,[fe80::1]").unwrap();
        assert_eq!((host.as_str(), addresses.len()), ("a.test", 3));
        assert!(resolution("a.test").is_err());
        assert!(resolution("a.test:443:127.0.0.1").is_err());
    }
}
