//! The cases, a file for each area. What each sends stands beside what an RFC asks for.
//!
//! A case that an RFC asks for in so many words is a MUST or a SHOULD. One that asks for more than
//! its sentence says, such as to fail before the rest of a message has come, is a SHOULD.
mod closing;
mod deflate;
mod fragments;
mod framing;
mod handshake;
mod http;
mod limits;
mod offers;
mod ping;
mod utf8;

use super::case::Case;

/// All of them, in the order in which they are played.
pub(super) fn all() -> Vec<Case> {
    let areas = [
        ("http", http::cases()),
        ("handshake", handshake::cases()),
        ("framing", framing::cases()),
        ("framing", fragments::cases()),
        ("utf8", utf8::cases()),
        ("ping", ping::cases()),
        ("closing", closing::cases()),
        ("deflate", offers::cases()),
        ("deflate", deflate::cases()),
        ("limits", limits::cases()),
    ];
    let named = areas.into_iter().flat_map(|(area, cases)| {
        cases.into_iter().map(move |case| Case {
            id: format!("{area}/{}", case.id),
            ..case
        })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_case_has_a_name_of_its_own_a_section_and_a_title() {
        let cases = all();
        let mut names = HashSet::new();
        for case in &cases {
            assert!(names.insert(&case.id), "{} twice", case.id);
            let (area, name) = case.id.split_once('/').expect("an area");
            let is_plain = |text: &str| {
                let mut bytes = text.bytes();
                bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            };
            assert!(is_plain(area) && is_plain(name), "{}", case.id);
            let rfcs = ["RFC 6455, ", "RFC 7692, ", "RFC 9110, ", "RFC 9112, "];
            let section = rfcs.iter().find_map(|rfc| case.section.strip_prefix(rfc));
            let section = section.unwrap_or_else(|| panic!("{} has no section", case.id));
            let is_number = |byte: u8| byte == b'.' || byte.is_ascii_digit();
            assert!(section.bytes().all(is_number), "{}", case.section);
            assert!(!case.title.is_empty(), "{}", case.id);
        }
        assert!(cases.len() >= 150, "there are only {}", cases.len());
    }
}
