//! Header fields in the form in which JavaScript gets and gives them.
use arkws_netstack::{Header, Headers, field_text};

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

/// Header fields of `[name, value, name, value, ...]`.
pub(crate) fn pairs(flat: Vec<String>) -> Vec<Header> {
    let mut flat = flat.into_iter();
    let mut headers = Vec::with_capacity(flat.len() / 2);
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        headers.push(Header { name, value });
    }
    headers
}
