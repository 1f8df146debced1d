//! Rules by which messages are edited, dropped or injected (`--rules`).
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use arkws::Message;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::exit::Failure;
use crate::record::Direction;

/// The rules of a file, in their order.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

/// What a rule is about, and what it does.
#[derive(Debug)]
struct Rule {
    condition: Condition,
    edits: Vec<Edit>,
    drops: bool,
    injections: Vec<Injection>,
}

/// What has to be true of a message.
#[derive(Debug)]
struct Condition {
    event: On,
    direction: Option<Direction>,
    kind: Option<MessageType>,
    contains: Option<String>,
    /// Values at these places (RFC 6901) of a text that is JSON.
    json: Map<String, Value>,
    /// Of those of a connection for which all else is true, this one alone; from 1.
    nth: Option<u64>,
}

#[derive(Debug)]
enum Edit {
    /// Puts a text in the place of each of another.
    Replace(String, String),
    /// Changes the value at a place of a text that is JSON.
    Set(String, Value),
    /// Puts another message in its place.
    Message(Message),
}

/// A message that is sent in addition.
#[derive(Debug)]
struct Injection {
    /// `None`: as the message that it follows.
    direction: Option<Direction>,
    message: Message,
}

/// How often each rule's condition has been true on a connection.
#[derive(Debug)]
pub(super) struct Matches(Vec<AtomicU64>);

/// What becomes of a message.
#[derive(Debug, PartialEq)]
pub(super) struct Applied {
    /// `None`: it is dropped.
    pub(super) message: Option<Message>,
    /// It is not what it was.
    pub(super) is_edited: bool,
    /// What is sent behind it.
    pub(super) injected: Vec<(Direction, Message)>,
}

/// A line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleLine {
    #[serde(default)]
    on: On,
    direction: Option<Direction>,
    #[serde(rename = "type")]
    kind: Option<MessageType>,
    contains: Option<String>,
    #[serde(default)]
    json: Map<String, Value>,
    nth: Option<u64>,
    #[serde(default)]
    drop: bool,
    #[serde(default)]
    replace: BTreeMap<String, String>,
    #[serde(default)]
    set: Map<String, Value>,
    data: Option<String>,
    base64: Option<String>,
    inject: Option<OneOrMore>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Injected),
    More(Vec<Injected>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Injected {
    direction: Option<Direction>,
    data: Option<String>,
    base64: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum On {
    #[default]
    Message,
    /// The connection is open.
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MessageType {
    Text,
    Binary,
    Ping,
    Pong,
}

impl Rules {
    /// # Errors
    /// The file cannot be read, or a line of it is no rule.
    pub(super) fn read(path: &Path) -> Result<Rules, Failure> {
        let place = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read {place}: {error}")))?;
        Rules::parse(&text).map_err(|why| Failure::usage(format!("{place}, {why}")))
    }

    fn parse(text: &str) -> Result<Rules, String> {
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let line = serde_json::from_str(line).map_err(|error| error.to_string());
            let rule = line.and_then(rule);
            rules.push(rule.map_err(|why| format!("line {number}: {why}"))?);
        }
        Ok(Rules(rules))
    }

    /// For a connection that begins.
    pub(super) fn matches(&self) -> Matches {
        Matches(self.0.iter().map(|_| AtomicU64::new(0)).collect())
    }

    /// What is sent when a connection is open.
    pub(super) fn on_open(&self) -> impl Iterator<Item = (Direction, Message)> {
        let rules = self.0.iter().filter(|it| it.condition.event == On::Open);
        rules.flat_map(|rule| injected(rule, Direction::In))
    }

    /// What becomes of a message.
    pub(super) fn apply(
        &self,
        matches: &Matches,
        direction: Direction,
        message: &Message,
    ) -> Applied {
        let mut outcome = Applied {
            message: None,
            is_edited: false,
            injected: Vec::new(),
        };
        let mut now = message.clone();
        for (rule, count) in self.0.iter().zip(&matches.0) {
            if !rule.condition.is_true(direction, &now, count) {
                continue;
            }
            outcome.injected.extend(injected(rule, direction));
            if rule.drops {
                return outcome;
            }
            for edit in &rule.edits {
                edit.apply(&mut now);
            }
        }
        outcome.is_edited = now != *message;
        outcome.message = Some(now);
        outcome
    }
}

fn injected(rule: &Rule, direction: Direction) -> impl Iterator<Item = (Direction, Message)> {
    rule.injections.iter().map(move |injection| {
        let direction = injection.direction.unwrap_or(direction);
        (direction, injection.message.clone())
    })
}

impl Condition {
    fn is_true(&self, direction: Direction, message: &Message, count: &AtomicU64) -> bool {
        let is_kind = match self.kind {
            None => message.is_data(),
            Some(MessageType::Text) => message.is_text(),
            Some(MessageType::Binary) => message.is_binary(),
            Some(MessageType::Ping) => message.is_ping(),
            Some(MessageType::Pong) => message.is_pong(),
        };
        let is_true = self.event == On::Message
            && is_kind
            && self.direction.is_none_or(|it| it == direction)
            && self.is_contained(message)
            && self.has_values(message);
        is_true && {
            let number = count.fetch_add(1, Ordering::Relaxed) + 1;
            self.nth.is_none_or(|nth| nth == number)
        }
    }

    fn is_contained(&self, message: &Message) -> bool {
        match &self.contains {
            None => true,
            Some(part) if part.is_empty() => true,
            Some(part) => {
                let part = part.as_bytes();
                message.as_bytes().windows(part.len()).any(|it| it == part)
            }
        }
    }

    fn has_values(&self, message: &Message) -> bool {
        if self.json.is_empty() {
            return true;
        }
        let value = json(message);
        value.is_some_and(|value| {
            let mut places = self.json.iter();
            places.all(|(place, expected)| value.pointer(place) == Some(expected))
        })
    }
}

impl Edit {
    fn apply(&self, message: &mut Message) {
        match self {
            Edit::Message(other) => *message = other.clone(),
            Edit::Replace(old, new) => {
                if let Some(text) = message.as_text().filter(|text| text.contains(old)) {
                    *message = text.replace(old, new).into();
                }
            }
            Edit::Set(place, new) => {
                if let Some(mut value) = json(message)
                    && let Some(old) = value.pointer_mut(place)
                {
                    *old = new.clone();
                    *message = value.to_string().into();
                }
            }
        }
    }
}

fn json(message: &Message) -> Option<Value> {
    serde_json::from_str(message.as_text()?).ok()
}

fn rule(line: RuleLine) -> Result<Rule, String> {
    let replaces = line
        .replace
        .into_iter()
        .map(|(old, new)| Edit::Replace(old, new));
    let sets = line
        .set
        .into_iter()
        .map(|(place, new)| Edit::Set(place, new));
    let whole = message(line.data, line.base64)?.map(Edit::Message);
    let edits: Vec<Edit> = whole.into_iter().chain(replaces).chain(sets).collect();
    let injections = match line.inject {
        None => Vec::new(),
        Some(OneOrMore::One(one)) => vec![one],
        Some(OneOrMore::More(more)) => more,
    };
    let injections = injections.into_iter().map(|it| {
        let message = message(it.data, it.base64)?;
        Ok::<_, String>(Injection {
            direction: it.direction,
            message: message.ok_or("what is injected has \"data\" or \"base64\"")?,
        })
    });
    let injections = injections.collect::<Result<Vec<_>, _>>()?;
    let pointers = line
        .json
        .keys()
        .chain(edits.iter().filter_map(|edit| match edit {
            Edit::Set(place, _) => Some(place),
            _ => None,
        }));
    for pointer in pointers {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(format!(
                "\"{pointer}\" is no JSON pointer: it begins with a slash"
            ));
        }
    }
    let is_control = matches!(line.kind, Some(MessageType::Ping | MessageType::Pong));
    match (line.drop, edits.is_empty(), injections.is_empty()) {
        (false, true, true) => {
            return Err("it does nothing: write drop, replace, set, data or inject".to_owned());
        }
        (true, false, _) => return Err("what is dropped cannot be edited".to_owned()),
        (_, false, _) if is_control => return Err("pings and pongs cannot be edited".to_owned()),
        (true, _, _) | (_, false, _) if line.on == On::Open => {
            return Err("on open there is no message: only inject".to_owned());
        }
        _ => {}
    }
    Ok(Rule {
        condition: Condition {
            event: line.on,
            direction: line.direction,
            kind: line.kind,
            contains: line.contains,
            json: line.json,
            nth: line.nth,
        },
        edits,
        drops: line.drop,
        injections,
    })
}

fn message(data: Option<String>, base64: Option<String>) -> Result<Option<Message>, String> {
    match (data, base64) {
        (None, None) => Ok(None),
        (Some(text), None) => Ok(Some(text.into())),
        (None, Some(base64)) => match BASE64_STANDARD.decode(base64) {
            Ok(data) => Ok(Some(Message::binary(data))),
            Err(error) => Err(format!("base64: {error}")),
        },
        (Some(_), Some(_)) => Err("there is \"data\" or \"base64\", not both".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: Direction = Direction::Out;
    const IN: Direction = Direction::In;

    /// What becomes of one message after the other.
    fn applied(rules: &str, messages: &[(Direction, Message)]) -> Vec<Applied> {
        let rules = Rules::parse(rules).unwrap();
        let matches = rules.matches();
        let apply = |(direction, message): &(_, _)| rules.apply(&matches, *direction, message);
        messages.iter().map(apply).collect()
    }

    fn texts(outcomes: &[Applied]) -> Vec<Option<&str>> {
        let messages = outcomes.iter().map(|it| it.message.as_ref());
        messages
            .map(|message| message.and_then(Message::as_text))
            .collect()
    }

    #[test]
    fn messages_are_chosen_by_direction_kind_content_and_number() {
        let binary = Message::binary(&b"a secret"[..]);
        let ping = Message::Ping("a secret".into());
        let messages = [
            (OUT, "a secret".into()),
            (IN, "a secret".into()),
            (OUT, binary),
            (OUT, ping),
            (OUT, "nothing".into()),
            (OUT, "another secret".into()),
        ];
        let dropped = |rule| {
            let outcomes = applied(rule, &messages);
            let dropped = (0..).zip(outcomes).filter(|(_, it)| it.message.is_none());
            dropped.map(|(number, _)| number).collect::<Vec<_>>()
        };
        for (rule, expected) in [
            (r#"{"contains":"secret","drop":true}"#, vec![0, 1, 2, 5]),
            (r#"{"direction":"in","drop":true}"#, vec![1]),
            (r#"{"type":"ping","drop":true}"#, vec![3]),
            (
                r#"{"type":"text","direction":"out","nth":2,"drop":true}"#,
                vec![4],
            ),
            (r#"{"json":{"/a":1},"drop":true}"#, vec![]),
        ] {
            assert_eq!(dropped(rule), expected, "{rule}");
        }
    }

    #[test]
    fn texts_and_json_are_edited() {
        let rules = r#"
            # Two rules for one message: the second sees what the first has made.
            {"json":{"/type":"price"},"set":{"/value":0,"/no/such":1}}
            {"direction":"in","replace":{"price":"cost"}}
            {"direction":"out","contains":"x","base64":"AP8="}
        "#;
        let price = r#"{"type":"price","value":12.5}"#;
        let outcomes = applied(
            rules,
            &[
                (IN, price.into()),
                (IN, "a price, a price".into()),
                (OUT, "x".into()),
                (OUT, "y".into()),
            ],
        );
        assert_eq!(
            texts(&outcomes),
            [
                Some(r#"{"type":"cost","value":0}"#),
                Some("a cost, a cost"),
                None,
                Some("y")
            ]
        );
        assert_eq!(outcomes[2].message, Some(Message::binary(&b"\x00\xff"[..])));
        assert_eq!(
            outcomes.iter().map(|it| it.is_edited).collect::<Vec<_>>(),
            [true, true, true, false]
        );
    }

    #[test]
    fn messages_are_injected_in_either_direction() {
        let rules = r#"
            {"contains":"ask","inject":[{"data":"more"},{"direction":"in","data":"mine"}],"drop":true}
            {"on":"open","inject":{"data":"hello"}}
        "#;
        let outcomes = applied(rules, &[(OUT, "ask".into())]);
        assert_eq!(
            outcomes[0].injected,
            [(OUT, "more".into()), (IN, "mine".into())]
        );
        let rules = Rules::parse(rules).unwrap();
        assert!(rules.on_open().eq([(IN, Message::from("hello"))]));
    }

    #[test]
    fn what_is_no_rule_is_told_with_its_line() {
        for wrong in [
            "{}",
            "[]",
            r#"{"contains":"x"}"#,
            r#"{"drop":true,"data":"x"}"#,
            r#"{"drop":true,"unknown":1}"#,
            r#"{"data":"x","base64":""}"#,
            r#"{"base64":"?"}"#,
            r#"{"set":{"a":1}}"#,
            r#"{"type":"ping","data":"x"}"#,
            r#"{"on":"open","drop":true}"#,
            r#"{"inject":{}}"#,
        ] {
            let why = Rules::parse(&format!("# a rule\n{wrong}")).unwrap_err();
            assert!(why.starts_with("line 2: "), "{wrong}: {why}");
        }
    }
}
