//! What is read at most, and whether there is memory for it. A file of a few kilobytes may unpack to
//! terabytes, so what a file says of itself is not believed beyond these.

/// Bytes of a row of text, the header included; it is held in memory as a whole.
pub const RECORD: usize = 1 << 25;
/// Columns of a file.
pub const COLUMNS: usize = 1 << 20;
/// Bytes of the name of a column or of a category.
pub const NAME: usize = 1 << 12;
/// Bytes that a page of a Parquet file unpacks to.
#[cfg(feature = "parquet")]
pub const PAGE: usize = 1 << 30;

/// Below this many bytes the system is not asked whether it has them.
const UNASKED: usize = 1 << 26;

/// Makes room for `more` values: the bytes that were wanted where there is no such memory. A
/// system that promises more than it has ends the program later, so it is asked what it has.
///
/// # Errors
/// The bytes of all values.
pub fn reserve(values: &mut Vec<f64>, more: usize) -> Result<(), usize> {
    let length = values.len().saturating_add(more);
    if length <= values.capacity() {
        return Ok(());
    }
    affordable(length.saturating_mul(size_of::<f64>()))?;
    values.try_reserve(more).map_err(|_| length.saturating_mul(size_of::<f64>()))
}

/// Whether the system has so many bytes.
///
/// # Errors
/// The bytes again.
pub fn affordable(bytes: usize) -> Result<(), usize> {
    let short = bytes > UNASKED && available().is_some_and(|free| bytes > free);
    if short { Err(bytes) } else { Ok(()) }
}

/// Bytes of memory that are free, or can be made so; `None` where the system does not tell.
fn available() -> Option<usize> {
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| -> Option<usize> {
        let line = told.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let free = kilobytes("MemAvailable:")? + kilobytes("SwapFree:").unwrap_or(0);
    Some(free.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused_with_its_size() {
        let mut values = vec![1.0];
        assert_eq!(reserve(&mut values, 1 << 50), Err((1 << 53) + 8));
        assert_eq!(reserve(&mut values, 9), Ok(()));
        assert_eq!(affordable(UNASKED), Ok(()));
    }
}
