//! API levels: one implementation, one table of differences.

/// An API level of OpenHarmony, 6 to 26.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiLevel(u8);

impl ApiLevel {
    /// The contract's level; the default of `@ohos.net.webSocket`.
    pub const CONTRACT: ApiLevel = ApiLevel(10);
    /// The newest; the default of `@kit.NetworkKit`.
    pub const NEWEST: ApiLevel = ApiLevel(26);

    /// A level, clamped into 6..=26... `None` outside.
    pub fn new(level: u32) -> Option<ApiLevel> {
        let _ = level;
        todo!()
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}
