//! The kinds of failures, for programs.
use std::fmt;
use std::str::FromStr;

/// The kind of a failure, for programs to branch on. Its [name](Cause::as_str) is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Of a connection, of an attempt at one, or of a call that concerns one.
    Connection(arkws::Cause),
    /// A server has a limit that keeps the client out, such as `maxConcurrentClientsNumber`.
    Limit,
    /// The client has connected to the server too often in a short time.
    Flood,
    /// The program's [`Policy`](crate::Policy) does not allow it (2302998).
    Policy,
    /// The operating system has no thread or descriptor for the network thread or for a socket to
    /// listen on, or refuses one otherwise.
    System,
    /// A defect of arkws or of a binding, or the network thread has ended.
    Internal,
}

impl Cause {
    /// Those that are not a connection's.
    const OTHERS: [Cause; 5] = [
        Cause::Limit,
        Cause::Flood,
        Cause::Policy,
        Cause::System,
        Cause::Internal,
    ];

    /// All causes.
    pub fn all() -> impl Iterator<Item = Cause> {
        let connections = arkws::Cause::ALL.iter().copied().map(Cause::Connection);
        connections.chain(Self::OTHERS)
    }

    /// The stable name, such as `"dns"`, `"queue-full"` or `"flood"`: lower-case words with hyphens
    /// between them.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Connection(cause) => cause.as_str(),
            Cause::Limit => "limit",
            Cause::Flood => "flood",
            Cause::Policy => "policy",
            Cause::System => "system",
            Cause::Internal => "internal",
        }
    }

    /// Whether a connection, or an attempt at one, can end with it: else it is of a call, or of a
    /// server that does not let a client in.
    pub(crate) fn ends_connections(self) -> bool {
        !matches!(
            self,
            Cause::Connection(arkws::Cause::QueueFull)
                | Cause::Limit
                | Cause::Flood
                | Cause::System
        )
    }
}

impl From<arkws::Cause> for Cause {
    fn from(cause: arkws::Cause) -> Cause {
        Cause::Connection(cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that no [`Cause`] has. Its words list those that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCause {
    name: String,
}

impl fmt::Display for UnknownCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no cause; the causes are ", self.name)?;
        for (index, cause) in Cause::all().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownCause {}

/// Reads a [name](Cause::as_str).
impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(name: &str) -> Result<Cause, UnknownCause> {
        let known = Cause::all().find(|cause| cause.as_str() == name);
        known.ok_or_else(|| UnknownCause {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_cause_has_a_name_of_its_own() {
        let names: HashSet<&str> = Cause::all().map(Cause::as_str).collect();
        assert_eq!(names.len(), Cause::all().count());
        assert_eq!(names.len(), arkws::Cause::ALL.len() + 5);
    }

    #[test]
    fn names_are_read_and_what_is_none_is_told_with_those_there_are() {
        for cause in Cause::all() {
            assert_eq!(cause.as_str().parse(), Ok(cause));
        }
        for name in ["", "DNS", "timedout", " dns"] {
            let words = name.parse::<Cause>().unwrap_err().to_string();
            assert!(
                words.starts_with(&format!("{name:?} is no cause; ")),
                "{words}"
            );
            assert!(
                words.contains("the causes are invalid, dns, refused, "),
                "{words}"
            );
            assert!(words.ends_with(", internal"), "{words}");
        }
    }
}
