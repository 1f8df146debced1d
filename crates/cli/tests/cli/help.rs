//! What the command says about itself is there, and true.
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::run;
use crate::served::serve;
use crate::servers::echo;

fn said(arguments: &[&str]) -> String {
    let ran = run(arguments, b"").with(0);
    assert_eq!(ran.stderr, "", "{arguments:?}");
    ran.text().to_owned()
}

/// The first words of the lines of a list, below its heading.
pub(crate) fn listed(heading: &str) -> Vec<String> {
    let help = said(&["help"]);
    let (_, list) = help.split_once(heading).expect("the list");
    let lines = list.lines().skip(1).take_while(|line| !line.is_empty());
    let entries = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let words = entries.filter_map(|line| line.split_whitespace().next());
    words.map(str::to_owned).collect()
}

#[test]
fn the_help_of_a_flag_is_short_and_that_of_the_subcommand_long() {
    let short = said(&["connect", "--help"]);
    assert_eq!(short, said(&["connect", "-h"]));
    for heading in ["Request:", "TLS:", "Network:"] {
        assert!(short.contains(heading), "{short}");
    }
    assert!(!short.contains("At the end of the input"), "{short}");
    let long = said(&["help", "connect"]);
    assert!(long.contains("At the end of the input"), "{long}");
    assert!(long.contains("Usage: arkws connect "), "{long}");
    for subcommand in listed("Commands:") {
        if !["run", "test", "check"].contains(&subcommand.as_str()) {
            let help = said(&[&subcommand, "--help"]);
            assert!(help.lines().count() < 80, "{help}");
            let (_, options) = help.split_once("\nOptions:\n").expect("options");
            let (options, _) = options.split_once("\n\n").unwrap_or((options, ""));
            assert!(options.contains("-h, --help "), "{help}");
        }
    }
}

#[test]
fn each_topic_is_told_and_another_is_wrong_usage_that_names_them() {
    let topics = listed("Topics of");
    assert!(topics.len() >= 6, "{topics:?}");
    let wrong = run(&["help", "everything"], b"").with(2).stderr;
    for topic in topics {
        let text = said(&["help", &topic]);
        assert!(text.lines().count() > 5, "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(wrong.contains(&topic), "{wrong}");
    }
}

#[test]
fn each_exit_status_is_told() {
    let text = said(&["help", "exit-status"]);
    for status in ["0", "1", "2", "3", "4", "130"] {
        let row = |line: &str| line.split_whitespace().next() == Some(status);
        assert!(text.lines().any(row), "{status} in {text}");
    }
}

/// The objects in a text, one a line.
fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| line.trim().starts_with('{'));
    let objects = lines.map(|line| serde_json::from_str(line).expect("JSON"));
    objects.collect()
}

fn keys(objects: &[Value]) -> BTreeSet<&str> {
    let objects = objects.iter().filter_map(Value::as_object);
    objects
        .flat_map(|one| one.keys().map(String::as_str))
        .collect()
}

#[test]
fn records_have_the_fields_that_are_told() {
    let server = echo();
    let written = run(&["connect", "--jsonl", &server.url], b"ping\n").with(0);
    let (written, told) = (objects(written.text()), objects(&said(&["help", "jsonl"])));
    assert_eq!(written[0].as_object().map(|one| one.len()), Some(5));
    assert_eq!(keys(&written), keys(&told));
    for (one, other) in [(&written[0], &told[0]), (&written[2], &told[2])] {
        for key in ["direction", "type", "size", "data", "code"] {
            assert_eq!(one.get(key), other.get(key), "{key}");
        }
    }
}

#[test]
fn the_script_that_is_told_is_played() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.jsonl");
    let lines = objects(&said(&["help", "script"]));
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(&file, lines.join("\n")).expect("it is written");
    let server = serve(&["--script", file.to_str().expect("UTF-8")]);
    let ran = run(&["connect", "--keep-open", &server.url], b"question\n").with(0);
    assert_eq!(ran.text(), "answer\n");
}

#[test]
fn there_are_manual_pages_of_everything() {
    let main = said(&["man"]);
    for section in ["NAME", "SYNOPSIS", "EXIT STATUS", "JSONL", "ENVIRONMENT"] {
        let heading = format!(".SH \"{section}\"");
        let plain = format!(".SH {section}");
        assert!(
            main.contains(&heading) || main.contains(&plain),
            "{section}: {main}"
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    said(&["man", "--to", folder.path().to_str().expect("UTF-8")]);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
    assert_eq!(read("arkws.1"), main);
    let subcommands = listed("Commands:");
    let version = concat!("arkws ", env!("CARGO_PKG_VERSION"));
    for subcommand in &subcommands {
        assert!(main.contains(&format!("arkws\\-{subcommand}(1)")), "{main}");
        let page = read(&format!("arkws-{subcommand}.1"));
        assert!(page.contains(version), "{page}");
    }
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        subcommands.len() + 1
    );
    let page = read("arkws-connect.1");
    for flag in [
        "\\-\\-keep\\-open",
        "\\-\\-key\\-password",
        "At the end of the input",
    ] {
        assert!(page.contains(flag), "{flag} in {page}");
    }
    run(&["man", "--to", "/no/such/folder"], b"").with(1);
}

#[test]
fn shells_complete_subcommands_topics_and_flags() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        for word in ["connect", "keep-open", "exec"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    run(&["completions", "command.com"], b"").with(2);
}

#[cfg(unix)]
#[test]
fn bash_completes() {
    let script = said(&["completions", "bash"]);
    let complete = |words: &[&str]| {
        let last = words.len() - 1;
        let asked = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}\n_arkws arkws '{}' '{}'\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words[last],
            words[last - 1],
        );
        let ended = Command::new("bash").args(["--norc", "-c", &asked]).output();
        let ended = ended.expect("bash");
        assert!(ended.stderr.is_empty(), "{ended:?}");
        String::from_utf8(ended.stdout).expect("UTF-8")
    };
    assert_eq!(complete(&["arkws", "conn"]), "connect\n");
    assert_eq!(complete(&["arkws", "connect", "--keep"]), "--keep-open\n");
    assert_eq!(complete(&["arkws", "help", "exit"]), "exit-status\n");
}
