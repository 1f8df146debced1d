//! What kosoku found: its report, read, judged and shown.
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Cases about behaviour that the RFC leaves open: they have no verdict but `INFORMATIONAL`.
const INFORMATIONAL: [&str; 3] = ["7.1.6", "7.13.1", "7.13.2"];

/// What kosoku found in one case.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) case: String,
    behaviour: String,
    close: String,
}

impl Verdict {
    /// Whether the verdict is the best that there is, or `tolerated` for this case.
    pub(super) fn is_good(&self, tolerated: &[&str]) -> bool {
        if self.behaviour == "NON-STRICT" && tolerated.contains(&self.case.as_str()) {
            return self.close == "OK";
        }
        let good = |verdict: &str| {
            verdict == "OK"
                || verdict == "INFORMATIONAL" && INFORMATIONAL.contains(&self.case.as_str())
        };
        good(&self.behaviour) && good(&self.close)
    }

    /// The section of the suite: `12.3.4` → `12.3`; the short sections stay whole.
    fn section(&self) -> Vec<u32> {
        let numbers = numbers(&self.case);
        let depth = if numbers.first().is_some_and(|&first| first >= 12) {
            2
        } else {
            1
        };
        numbers.into_iter().take(depth).collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.case, self.behaviour, self.close)
    }
}

/// `6.4.1` → `[6, 4, 1]`
pub(super) fn numbers(case: &str) -> Vec<u32> {
    case.split('.')
        .filter_map(|part| part.parse().ok())
        .collect()
}

pub(super) fn read(report: &Path) -> Result<Vec<Verdict>> {
    let index = report.join("index.json");
    let text = fs::read_to_string(&index)
        .with_context(|| format!("kosoku wrote no report: {}", index.display()))?;
    let index: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&text)?;
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or("missing").to_owned();
    let verdicts = index
        .into_values()
        .flatten()
        .map(|(case, value)| Verdict {
            case,
            behaviour: field(&value, "behavior"),
            close: field(&value, "behaviorClose"),
        })
        .collect();
    Ok(verdicts)
}

pub(super) fn table(verdicts: &[Verdict], tolerated: &[&str]) -> String {
    let mut sections: BTreeMap<Vec<u32>, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        sections.entry(verdict.section()).or_default().push(verdict);
    }
    let mut table = String::from(
        "| section | about | cases | OK | informational | other |\n|---|---|---:|---:|---:|---|\n",
    );
    for (section, verdicts) in sections {
        let ok = verdicts.iter().filter(|v| v.behaviour == "OK").count();
        let informational = verdicts
            .iter()
            .filter(|v| v.behaviour == "INFORMATIONAL")
            .count();
        let other: Vec<String> = verdicts
            .iter()
            .filter(|verdict| !verdict.is_good(&[]))
            .map(|verdict| {
                let mark = if verdict.is_good(tolerated) {
                    " (tolerated)"
                } else {
                    ""
                };
                format!("{verdict}{mark}")
            })
            .collect();
        let number: Vec<String> = section.iter().map(u32::to_string).collect();
        table.push_str(&format!(
            "| {} | {} | {} | {ok} | {informational} | {} |\n",
            number.join("."),
            title(&section),
            verdicts.len(),
            other.join(", ")
        ));
    }
    table
}

/// What a section of the suite is about.
fn title(section: &[u32]) -> &'static str {
    match section {
        [1] => "framing",
        [2] => "pings and pongs",
        [3] => "reserved bits",
        [4] => "opcodes",
        [5] => "fragmentation",
        [6] => "UTF-8",
        [7] => "closing",
        [9] => "limits and performance",
        [10] => "automatic fragmentation",
        [12, 1] => "compression: JSON",
        [12, 2] => "compression: a picture",
        [12, 3] => "compression: a book",
        [12, 4] => "compression: HTML",
        [12, 5] => "compression: a PDF",
        [13, 1] => "compression, default parameters",
        [13, 2] => "compression, no context takeover",
        [13, 3] => "compression, 9-bit window",
        [13, 4] => "compression, 15-bit window",
        [13, 5] => "compression, no context takeover, 9-bit window",
        [13, 6] => "compression, no context takeover, 15-bit window",
        [13, 7] => "compression, several offers",
        _ => "",
    }
}
