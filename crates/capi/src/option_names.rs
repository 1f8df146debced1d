//! Errors name options as JavaScript calls them; here, as C sets them.

/// Whose error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Options of the contract, and the functions that set them.
const OF_CLIENTS: &[(&str, &str)] = &[
    ("connectTimeout", "arkws_client_set_connect_timeout"),
    ("handshakeTimeout", "arkws_client_set_handshake_timeout"),
    ("writeTimeout", "arkws_client_set_write_timeout"),
    ("maxMessageSize", "arkws_client_set_max_message_size"),
    ("maxFragments", "arkws_client_set_max_fragments"),
    ("maxHeaderBytes", "arkws_client_set_max_header_bytes"),
    ("maxHeaders", "arkws_client_set_max_headers"),
    ("maxRedirects", "arkws_client_set_max_redirects"),
    ("maxQueuedBytes", "arkws_client_set_max_queued_bytes"),
    ("pingInterval", "arkws_client_set_heartbeat"),
    ("pongTimeout", "arkws_client_set_heartbeat"),
    ("caPath", "arkws_client_set_ca"),
    ("clientCert.certPath", "arkws_client_set_certificate"),
    ("clientCert.keyPath", "arkws_client_set_certificate"),
];

const OF_SERVERS: &[(&str, &str)] = &[
    ("maxMessageSize", "arkws_server_set_max_message_size"),
    ("maxFragments", "arkws_server_set_max_fragments"),
    ("maxHeaderBytes", "arkws_server_set_max_header_bytes"),
    ("maxHeaders", "arkws_server_set_max_headers"),
    ("maxQueuedBytes", "arkws_server_set_max_queued_bytes"),
    ("pingInterval", "arkws_server_set_heartbeat"),
    ("handshakeTimeout", "arkws_server_set_handshake_timeout"),
    ("writeTimeout", "arkws_server_set_write_timeout"),
    ("messageTimeout", "arkws_server_set_message_timeout"),
    ("limits.perAddress", "arkws_server_set_limits"),
    ("limits.connections", "arkws_server_set_limits"),
];

/// What errors begin with that are about an option's value, and how they begin in C.
const VALUES: &[(&str, &str)] = &[
    ("serverIP ", "the address "),
    (
        "serverCert ",
        "the certificate (arkws_server_set_certificate) ",
    ),
    ("allowedOrigins: ", "arkws_server_set_origins: "),
    ("protocol ", "arkws_server_set_protocols: "),
];

/// How an error begins to name an option.
const HINT: &str = " (the option ";

/// How it names one that C cannot set, and that has no hint.
const NOT_IN_C: &str = " (limits.handshakes)";

/// The words of an error as C is told them. Nothing is said of an option that C cannot set.
pub(crate) fn in_c(side: Side, words: &str) -> String {
    let options = match side {
        Side::Client => OF_CLIENTS,
        Side::Server => OF_SERVERS,
    };
    let value = VALUES.iter().filter(|_| side == Side::Server);
    let mut told = value
        .filter_map(|(before, after)| Some(format!("{after}{}", words.strip_prefix(before)?)))
        .next()
        .unwrap_or_else(|| words.replace(NOT_IN_C, ""));
    for (option, function) in options {
        told = told
            .replace(&format!("{HINT}{option} "), &format!(" ({function} "))
            .replace(&format!("({option})"), &format!("({function})"));
    }
    if let Some(start) = told.find(HINT)
        && let Some(length) = told[start..].find(')')
    {
        told.replace_range(start..=start + length, "");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_named_by_the_function_that_sets_it() {
        for (side, words, told) in [
            (
                Side::Client,
                "a message is too long (the option maxMessageSize changes the limit)",
                "a message is too long (arkws_client_set_max_message_size changes the limit)",
            ),
            (
                Side::Server,
                "it is too slow (the option maxQueuedBytes changes it)",
                "it is too slow (arkws_server_set_max_queued_bytes changes it)",
            ),
            (
                Side::Client,
                "nothing came within 1s (pongTimeout) of a ping",
                "nothing came within 1s (arkws_client_set_heartbeat) of a ping",
            ),
            (
                Side::Server,
                "they take too much (the option maxUnfinishedBytes changes the limit), so it goes",
                "they take too much, so it goes",
            ),
            (
                Side::Client,
                "/a/caPath (caPath): No such file",
                "/a/caPath (arkws_client_set_ca): No such file",
            ),
            (
                Side::Server,
                "serverIP \"x\" is no address",
                "the address \"x\" is no address",
            ),
            (
                Side::Server,
                "too many wait (limits.handshakes); the rest",
                "too many wait; the rest",
            ),
            (Side::Client, "protocol (words)", "protocol (words)"),
        ] {
            assert_eq!(in_c(side, words), told);
        }
    }
}
