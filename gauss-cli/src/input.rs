//! Files that a command reads, whole.

use std::io::{self, Read};
use std::path::Path;

/// The name that stands for standard input.
const STDIN: &str = "-";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// There is nothing at the path.
    #[error("no such file")]
    NotFound,
    /// The path is a directory.
    #[error("is a directory, not a file")]
    Directory,
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Refused(io::Error),
}

/// All bytes of the file at `path`; `-` is standard input.
///
/// # Errors
/// Why there are none.
pub fn read(path: &Path) -> Result<Vec<u8>, ReadFault> {
    if is_stdin(path) {
        let mut bytes = Vec::new();
        return match io::stdin().lock().read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(ReadFault::Refused(error)),
        };
    }
    std::fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadFault::NotFound,
        _ if path.is_dir() => ReadFault::Directory,
        _ => ReadFault::Refused(error),
    })
}

/// Whether the path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// The file as messages name it.
pub fn display_name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}
