//! For CI systems: JUnit's XML. A warning is a test that passed, with words.
use std::fmt::Write;

use super::findings::{Counts, Findings};
use crate::conform::verdict::{CaseResult, Verdict};

/// A run: a suite for each area.
pub(super) fn document(findings: &Findings<'_>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let attributes = attributes("arkws conform", &findings.played);
    _ = writeln!(xml, "<testsuites {attributes}>");
    for (area, played) in findings.areas() {
        suite(&mut xml, area, &findings.url, played);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, area: &str, url: &str, played: &[CaseResult<'_>]) {
    _ = writeln!(
        xml,
        "  <testsuite {} hostname=\"{}\">",
        attributes(area, played),
        escaped(url)
    );
    for played in played {
        case(xml, area, played);
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, area: &str, played: &CaseResult<'_>) {
    let case = played.case;
    let name = escaped(&format!(
        "{} ({}, {})",
        case.id,
        case.level.name(),
        case.section
    ));
    let seconds = played.took.as_secs_f64();
    _ = write!(
        xml,
        "    <testcase classname=\"{area}\" name=\"{name}\" time=\"{seconds:.3}\""
    );
    let title = escaped(&case.title);
    _ = match &played.verdict {
        Verdict::Passed => writeln!(xml, "/>"),
        Verdict::Failed(why) => writeln!(
            xml,
            "><failure message=\"{}\">{title}</failure></testcase>",
            escaped(why)
        ),
        Verdict::LeftOut(why) => {
            writeln!(xml, "><skipped message=\"{}\"/></testcase>", escaped(why))
        }
        Verdict::Warned(why) => writeln!(
            xml,
            "><system-out>warning: {title}: {}</system-out></testcase>",
            escaped(why)
        ),
    };
}

fn attributes(name: &str, played: &[CaseResult<'_>]) -> String {
    let Counts {
        cases,
        failed,
        left_out,
        ..
    } = Counts::of(played);
    let seconds = played.iter().map(|played| played.took.as_secs_f64());
    let seconds = seconds.sum::<f64>();
    format!(
        "name=\"{name}\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\" \
         skipped=\"{left_out}\" time=\"{seconds:.3}\""
    )
}

/// As XML 1.0 has it; what it cannot have at all is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_attribute_or_is_no_xml() {
        assert_eq!(
            escaped("<a b=\"&\">\n\u{0}é"),
            "&lt;a b=&quot;&amp;&quot;&gt; \u{fffd}é"
        );
    }
}
