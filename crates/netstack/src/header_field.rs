//! Header fields as a program gives them.
use std::borrow::Cow;
use std::fmt;

use arkws::http::{HeaderName, HeaderValue};

use crate::BusinessError;

/// One header field as the program gave it. Its `Debug` form does not show the value.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The field's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Header {
    /// # Errors
    /// 401: a name or value that cannot be in a header.
    pub(crate) fn parse(&self) -> Result<(HeaderName, HeaderValue), BusinessError> {
        let name = HeaderName::from_bytes(self.name.as_bytes()).map_err(|_| {
            BusinessError::parameter(format!(
                "{} cannot be the name of a header: it is not a token (RFC 9110, 5.1)",
                shown(&self.name)
            ))
        })?;
        let value = HeaderValue::from_bytes(self.value.as_bytes()).map_err(|_| {
            BusinessError::parameter(format!(
                "the value of the header {name} has a line break, NUL or another control character"
            ))
        })?;
        Ok((name, value))
    }
}

/// What a program gave, bounded and escaped.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 64;
    let cut: Cow<'_, str> = match text.char_indices().nth(MAX) {
        None => text.into(),
        Some((end, _)) => format!("{}...", &text[..end]).into(),
    };
    format!("{cut:?}")
}
