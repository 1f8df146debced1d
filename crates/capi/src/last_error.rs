//! The last error of each thread, as `errno` is each thread's own.
use std::cell::RefCell;
use std::ffi::{CString, c_int};
use std::rc::Rc;

use crate::c_text::c_text;
use crate::code::Code;
use crate::failure::Failure;

/// `arkws_error`. Its strings are valid as `arkws_last_error` says.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ErrorView {
    /// A [`Code`], or 0.
    pub code: i32,
    /// Of a refused handshake; else 0.
    pub http_status: i32,
    /// The kind, for programs.
    pub cause: *const std::ffi::c_char,
    /// For people.
    pub message: *const std::ffi::c_char,
}

/// It is written into memory of the program's, which has no room for more.
const _: () = assert!(size_of::<ErrorView>() == 8 + 2 * size_of::<usize>());

/// A [`Failure`] with its texts as C has them.
#[derive(Debug)]
struct ErrorText {
    code: c_int,
    http_status: u16,
    cause: CString,
    message: CString,
}

impl ErrorText {
    fn new(failure: &Failure) -> ErrorText {
        ErrorText {
            code: failure.code.number(),
            http_status: failure.http_status,
            cause: c_text(failure.cause),
            message: c_text(&failure.message),
        }
    }

    /// Valid for as long as this is not changed or moved away.
    fn view(&self) -> ErrorView {
        ErrorView {
            code: self.code,
            http_status: self.http_status.into(),
            cause: self.cause.as_ptr(),
            message: self.message.as_ptr(),
        }
    }
}

thread_local! {
    static LAST: RefCell<Option<Rc<ErrorText>>> = const { RefCell::new(None) };
}

/// Remembers why a call has failed on this thread. Nothing of it is remembered on a thread that is
/// about to end.
pub(crate) fn remember(failure: &Failure) {
    replace(Some(Rc::new(ErrorText::new(failure))));
}

/// Calls a callback that tells of a failure, which is the last one for as long as it runs. What was
/// the last one before is so again, with its strings where they were: the program may have them
/// still. But for a call inside the callback that has failed: its failure stays.
pub(crate) fn while_told(failure: &Failure, callback: impl FnOnce(ErrorView)) {
    let told = Rc::new(ErrorText::new(failure));
    let before = replace(Some(Rc::clone(&told)));
    callback(told.view());
    let is_last = |last: &RefCell<Option<Rc<ErrorText>>>| {
        let last = last.borrow();
        last.as_ref().is_some_and(|last| Rc::ptr_eq(last, &told))
    };
    if LAST.try_with(is_last).unwrap_or(false) {
        replace(before);
    }
}

/// What was remembered on this thread before.
fn replace(text: Option<Rc<ErrorText>>) -> Option<Rc<ErrorText>> {
    LAST.try_with(|last| last.replace(text)).ok().flatten()
}

/// What is remembered on this thread.
pub(crate) fn last() -> ErrorView {
    let nothing = ErrorView {
        code: Code::OK,
        http_status: 0,
        cause: c"".as_ptr(),
        message: c"".as_ptr(),
    };
    LAST.try_with(|last| last.borrow().as_ref().map(|last| last.view()))
        .ok()
        .flatten()
        .unwrap_or(nothing)
}
