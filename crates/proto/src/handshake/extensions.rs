//! Agreeing on permessage-deflate (RFC 6455, 9; RFC 7692, 5 and 7.1).
//!
//! | parameter | in an offer | in an answer |
//! |---|---|---|
//! | `server_no_context_takeover` | a demand | a promise; may come unasked |
//! | `client_no_context_takeover` | a hint | a demand; may come unasked |
//! | `server_max_window_bits=n` | a demand | a promise, at most what was demanded; may come unasked |
//! | `client_max_window_bits[=n]` | a hint, and the permission to answer with it | a demand, always with a value |
use http::HeaderMap;

use super::HandshakeError;
use super::headers::{self, EXTENSIONS, Extension};
use crate::deflate::{DeflateConfig, DeflateParams};

const NAME: &str = "permessage-deflate";

/// RFC 7692, 7.1.2: the window that zlib has unless told otherwise, 32 KiB.
const MAX_WINDOW_BITS: u8 = 15;

/// The four parameters of one offer or one answer (RFC 7692, 7.1).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Params {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<ClientWindow>,
}

/// `client_max_window_bits` may stand in an offer without a value (RFC 7692, 7.1.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientWindow {
    Any,
    AtMost(u8),
}

impl Params {
    /// # Errors
    /// An unknown parameter, the same one twice, or a value that it may not have; in words.
    fn parse(extension: &Extension) -> Result<Params, String> {
        let mut params = Params::default();
        for (name, value) in &extension.params {
            let value = value.as_deref();
            let repeated = match name.as_str() {
                "server_no_context_takeover" => {
                    no_value(name, value)?;
                    std::mem::replace(&mut params.server_no_context_takeover, true)
                }
                "client_no_context_takeover" => {
                    no_value(name, value)?;
                    std::mem::replace(&mut params.client_no_context_takeover, true)
                }
                "server_max_window_bits" => {
                    let bits = value.ok_or_else(|| format!("{name} has no value"))?;
                    params
                        .server_max_window_bits
                        .replace(window_bits(name, bits)?)
                        .is_some()
                }
                "client_max_window_bits" => {
                    let window = match value {
                        None => ClientWindow::Any,
                        Some(bits) => ClientWindow::AtMost(window_bits(name, bits)?),
                    };
                    params.client_max_window_bits.replace(window).is_some()
                }
                _ => {
                    return Err(format!(
                        "{} is not a parameter of {NAME}",
                        headers::excerpt(name.as_bytes())
                    ));
                }
            };
            if repeated {
                return Err(format!("{name} is given twice"));
            }
        }
        Ok(params)
    }

    fn write(&self) -> String {
        let mut text = String::from(NAME);
        if self.server_no_context_takeover {
            text.push_str("; server_no_context_takeover");
        }
        if self.client_no_context_takeover {
            text.push_str("; client_no_context_takeover");
        }
        if let Some(bits) = self.server_max_window_bits {
            text.push_str(&format!("; server_max_window_bits={bits}"));
        }
        match self.client_max_window_bits {
            None => {}
            Some(ClientWindow::Any) => text.push_str("; client_max_window_bits"),
            Some(ClientWindow::AtMost(bits)) => {
                text.push_str(&format!("; client_max_window_bits={bits}"))
            }
        }
        text
    }
}

fn no_value(name: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        None => Ok(()),
        Some(value) => Err(format!(
            "{name} takes no value, but has {}",
            headers::excerpt(value.as_bytes())
        )),
    }
}

/// RFC 7692, 7.1.2: a decimal integer without leading zeroes between 8 and 15.
fn window_bits(name: &str, text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "9" => Ok(9),
        "10" => Ok(10),
        "11" => Ok(11),
        "12" => Ok(12),
        "13" => Ok(13),
        "14" => Ok(14),
        "15" => Ok(15),
        _ => Err(format!(
            "{name} must be a number from 8 to 15, not {}",
            headers::excerpt(text.as_bytes())
        )),
    }
}

/// The window as a parameter; `None`: it is the default, which is not written.
fn unless_default(bits: u8) -> Option<u8> {
    (bits < MAX_WINDOW_BITS).then_some(bits)
}

fn check(config: &DeflateConfig) -> Result<(), HandshakeError> {
    if cfg!(not(feature = "deflate")) {
        return Err(HandshakeError::NoDeflate);
    }
    for bits in [config.server_max_window_bits, config.client_max_window_bits] {
        if !(8..=MAX_WINDOW_BITS).contains(&bits) {
            return Err(HandshakeError::WindowBits(bits));
        }
    }
    Ok(())
}

fn offered(config: &DeflateConfig) -> Params {
    Params {
        server_no_context_takeover: config.server_no_context_takeover,
        client_no_context_takeover: config.client_no_context_takeover,
        server_max_window_bits: unless_default(config.server_max_window_bits),
        client_max_window_bits: Some(match unless_default(config.client_max_window_bits) {
            None => ClientWindow::Any,
            Some(bits) => ClientWindow::AtMost(bits),
        }),
    }
}

/// The client's offer, as the value of `Sec-WebSocket-Extensions`.
///
/// # Errors
/// Window bits outside of 8–15.
pub(super) fn offer(config: &DeflateConfig) -> Result<String, HandshakeError> {
    check(config)?;
    Ok(offered(config).write())
}

/// The server's answer to a client's offers: the first that can be honoured. `None`: no
/// compression.
///
/// # Errors
/// Window bits of `config` outside of 8–15, or the offer does not follow the grammar.
pub(super) fn accept(
    headers: &HeaderMap,
    config: &DeflateConfig,
) -> Result<Option<(String, DeflateParams)>, HandshakeError> {
    check(config)?;
    // RFC 7692, 7.1: an offer with an unknown parameter or an invalid value is declined, not an
    // error.
    let offer = headers::extensions(headers)?
        .iter()
        .filter(|extension| extension.name == NAME)
        .find_map(|extension| Params::parse(extension).ok());
    let Some(offer) = offer else { return Ok(None) };

    let server_bits = config
        .server_max_window_bits
        .min(offer.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS));
    let client_bits = match offer.client_max_window_bits {
        // 7.1.2.2: without the client's permission nothing may be demanded of it.
        None => MAX_WINDOW_BITS,
        Some(ClientWindow::Any) => config.client_max_window_bits,
        Some(ClientWindow::AtMost(bits)) => config.client_max_window_bits.min(bits),
    };
    let answer = Params {
        server_no_context_takeover: config.server_no_context_takeover
            || offer.server_no_context_takeover,
        client_no_context_takeover: config.client_no_context_takeover
            || offer.client_no_context_takeover,
        server_max_window_bits: offer
            .server_max_window_bits
            .map(|_| server_bits)
            .or(unless_default(server_bits)),
        client_max_window_bits: unless_default(client_bits).map(ClientWindow::AtMost),
    };
    let params = DeflateParams {
        server_no_context_takeover: answer.server_no_context_takeover,
        client_no_context_takeover: answer.client_no_context_takeover,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
        level: config.level,
        min_size: config.min_size,
    };
    Ok(Some((answer.write(), params)))
}

/// What a client makes of the server's answer to its [`offer`].
///
/// # Errors
/// The answer has an extension that was not offered, or parameters that contradict the offer:
/// the client must fail the connection (RFC 6455, 4.1; RFC 7692, 7.1).
pub(super) fn confirm(
    headers: &HeaderMap,
    config: Option<&DeflateConfig>,
) -> Result<Option<DeflateParams>, HandshakeError> {
    headers::single(headers, EXTENSIONS)?;
    let answers = headers::extensions(headers)?;
    let Some(answer) = answers.first() else {
        return Ok(None);
    };
    let not_offered = |name: &str| {
        Err(HandshakeError::ExtensionNotOffered(headers::excerpt(
            name.as_bytes(),
        )))
    };
    let Some(config) = config else {
        return not_offered(&answer.name);
    };
    if let Some(other) = answers.iter().find(|answer| answer.name != NAME) {
        return not_offered(&other.name);
    }
    if answers.len() > 1 {
        return Err(HandshakeError::DeflateParams(format!(
            "{NAME} is given twice"
        )));
    }
    let answer = Params::parse(answer).map_err(HandshakeError::DeflateParams)?;
    agree(config, &answer)
        .map(Some)
        .map_err(HandshakeError::DeflateParams)
}

fn agree(config: &DeflateConfig, answer: &Params) -> Result<DeflateParams, String> {
    let offer = offered(config);
    // 7.1.1.1
    if offer.server_no_context_takeover && !answer.server_no_context_takeover {
        return Err("server_no_context_takeover was demanded, but is not in the answer".into());
    }
    // 7.1.2.1
    let server_bits = match (offer.server_max_window_bits, answer.server_max_window_bits) {
        (Some(offered), None) => {
            return Err(format!(
                "server_max_window_bits={offered} was demanded, but is not in the answer"
            ));
        }
        (Some(offered), Some(answered)) if answered > offered => {
            return Err(format!(
                "server_max_window_bits={answered} exceeds the offered {offered}"
            ));
        }
        (_, answered) => answered.unwrap_or(MAX_WINDOW_BITS),
    };
    // 7.1.2.2
    let client_bits = match answer.client_max_window_bits {
        None => config.client_max_window_bits,
        Some(ClientWindow::Any) => return Err("client_max_window_bits has no value".into()),
        Some(ClientWindow::AtMost(bits)) if bits > config.client_max_window_bits => {
            return Err(format!(
                "client_max_window_bits={bits} exceeds the offered {}",
                config.client_max_window_bits
            ));
        }
        Some(ClientWindow::AtMost(bits)) => bits,
    };
    Ok(DeflateParams {
        server_no_context_takeover: answer.server_no_context_takeover,
        // A promise of ours binds us even if the server does not repeat it.
        client_no_context_takeover: offer.client_no_context_takeover
            || answer.client_no_context_takeover,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
        level: config.level,
        min_size: config.min_size,
    })
}
