//! Header fields in the form in which JavaScript gets them.
use arkws_netstack::{Headers, field_text};

/// Header fields as `[name, value, name, value, ...]`.
pub(crate) fn flat(headers: &Headers) -> Vec<String> {
    headers
        .iter()
        .flat_map(|(name, value)| {
            let value = field_text(value.as_bytes()).into_owned();
            [name.as_str().to_owned(), value]
        })
        .collect()
}
