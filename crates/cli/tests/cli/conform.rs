//! `arkws conform`: nothing is found in our own server, and something in one that looks at nothing.
use std::collections::HashMap;
use std::time::Duration;

use arkws::http::StatusCode;
use arkws::{Acceptance, Acceptor, DeflateConfig, Message, Refusal};
use serde_json::Value;

use crate::careless::careless;
use crate::command::{Ran, arkws, finish, run};
use crate::served::serve;
use crate::servers;

/// Longer than any answer takes, in builds that are not optimised and beside other tests.
const PATIENT: [&str; 4] = ["--jobs", "4", "--timeout", "60s"];

/// Runs it, with a report in JSON.
fn conform(url: &str, flags: &[&str]) -> (Ran, Value) {
    let ran = run(&[&["conform", url, "--json"], flags].concat(), b"");
    let report = serde_json::from_slice(&ran.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    (ran, report)
}

/// The verdict of each case.
fn verdicts(report: &Value) -> HashMap<&str, &str> {
    let cases = report["cases"].as_array().expect("cases");
    let verdict = |case: &'_ Value, key: &str| case[key].as_str().expect("a string").to_owned();
    let of = |case: &Value| (verdict(case, "id"), verdict(case, "verdict"));
    let leaked = |text: String| &*text.leak();
    let all = cases.iter().map(of);
    all.map(|(id, verdict)| (leaked(id), leaked(verdict)))
        .collect()
}

#[track_caller]
fn assert_all_passed(report: &Value, left_out: &[&str]) {
    for case in report["cases"].as_array().expect("cases") {
        let is_left_out = left_out.iter().any(|id| case["id"] == *id);
        let expected = if is_left_out { "left out" } else { "passed" };
        assert_eq!(case["verdict"], expected, "{case}");
    }
}

#[test]
fn nothing_is_found_in_our_server() {
    let server = serve(&["--quiet", "--deflate"]);
    let (ran, report) = conform(&server.url, &PATIENT);
    assert_all_passed(&report, &[]);
    ran.with(0);
    assert!(report["counts"]["cases"].as_u64() >= Some(150));
    assert_eq!(report["counts"]["passed"], report["counts"]["cases"]);
}

#[test]
fn nothing_is_found_in_our_server_over_tls() {
    let server = serve(&["--quiet", "--deflate", "--tls-self-signed"]);
    let (ran, report) = conform(&server.url, &[&PATIENT[..], &["--insecure"]].concat());
    let half_closed = ["half-close", "end-of-tcp", "end-in-frame", "end-in-message"];
    let half_closed = half_closed.map(|name| format!("closing/{name}"));
    assert_all_passed(&report, &half_closed.each_ref().map(String::as_str));
    ran.with(0);
}

#[test]
fn what_a_server_cannot_be_judged_by_is_left_out_and_said() {
    let server = servers::serve(Acceptor::builder().build(), async |mut socket| {
        while let Some(Ok(_)) = socket.recv().await {}
    });
    // An echo is waited for as long.
    let flags = ["--jobs", "4", "--timeout", "10s"];
    let (ran, report) = conform(&server.url, &flags);
    ran.with(0);
    assert_eq!(
        (&report["echoes"], &report["compresses"]),
        (&false.into(), &false.into())
    );
    let verdicts = verdicts(&report);
    assert_eq!(verdicts["framing/text"], "left out");
    assert_eq!(verdicts["deflate/hello"], "left out");
    assert_eq!(verdicts["framing/rsv1"], "passed");
    assert_eq!(verdicts["utf8/overlong-slash"], "passed");
    assert_eq!(report["counts"]["failed"], 0);

    let only = ["conform", &server.url, "--only", "ping"];
    let ran = run(&[&only[..], &flags].concat(), b"").with(0);
    assert!(
        ran.text().contains("does not send messages back"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_server_may_say_what_it_likes() {
    let acceptor = Acceptor::builder().deflate(DeflateConfig::default());
    let server = servers::serve(acceptor.build(), async |mut socket| {
        for greeting in ["Welcome.", "There is much to tell."] {
            if socket.send(greeting.into()).await.is_err() {
                return;
            }
        }
        servers::echo_all(socket).await;
    });
    let (ran, report) = conform(&server.url, &["--jobs", "4", "--timeout", "10s"]);
    for case in report["cases"].as_array().expect("cases") {
        assert_ne!(case["verdict"], "failed", "{case}");
    }
    ran.with(0);
    let verdicts = verdicts(&report);
    for id in ["framing/rsv1", "closing/normal", "ping/empty"] {
        assert_eq!(verdicts[id], "passed", "{id}");
    }
}

#[test]
fn nobody_is_listened_to_for_ever() {
    let server = servers::serve(Acceptor::builder().build(), async |mut socket| {
        while socket.send(Message::Pong("mine".into())).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let flags = ["--only", "ping/empty", "--timeout", "1s"];
    let (ran, report) = conform(&server.url, &flags);
    ran.with(1);
    assert_eq!(verdicts(&report)["ping/empty"], "failed");
}

#[test]
fn no_message_refers_to_another_where_the_server_forbids_it() {
    let forgetful = DeflateConfig {
        client_no_context_takeover: true,
        ..DeflateConfig::default()
    };
    let acceptor = Acceptor::builder().deflate(forgetful).build();
    let server = servers::serve(acceptor, servers::echo_all);
    let (ran, report) = conform(
        &server.url,
        &[&PATIENT[..], &["--only", "deflate"]].concat(),
    );
    assert_all_passed(
        &report,
        &["deflate/takeover", "deflate/takeover-behind-plain"],
    );
    ran.with(0);
}

#[test]
fn the_user_and_the_password_of_the_url_are_sent() {
    let acceptor = Acceptor::builder().on_request(async |request| {
        match request.headers.get("authorization") {
            Some(value) if value == "Basic YW5uOmE6Yg==" => Ok(Acceptance::new()),
            _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "who are you?")),
        }
    });
    let server = servers::serve(acceptor.build(), servers::echo_all);
    let flags = [&PATIENT[..], &["--only", "closing/normal"]].concat();
    let url = server.url.replace("://", "://ann:a%3Ab@");
    let (ran, report) = conform(&url, &flags);
    ran.with(0);
    assert_all_passed(&report, &[]);
    run(&["conform", &server.url], b"").with(3);
}

#[test]
fn a_long_url_is_no_trouble() {
    let server = serve(&["--quiet"]);
    let url = format!("{}?{}", server.url, "x".repeat(8100));
    let flags = [&PATIENT[..], &["--only", "limits/line-of-8000"]].concat();
    conform(&url, &flags).0.with(0);
}

/// For each area: a fault of it has a case that finds it.
#[test]
fn faults_are_found_in_a_server_that_looks_at_nothing() {
    let failed = "\
        http/host-missing http/host-twice http/space-before-colon http/version-1-0 \
        http/method-post \
        handshake/upgrade-missing handshake/connection-similar handshake/key-15-bytes \
        handshake/version-99 handshake/version-missing handshake/protocol-list \
        handshake/extension-no-name \
        framing/opcode-3 framing/rsv1 framing/unmasked-text framing/ping-unfinished \
        framing/ping-126 framing/continuation-alone framing/text-in-text \
        utf8/overlong-slash utf8/surrogate-first utf8/beyond utf8/split-unfinished utf8/cut-4 \
        ping/text ping/twice ping/several \
        closing/one-byte closing/code-1005 closing/reason-byte \
        deflate/declines-unknown deflate/declines-server-bits-7 deflate/offer-server-bits-9 \
        deflate/rsv1-continuation deflate/bad-block \
        limits/message-of-1-mb";
    let failed = failed.split_whitespace().collect::<Vec<_>>();
    let only = failed.join(",");
    // Many a fault is that nothing comes.
    let flags = ["--only", &only, "--timeout", "2s", "--jobs", "8"];
    let (ran, report) = conform(&careless(), &flags);
    ran.with(1);
    let verdicts = verdicts(&report);
    for id in failed {
        assert_eq!(verdicts[id], "failed", "{id}");
    }
}

#[test]
fn what_a_server_that_looks_at_nothing_does_right_is_right() {
    let only = "handshake/accepted,framing/text,framing/size-125,ping/empty,closing/normal,\
        utf8/good-nul";
    let (ran, report) = conform(&careless(), &[&PATIENT[..], &["--only", only]].concat());
    assert_all_passed(&report, &[]);
    ran.with(0);
}

#[test]
fn what_should_be_and_is_not_is_a_warning_and_no_failure() {
    let only = "framing/length-16-bits-of-5,handshake/version-426,closing/code-2999";
    let (ran, report) = conform(&careless(), &[&PATIENT[..], &["--only", only]].concat());
    ran.with(0);
    assert_eq!(report["counts"]["warnings"], 3);
    let cases = report["cases"].as_array().expect("cases");
    assert!(
        cases
            .iter()
            .all(|case| !case["detail"].as_str().unwrap_or("").is_empty())
    );
}

#[test]
fn the_table_shows_what_is_wrong_and_counts_the_rest() {
    let only = "framing/rsv1,framing/text,framing/length-16-bits-of-5";
    let url = careless();
    let ran = run(&["conform", &url, "--only", only], b"").with(1);
    for line in [
        "failed   framing/rsv1  (MUST of RFC 6455, 5.2)",
        "warning  framing/length-16-bits-of-5  (SHOULD of RFC 6455, 5.2)",
        "framing          3       1         1       1         0",
        "all              3       1         1       1         0",
    ] {
        assert!(ran.text().contains(line), "{line} in {}", ran.text());
    }
    assert!(!ran.text().contains("framing/text"), "{}", ran.text());
    let ran = run(&["conform", &url, "--verbose", "--only", only], b"").with(1);
    assert!(
        ran.text().contains("passed   framing/text"),
        "{}",
        ran.text()
    );
}

/// Each element is closed, and attributes are quoted: what a reader of XML would refuse.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .expect("XML");
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text}");
        let (tag, behind) = tag.split_once('>').expect("the end of a tag");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next();
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), name, "{tag}"),
            (false, false) => open.push(name.expect("a name")),
            (false, true) => {}
        }
        rest = behind;
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn ci_systems_get_a_report_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.xml");
    let path = file.to_str().expect("UTF-8");
    let only = "framing/rsv1,framing/text,framing/length-16-bits-of-5,closing/normal";
    let flags = ["--only", only, "--junit", path];
    let url = careless().replace("://", "://ann:password@") + "?token=1";
    let ran = run(&[&["conform", &url], &flags[..]].concat(), b"").with(1);
    let xml = std::fs::read_to_string(&file).expect("it is there");
    assert_well_formed(&xml);
    for part in [
        "<testsuites name=\"arkws conform\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"0\"",
        "<testsuite name=\"framing\" tests=\"3\" failures=\"1\"",
        "<testsuite name=\"closing\" tests=\"1\" failures=\"0\"",
        "<testcase classname=\"framing\" name=\"framing/rsv1 (MUST, RFC 6455, 5.2)\"",
        "<failure message=\"it goes on",
        "<system-out>warning: ",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    for secret in ["password", "token"] {
        assert!(
            !xml.contains(secret) && !ran.text().contains(secret),
            "{secret}"
        );
    }
    run(
        &[
            "conform",
            &careless(),
            "--only",
            "ping/empty",
            "--junit",
            "/no/folder/x",
        ],
        b"",
    )
    .with(1);
}

#[test]
fn cases_are_listed_and_chosen_without_a_server() {
    let listed = |flags: &[&str]| {
        let ran = run(&[&["conform", "--list", "--json"], flags].concat(), b"").with(0);
        let cases = serde_json::from_slice::<Value>(&ran.stdout).expect("JSON");
        let cases = cases.as_array().expect("a list").iter();
        let ids = cases.map(|case| case["id"].as_str().expect("a name").to_owned());
        ids.collect::<Vec<_>>()
    };
    let all = listed(&[]);
    assert!(all.len() >= 150, "{}", all.len());
    let closing = listed(&["--only", "closing"]);
    assert!(closing.iter().all(|id| id.starts_with("closing/")) && closing.len() > 20);
    let without = listed(&["--skip", "closing"]);
    assert_eq!(without.len() + closing.len(), all.len());
    assert_eq!(
        listed(&["--only", "closing/code-100*,ping", "--skip", "ping,*5,*6"]).len(),
        8
    );

    let table = run(&["conform", "--list"], b"").with(0);
    assert_eq!(table.text().lines().count(), all.len());

    // Nobody reads it to its end.
    let mut child = arkws(&["conform", "--list"]).spawn().expect("it starts");
    drop(child.stdout.take());
    finish(child).with(0);

    for wrong in [
        &["--only", "nothing"][..],
        &["--skip", "x"],
        &["--only", "ping", "--skip", "*"],
    ] {
        run(&[&["conform", "--list"], wrong].concat(), b"").with(2);
    }
    run(&["conform"], b"").with(2);
}

#[test]
fn where_there_is_no_websocket_nothing_is_judged() {
    run(&["conform", "http://127.0.0.1/"], b"").with(2);
    // Nobody listens there.
    run(&["conform", "ws://127.0.0.1:1/"], b"").with(3);
    let ran = run(&["conform", &serve(&["--refuse", "404"]).url], b"").with(3);
    assert!(ran.stderr.contains("404"), "{}", ran.stderr);
}
