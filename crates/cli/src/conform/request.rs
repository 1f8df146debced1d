//! The request of an opening handshake (RFC 6455, 4.1), and what cases make of it.
use arkws::WebSocketUrl;

/// The key that RFC 6455, 1.3 has for an example.
pub(super) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A request, line by line.
#[derive(Debug, Clone)]
pub(super) struct OpeningRequest {
    /// What comes before the first line.
    pub(super) before: &'static str,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) version: &'static str,
    /// What ends each line.
    pub(super) line_end: &'static str,
    /// The host and port, as `Host` has them.
    pub(super) host: String,
    /// Whether it goes over TLS.
    pub(super) is_secure: bool,
    /// Whether each byte is sent in a write of its own.
    pub(super) is_dripped: bool,
    lines: Vec<Vec<u8>>,
}

impl OpeningRequest {
    /// One that every server accepts, with these fields of the user's.
    pub(super) fn new(url: &WebSocketUrl, own: &[(String, Vec<u8>)]) -> OpeningRequest {
        let host = url.host_field();
        let mut request = OpeningRequest {
            before: "",
            method: "GET",
            target: url.target().to_owned(),
            version: "HTTP/1.1",
            line_end: "\r\n",
            host: host.clone(),
            is_secure: url.is_secure(),
            is_dripped: false,
            lines: Vec::new(),
        };
        request.add("Host", &host);
        request.add("Upgrade", "websocket");
        request.add("Connection", "Upgrade");
        request.add("Sec-WebSocket-Key", KEY);
        request.add("Sec-WebSocket-Version", "13");
        for (name, value) in own {
            request.without(name);
            let line = [name.as_bytes(), b": ", value].concat();
            request.lines.push(line);
        }
        request
    }

    /// One more field.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.line(format!("{name}: {value}"));
    }

    /// One more line, whatever it is.
    pub(super) fn line(&mut self, line: impl Into<Vec<u8>>) {
        self.lines.push(line.into());
    }

    /// A line before all others.
    pub(super) fn first_line(&mut self, line: impl Into<Vec<u8>>) {
        self.lines.insert(0, line.into());
    }

    /// The field has another value.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.replace(name, format!("{name}: {value}"));
    }

    /// In place of the field stands this line.
    pub(super) fn replace(&mut self, name: &str, line: impl Into<Vec<u8>>) {
        let line = line.into();
        for old in &mut self.lines {
            if name_of(old).eq_ignore_ascii_case(name.as_bytes()) {
                *old = line;
                return;
            }
        }
    }

    /// The field is missing.
    pub(super) fn without(&mut self, name: &str) {
        self.lines
            .retain(|line| !name_of(line).eq_ignore_ascii_case(name.as_bytes()));
    }

    /// The fields, the last first.
    pub(super) fn reverse(&mut self) {
        self.lines.reverse();
    }

    /// Each name, written in another way.
    pub(super) fn names(&mut self, write: fn(&str) -> String) {
        for line in &mut self.lines {
            let name = String::from_utf8_lossy(name_of(line)).into_owned();
            line.splice(..name.len(), write(&name).into_bytes());
        }
    }

    /// All values of a field.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        let of_it = self
            .lines
            .iter()
            .filter(|line| name_of(line).eq_ignore_ascii_case(name.as_bytes()));
        of_it
            .map(|line| {
                let value = &line[(name.len() + 1).min(line.len())..];
                String::from_utf8_lossy(value).trim().to_owned()
            })
            .collect()
    }

    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let first = [self.method, &self.target, self.version];
        let first = first.into_iter().filter(|part| !part.is_empty());
        let first = first.collect::<Vec<_>>().join(" ");
        let end = self.line_end.as_bytes();
        let mut bytes = [self.before.as_bytes(), first.as_bytes(), end].concat();
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(end);
        }
        bytes.extend_from_slice(end);
        bytes
    }
}

fn name_of(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| *byte == b':');
    &line[..end.unwrap_or(0)]
}
