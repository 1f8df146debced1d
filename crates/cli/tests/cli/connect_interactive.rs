//! `arkws connect` at a terminal.
use arkws::{Acceptor, CloseCode, CloseFrame, Message};

use crate::command::arkws;
use crate::servers::{echo, serve};
use crate::terminal::Terminal;

/// Keys that are pressed before it appears are the terminal's, not the editor's: it makes nothing
/// of an arrow.
const PROMPT: &str = "> ";

fn connect(arguments: &[&str]) -> Terminal {
    let mut command = arkws(&[&["connect"], arguments].concat());
    command.env_remove("NO_COLOR");
    let mut terminal = Terminal::start(command);
    terminal.wait_for("connected to ws://127.0.0.1:");
    terminal.wait_for(PROMPT);
    terminal
}

#[test]
fn what_is_typed_is_sent_and_what_comes_appears_above() {
    let server = echo();
    let mut terminal = connect(&[&server.url]);
    terminal.press("hello\r");
    terminal.wait_for("\x1b[32m<\x1b[0m hello");
    terminal.wait_for(PROMPT);
    // From the history.
    terminal.press("\x1b[A\r");
    terminal.wait_for("\x1b[32m<\x1b[0m hello");
    terminal.wait_for(PROMPT);
    // Two lines that are pasted are one message.
    terminal.press("\x1b[200~first\rsecond\x1b[201~");
    terminal.wait_for("second");
    terminal.press("\r");
    terminal.wait_for("\x1b[32m<\x1b[0m first\r\nsecond\r\n");
    terminal.wait_for(PROMPT);
    terminal.press("{\"b\":[1.10]}\r");
    terminal.wait_for("{\r\n  \"b\": [\r\n    1.10\r\n  ]\r\n}");
    terminal.wait_for(PROMPT);
    terminal.press("//slash\r");
    terminal.wait_for("\x1b[32m<\x1b[0m /slash");
    terminal.wait_for(PROMPT);
    terminal.press("/nothing\r");
    terminal.wait_for("/nothing is no command");
    terminal.wait_for(PROMPT);
    // Ctrl-D.
    terminal.press("\x04");
    terminal.ends_with(0);
}

#[test]
fn commands_ping_count_tell_headers_send_files_and_close() {
    let (told, hears) = std::sync::mpsc::channel();
    let server = serve(Acceptor::builder().build(), move |mut socket| {
        let told = told.clone();
        async move {
            while let Some(Ok(message)) = socket.recv().await {
                let message = Message::from(message);
                if message.is_data() {
                    _ = socket.send(message).await;
                } else if let Message::Close(Some(frame)) = message {
                    _ = told.send((frame.code().get(), frame.reason().to_owned()));
                }
            }
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data");
    std::fs::write(&file, b"\0\xffabc").expect("it is written");

    let mut terminal = connect(&[&server.url]);
    terminal.press("/ping\r");
    terminal.wait_for("answered the ping in ");
    terminal.wait_for(PROMPT);
    terminal.press("/headers\r");
    terminal.wait_for("HTTP/1.1 101 Switching Protocols\r\n");
    terminal.wait_for("sec-websocket-accept: ");
    terminal.wait_for(PROMPT);
    terminal.press(&format!("/file {}\r", file.display()));
    terminal.wait_for("5 bytes\r\n  0000  00 ff 61 62 63");
    terminal.wait_for(PROMPT);
    terminal.press("/stats\r");
    terminal.wait_for("sent 1 messages (28 bytes in frames), received 1 (20 bytes)");
    terminal.wait_for(PROMPT);
    terminal.press("/close 4000 so long\r");
    terminal.wait_for("the other end closes with 4000");
    terminal.ends_with(4);
    let heard = hears.recv().expect("a goodbye");
    assert_eq!(heard, (4000, "so long".to_owned()));
}

#[test]
fn last_words_appear_and_cannot_control_the_terminal() {
    let server = serve(Acceptor::builder().build(), async |mut socket| {
        _ = socket.recv().await;
        for number in 0..20 {
            _ = socket.send(format!("word {number}").into()).await;
        }
        _ = socket.send("last \x1b[2J\x07 word".into()).await;
        let frame = CloseFrame::new(CloseCode::NORMAL, "that \x1b]0; is it");
        _ = socket.close(Some(frame)).await;
    });
    let mut command = arkws(&["connect", &server.url]);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command);
    terminal.wait_for(" * connected to ");
    terminal.wait_for(PROMPT);
    terminal.press("go\r");
    terminal.ends_with(0);
    terminal.wait_for(" < word 19\r\n");
    terminal.wait_for(" < last \\u{1b}[2J\\u{7} word\r\n");
    terminal.wait_for("closes with 1000: that \\u{1b}]0; is it\r\n");
    assert!(!terminal.seen.contains("\x1b[32m"), "{:?}", terminal.seen);
}

#[test]
fn ctrl_c_ends_it() {
    let server = echo();
    let mut terminal = connect(&[&server.url]);
    terminal.press("unfinished");
    terminal.wait_for("unfinished");
    terminal.press("\x03");
    terminal.ends_with(130);
}

#[test]
fn ctrl_c_ends_it_between_two_prompts_and_without_any() {
    let server = echo();
    let mut terminal = connect(&[&server.url]);
    terminal.press("line\r");
    terminal.press("\x03");
    terminal.ends_with(130);

    // Records need no editor: the terminal itself makes a signal of the key.
    let mut terminal = Terminal::start(arkws(&["connect", "--jsonl", &server.url]));
    terminal.press("line\r");
    terminal.wait_for("\"direction\":\"in\"");
    terminal.press("\x03");
    terminal.ends_with(130);

    let mut terminal = Terminal::start(arkws(&["serve"]));
    terminal.wait_for("ws://127.0.0.1:");
    terminal.press("\x03");
    terminal.ends_with(130);
}

#[test]
fn what_was_typed_is_remembered_over_connections() {
    let server = serve(Acceptor::builder().build(), async |mut socket| {
        if let Some(Ok(message)) = socket.recv().await {
            let message = Message::from(message);
            _ = socket.send(message).await;
        }
    });
    let mut terminal = connect(&["--reconnect", &server.url]);
    terminal.press("again\r");
    terminal.wait_for("again");
    terminal.wait_for("connecting again");
    terminal.wait_for("connected to ");
    terminal.wait_for(PROMPT);
    terminal.press("\x1b[A\r");
    terminal.wait_for("\x1b[32m<\x1b[0m again");
    terminal.wait_for(PROMPT);
    terminal.press("\x03");
    terminal.ends_with(130);
}
