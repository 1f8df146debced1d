//! Permission and domain policy (behaviour of 201 and 2302998).

/// Decides what a program may do. Implemented by hosts; [`OpenPolicy`] allows everything.
pub trait Policy: std::fmt::Debug + Send + Sync {
    /// Whether the program holds `ohos.permission.INTERNET`; `false`: every call gives 201.
    fn internet(&self) -> bool;
    /// Whether `host` may be connected to; `false`: connect gives 2302998.
    fn allows(&self, host: &str) -> bool;
}

/// Everything is allowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenPolicy;

impl Policy for OpenPolicy {
    fn internet(&self) -> bool {
        true
    }
    fn allows(&self, _host: &str) -> bool {
        true
    }
}
