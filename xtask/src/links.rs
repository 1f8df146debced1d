//! The check of links: what a document links to within the project is there.
//!
//! Looked at are the links and images of all Markdown files: the file or folder, and the heading
//! that an anchor names. URLs are not fetched; links from Rust's documentation are rustdoc's to
//! check.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::counts::Counts;
use crate::files::tracked;
use crate::process::root;

/// The pages of the book. What lies elsewhere is not in it when it is built.
const BOOK: &str = "docs/src/";

/// The check: prints each link that leads nowhere.
pub(crate) fn check(counts: &mut Counts) -> Result<()> {
    let files: BTreeSet<String> = tracked(&[])?.into_iter().collect();
    let mut documents = BTreeMap::new();
    for path in files.iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(root().join(path)).with_context(|| path.clone())?;
        documents.insert(path.as_str(), Document::read(&text));
    }
    let faults = faults(&files, &documents);
    if !faults.is_empty() {
        for fault in &faults {
            println!("{fault}");
        }
        bail!("{} links lead nowhere", faults.len());
    }
    counts.passed += 1;
    Ok(())
}

/// What is wrong with the links of the documents, which are some of the files; all named by their
/// paths from the root.
fn faults(files: &BTreeSet<String>, documents: &BTreeMap<&str, Document>) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, document) in documents {
        for link in &document.links {
            if let Err(reason) = follow(path, &link.target, files, documents) {
                faults.push(format!("{path}:{}: {}: {reason}", link.line, link.target));
            }
        }
        for link in &document.undefined {
            faults.push(format!(
                "{path}:{}: [{}] is not defined",
                link.line, link.target
            ));
        }
    }
    faults
}

/// Whether a link of the document `from` leads anywhere; if not, why.
fn follow(
    from: &str,
    target: &str,
    files: &BTreeSet<String>,
    documents: &BTreeMap<&str, Document>,
) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let path = resolve(from, path).ok_or("it leaves the project")?;
    if from.starts_with(BOOK) && !path.starts_with(BOOK) {
        return Err(format!(
            "the built book has only what is in {BOOK}: use a URL"
        ));
    }
    let folder = format!("{}/", path.trim_end_matches('/'));
    let is_folder = files.iter().any(|file| file.starts_with(&folder)) || path.is_empty();
    if !files.contains(&path) && !is_folder {
        return Err(format!("there is no {path}"));
    }
    match (anchor, documents.get(path.as_str())) {
        (Some(anchor), Some(document)) if !document.anchors.contains(anchor) => {
            Err(format!("{path} has no heading of that name"))
        }
        _ => Ok(()),
    }
}

/// The path from the root that `target` names in the document `from`; [`None`]: none in the
/// project.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    // The document itself.
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What a document links to, and what can be linked to in it.
#[derive(Default)]
struct Document {
    links: Vec<Link>,
    /// Links of the form `[words][name]` whose names are not defined.
    undefined: Vec<Link>,
    anchors: BTreeSet<String>,
}

struct Link {
    line: usize,
    target: String,
}

impl Document {
    fn read(text: &str) -> Document {
        let mut document = Document::default();
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let mut undefined = Vec::new();
        let on_undefined = |link: BrokenLink<'_>| -> Option<(CowStr<'_>, CowStr<'_>)> {
            // `[words]` alone need not be meant as a link.
            if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
                let target = link.reference.to_string();
                let line = line(link.span.start);
                undefined.push(Link { line, target });
            }
            None
        };
        let options = Options::ENABLE_TABLES;
        let parser = Parser::new_with_broken_link_callback(text, options, Some(on_undefined));
        // The words of the heading that is being read.
        let mut heading: Option<String> = None;
        for (event, range) in parser.into_offset_iter() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document.add_heading(&heading.take().unwrap_or_default());
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(Link {
                        line: line(range.start),
                        target: dest_url.to_string(),
                    });
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    document.add_html(&html, line(range.start));
                }
                _ => {}
            }
        }
        document.undefined = undefined;
        document
    }

    /// A heading's anchor, as GitHub and mdBook make it; of two that are the same the second has a
    /// 1.
    fn add_heading(&mut self, heading: &str) {
        let anchor: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let mut unique = anchor.clone();
        let mut number = 0;
        while !self.anchors.insert(unique) {
            number += 1;
            unique = format!("{anchor}-{number}");
        }
    }

    fn add_html(&mut self, html: &str, line: usize) {
        for (attribute, is_anchor) in [("href=", false), ("src=", false), ("id=", true)] {
            for (at, _) in html.match_indices(&format!(" {attribute}\"")) {
                let start = at + attribute.len() + 2;
                let value = html[start..].split('"').next().unwrap_or_default();
                let target = value.to_owned();
                if is_anchor {
                    self.anchors.insert(target);
                } else {
                    self.links.push(Link { line, target });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The faults of documents, beside which there is `src/lib.rs`.
    fn faults_of(documents: &[(&str, &str)]) -> Vec<String> {
        let names = documents.iter().map(|(path, _)| *path);
        let files = names.chain(["src/lib.rs"]).map(str::to_owned).collect();
        let documents = documents.iter();
        let documents = documents
            .map(|(path, text)| (*path, Document::read(text)))
            .collect();
        faults(&files, &documents)
    }

    #[test]
    fn links_to_files_folders_and_headings_are_followed() {
        let a = "# Top\n[b](docs/b.md), [its end](docs/b.md#the-end-rfc-6455-13), [top](#top),\n\
            [code](src/lib.rs), [folder](src/), [web](https://example.org/none), ![x](src/lib.rs)\n";
        let b = "## The end: `RFC 6455`, 1.3\n[back](../a.md#top) [root](/a.md) [file](#here)\n\
            <a id=\"here\"></a>\n";
        assert_eq!(faults_of(&[("a.md", a), ("docs/b.md", b)]), [""; 0]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_told_with_its_line() {
        let text = "# A\n\n[one](b.md)\n[two](#b)\n[three](../x)\n[four][five]\n\
            <img src=\"six.svg\" alt=\"\">\n[just brackets]\n";
        assert_eq!(
            faults_of(&[("a.md", text)]),
            [
                "a.md:3: b.md: there is no b.md",
                "a.md:4: #b: a.md has no heading of that name",
                "a.md:5: ../x: it leaves the project",
                "a.md:7: six.svg: there is no six.svg",
                "a.md:6: [five] is not defined",
            ]
        );
    }

    #[test]
    fn two_headings_of_one_name_have_two_anchors() {
        let text = "# A\n# A\n[one](#a) [two](#a-1) [three](#a-2)\n";
        assert_eq!(
            faults_of(&[("a.md", text)]),
            ["a.md:3: #a-2: a.md has no heading of that name"]
        );
    }

    #[test]
    fn a_page_of_the_book_links_to_pages_alone() {
        let page = "[in](b.md) [out](../../a.md)\n";
        let documents = [("a.md", ""), ("docs/src/a.md", page), ("docs/src/b.md", "")];
        assert_eq!(
            faults_of(&documents),
            [
                "docs/src/a.md:1: ../../a.md: the built book has only what is in docs/src/: use a URL"
            ]
        );
    }
}
