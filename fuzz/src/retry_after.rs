//! For how long a server asks to be left alone: the fields of its refusal may be anything.
use std::time::{Duration, UNIX_EPOCH};

use arkws::Error;
use arkws_proto::handshake::HandshakeError;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Response};
use httpdate::{fmt_http_date, parse_http_date};

use crate::input::Input;

/// The last second that has a date of HTTP: 9999-12-31 23:59:59.
const LAST: u64 = 253_402_300_799;

/// A number is so many seconds; of a date it is what is left of them by the
/// server's own clock; only 429 and 503 ask for a time.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let status = input.byte();
    let [then, now] = [input.array(), input.array()]
        .map(u64::from_be_bytes)
        .map(|second| second % (LAST + 1));
    let dates = [then, now].map(|second| UNIX_EPOCH + Duration::from_secs(second));
    let left = Duration::from_secs(then.saturating_sub(now));
    let [then_date, now_date] = dates.map(|time| fmt_http_date(time).into_bytes());
    assert_eq!(
        asked(503, &[(RETRY_AFTER, &then_date), (DATE, &now_date)]),
        Some(left)
    );
    let seconds = then.to_string().into_bytes();
    assert_eq!(
        asked(429, &[(RETRY_AFTER, &seconds)]),
        Some(Duration::from_secs(then))
    );

    let (given, date) = (input.short(), input.rest());
    // What is none does not arrive.
    let (Ok(value), Ok(_)) = (
        HeaderValue::from_bytes(given),
        HeaderValue::from_bytes(date),
    ) else {
        return;
    };
    let status = 300 + u16::from(status);
    let asked = asked(status, &[(RETRY_AFTER, given), (DATE, date)]);
    let text = value.to_str().unwrap_or_default().trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(status, 429 | 503) {
        assert_eq!(asked, None);
    } else if let Some(asked) = asked {
        assert!(digits || parse_http_date(text).is_ok(), "{text:?}");
        let number = text.parse().map(Duration::from_secs);
        assert!(
            !digits || number.is_err() || number == Ok(asked),
            "{text:?}"
        );
    } else {
        assert!(!digits, "{text:?}");
    }
}

/// What the error of a refusal says.
fn asked(status: u16, fields: &[(HeaderName, &[u8])]) -> Option<Duration> {
    let mut response = Response::new(Default::default());
    *response.status_mut() = status.try_into().expect("below 1000");
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value).expect("a field's value");
        response.headers_mut().append(name, value);
    }
    Error::from(HandshakeError::Refused(Box::new(response))).retry_after()
}
