//! What stands in the place of `tracing` where it is switched off.

/// An event that is not logged. What it would tell counts as used.
macro_rules! event {
    ($message:literal $(,)?) => { () };
    (% $value:expr, $($rest:tt)+) => { $crate::log::absent::event!(value = $value, $($rest)+) };
    (? $value:expr, $($rest:tt)+) => { $crate::log::absent::event!(value = $value, $($rest)+) };
    ($name:ident, $($rest:tt)+) => { $crate::log::absent::event!(value = $name, $($rest)+) };
    ($name:ident = % $value:expr, $($rest:tt)+) => {
        $crate::log::absent::event!(value = $value, $($rest)+)
    };
    ($name:ident = $value:expr, $($rest:tt)+) => {{
        if false {
            let _ = &$value;
        }
        $crate::log::absent::event!($($rest)+)
    }};
}

pub(crate) use event;

#[derive(Clone)]
pub(crate) struct NoSpan;

impl NoSpan {
    pub(crate) fn current() -> NoSpan {
        NoSpan
    }

    pub(crate) fn is_disabled(&self) -> bool {
        true
    }

    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

#[cfg(feature = "client")]
pub(crate) trait NoInstrument: Sized {
    fn instrument(self, _: NoSpan) -> Self {
        self
    }

    fn in_current_span(self) -> Self {
        self
    }
}

#[cfg(feature = "client")]
impl<F> NoInstrument for F {}
