//! The tests that `docs/src/promises.md` names for each promise exist, and each promise names some.
use std::collections::HashMap;
use std::path::Path;

const PAGE: &str = "docs/src/promises.md";

/// The chapter whose items need no test.
const WITHOUT_TESTS: &str = "## Not promised";

/// A list item, or a row of a table, as one line.
fn promises(page: &str) -> Vec<String> {
    let mut promises: Vec<String> = Vec::new();
    let mut open = false;
    let (page, _) = page.split_once(WITHOUT_TESTS).expect("the last chapter");
    let lines: Vec<&str> = page.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let next = lines.get(number + 1).copied().unwrap_or_default();
        let is_row = line.starts_with("| ") && !next.starts_with("|--");
        if line.starts_with("- ") || is_row {
            promises.push((*line).to_owned());
            open = !is_row;
        } else if open && line.starts_with("  ") {
            let promise = promises.last_mut().expect("it is open");
            *promise += " ";
            *promise += line.trim();
        } else {
            open = false;
        }
    }
    promises
}

/// The tests that a promise names: file and name.
fn tests(promise: &str) -> Vec<(&str, &str)> {
    let mut spans = promise.split('`');
    let mut tests = Vec::new();
    let (mut before, mut is_code) = ("", false);
    let mut last = "";
    for span in &mut spans {
        if is_code {
            if before.trim() == "›" {
                tests.push((last, span));
            }
            last = span;
        } else {
            before = span;
        }
        is_code = !is_code;
    }
    tests
}

/// Whether the file has a test of this name; of JavaScript, one whose title has these words.
fn has(file: &str, source: &str, name: &str) -> bool {
    if !file.ends_with(".rs") {
        let titles = source.lines().map(str::trim_start);
        return titles
            .filter(|line| line.starts_with("it(") || line.starts_with("test("))
            .any(|line| line.contains(name));
    }
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let function = line.strip_prefix("async fn ").or(line.strip_prefix("fn "));
        match function {
            Some(function) if function.starts_with(&format!("{name}(")) => return is_test,
            Some(_) => is_test = false,
            None if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => {
                is_test = true;
            }
            None => {}
        }
    }
    false
}

#[test]
fn each_promise_has_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let page = std::fs::read_to_string(root.join(PAGE)).expect(PAGE);
    let promises = promises(&page);
    assert!(promises.len() > 50, "{} promises", promises.len());
    let mut sources = HashMap::new();
    let mut missing = Vec::new();
    for promise in &promises {
        let tests = tests(promise);
        if tests.is_empty() {
            missing.push(format!("no test: {promise}"));
        }
        for (file, name) in tests {
            let source = sources
                .entry(file)
                .or_insert_with(|| std::fs::read_to_string(root.join(file)).unwrap_or_default());
            if !has(file, source, name) {
                missing.push(format!("{file} has no test `{name}`"));
            }
        }
    }
    assert!(missing.is_empty(), "{PAGE}:\n{}", missing.join("\n"));
}

#[test]
fn what_is_no_test_is_not_taken_for_one() {
    let rust =
        "#[test]\nfn a() {}\nfn b() {}\n#[tokio::test(start_paused = true)]\nasync fn c() {}";
    let found = ["a", "b", "c", "d"].map(|name| has("x.rs", rust, name));
    assert_eq!(found, [true, false, true, false]);
    let script = "// it works\n  it('works', () => {});\n  it(`has ${many} words`, fn);";
    let found = ["works", "it works", "has", "words"].map(|name| has("x.mjs", script, name));
    assert_eq!(found, [true, false, true, true]);
    assert_eq!(
        tests("`a.rs` › `b`, `c` is › `d`, `a.mjs` › `e f`."),
        [("a.rs", "b"), ("a.mjs", "e f")]
    );
}
