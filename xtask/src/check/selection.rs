//! Which checks and files the words of a command line ask for.
use anyhow::{Result, bail};

use super::catalogue::{Action, CHECKS, Check, Group, Need};
use super::file::{self, Tests};
use crate::long;

/// What is to run.
pub(super) struct Selection {
    pub(super) checks: Vec<&'static Check>,
    /// The names of long checks.
    pub(super) long: Vec<&'static str>,
    /// The tests of single files, and the words that name these.
    pub(super) files: Vec<(String, Tests)>,
}

impl Selection {
    /// Everything, if there are no words.
    ///
    /// # Errors
    /// A word is part of no check's name, and names no tests.
    pub(super) fn of(words: &[String]) -> Result<Selection> {
        let (paths, words): (Vec<&String>, Vec<&String>) =
            words.iter().partition(|word| file::is_path(word));
        let everything = paths.is_empty() && words.is_empty();
        let mut files = Vec::new();
        for path in paths {
            files.push((path.clone(), file::find(path)?));
        }
        for word in &words {
            let is_known = CHECKS.iter().any(|check| check.matches(word))
                || long::names().any(|name| name.contains(*word));
            if !is_known {
                let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
                let long: Vec<&str> = long::names().collect();
                bail!(
                    "there is no check `{word}`, nor a path of that name; there are: {}; long \
                     ones: {}",
                    names.join(", "),
                    long.join(", ")
                );
            }
        }
        let asked =
            |matches: &dyn Fn(&str) -> bool| everything || words.iter().any(|word| matches(word));
        let checks = CHECKS.iter();
        let checks = checks.filter(|check| asked(&|word| check.matches(word)));
        let long = long::names().filter(|name| asked(&|word| name.contains(word)));
        Ok(Selection {
            checks: checks.collect(),
            long: long.collect(),
            files,
        })
    }

    /// The groups of JavaScript tests that are to run, whole or in part.
    pub(super) fn groups(&self) -> Vec<&'static Group> {
        let whole = self.checks.iter().filter_map(|check| group(check));
        let in_part = self.files.iter().filter_map(|(_, tests)| match tests {
            Tests::JavaScript(group, _) => Some(*group),
            Tests::Rust(_) => None,
        });
        whole.chain(in_part).collect()
    }

    /// Whether a group is to run under every supported Node.js.
    pub(super) fn needs_each_node(&self) -> bool {
        let mut groups = self.checks.iter().filter_map(|check| group(check));
        groups.any(|group| group.needs(Need::EachNode) || group.needs(Need::EveryNode))
    }
}

fn group(check: &'static Check) -> Option<&'static Group> {
    match &check.action {
        Action::JavaScript(group) => Some(group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Selection> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Selection::of(&words)
    }

    fn names(selection: &Selection) -> Vec<&str> {
        selection.checks.iter().map(|check| check.name).collect()
    }

    #[test]
    fn without_a_word_it_is_everything_and_with_some_what_they_name() {
        let all = of(&[]).unwrap();
        assert_eq!(all.checks.len(), CHECKS.len());
        assert_eq!(all.long.len(), long::names().count());
        let some = of(&["tls", "miri"]).unwrap();
        assert_eq!(names(&some), ["tls tests"]);
        assert_eq!(some.long, ["miri"]);
    }

    #[test]
    fn a_path_chooses_its_tests_alone() {
        let one = of(&["tests/codes/codes.test.mjs"]).unwrap();
        assert!(one.checks.is_empty() && one.long.is_empty());
        assert_eq!(one.files.len(), 1);
    }

    #[test]
    fn an_unknown_word_is_refused_with_what_there_is() {
        let Err(error) = of(&["format", "speling"]) else {
            panic!("accepted")
        };
        let words = error.to_string();
        assert!(words.contains("`speling`"), "{words}");
        assert!(
            words.contains("rust tests") && words.contains("valgrind"),
            "{words}"
        );
    }
}
