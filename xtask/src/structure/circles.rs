//! Circles among imports.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// One file uses something of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    pub(super) line: usize,
    /// What it uses.
    pub(super) name: String,
}

/// For each import that closes a circle the shortest one through it; each circle once.
pub(super) fn all(imports: &[Import]) -> Vec<Vec<Import>> {
    let mut graph: BTreeMap<&Path, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        let outgoing = graph.entry(&import.from).or_default();
        if outgoing.iter().all(|other| other.to != import.to) {
            outgoing.push(import);
        }
    }
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for import in graph.values().flatten() {
        let Some(way_back) = shortest(&graph, &import.to, &import.from) else {
            continue;
        };
        let circle: Vec<Import> = std::iter::once(*import).chain(way_back).cloned().collect();
        let files: BTreeSet<PathBuf> = circle.iter().map(|import| import.from.clone()).collect();
        if told.insert(files) {
            circles.push(circle);
        }
    }
    circles
}

/// The shortest way from one file to another.
fn shortest<'i>(
    graph: &BTreeMap<&Path, Vec<&'i Import>>,
    from: &Path,
    to: &Path,
) -> Option<Vec<&'i Import>> {
    let mut came_by: BTreeMap<&Path, &Import> = BTreeMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(file) = waiting.pop_front() {
        if file == to {
            let mut way = Vec::new();
            let mut at = to;
            while at != from {
                let import = came_by[at];
                way.push(import);
                at = &import.from;
            }
            way.reverse();
            return Some(way);
        }
        for &import in graph.get(file).into_iter().flatten() {
            if import.to != from && !came_by.contains_key(import.to.as_path()) {
                came_by.insert(&import.to, import);
                waiting.push_back(&import.to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(pairs: &[(&str, &str)]) -> Vec<Import> {
        let import = |&(from, to): &(&str, &str)| Import {
            from: from.into(),
            to: to.into(),
            line: 1,
            name: "x".to_owned(),
        };
        pairs.iter().map(import).collect()
    }

    #[test]
    fn a_circle_is_told_once_and_by_its_shortest_form() {
        let imports = imports(&[("a", "b"), ("b", "c"), ("c", "a"), ("b", "d"), ("d", "c")]);
        let circles = all(&imports);
        let files = |circle: &Vec<Import>| -> Vec<String> {
            circle
                .iter()
                .map(|import| import.from.display().to_string())
                .collect()
        };
        let files: Vec<_> = circles.iter().map(files).collect();
        assert_eq!(files, [vec!["a", "b", "c"], vec!["b", "d", "c", "a"]]);
    }

    #[test]
    fn what_only_goes_down_is_none() {
        assert!(all(&imports(&[("a", "b"), ("a", "c"), ("b", "c")])).is_empty());
    }
}
