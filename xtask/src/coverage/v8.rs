//! What V8 says of the JavaScript that ran: files that Node.js writes for `NODE_V8_COVERAGE`, one
//! for each process and thread.
//!
//! They name ranges of the very source that ran, by UTF-16 units, and how often each ran. Nothing
//! is mapped: what is measured has to be loaded as it was written, not as a part of a bundle.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::lcov::Lines;
use crate::files::tracked;

/// Adds what the files in `folder` say of the JavaScript below `root/sources`. A file that nobody
/// loaded did not run.
pub(super) fn read(lines: &mut Lines, folder: &Path, root: &Path, sources: &[&str]) -> Result<()> {
    let patterns = sources
        .iter()
        .flat_map(|source| ["js", "mjs"].map(|ending| format!(":(glob){source}/**/*.{ending}")));
    let mut files = BTreeMap::new();
    for name in tracked(&patterns.collect::<Vec<_>>())? {
        files.insert(name.clone(), Source::read(root, &name)?);
    }
    for entry in
        fs::read_dir(folder).with_context(|| format!("there is no {}", folder.display()))?
    {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        // A process that was killed while it wrote has left a part.
        let Ok(written) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let scripts = written.get("result").and_then(Value::as_array);
        for script in scripts.into_iter().flatten() {
            let url = script
                .get("url")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let name = url
                .strip_prefix("file://")
                .and_then(|path| Path::new(path).strip_prefix(root).ok()?.to_str());
            if let Some(source) = name.and_then(|name| files.get_mut(name)) {
                source.add(script);
            }
        }
    }
    for (name, source) in files {
        lines.0.insert(name, source.lines());
    }
    Ok(())
}

/// A file, and which of its UTF-16 units ran.
struct Source {
    text: Vec<u16>,
    ran: Vec<bool>,
}

impl Source {
    fn read(root: &Path, name: &str) -> Result<Source> {
        let text =
            fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"))?;
        Ok(Source::new(&text))
    }

    fn new(text: &str) -> Source {
        let text: Vec<u16> = text.encode_utf16().collect();
        let ran = vec![false; text.len()];
        Source { text, ran }
    }

    /// Adds what one process says. Outer ranges come before those within them, which are right
    /// about what is theirs.
    fn add(&mut self, script: &Value) {
        let mut ran = vec![false; self.text.len()];
        let functions = script.get("functions").and_then(Value::as_array);
        let ranges = functions
            .into_iter()
            .flatten()
            .filter_map(|function| function.get("ranges")?.as_array())
            .flatten();
        for range in ranges {
            let number = |name: &str| range.get(name).and_then(Value::as_u64).unwrap_or(0);
            let end = (number("endOffset") as usize).min(ran.len());
            let start = (number("startOffset") as usize).min(end);
            ran[start..end].fill(number("count") > 0);
        }
        for (all, one) in self.ran.iter_mut().zip(ran) {
            *all |= one;
        }
    }

    /// The lines with code, and whether something of each ran.
    fn lines(&self) -> BTreeMap<usize, bool> {
        let mut lines = BTreeMap::new();
        let mut start = 0;
        let mut comment = false;
        for (line, number) in self.text.split(|&unit| unit == u16::from(b'\n')).zip(1..) {
            let ran = &self.ran[start..start + line.len()];
            start += line.len() + 1;
            let text = String::from_utf16_lossy(line);
            if is_code(text.trim(), &mut comment) {
                // What a comment at its end says belongs to whatever is around the line.
                let comment = " // ".encode_utf16().collect::<Vec<_>>();
                let at = line.windows(comment.len()).position(|four| four == comment);
                let mut units = line.iter().zip(ran).take(at.unwrap_or(line.len()));
                lines.insert(number, units.any(|(&unit, ran)| *ran && is_word(unit)));
            }
        }
        lines
    }
}

/// Whether a line says something: not those of comments, nor those that only close what others
/// have opened. As Biome writes it, a comment of several lines begins and ends lines of its own.
fn is_code(line: &str, comment: &mut bool) -> bool {
    if *comment || line.starts_with("/*") {
        *comment = !line.contains("*/");
        return false;
    }
    !line.starts_with("//") && line.encode_utf16().any(is_word)
}

/// Whether a unit is one of a word or a text. Signs are not asked: the `?` before what is chosen
/// belongs to the choice, which runs in any case.
fn is_word(unit: u16) -> bool {
    u8::try_from(unit).map_or(true, |byte| {
        byte.is_ascii_alphanumeric() || b"_'\"`".contains(&byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::command;

    /// Comments, text beyond ASCII, a branch, a function and a method that nobody calls: lines that
    /// must be missed end in `// MISSED`.
    const PLANTED: &str = r#"// Grüße 👋: two units.
/**
 * Runs.
 */
export function judge(value) {
  if (value > 0) {
    return 'positive';
  }
  const never = () => {
    return 'never called'; // MISSED
  };
  if (value === undefined) {
    throw new Error('no value'); // MISSED
  } else {
    void never;
  }
  return value < 0
    ? 'negative' // MISSED
    : 'zero';
}

class Unused {
  method() { // MISSED
    return 1; // MISSED
  }
}

export function inWorker() {
  return Unused;
}
"#;

    /// In a process that ends by `process.exit`, and in a thread.
    const PROGRAM: &str = "
        import { Worker, isMainThread } from 'node:worker_threads';
        import { judge, inWorker } from './planted.mjs';
        if (isMainThread) {
          judge(1);
          judge(0);
          new Worker(new URL(import.meta.url)).on('exit', () => process.exit());
        } else {
          inWorker();
        }";

    #[test]
    fn a_line_that_did_not_run_is_missed_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("planted.mjs"), PLANTED).unwrap();
        let program = folder.path().join("program.mjs");
        fs::write(&program, PROGRAM).unwrap();
        let written = folder.path().join("v8");
        let mut node = command("node");
        node.arg(&program).env("NODE_V8_COVERAGE", &written);
        assert!(node.status().unwrap().success());

        let mut source = Source::new(PLANTED);
        let mut seen = 0;
        for entry in fs::read_dir(written).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            for script in value["result"].as_array().unwrap() {
                if script["url"].as_str().unwrap().ends_with("planted.mjs") {
                    source.add(script);
                    seen += 1;
                }
            }
        }
        assert_eq!(seen, 2, "the process and its thread");
        let planted = PLANTED.lines().zip(1..);
        let expected: Vec<usize> = planted
            .filter(|(line, _)| line.ends_with("// MISSED"))
            .map(|(_, number)| number)
            .collect();
        assert_eq!(Lines::missed(&source.lines()), expected);
    }

    #[test]
    fn comments_and_brackets_are_no_lines() {
        let source = Source::new("// a\n\n/* b\n c */\nd();\n});\n  `\n");
        let numbers: Vec<usize> = source.lines().into_keys().collect();
        assert_eq!(numbers, [5, 7]);
    }
}
