//! No escape sequence is written but to a terminal, and none with a colour where `NO_COLOR` is set.
use crate::command::{Ran, arkws, finish, run};
use crate::help::listed;
use crate::served::serve;
use crate::terminal::Terminal;

#[track_caller]
fn assert_plain(what: &str, ran: &Ran) {
    let has_none = |bytes: &[u8]| !bytes.contains(&0x1b);
    assert!(
        has_none(&ran.stdout),
        "{what}: {}",
        String::from_utf8_lossy(&ran.stdout)
    );
    assert!(has_none(ran.stderr.as_bytes()), "{what}: {}", ran.stderr);
}

#[test]
fn each_subcommand_is_plain_in_a_pipe() {
    // A terminal that can do everything, and who wants colours, change nothing.
    let plain = |arguments: &[&str]| {
        let mut command = arkws(arguments);
        command
            .env("TERM", "xterm-256color")
            .env("CLICOLOR_FORCE", "1")
            .env_remove("NO_COLOR");
        let ran = finish(command.spawn().expect("it starts"));
        assert_plain(&arguments.join(" "), &ran);
    };
    plain(&[]);
    plain(&["--version"]);
    for subcommand in listed("Commands:") {
        plain(&[&subcommand, "--help"]);
        plain(&[&subcommand, "--no-such-flag"]);
        plain(&["help", &subcommand]);
    }
}

#[test]
fn what_others_send_stays_plain() {
    let server = serve(&["--echo"]);
    let hostile = "\x1b[31mred\x07\n";
    for flags in [&["connect"][..], &["connect", "--jsonl"]] {
        let ran = run(&[flags, &["no such url \x1b[2J"]].concat(), b"").with(2);
        assert_plain("a usage error", &ran);
        let ran = run(&[flags, &[&server.url]].concat(), hostile.as_bytes()).with(0);
        assert_eq!(ran.stderr, "");
        // To a program a message goes as it is, in JSON escaped.
        assert_eq!(ran.stdout.contains(&0x1b), flags.len() == 1);
    }
    let ran = server.interrupt().with(130);
    assert!(ran.stderr.contains("\\u{1b}[31mred"), "{}", ran.stderr);
    assert_plain("the log", &ran);
}

#[test]
fn without_colours_a_terminal_gets_none() {
    for subcommand in listed("Commands:") {
        for arguments in [&[subcommand.as_str(), "--help"][..], &[&subcommand, "-x"]] {
            let mut command = arkws(arguments);
            command.env("NO_COLOR", "1");
            let mut terminal = Terminal::start(command);
            let status = terminal.ended();
            assert!(!terminal.seen.is_empty(), "{arguments:?}: {status:?}");
            assert!(
                !terminal.seen.contains('\x1b'),
                "{arguments:?}: {:?}",
                terminal.seen
            );
        }
    }
}
