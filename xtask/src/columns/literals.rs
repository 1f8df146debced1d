//! Finds the string literals of a source file.
use std::ops::Range;

/// What tells a literal from a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Rust, and C.
    Rust,
    /// JavaScript and TypeScript. Regular expressions are literals as well.
    JavaScript,
    /// Python, and TOML.
    Python,
    Shell,
}

/// Where the contents of all literals lie, in bytes, in order.
pub(super) fn literals(text: &str, language: Language) -> Vec<Range<usize>> {
    let mut reader = Reader {
        text,
        at: 0,
        found: Vec::new(),
        substitutions: Vec::new(),
    };
    while reader.at < text.len() {
        match language {
            Language::Rust => reader.rust(),
            Language::JavaScript => reader.javascript(),
            Language::Python => reader.python(),
            Language::Shell => reader.shell(),
        }
    }
    reader.found
}

struct Reader<'t> {
    text: &'t str,
    /// At which byte it is; what lies before has been read.
    at: usize,
    found: Vec<Range<usize>>,
    /// For each `${` that has not been closed, the braces that are open in it.
    substitutions: Vec<usize>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes past one character.
    fn skip(&mut self) {
        self.at += self.next().map_or(0, char::len_utf8);
    }

    /// Goes past the first `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        let length = self.rest().find(end).map(|at| at + end.len());
        self.at += length.unwrap_or(self.rest().len());
    }

    /// Goes past a literal that has `open` before its contents and `close` after them; `escape`: a
    /// backslash and what follows it are not its end; `within_line`: it ends with its line.
    fn literal(&mut self, open: usize, close: &str, escape: bool, within_line: bool) {
        self.at += open;
        let start = self.at;
        while let Some(c) = self.next() {
            if self.rest().starts_with(close) || (within_line && c == '\n') {
                break;
            }
            self.skip();
            if escape && c == '\\' {
                self.skip();
            }
        }
        self.found.push(start..self.at);
        if self.rest().starts_with(close) {
            self.at += close.len();
        }
    }

    fn rust(&mut self) {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.skip_past("\n");
        } else if rest.starts_with("/*") {
            self.nested_comment();
        } else if rest.starts_with('"') {
            self.literal(1, "\"", true, false);
        } else if rest.starts_with("r\"") || rest.starts_with("r#") {
            let hashes = rest[1..].len() - rest[1..].trim_start_matches('#').len();
            if rest[1 + hashes..].starts_with('"') {
                let close = format!("\"{}", "#".repeat(hashes));
                self.literal(hashes + 2, &close, false, false);
            } else {
                self.skip();
            }
        } else if rest.starts_with("'\\") {
            self.literal(1, "'", true, true);
        } else if rest.starts_with('\'') {
            // A character, or the name of a lifetime.
            let is_character = rest.chars().nth(2) == Some('\'');
            self.skip();
            if is_character {
                self.skip();
                self.skip();
            }
        } else {
            self.skip();
        }
    }

    /// A comment of Rust may have others in it.
    fn nested_comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.skip();
            }
        }
    }

    fn javascript(&mut self) {
        let rest = self.rest();
        if rest.starts_with("//") {
            self.skip_past("\n");
        } else if rest.starts_with("/*") {
            self.skip_past("*/");
        } else if rest.starts_with('"') {
            self.literal(1, "\"", true, true);
        } else if rest.starts_with('\'') {
            self.literal(1, "'", true, true);
        } else if rest.starts_with('`') {
            self.skip();
            self.template();
        } else if rest.starts_with('/') && self.starts_regular_expression() {
            self.regular_expression();
        } else if let Some(open) = self.substitutions.last_mut() {
            match rest.as_bytes()[0] {
                b'{' => *open += 1,
                b'}' if *open == 0 => {
                    self.substitutions.pop();
                    self.skip();
                    self.template();
                    return;
                }
                b'}' => *open -= 1,
                _ => {}
            }
            self.skip();
        } else {
            self.skip();
        }
    }

    /// What a template holds up to its end, or to its next `${`.
    fn template(&mut self) {
        let start = self.at;
        while let Some(c) = self.next() {
            if c == '`' {
                break;
            }
            if self.rest().starts_with("${") {
                self.substitutions.push(0);
                break;
            }
            self.skip();
            if c == '\\' {
                self.skip();
            }
        }
        self.found.push(start..self.at);
        self.at += match self.next() {
            Some('$') => 2,
            Some(_) => 1,
            None => 0,
        };
    }

    /// Whether a `/` here is no division: a value cannot have ended before it.
    fn starts_regular_expression(&self) -> bool {
        let before = self.text[..self.at].trim_end();
        let word = before.trim_end_matches(|c: char| c.is_alphanumeric() || "_$".contains(c));
        match &before[word.len()..] {
            "" => !before.ends_with([')', ']', '}', '"', '\'', '`']),
            word => ["return", "typeof", "case", "of", "in", "await"].contains(&word),
        }
    }

    fn regular_expression(&mut self) {
        self.skip();
        let start = self.at;
        let mut in_class = false;
        while let Some(c) = self.next() {
            match c {
                '\n' => break,
                '/' if !in_class => break,
                '[' => in_class = true,
                ']' => in_class = false,
                '\\' => self.skip(),
                _ => {}
            }
            self.skip();
        }
        self.found.push(start..self.at);
        self.skip();
    }

    fn python(&mut self) {
        let rest = self.rest();
        if rest.starts_with('#') {
            self.skip_past("\n");
            return;
        }
        for quote in ["\"\"\"", "'''"] {
            if rest.starts_with(quote) {
                return self.literal(3, quote, true, false);
            }
        }
        for quote in ["\"", "'"] {
            if rest.starts_with(quote) {
                return self.literal(1, quote, true, true);
            }
        }
        self.skip();
    }

    fn shell(&mut self) {
        match self.next() {
            Some('#') if !self.text[..self.at].ends_with(|c: char| !c.is_whitespace()) => {
                self.skip_past("\n");
            }
            Some('"') => self.literal(1, "\"", true, false),
            Some('\'') => self.literal(1, "'", false, false),
            Some('\\') => {
                self.skip();
                self.skip();
            }
            _ => self.skip(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the literals hold.
    fn held(text: &str, language: Language) -> Vec<&str> {
        let found = literals(text, language).into_iter();
        found.map(|range| &text[range]).collect()
    }

    #[test]
    fn rust_has_strings_raw_strings_and_characters_that_are_quotes() {
        let text = r###"
            // "no"
            /* "no" /* "no" */ "no" */
            let a = "yes \" yes";
            let b: &'static str = r#"yes " yes"#;
            let c = ('"', '\'', '"', b"yes");
            let d = "yes
                yes";
        "###;
        let [a, b, c, d, e] = held(text, Language::Rust)[..] else {
            panic!("{:?}", held(text, Language::Rust))
        };
        assert_eq!([a, b, c, d], ["yes \\\" yes", "yes \" yes", "\\'", "yes"]);
        assert!(e.starts_with("yes\n") && e.ends_with("yes"));
    }

    #[test]
    fn javascript_has_templates_and_regular_expressions() {
        let text = r#"
            // it's "no"
            /* `no` */
            const a = 'yes' + "it's";
            const b = `one ${f({ g: `two` })} three`;
            const c = /['"`/]/.test(a / b / c);
            const d = `\`four`;
        "#;
        let expected = ["yes", "it's", "one ", "two", " three", "['\"`/]", "\\`four"];
        let found = held(text, Language::JavaScript);
        assert_eq!(found, expected);
    }

    #[test]
    fn toml_and_python_have_strings_of_one_line_and_of_several() {
        let text =
            "# it's\na = 'yes'\nb = [\"yes\", \"#\"] # \"no\"\nc = \"\"\"\n\"yes\"\n\"\"\"\n";
        let expected = ["yes", "yes", "#", "\n\"yes\"\n"];
        assert_eq!(held(text, Language::Python), expected);
    }

    #[test]
    fn a_shell_has_comments_where_a_word_begins() {
        let text = "# it's\n\"${a#*:}\" 'yes # \\' b#it \\\" # \"no\"\n";
        let expected = ["${a#*:}", "yes # \\"];
        assert_eq!(held(text, Language::Shell), expected);
    }
}
