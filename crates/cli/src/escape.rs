//! What others sent, made fit for a terminal: it cannot move the cursor, change colours, answer
//! for the user or turn the direction of writing.
use std::borrow::Cow;
use std::fmt::Write;

/// The text with control characters escaped as `\u{1b}`, but for line feeds and tabs.
pub(crate) fn controls(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\r' => escaped.push_str("\\r"),
            character if is_control(character) => {
                _ = write!(escaped, "{}", character.escape_unicode());
            }
            character => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

fn is_control(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        // Of Unicode: the direction of writing.
        '\u{61c}' | '\u{200e}' | '\u{200f}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        character => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(controls("Grüße,\n\t世界 🎉"), "Grüße,\n\t世界 🎉");
        assert_eq!(controls("\x1b[31mred\x07\r\n"), "\\u{1b}[31mred\\u{7}\\r\n");
        // C1 has a CSI of its own; DEL.
        assert_eq!(controls("\u{9b}2J\u{7f}"), "\\u{9b}2J\\u{7f}");
        assert_eq!(controls("a\u{202e}b\u{2069}"), "a\\u{202e}b\\u{2069}");
    }
}
