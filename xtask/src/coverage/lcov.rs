//! What LCOV files say: which lines of which files ran.
use std::collections::BTreeMap;
use std::path::Path;

/// For each file, named from the root, whether each line that could run did.
#[derive(Debug, Default)]
pub(super) struct Lines(pub(super) BTreeMap<String, BTreeMap<usize, bool>>);

impl Lines {
    /// Adds what a file in LCOV's format says of files below `root`. A line that ran in one of two
    /// programs ran.
    pub(super) fn read(&mut self, text: &str, root: &Path) {
        let mut file = None;
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let path = Path::new(path);
                let below = path.strip_prefix(root).unwrap_or(path);
                file = below.is_relative().then(|| below.display().to_string());
            } else if let (Some(file), Some(data)) = (&file, line.strip_prefix("DA:")) {
                let mut numbers = data.split(',').map(str::parse::<usize>);
                if let (Some(Ok(number)), Some(Ok(times))) = (numbers.next(), numbers.next()) {
                    let lines = self.0.entry(file.clone()).or_default();
                    *lines.entry(number).or_default() |= times > 0;
                }
            }
        }
    }

    /// Leaves the files below these folders, without the tests within them.
    pub(super) fn keep(&mut self, folders: &[&str], source: impl Fn(&str) -> Option<String>) {
        self.0.retain(|file, lines| {
            let wanted = folders
                .iter()
                .any(|folder| Path::new(file).starts_with(folder));
            let Some(source) = wanted.then(|| source(file)).flatten() else {
                return false;
            };
            if let Some(tests) = tests_begin(&source) {
                lines.retain(|number, _| *number < tests);
            }
            true
        });
    }

    /// How many lines the files below a folder have, and how many of them did not run.
    pub(super) fn count(&self, folder: &str) -> (usize, usize) {
        let files = self.0.iter();
        let below = files.filter(|(file, _)| Path::new(file).starts_with(folder));
        below.fold((0, 0), |(all, missed), (_, lines)| {
            (all + lines.len(), missed + Lines::missed(lines).len())
        })
    }

    /// The numbers of lines that did not run.
    pub(super) fn missed(lines: &BTreeMap<usize, bool>) -> Vec<usize> {
        let missed = lines.iter().filter(|(_, ran)| !**ran);
        missed.map(|(number, _)| *number).collect()
    }
}

/// The line at which the tests of a file in Rust begin, which are at its end.
fn tests_begin(source: &str) -> Option<usize> {
    let mut lines = source.lines().zip(1..);
    lines.find_map(|(line, number)| line.starts_with("#[cfg(test)]").then_some(number))
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use std::path::Path;

    const FIRST: &str = "SF:/project/a/x.rs\nDA:1,5\nDA:2,0\nDA:3,0\nDA:9,0\nend_of_record\n\
                         SF:/elsewhere/y.rs\nDA:1,0\nend_of_record\n";
    const SECOND: &str = "SF:b/z.js\nDA:1,0\nend_of_record\nSF:/project/a/x.rs\nDA:2,1\n";

    #[test]
    fn a_line_that_ran_in_one_program_ran_and_files_elsewhere_do_not_count() {
        let mut lines = Lines::default();
        lines.read(FIRST, Path::new("/project"));
        lines.read(SECOND, Path::new("/project"));
        let files: Vec<&str> = lines.0.keys().map(String::as_str).collect();
        assert_eq!(files, ["a/x.rs", "b/z.js"]);
        assert_eq!(Lines::missed(&lines.0["a/x.rs"]), [3, 9]);

        let source = "fn a()\n\n\n#[cfg(test)]\nmod tests {}\n".to_owned();
        lines.keep(&["a"], |_| Some(source.clone()));
        assert_eq!(lines.0.len(), 1);
        assert_eq!(Lines::missed(&lines.0["a/x.rs"]), [3]);
        assert_eq!(lines.count("a"), (3, 1));
        assert_eq!(lines.count("b"), (0, 0));
    }
}
