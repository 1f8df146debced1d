//! An allocator that looks for secrets in each block of memory that is freed.
pub(crate) mod refusing_proxy;

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::mem;
use std::sync::{Mutex, PoisonError, RwLock};

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// What is looked for. One test at a time: freed memory is the whole program's.
static WATCHED: RwLock<Vec<&'static [u8]>> = RwLock::new(Vec::new());
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Where a block was freed that had one of them in it.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether this thread is looking: what it allocates then is no secret.
    static LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// What becomes of these secrets while `act` runs: where in the program memory was freed that had
/// one of them in it.
#[track_caller]
pub(crate) fn assert_wiped(secrets: &[&'static [u8]], act: impl FnOnce()) {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    WATCHED.write().unwrap().extend_from_slice(secrets);
    act();
    WATCHED.write().unwrap().clear();
    let found = mem::take(&mut *FOUND.lock().unwrap());
    assert!(
        found.is_empty(),
        "{} times:\n{}",
        found.len(),
        found.join("\n")
    );
}

struct Watched;

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    // `realloc` is the trait's, which comes through here with the old block.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // A thread that ends has no such variable any more.
        let looks = LOOKING.try_with(|looking| looking.replace(true));
        if looks == Ok(false) {
            look(block, layout.size());
            LOOKING.set(false);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

fn look(block: *const u8, size: usize) {
    let Ok(watched) = WATCHED.try_read() else {
        return;
    };
    for &secret in &*watched {
        for start in 0..(size + 1).saturating_sub(secret.len()) {
            // Some of it may never have been written: whatever is there is only compared.
            // SAFETY: the block is ours until it is freed, and the secret fits from here.
            let byte = |at: usize| unsafe { block.add(start + at).read_volatile() };
            if (0..secret.len()).all(|at| byte(at) == secret[at]) {
                let secret = String::from_utf8_lossy(secret);
                let place = format!("{secret:?}, freed at\n{}", callers());
                FOUND.lock().unwrap().push(place);
                break;
            }
        }
    }
}

/// The nearest callers that are not the standard library's.
fn callers() -> String {
    let trace = Backtrace::force_capture().to_string();
    let not_ours = ["/rustc/", "/freed/mod.rs"];
    let is_caller =
        |line: &&str| line.contains(" at ") && !not_ours.iter().any(|folder| line.contains(folder));
    let places = trace.lines().filter(is_caller);
    places.take(8).collect::<Vec<_>>().join("\n")
}
