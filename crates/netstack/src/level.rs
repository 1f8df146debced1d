//! API levels: one implementation, one table of differences.

/// An API level of OpenHarmony, 6 to 26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiLevel(u8);

impl ApiLevel {
    /// The module's first level.
    pub const OLDEST: ApiLevel = ApiLevel(6);
    /// The contract's level; the default of `@ohos.net.webSocket`.
    pub const CONTRACT: ApiLevel = ApiLevel(10);
    /// The newest; the default of `@kit.NetworkKit`.
    pub const NEWEST: ApiLevel = ApiLevel(26);

    /// The level of this number. One that is newer than [`NEWEST`](Self::NEWEST) is served as that
    /// one. `None`: it comes before [`OLDEST`](Self::OLDEST), when the module did not exist.
    pub fn new(level: u32) -> Option<ApiLevel> {
        let level = level.min(u32::from(Self::NEWEST.0)) as u8;
        (level >= Self::OLDEST.0).then_some(ApiLevel(level))
    }

    /// The default of a module by the name that programs import it by: `@ohos.net.webSocket` is the
    /// contract; `@kit.NetworkKit`, which came later, and `arkws` have the newest level. `None`:
    /// there is no such module.
    pub fn of_import(name: &str) -> Option<ApiLevel> {
        match name {
            "@ohos.net.webSocket" => Some(Self::CONTRACT),
            "@kit.NetworkKit" | "arkws" => Some(Self::NEWEST),
            _ => None,
        }
    }

    /// Reads a level as people and projects write it: `12`, or `5.0.0(12)`, a release with its
    /// level in parentheses. `None`: it is not of these forms, or comes before
    /// [`OLDEST`](Self::OLDEST).
    pub fn parse(text: &str) -> Option<ApiLevel> {
        let text = text.trim();
        let number = match text.split_once('(') {
            Some((_, rest)) => rest.strip_suffix(')')?,
            None => text,
        };
        ApiLevel::new(number.trim().parse().ok()?)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// What is different at this level.
    pub(crate) fn differences(self) -> &'static Differences {
        TABLE
            .iter()
            .rev()
            .find(|row| self >= row.since)
            .expect("the table starts at the oldest level")
    }
}

/// What differs between levels. Everything that a later level merely adds is there at every level.
#[derive(Debug)]
pub(crate) struct Differences {
    since: ApiLevel,
    /// Longest piece, in bytes, in which messages are delivered; `None`: whole.
    pub(crate) piece: Option<usize>,
    /// The reason that `close()` sends when it is given none.
    pub(crate) close_reason: &'static str,
    /// The code for a URL that is too long or not a WebSocket URL.
    pub(crate) url_error: i32,
    /// Longest URL, in characters.
    pub(crate) url_limit: usize,
}

/// The reference's receive buffer, which is the "4 KB per message" of the older documents.
const PIECE: usize = 4096;

/// Ordered by level. Sources: the contract (level 10), and how the platform's releases 4.1 to 7.0
/// behave.
const TABLE: [Differences; 4] = [
    Differences {
        since: ApiLevel::OLDEST,
        piece: Some(PIECE),
        close_reason: "",
        url_error: crate::BusinessError::PARAMETER,
        url_limit: 1024,
    },
    Differences {
        since: ApiLevel(12),
        piece: None,
        close_reason: "CLOSE_NORMAL",
        url_error: crate::BusinessError::URL,
        url_limit: 1024,
    },
    Differences {
        since: ApiLevel(15),
        piece: None,
        close_reason: "CLOSE_NORMAL",
        url_error: crate::BusinessError::URL,
        url_limit: 2048,
    },
    Differences {
        since: ApiLevel(26),
        piece: None,
        close_reason: "CLOSE_NORMAL",
        url_error: crate::BusinessError::URL,
        url_limit: 8196,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_projects_write_them() {
        for (text, level) in [
            ("12", Some(12)),
            (" 9 ", Some(9)),
            ("5.0.0(12)", Some(12)),
            ("6.1.0 ( 23 )", Some(23)),
            ("4.0.10", None),
            ("5.0.0(12", None),
            ("5", None),
            ("0", None),
            ("", None),
            ("twelve", None),
            ("40", Some(26)),
        ] {
            assert_eq!(ApiLevel::parse(text).map(ApiLevel::get), level, "{text:?}");
        }
    }

    #[test]
    fn what_is_imported_says_the_level_by_its_name() {
        let level = |name| ApiLevel::of_import(name).map(ApiLevel::get);
        assert_eq!(level("@ohos.net.webSocket"), Some(10));
        assert_eq!(level("@kit.NetworkKit"), Some(26));
        assert_eq!(level("arkws"), Some(26));
        assert_eq!(level("@ohos.net.http"), None);
    }

    #[test]
    fn the_table_changes_at_12_15_and_26_only() {
        let limit = |level| ApiLevel(level).differences().url_limit;
        assert_eq!([6, 11, 12, 14].map(limit), [1024; 4]);
        assert_eq!([15, 25].map(limit), [2048; 2]);
        assert_eq!(limit(26), 8196);
        assert_eq!(ApiLevel(11).differences().piece, Some(4096));
        assert_eq!(ApiLevel(12).differences().piece, None);
        assert_eq!(ApiLevel(11).differences().close_reason, "");
        assert_eq!(ApiLevel(12).differences().close_reason, "CLOSE_NORMAL");
        assert_eq!(ApiLevel(11).differences().url_error, 401);
        assert_eq!(ApiLevel(12).differences().url_error, 2302001);
    }
}
