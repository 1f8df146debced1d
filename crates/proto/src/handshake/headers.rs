//! Header fields of the handshake: tokens, lists, extension parameters (RFC 6455, 9.1; RFC 9110, 5.6).
