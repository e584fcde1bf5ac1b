//! Files that a command reads: whole, or as a stream that is unpacked on the way.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

#[cfg(feature = "parquet")]
use super::{Fault, memory};
use crate::terminal::Reading;

mod zstd;

pub use zstd::Frames;

/// The name that stands for standard input.
const STDIN: &str = "-";
/// Bytes that tell one format from another.
const HEAD: u64 = 16;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// There is nothing at the path.
    #[error("no such file")]
    NotFound,
    /// The path is a directory.
    #[error("is a directory, not a file")]
    Directory,
    /// The operating system refused, or the bytes cannot be unpacked.
    #[error("cannot be read: {0}")]
    Refused(#[from] io::Error),
}

/// A file that has been opened.
pub struct Source {
    /// Its first bytes, up to sixteen, unpacked; `bytes` begins with them.
    pub head: Vec<u8>,
    /// All of its bytes, unpacked.
    pub bytes: Box<dyn Read + Send>,
    /// Whether the bytes are those of a regular file at the path, and not packed: they can be read
    /// there once more, as Parquet is.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code))]
    pub is_plain: bool,
}

/// Opens the file at `path`; `-` is standard input. What is compressed by gzip or zstd, by its
/// first bytes and not by its name, is unpacked. `reading` hears of every byte, still packed.
///
/// # Errors
/// Why there are no bytes.
pub fn open(path: &Path, reading: &Arc<Reading>) -> Result<Source, ReadFault> {
    let mut is_regular = false;
    let bytes: Box<dyn Read + Send> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(|error| refusal(path, error))?;
        if let Ok(found) = file.metadata() {
            is_regular = found.is_file();
            reading.begin(found.len()); // of a pipe 0, which is not known
        }
        Box::new(file)
    };
    let bytes = Box::new(Watched { bytes, reading: reading.clone() });
    let raw = peek(bytes, is_regular).map_err(|error| refusal(path, error))?;
    let packed: (&str, Box<dyn Read + Send>) = if raw.head.starts_with(GZIP) {
        ("gzip", Box::new(MultiGzDecoder::new(raw.bytes)))
    } else if raw.head.starts_with(ZSTD) {
        ("zstd", Box::new(Frames::new(raw.bytes)))
    } else {
        return Ok(raw);
    };
    Ok(peek(Box::new(Unpacked { kind: packed.0, bytes: packed.1 }), false)?)
}

fn peek(mut bytes: Box<dyn Read + Send>, is_plain: bool) -> io::Result<Source> {
    let mut head = Vec::new();
    bytes.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok(Source { bytes: Box::new(Cursor::new(head.clone()).chain(bytes)), head, is_plain })
}

fn refusal(path: &Path, error: io::Error) -> ReadFault {
    match error.kind() {
        io::ErrorKind::NotFound => ReadFault::NotFound,
        _ if path.is_dir() => ReadFault::Directory,
        _ => ReadFault::Refused(error),
    }
}

/// Tells how many bytes have come.
struct Watched {
    bytes: Box<dyn Read + Send>,
    reading: Arc<Reading>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.bytes.read(buffer)?;
        self.reading.advance(got as u64);
        Ok(got)
    }
}

/// Says of an error what was being unpacked.
struct Unpacked {
    kind: &'static str,
    bytes: Box<dyn Read + Send>,
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer).map_err(|error| {
            io::Error::new(error.kind(), format!("damaged {} data ({error})", self.kind))
        })
    }
}

/// What `read` takes of the file at `path`; `-` is standard input.
///
/// # Errors
/// Why there are none.
pub fn read_bytes(
    path: &Path,
    read: impl FnOnce(&mut dyn Read) -> io::Result<Vec<u8>>,
) -> Result<Vec<u8>, ReadFault> {
    if is_stdin(path) {
        return Ok(read(&mut io::stdin().lock())?);
    }
    let bytes = std::fs::File::open(path).and_then(|mut file| read(&mut file));
    bytes.map_err(|error| refusal(path, error))
}

/// All of a stream.
///
/// # Errors
/// It fails, or there is not the memory for it.
#[cfg(feature = "parquet")]
pub fn read_whole(source: &mut dyn Read, is_own: bool) -> Result<Vec<u8>, Fault> {
    const LEAST: usize = 1 << 20;
    let mut bytes = Vec::new();
    loop {
        let more = bytes.len().max(LEAST);
        memory::more(&mut bytes, more).map_err(|short| Fault::memory(short, is_own))?;
        let got = source.take(more as u64).read_to_end(&mut bytes).map_err(ReadFault::from)?;
        if got < more {
            return Ok(bytes);
        }
    }
}

/// Whether the path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// The file as messages name it.
pub fn display_name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}
