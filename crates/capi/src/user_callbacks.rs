//! A table of callbacks as a program hands it over, and its pointer beside it.
use std::ffi::c_void;
use std::mem::MaybeUninit;

use crate::code::Code;
use crate::failure::Failure;

/// The program's own pointer: handed back to it, and never followed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserPointer(pub(crate) *mut c_void);

// SAFETY: it is a number here. What it means, and on which threads, is the program's business.
unsafe impl Send for UserPointer {}
// SAFETY: as above.
unsafe impl Sync for UserPointer {}

/// A `#[repr(C)]` struct of function pointers, behind its size in bytes.
///
/// # Safety
/// All bytes zero is a value of it, and so are the first bytes of one with zeros behind them,
/// where a field ends.
pub(crate) unsafe trait CallbackTable: Copy {}

/// Copies a table. Callbacks that are newer than the program's header are NULL.
///
/// # Errors
/// [`Code::Invalid`]: its size is none.
///
/// # Safety
/// NULL, or a table whose first field is its size in bytes.
pub(crate) unsafe fn read<Table: CallbackTable>(given: *const Table) -> Result<Table, Failure> {
    let mut table = MaybeUninit::<Table>::zeroed();
    if !given.is_null() {
        // SAFETY: the caller's promise.
        let size = unsafe { given.cast::<usize>().read() };
        let word = size_of::<usize>();
        if size < word || size % word != 0 {
            let why = format!("the size of the callbacks is {size}, and not that of their struct");
            return Err(Failure::new(Code::Invalid, why));
        }
        let length = size.min(size_of::<Table>());
        // SAFETY: both have so many bytes.
        unsafe {
            table
                .as_mut_ptr()
                .cast::<u8>()
                .copy_from_nonoverlapping(given.cast(), length);
        }
    }
    // SAFETY: what `CallbackTable` promises: it was zero, and whole fields were copied.
    Ok(unsafe { table.assume_init() })
}
