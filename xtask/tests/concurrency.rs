//! `docs/src/concurrency.md` lists what the sources have of locks, atomics, channels and `unsafe`.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const PAGE: &str = "docs/src/concurrency.md";

/// What is looked for, as a whole word.
const KINDS: [&str; 16] = [
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "LazyLock",
    "Once",
    "AtomicBool",
    "AtomicUsize",
    "AtomicU64",
    "AtomicU32",
    "AtomicPtr",
    "Notify",
    "Semaphore",
    "mpsc",
    "oneshot",
    "thread_local",
];

/// Words that are something else as well, but not with this behind them.
const MODULES: [&str; 2] = ["watch", "broadcast"];

/// What a file has, as the page writes it.
fn found(source: &str) -> Vec<String> {
    let (source, _) = source
        .split_once("#[cfg(test)]\nmod tests")
        .unwrap_or((source, ""));
    let lines = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = lines
        .map(|line| line.split(" // ").next().unwrap_or(line))
        .collect();
    let code = code.join("\n");
    let is_in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let has = |word: &str, behind: Option<&str>| {
        code.match_indices(word).any(|(at, _)| {
            let rest = &code[at + word.len()..];
            !code[..at].ends_with(is_in_word)
                && match behind {
                    Some(behind) => rest.starts_with(behind),
                    None => !rest.starts_with(is_in_word),
                }
        })
    };
    let kinds = KINDS.iter().filter(|kind| has(kind, None));
    let modules = MODULES.iter().filter(|module| has(module, Some("::")));
    let mut found: Vec<String> = kinds
        .chain(modules)
        .map(|kind| format!("`{kind}`"))
        .collect();
    let blocks = ["unsafe {", "unsafe impl"];
    let blocks: usize = blocks.iter().map(|block| code.matches(block).count()).sum();
    if blocks > 0 {
        found.push(format!("`unsafe` × {blocks}"));
    }
    found.sort_unstable();
    found
}

/// The rows of the page's tables: what each file is said to have. All columns are filled.
fn listed(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut listed = BTreeMap::new();
    let mut folder = String::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if let Some(name) = columns[0].strip_prefix("file in `") {
            folder = format!("{}/", name.trim_end_matches('`'));
        } else if !folder.is_empty() {
            assert!(
                columns.len() == 4 && columns.iter().all(|column| !column.is_empty()),
                "{line}"
            );
            let file = format!("{folder}{}", columns[0].trim_matches('`'));
            let mut has: Vec<String> = columns[1].split(", ").map(str::to_owned).collect();
            has.sort_unstable();
            assert!(listed.insert(file, has).is_none(), "twice: {line}");
        }
    }
    listed
}

#[test]
fn the_page_lists_what_the_sources_have() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let files = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .arg(":(glob)crates/*/src/**/*.rs")
        .output()
        .expect("git");
    let files = String::from_utf8(files.stdout).expect("UTF-8");
    let mut sources = BTreeMap::new();
    for file in files.lines() {
        // What has been removed, but not from git's index.
        let Ok(source) = std::fs::read_to_string(root.join(file)) else {
            continue;
        };
        let found = found(&source);
        if !found.is_empty() {
            sources.insert(file.to_owned(), found);
        }
    }
    let page = std::fs::read_to_string(root.join(PAGE)).expect(PAGE);
    let listed = listed(&page);
    let mut wrong = Vec::new();
    for (file, found) in &sources {
        if listed.get(file) != Some(found) {
            wrong.push(format!("{file} has {}", found.join(", ")));
        }
    }
    let gone = listed.keys().filter(|file| !sources.contains_key(*file));
    wrong.extend(gone.map(|file| format!("{file} has nothing of the kind")));
    assert!(
        wrong.is_empty(),
        "{PAGE} says otherwise:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn words_in_comments_and_tests_and_in_other_words_do_not_count() {
    let source = "//! A Mutex.\nuse x::Mutex; // not an RwLock\n\
                  let a = MyOnce::new(watch, Condvars);\n\
                  unsafe { watch::channel() }\n#[cfg(test)]\nmod tests { use AtomicBool; }\n";
    assert_eq!(found(source), ["`Mutex`", "`unsafe` × 1", "`watch`"]);
}
