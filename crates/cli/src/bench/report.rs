//! The report: a page with everything, or the picture alone.
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::chart;
use super::results::Results;
use super::table;
use crate::exit::Failure;

/// Where a report goes.
#[derive(Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    is_page: bool,
}

impl ReportFile {
    /// Looks whether the file can be written, before anything is measured.
    ///
    /// # Errors
    /// It cannot be, or it is not clear what it shall be.
    pub(super) fn new(path: PathBuf) -> Result<ReportFile, Failure> {
        let is_page = match path.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => true,
            Some("svg") => false,
            _ => {
                let path = path.display();
                let words = format!("--report {path}: a report is .html or .svg");
                return Err(Failure::usage(words));
            }
        };
        let report = ReportFile { path, is_page };
        report
            .open()
            .map_err(|error| Failure::usage(report.cannot(&error)))?;
        Ok(report)
    }

    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, results: &Results) -> Result<(), Failure> {
        let written = chart::svg(results).and_then(|picture| {
            let text = match self.is_page {
                true => page(results, &picture),
                false => picture,
            };
            let mut file = self.open()?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())
        });
        written.map_err(|error| Failure::fault(self.cannot(&error)))
    }

    fn open(&self) -> io::Result<std::fs::File> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        options.open(&self.path)
    }

    fn cannot(&self, error: &io::Error) -> String {
        format!("--report {}: {error}", self.path.display())
    }
}

const HEAD: &str = "\
<!DOCTYPE html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>arkws bench</title>
<style>
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
td { font-family: monospace; padding: 0 1em 0 0; vertical-align: top; white-space: pre-wrap; }
td:first-child { color: #666; white-space: nowrap; }
svg { max-width: 100%; height: auto; margin-top: 1em; }
</style>
<h1>arkws bench</h1>
<table>
";

fn page(results: &Results, picture: &str) -> String {
    let mut page = HEAD.to_owned();
    for (name, value) in table::rows(results) {
        _ = writeln!(page, "<tr><td>{name}<td>{}", text(&value));
    }
    _ = writeln!(page, "</table>\n{picture}\n</html>");
    page
}

/// For a place in HTML where there is text.
fn text(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
