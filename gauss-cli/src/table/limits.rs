//! What is read at most. A file of a few kilobytes may unpack to terabytes, so what a file says of
//! itself is not believed beyond these.

/// Bytes of a row of text, the header included; it is held in memory as a whole.
pub const RECORD: usize = 1 << 25;
/// Columns of a file.
pub const COLUMNS: usize = 1 << 20;
/// Bytes of the name of a column or of a category.
pub const NAME: usize = 1 << 12;
/// Bytes that a page of a Parquet file unpacks to.
#[cfg(feature = "parquet")]
pub const PAGE: usize = 1 << 30;
