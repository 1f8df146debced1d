//! What the messages hold, made the same way at both ends.

/// What kind of payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Random bytes, the same in every message.
    Binary,
    /// Text of which one character in sixteen is not ASCII, the same in every message.
    Text,
    /// Records as an API sends them, different from message to message; only for compression.
    Json,
}

impl Content {
    /// Its name in a counterpart's path.
    pub fn name(self) -> &'static str {
        match self {
            Content::Binary => "binary",
            Content::Text => "text",
            Content::Json => "json",
        }
    }

    /// The content of that name.
    pub fn named(name: &str) -> Content {
        match name {
            "binary" => Content::Binary,
            "text" => Content::Text,
            "json" => Content::Json,
            other => panic!("no content {other:?}"),
        }
    }

    /// Text frames or binary ones.
    pub fn is_text(self) -> bool {
        self != Content::Binary
    }

    /// RFC 6455, 5.2.
    pub fn opcode(self) -> u8 {
        if self.is_text() { 1 } else { 2 }
    }

    /// The messages that a scenario sends in turn, `size` bytes each.
    pub fn messages(self, size: usize) -> Vec<Vec<u8>> {
        match self {
            Content::Binary => vec![binary(size)],
            Content::Text => vec![text(size)],
            // More than a compressor's window holds, and a number that shares no factor with the
            // checks' 256.
            Content::Json => (0..67).map(|seed| json(size, seed)).collect(),
        }
    }
}

/// Knuth's linear congruential generator: the upper bits.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 32) as u32
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }
}

fn binary(size: usize) -> Vec<u8> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    (0..size).map(|_| (random.next() >> 24) as u8).collect()
}

fn text(size: usize) -> Vec<u8> {
    let sentence = "der Bär läuft über die Brücke, 1,234 times and more; ";
    let mut text = String::new();
    while text.len() + sentence.len() <= size {
        text.push_str(sentence);
    }
    while text.len() < size {
        text.push('.');
    }
    text.into_bytes()
}

/// An array of order records, padded to exactly `size` bytes.
fn json(size: usize, seed: u64) -> Vec<u8> {
    const NAMES: [&str; 8] = [
        "Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Alan", "Radia",
    ];
    const CITIES: [&str; 6] = ["Shenzhen", "Berlin", "Oslo", "Nairobi", "Lima", "Dunedin"];
    const STATES: [&str; 4] = ["pending", "paid", "shipped", "returned"];
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ size as u64);
    let mut out = String::from("{\"orders\":[");
    let end = |len: usize| size - len;
    loop {
        let name = random.of(&NAMES);
        let record = format!(
            "{{\"id\":\"{:08x}\",\"customer\":\"{name}\",\"email\":\"{}.{}@example.org\",\"city\":\"{}\",\
             \"total\":{}.{:02},\"items\":{},\"state\":\"{}\",\"at\":\"2026-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\
             \"gift\":{}}}",
            random.next(),
            name.to_lowercase(),
            random.next() % 10_000,
            random.of(&CITIES),
            random.next() % 5_000,
            random.next() % 100,
            random.next() % 20 + 1,
            random.of(&STATES),
            random.next() % 12 + 1,
            random.next() % 28 + 1,
            random.next() % 24,
            random.next() % 60,
            random.next() % 60,
            random.next().is_multiple_of(2),
        );
        // Room for a comma, the record, and what closes the document.
        if end(out.len()) < record.len() + 1 + "],\"next\":\"\"}".len() {
            break;
        }
        if !out.ends_with('[') {
            out.push(',');
        }
        out.push_str(&record);
    }
    out.push_str("],\"next\":\"");
    while out.len() + 2 < size {
        out.push(char::from(b'a' + (random.next() % 26) as u8));
    }
    out.push_str("\"}");
    assert_eq!(out.len(), size);
    out.into_bytes()
}
