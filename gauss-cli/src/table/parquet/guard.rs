//! The boundary to the decoder. It gives up on some damage by a panic (lengths that its pages do not
//! have, encodings that a type cannot have), which is told here as a fault like any other.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::table::Fault;

thread_local! {
    /// Whether this thread is within the decoder.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// What `decode` makes of a file; damaged where it panics, which is not told in its own words, too.
///
/// # Errors
/// Those of `decode`, and [`Fault::Damaged`].
pub fn guarded<T>(decode: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |told| {
            if !WITHIN.get() {
                others(told);
            }
        }));
    });
    let outer = WITHIN.replace(true);
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode));
    WITHIN.set(outer);
    decoded.unwrap_or_else(|_| {
        let reason = "its pages are not what they say of themselves".to_owned();
        Err(Fault::Damaged { format: "Parquet", reason })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_fault() {
        let decoded = guarded(|| [1, 2].get(5).copied().map(Ok).expect("six values"));
        assert!(matches!(decoded, Err::<i32, _>(Fault::Damaged { .. })));
        assert!(matches!(guarded(|| Ok(1)), Ok(1)));
        assert!(!WITHIN.get());
    }
}
