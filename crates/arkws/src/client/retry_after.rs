//! For how long a server asks to be left alone (RFC 9110, 10.2.3).
use std::time::{Duration, SystemTime};

use arkws_proto::handshake::HandshakeError;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use httpdate::parse_http_date;

use crate::Error;

impl Error {
    /// For how long the server asks to be left alone: the `Retry-After` of its refusal with 429 or
    /// 503. It may be any time: who waits should not believe all of it
    /// ([`Retry::MAX_RETRY_AFTER`](crate::Retry::MAX_RETRY_AFTER)).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Handshake(HandshakeError::Refused(response))
                if matches!(response.status().as_u16(), 429 | 503) =>
            {
                retry_after(response.headers(), SystemTime::now())
            }
            _ => None,
        }
    }
}

/// Seconds, or a date in one of the three forms that HTTP knows. A date is one of the server's
/// clock, so it counts from the answer's `Date`, or else from `now`; one that has passed is no time
/// at all.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let field = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let value = field(RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is as good as for ever.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let server_now = field(DATE).and_then(|date| parse_http_date(date).ok());
    let until = parse_http_date(value).ok()?;
    let left = until.duration_since(server_now.unwrap_or(now));
    Some(left.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Response};

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const THEN: Duration = Duration::from_secs(784_111_777);

    fn headers(retry_after: &str, date: Option<&'static str>) -> HeaderMap {
        let value = HeaderValue::from_str(retry_after).unwrap();
        let mut headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
        headers.extend(date.map(|date| (DATE, HeaderValue::from_static(date))));
        headers
    }

    #[test]
    fn it_is_seconds_or_a_date_in_each_form_of_http() {
        let now = SystemTime::UNIX_EPOCH + THEN;
        for (value, after) in [
            ("7", Some(7)),
            (" 0120\t", Some(120)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            (" Sun, 06 Nov 1994 08:49:47 GMT ", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun Nov  6 08:49:47 1994", Some(10)),
            ("Mon, 07 Nov 1994 08:49:37 GMT", Some(24 * 60 * 60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            // No such day, no such form.
            ("Sun, 31 Feb 1994 08:49:47 GMT", None),
            ("Mon, 06 Nov 1994 08:49:47 GMT", None),
            ("Sun, 06 Nov 1994 08:49:47 CET", None),
            ("1994-11-06T08:49:47Z", None),
            ("soon", None),
            ("7.5", None),
            ("-7", None),
            ("+7", None),
            ("7 s", None),
            ("7, 8", None),
            ("", None),
        ] {
            let asked = retry_after(&headers(value, None), now);
            assert_eq!(asked.map(|asked| asked.as_secs()), after, "{value}");
        }
    }

    #[test]
    fn a_date_is_one_of_the_servers_clock() {
        let soon = SystemTime::UNIX_EPOCH + THEN + Duration::from_millis(500);
        let date = "Sun, 06 Nov 1994 08:49:47 GMT";
        for (server_now, milliseconds) in [
            (None, 9500),
            (Some("Sun, 06 Nov 1994 08:49:44 GMT"), 3000),
            (Some("at noon"), 9500),
        ] {
            let asked = retry_after(&headers(date, server_now), soon);
            assert_eq!(asked, Some(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn only_a_refusal_that_may_pass_has_one() {
        for (status, asked) in [(429, Some(7)), (503, Some(7)), (500, None), (403, None)] {
            let response = Response::builder().status(status).header(RETRY_AFTER, "7");
            let response = response.body(Vec::new().into()).unwrap();
            let error = Error::from(HandshakeError::Refused(Box::new(response)));
            assert_eq!(
                error.retry_after(),
                asked.map(Duration::from_secs),
                "{status}"
            );
        }
        assert_eq!(Error::IncompleteMessage.retry_after(), None);
    }
}
