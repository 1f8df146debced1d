//! The flags of everything that serves wss: a certificate that is given, or one of its own.
use std::path::PathBuf;
use std::sync::Arc;

use arkws::Identity;
use clap::Args;
use tokio_rustls::TlsAcceptor;

use crate::exit::Failure;

/// How connections that come in are secured.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ServerTls {
    /// Serve wss with this certificate and key (PEM)
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"], help_heading = "TLS")]
    tls: Option<Vec<PathBuf>>,
    /// Serve wss with a certificate for localhost that nobody trusts
    #[arg(long, help_heading = "TLS")]
    tls_self_signed: bool,
}

/// What secures connections; `None`: nothing.
///
/// # Errors
/// The certificate or its key cannot be used.
pub(crate) fn acceptor(arguments: &ServerTls) -> Result<Option<TlsAcceptor>, Failure> {
    let identity = match arguments.tls.as_deref() {
        Some([certificate, key]) => {
            let password = std::env::var("ARKWS_KEY_PASSWORD").ok();
            Identity::from_files(certificate, key, password.as_deref())
                .map_err(|error| Failure::usage(error.to_string()))?
        }
        _ if arguments.tls_self_signed => self_signed()?,
        _ => return Ok(None),
    };
    let config = identity.server_config();
    let config = config.map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn self_signed() -> Result<Identity, Failure> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let cannot = |error| Failure::fault(format!("cannot make a certificate: {error}"));
    let made =
        rcgen::generate_simple_self_signed(names).map_err(|error| cannot(error.to_string()))?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None)
        .map_err(|error| cannot(error.to_string()))
}
