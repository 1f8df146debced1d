//! Making connections.
