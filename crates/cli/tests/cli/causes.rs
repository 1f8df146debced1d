//! A failure names its cause at the end of its first line, by the name that the book explains.
use std::net::TcpListener;

use arkws::http::StatusCode;
use arkws::{Acceptor, Cause, Refusal};
use serde_json::Value;

use crate::command::{Ran, run};
use crate::servers::{Serving, bind, runtime, serve};

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("ws://{}/", listener.local_addr().expect("an address"))
}

fn refusing() -> Serving {
    let refuse = Acceptor::builder().on_request(async |_| {
        Err(Refusal::new(StatusCode::FORBIDDEN, "no").with_body(&b"away"[..]))
    });
    serve(refuse.build(), async |_| {})
}

#[track_caller]
fn says(ran: &Ran, cause: Cause) {
    let name = format!(" [{}]", cause.as_str());
    let mut lines = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("arkws: "));
    let line = lines.next().unwrap_or_else(|| panic!("no words: {ran:?}"));
    assert!(line.ends_with(&name), "{name} in {}", ran.stderr);
}

#[test]
fn everything_that_connects_names_the_cause() {
    let (nobody, refusing) = (nobody(), refusing());
    let recording = std::env::temp_dir().join(format!("arkws-causes-{}.jsonl", std::process::id()));
    std::fs::write(
        &recording,
        "{\"direction\":\"out\",\"time\":1,\"type\":\"text\",\"data\":\"a\"}\n",
    )
    .expect("a file");
    let file = recording.to_str().expect("UTF-8");
    for (url, cause) in [
        (nobody.as_str(), Cause::Refused),
        (&refusing.url, Cause::Handshake),
        ("ws://nobody.invalid/", Cause::Dns),
    ] {
        for arguments in [
            &["connect", url][..],
            &["bench", url],
            &["replay", file, url],
        ] {
            says(&run(arguments, b"").with(3), cause);
        }
    }
    says(&run(&["conform", &nobody], b"").with(3), Cause::Refused);
    std::fs::remove_file(&recording).expect("it is there");
}

#[test]
fn what_cannot_be_used_and_what_is_lost_name_theirs() {
    says(&run(&["connect", "nonsense"], b"").with(2), Cause::Invalid);
    let builder = bind();
    let address = builder.local_addr().expect("TCP");
    let _guard = runtime().enter();
    let _server = builder.serve(async |socket, _| drop(socket));
    let url = format!("ws://{address}/");
    let lost = run(&["connect", "--keep-open", &url], b"").with(4);
    says(&lost, Cause::Reset);
}

#[test]
fn a_failed_step_of_the_doctor_names_its_cause() {
    let refusing = refusing();
    for (url, cause) in [
        (nobody(), "refused"),
        (refusing.url.clone(), "handshake"),
        (refusing.url.replace("ws:", "wss:"), "tls"),
    ] {
        let shown = run(&["doctor", &url], b"").with(1);
        let mut lines = shown.text().lines();
        let failed = lines.position(|line| line.starts_with("failed "));
        assert!(failed.is_some(), "a failed step in {}", shown.text());
        // `position` has left the lines behind it.
        let below = lines.next().expect("a line below it");
        assert_eq!(below.trim_start(), format!("[{cause}]"));
        let document: Value =
            serde_json::from_slice(&run(&["doctor", "--json", &url], b"").stdout).expect("JSON");
        let steps = document["steps"].as_array().expect("steps");
        let failed = steps.iter().find(|step| step["state"] == "failed");
        assert_eq!(failed.expect("a failed step")["cause"], cause);
    }
}

/// Whoever searches the book for the name that a message ends with comes to a section of it.
#[test]
fn the_book_has_a_section_of_each_cause() {
    let book = include_str!("../../../../docs/src/errors.md");
    for cause in Cause::ALL {
        let section = format!("\n#### `{}`\n", cause.as_str());
        assert!(book.contains(&section), "{section}");
    }
}
