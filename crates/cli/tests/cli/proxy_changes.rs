//! `arkws proxy --rules` and `--har`.
use std::fs;

use arkws::{Acceptance, Acceptor, CloseCode, CloseFrame, Message, Refusal};
use serde_json::Value;

use crate::command::run;
use crate::proxied::{client, connect, next, proxy};
use crate::served;
use crate::servers::{echo, echo_all, runtime, serve};

#[cfg(unix)]
#[test]
fn messages_are_edited_dropped_and_injected() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.jsonl");
    let text = r#"
        # What the app learns.
        {"direction":"in","json":{"/type":"price"},"set":{"/value":0}}
        {"direction":"out","contains":"secret","drop":true,"inject":{"direction":"in","data":"no"}}
        {"direction":"out","contains":"ask","inject":[{"data":"more"},{"base64":"AP8="}]}
        {"type":"ping","drop":true}
        {"on":"open","inject":{"data":"welcome"}}
    "#;
    fs::write(&rules, text).expect("it is written");
    let record = folder.path().join("record.jsonl");
    let (rules, record_path) = (
        rules.to_str().expect("UTF-8"),
        record.to_str().expect("UTF-8"),
    );
    let server = echo();
    let mut proxied = proxy(&server.url, &["--rules", rules, "--record", record_path]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        assert_eq!(next(&mut app).await, "welcome".into());
        app.send(r#"{"value":12,"type":"price"}"#.into())
            .await
            .expect("sent");
        assert_eq!(next(&mut app).await, r#"{"type":"price","value":0}"#.into());
        app.send("a secret".into()).await.expect("sent");
        assert_eq!(next(&mut app).await, "no".into());
        app.send(Message::Ping("x".into())).await.expect("sent");
        app.send("ask".into()).await.expect("sent");
        for message in [
            "ask".into(),
            "more".into(),
            Message::binary(&b"\x00\xff"[..]),
        ] {
            assert_eq!(next(&mut app).await, message);
        }
        _ = app.close(None).await;
    });
    for (what, fate) in [
        ("welcome", "injected"),
        ("price", "edited"),
        ("a secret", "dropped"),
        ("no", "injected"),
        ("more", "injected"),
    ] {
        let line = proxied.shows(&format!("[{fate}]"));
        assert!(line.contains(what), "{line}");
    }
    proxied.shows("the connection is closed");
    proxied.interrupt().with(130);
    let record = fs::read_to_string(&record).expect("a recording");
    assert_eq!(
        record.matches("\"fate\":\"dropped\"").count(),
        2,
        "{record}"
    );
    assert_eq!(
        record.matches("\"fate\":\"injected\"").count(),
        4,
        "{record}"
    );

    fs::write(rules, "\n{\"drop\":true,\"unknown\":1}").expect("it is written");
    let ran = run(&["proxy", "0", &server.url, "--rules", rules], b"").with(2);
    assert!(
        ran.stderr.contains("line 2: unknown field"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_har_file_has_each_connection_with_its_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.har");
    let path = file.to_str().expect("UTF-8");
    let acceptor = Acceptor::builder().on_request(|request| async move {
        match request.target.contains("secret") {
            true => Err(Refusal::new(arkws::http::StatusCode::FORBIDDEN, "no")),
            false => Ok(Acceptance::new()),
        }
    });
    let server = serve(acceptor.protocols(["v1"]).build(), echo_all);
    let mut proxied = proxy(&server.url, &["--har", path]);
    let read = || -> Value {
        let text = fs::read_to_string(&file).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(read()["log"]["entries"], Value::Array(Vec::new()));
    runtime().block_on(async {
        let client = client().protocols(["v1"]).build().expect("a client");
        let url = format!("{}path?a=b&c", proxied.url);
        let (mut app, _) = client.connect(&url).await.expect("a connection");
        app.send("\"quoted\"\n".into()).await.expect("sent");
        next(&mut app).await;
        app.send(Message::binary(&b"\x00\xff"[..]))
            .await
            .expect("sent");
        next(&mut app).await;
        let code = CloseCode::new(4000).expect("a code");
        _ = app.close(Some(CloseFrame::new(code, "bye"))).await;
        let refused = client.connect(&format!("{}secret", proxied.url)).await;
        refused.expect_err("a refusal");
    });
    proxied.shows_all(&["the connection is closed", "403"]);
    proxied.interrupt().with(130);

    let log = read()["log"].take();
    assert_eq!(log["version"], "1.2");
    let entries = log["entries"].as_array().expect("entries");
    // In the order in which they have ended.
    let entry = entries
        .iter()
        .find(|it| it["response"]["status"] == 101)
        .expect("one");
    let target = server.url.trim_end_matches('/');
    assert_eq!(entry["request"]["url"], format!("{target}/path?a=b&c"));
    assert_eq!(entry["request"]["queryString"][0]["value"], "b");
    assert_eq!(entry["_resourceType"], "websocket");
    assert!(entry["time"].as_f64() >= entry["timings"]["receive"].as_f64());
    let date = entry["startedDateTime"].as_str().expect("a date");
    assert!(date.starts_with("20") && date.ends_with('Z'), "{date}");
    let has = |of: &str, name: &str, value: &str| {
        let headers = entry[of]["headers"].as_array().expect("headers");
        headers
            .iter()
            .any(|it| it["name"] == name && it["value"] == value)
    };
    assert!(has("request", "sec-websocket-protocol", "v1"));
    assert!(has("response", "sec-websocket-protocol", "v1"));
    let messages = entry["_webSocketMessages"].as_array().expect("messages");
    let messages: Vec<_> = messages
        .iter()
        .map(|it| format!("{} {} {}", it["type"], it["opcode"], it["data"]))
        .collect();
    for message in [
        r#""send" 1 "\"quoted\"\n""#,
        r#""receive" 1 "\"quoted\"\n""#,
        r#""send" 2 "AP8=""#,
        r#""receive" 2 "AP8=""#,
        r#""send" 8 "D6BieWU=""#,
    ] {
        assert!(
            messages.iter().any(|it| it == message),
            "{message} in {messages:?}"
        );
    }
    let refused = entries
        .iter()
        .find(|it| it["response"]["status"] == 403)
        .expect("one");
    assert_eq!(refused["_webSocketMessages"], Value::Array(Vec::new()));
    assert_eq!(entries.len(), 2);
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "nothing is left beside it");

    // It can be served, and replayed.
    let number = if entries[0]["response"]["status"] == 101 {
        "1"
    } else {
        "2"
    };
    let arguments = [
        "replay",
        path,
        &server.url,
        "--check",
        "--connection",
        number,
    ];
    let ran = run(&arguments, b"").with(0);
    assert!(
        ran.text().contains("2 answers came, as recorded"),
        "{}",
        ran.text()
    );
    if number == "1" {
        let server = served::serve(&["--script", path]);
        let ran = run(
            &["replay", path, &server.url, "--check", "--by", "answers"],
            b"",
        )
        .with(0);
        assert!(ran.text().contains("as recorded"), "{}", ran.text());
    }
}

#[test]
fn what_passes_on_an_open_connection_is_no_part_of_it_yet() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.har");
    let path = file.to_str().expect("UTF-8");
    let server = echo();
    let mut proxied = proxy(&server.url, &["--har", path]);
    runtime().block_on(async {
        let mut app = connect(&proxied.url).await;
        app.send("hi".into()).await.expect("sent");
        next(&mut app).await;
        proxied.shows("<-");
        let text = fs::read_to_string(&file).expect("a file");
        serde_json::from_str::<Value>(&text).expect("JSON");
        assert!(!text.contains("hi"), "{text}");
    });
}
