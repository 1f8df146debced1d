//! A HAR file (`--har`): HTTP Archive 1.2, with the messages of WebSockets as Chrome has them,
//! `_webSocketMessages`. It is whole whenever a connection has ended; what passes on an open one
//! waits in a file without a name.
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use arkws::field_text;
use arkws::http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::event::{ConnectionEvent, EventKind, Handshake};
use super::writer::{self, Sink, Writer};
use crate::exit::Failure;
use crate::record::{HarMessage, seconds};
use crate::stop::Stop;

/// The file.
pub(super) struct Har {
    writer: Writer<Item>,
    path: PathBuf,
}

/// Items that wait to be written.
const WAITING: usize = 16;

/// Something of a connection.
struct Item {
    connection: u64,
    part: Part,
}

enum Part {
    /// A connection begins.
    Begin(Box<HarEntry>),
    /// A message in JSON.
    Message(Vec<u8>),
    /// It has ended, at this time.
    End(SystemTime),
}

impl Har {
    /// # Errors
    /// The file cannot be written.
    pub(super) fn create(path: &Path, stop: &Stop) -> Result<Har, Failure> {
        let sink = HarWriter::create(path);
        let sink = sink
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
        Ok(Har {
            writer: Writer::new(sink, WAITING, stop),
            path: path.to_owned(),
        })
    }

    pub(super) async fn tell(&self, event: &ConnectionEvent<'_>) {
        match &event.kind {
            EventKind::Open(handshake) => {
                let entry = HarEntry::new(event, handshake);
                self.put(event, Part::Begin(Box::new(entry))).await;
            }
            EventKind::NotOpen(handshake, why) => {
                if handshake.url.is_empty() {
                    // There was no request.
                    return;
                }
                let mut entry = HarEntry::new(event, handshake);
                entry.comment = Some((*why).to_owned());
                self.put(event, Part::Begin(Box::new(entry))).await;
                self.put(event, Part::End(event.time)).await;
            }
            EventKind::Message {
                direction,
                message,
                fate,
            } => {
                let message = HarMessage::new(*direction, event.time, message);
                if fate.is_delivered()
                    && let Ok(json) = serde_json::to_vec(&message)
                {
                    self.put(event, Part::Message(json)).await;
                }
            }
            EventKind::End(_) => self.put(event, Part::End(event.time)).await,
        }
    }

    async fn put(&self, event: &ConnectionEvent<'_>, part: Part) {
        let connection = event.connection;
        self.writer.write(Item { connection, part }).await;
    }

    /// # Errors
    /// It could not be written.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let path = self.path.display();
        let written = self.writer.finish();
        written.map_err(|error| Failure::fault(format!("cannot write {path}: {error}")))
    }
}

/// What is open.
struct HarWriter {
    file: File,
    /// Where files without names are.
    folder: PathBuf,
    has_entries: bool,
    open: HashMap<u64, OpenEntry>,
}

/// A connection that has not ended.
struct OpenEntry {
    entry: Box<HarEntry>,
    messages: BufWriter<File>,
    has_messages: bool,
}

/// Behind the entries.
const END: &[u8] = b"\n]}}\n";

impl HarWriter {
    fn create(path: &Path) -> io::Result<HarWriter> {
        let mut file = writer::create(path)?;
        let version = env!("CARGO_PKG_VERSION");
        write!(
            file,
            "{{\"log\":{{\"version\":\"1.2\",\
             \"creator\":{{\"name\":\"arkws\",\"version\":\"{version}\"}},\"entries\":["
        )?;
        file.write_all(END)?;
        let folder = path.parent().filter(|folder| folder != &Path::new(""));
        Ok(HarWriter {
            file,
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            has_entries: false,
            open: HashMap::new(),
        })
    }

    /// Writes the entry of a connection that has ended.
    fn close(&mut self, mut connection: OpenEntry, time: SystemTime) -> io::Result<()> {
        connection.entry.ended(time);
        let mut messages = connection.messages.into_inner()?;
        messages.rewind()?;
        let entry = serde_json::to_vec(&connection.entry)?;
        self.file.seek(SeekFrom::End(-(END.len() as i64)))?;
        let mut file = BufWriter::new(&self.file);
        file.write_all(if self.has_entries { b",\n" } else { b"\n" })?;
        // Without the brace at its end.
        file.write_all(&entry[..entry.len() - 1])?;
        file.write_all(b",\"_webSocketMessages\":[")?;
        io::copy(&mut messages, &mut file)?;
        file.write_all(b"]}")?;
        file.write_all(END)?;
        file.flush()?;
        self.has_entries = true;
        Ok(())
    }
}

impl Sink for HarWriter {
    type Item = Item;

    fn put(&mut self, item: Item) -> io::Result<()> {
        match item.part {
            Part::Begin(entry) => {
                let messages = tempfile::tempfile_in(&self.folder)?;
                let open = OpenEntry {
                    entry,
                    messages: BufWriter::new(messages),
                    has_messages: false,
                };
                self.open.insert(item.connection, open);
            }
            Part::Message(json) => {
                if let Some(open) = self.open.get_mut(&item.connection) {
                    let before: &[u8] = if open.has_messages { b",\n" } else { b"\n" };
                    open.messages.write_all(before)?;
                    open.messages.write_all(&json)?;
                    open.has_messages = true;
                }
            }
            Part::End(time) => {
                if let Some(open) = self.open.remove(&item.connection) {
                    self.close(open, time)?;
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An entry, as the format has it, but for its messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarEntry {
    started_date_time: String,
    /// In milliseconds.
    time: f64,
    request: HarRequest,
    response: HarResponse,
    cache: Empty,
    timings: Timings,
    connection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(rename = "_resourceType")]
    resource_type: &'static str,
    #[serde(skip)]
    began: SystemTime,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: &'static str,
    url: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarResponse {
    status: u16,
    status_text: String,
    http_version: &'static str,
    cookies: [Empty; 0],
    headers: Vec<Pair>,
    content: HarContent,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HarContent {
    size: u64,
    mime_type: &'static str,
}

#[derive(Serialize)]
struct Pair {
    name: String,
    value: String,
}

/// In milliseconds.
#[derive(Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Serialize)]
struct Empty {}

impl HarEntry {
    fn new(event: &ConnectionEvent<'_>, handshake: &Handshake) -> HarEntry {
        let answer = handshake.answer.as_ref();
        let status = answer.map(|answer| answer.status);
        let headers = answer.map(|answer| &answer.headers);
        let location = headers.and_then(|headers| headers.get("location"));
        let location = location.map(|value| field_text(value.as_bytes()).into_owned());
        HarEntry {
            started_date_time: date(handshake.began),
            time: 0.0,
            request: HarRequest {
                method: "GET",
                url: handshake.url.clone(),
                http_version: "HTTP/1.1",
                cookies: [],
                headers: pairs(&handshake.request),
                query_string: query(&handshake.url),
                headers_size: -1,
                body_size: 0,
            },
            response: HarResponse {
                status: status.map_or(0, |status| status.as_u16()),
                status_text: reason(status),
                http_version: "HTTP/1.1",
                cookies: [],
                headers: headers.map(pairs).unwrap_or_default(),
                content: HarContent {
                    size: 0,
                    mime_type: "x-unknown",
                },
                redirect_url: location.unwrap_or_default(),
                headers_size: -1,
                body_size: -1,
            },
            cache: Empty {},
            timings: Timings {
                send: 0.0,
                wait: millis(handshake.began, event.time),
                receive: 0.0,
            },
            connection: event.connection.to_string(),
            comment: None,
            resource_type: "websocket",
            began: handshake.began,
        }
    }

    fn ended(&mut self, time: SystemTime) {
        self.time = millis(self.began, time);
        self.timings.receive = (self.time - self.timings.wait).max(0.0);
    }
}

fn reason(status: Option<StatusCode>) -> String {
    let reason = status.and_then(|status| status.canonical_reason());
    reason.unwrap_or_default().to_owned()
}

fn pairs(headers: &HeaderMap) -> Vec<Pair> {
    let pairs = headers.iter().map(|(name, value)| Pair {
        name: name.as_str().to_owned(),
        value: field_text(value.as_bytes()).into_owned(),
    });
    pairs.collect()
}

fn query(url: &str) -> Vec<Pair> {
    let Some((_, query)) = url.split_once('?') else {
        return Vec::new();
    };
    let pairs = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Pair {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    });
    pairs.collect()
}

fn millis(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from).unwrap_or_default().as_secs_f64() * 1000.0
}

/// As ISO 8601 has it, in UTC.
fn date(time: SystemTime) -> String {
    let millis = (seconds(time) * 1000.0) as u64;
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, millis) = (rest / 1000 % 60, rest % 1000);
    let (mut year, mut day) = (1970, days);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if day < length {
            break;
        }
        day -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let day = day + 1;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (1_764_532_800, "2025-11-30T20:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert!(date(UNIX_EPOCH + Duration::from_millis(1250)).ends_with(":01.250Z"));
    }
}
