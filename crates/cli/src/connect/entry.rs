//! What comes from the input.
use std::path::PathBuf;

use arkws::{CloseCode, CloseFrame, Message};

/// Something to be done with the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Send(Message),
    /// Ping, and tell how long the answer took.
    Ping,
    /// Say goodbye.
    Close(Option<CloseFrame>),
    /// Tell what the connection has done.
    Stats,
    /// Tell what the server said when it accepted.
    Headers,
}

/// What somebody has typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Text(String),
    File(PathBuf),
    Entry(Entry),
    Help,
}

pub(super) const HELP: &str = "\
/ping                 ping, and tell how long the answer took
/close [CODE [WHY]]   close the connection; so does Ctrl-D
/stats                what the connection has done
/headers              what the server said when it accepted
/file PATH            send a file: as text if it is UTF-8, else binary
//text                send /text";

/// Understands a line, or several that were pasted: a message, unless it begins with a slash.
///
/// # Errors
/// In words: there is no such command, or it has other arguments.
pub(super) fn parse(line: &str) -> Result<Typed, String> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(Typed::Text(line.to_owned()));
    };
    if command.starts_with('/') {
        return Ok(Typed::Text(command.to_owned()));
    }
    let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
    let rest = rest.trim();
    Ok(match (name, rest) {
        ("ping", "") => Typed::Entry(Entry::Ping),
        ("stats", "") => Typed::Entry(Entry::Stats),
        ("headers", "") => Typed::Entry(Entry::Headers),
        ("help", "") => Typed::Help,
        ("close", rest) => Typed::Entry(Entry::Close(goodbye(rest)?)),
        ("file", path) if !path.is_empty() => Typed::File(path.into()),
        _ => {
            return Err(format!(
                "/{name} is no command, or not like this; there is /help"
            ));
        }
    })
}

fn goodbye(text: &str) -> Result<Option<CloseFrame>, String> {
    if text.is_empty() {
        return Ok(Some(CloseFrame::new(CloseCode::NORMAL, "")));
    }
    let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
    let code = code.parse().ok().and_then(CloseCode::new);
    let code = code.ok_or("a code is 1000 to 1014 but for some, or 3000 to 4999")?;
    Ok(Some(CloseFrame::new(code, reason.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_messages_unless_they_begin_with_a_slash() {
        for (line, message) in [
            ("hi /ping", "hi /ping"),
            ("//x", "/x"),
            ("", ""),
            ("a\nb", "a\nb"),
        ] {
            assert_eq!(parse(line), Ok(Typed::Text(message.into())));
        }
        assert_eq!(parse("/file a b"), Ok(Typed::File("a b".into())));
        assert_eq!(parse("/ping"), Ok(Typed::Entry(Entry::Ping)));
        let code = CloseCode::new(4000).unwrap();
        let frame = CloseFrame::new(code, "so long");
        let close = Typed::Entry(Entry::Close(Some(frame)));
        assert_eq!(parse("/close 4000 so long"), Ok(close));
        for wrong in ["/", "/pong", "/ping x", "/file", "/close x", "/close 1005"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
