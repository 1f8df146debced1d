//! Patterns for hosts.

/// Whether `text` is `pattern`, in which each `*` stands for any sequence of characters, none
/// included. ASCII case does not matter.
///
/// For lists of hosts: allowed origins, proxies' exclusions, domain policies. It takes at most the
/// product of the lengths in steps, whatever the pattern, since only the last `*` is tried again.
///
/// ```
/// use arkws::matches_wildcard;
///
/// assert!(matches_wildcard("*.example.org", "a.b.EXAMPLE.org"));
/// assert!(!matches_wildcard("*.example.org", "example.org"));
/// assert!(!matches_wildcard("example.org", "example.org.evil.net"));
/// ```
pub fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[at_text]) => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                // Let the last `*` stand for one character more.
                let Some((pattern_star, text_star)) = star else {
                    return false;
                };
                star = Some((pattern_star, text_star + 1));
                at_pattern = pattern_star + 1;
                at_text = text_star + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|&byte| byte == b'*')
}
