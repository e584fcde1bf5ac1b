//! The one way to standard output.

use std::io::{self, BufWriter, Write};

use crate::error::Failure;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum StdoutError {
    /// Its reader has gone, as `head` does: no fault of anyone.
    #[error("standard output is closed")]
    Closed,
    /// The operating system refused.
    #[error("standard output: cannot be written: {0}")]
    Refused(io::Error),
}

impl Failure for StdoutError {
    fn exit_code(&self) -> u8 {
        match self {
            StdoutError::Closed => 0,
            StdoutError::Refused(_) => 1,
        }
    }
}

/// Lets `fill` write to standard output.
///
/// # Errors
/// The first failure to write.
pub fn to_stdout(
    fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), StdoutError> {
    let mut writer = BufWriter::with_capacity(1 << 16, io::stdout());
    fill(&mut writer).and_then(|()| writer.flush()).map_err(|source| match source.kind() {
        io::ErrorKind::BrokenPipe => StdoutError::Closed,
        _ => StdoutError::Refused(source),
    })
}
