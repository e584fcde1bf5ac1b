//! The model file.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `GAUSSFLO` |
//! | 2 | format version, 3 |
//! | 2 | flags, 0 |
//! | 8 | length of the payload |
//! | 4 | CRC-32 of the payload |
//! | 4 | CRC-32 of the 24 bytes before |
//! | … | payload |
//!
//! All integers are little-endian. The payload is the serde encoding by bincode 2.0.1 with
//! fixed-width integers: a `u64` length before every sequence and string, a `u32` before every
//! enum variant, its position in the source, one byte before every option, `usize` as `u64`, and
//! the fields of a structure in the order of its source, with nothing between them:
//!
//! | payload | type |
//! |---|---|
//! | dimension d | `u64` |
//! | layers, in data order | sequence of [`LayerSpec`](gauss_flow::LayerSpec) |
//! | parameters | sequence of `f64` |
//! | columns, d of them | sequence of [`Column`](crate::Column): name, kind, fill |
//! | provenance | [`Provenance`](crate::Provenance) |
//!
//! Nothing derived is stored, and nothing that depends on the clock; loading goes through
//! [`Flow::from_parts`](gauss_flow::Flow::from_parts) and [`Model::new`]. A checksum finds damage,
//! not malice. Of malice:
//!
//! - a payload has at most 2³⁰ bytes, and no more than that is read of a file;
//! - no length that a file claims is believed before its bytes are there, but that of a string up to
//!   sixteen times (of 16 MiB or more, 64 times) the payload's;
//! - what the layers derive without a parameter each, the d × d matrix of a rotation without base
//!   and the r × r one of r reflections, has at most 256 numbers per parameter of the model, or
//!   65,536 in all where that is more;
//! - a model's draws are finite: at latents up to a length of 8, and at sixteen draws.
//!
//! Versions 1 and 2 are read, too, and always will be. They had, in place of the provenance,
//! metadata: rows, seed, a recipe in words, the program, the training with the seconds of each
//! epoch, and notes. Version 1 had in place of the columns their names, before the metadata: all
//! are real. What they noted in words stays words: [`Provenance::notes`](crate::Provenance::notes).

mod payload;

use crate::error::Error;
use crate::model::Model;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error as ThisError;

const MAGIC: [u8; 8] = *b"GAUSSFLO";
const VERSION: u16 = 3;
const HEADER: usize = 28;
/// No model has a larger payload; a decoder never allocates more.
const MAX_PAYLOAD: usize = 1 << 30;

/// Why a model file cannot be read or written.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum FileError {
    /// The system's refusal.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The bytes are no model.
    #[error("{}: {source}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
}

/// Why bytes are no model.
#[derive(Clone, Debug, PartialEq, ThisError)]
#[non_exhaustive]
pub enum FormatError {
    /// It does not begin as a model does.
    #[error("not a gauss model")]
    Magic,
    /// It ends too soon.
    #[error("truncated: {got} bytes of {expected}")]
    Truncated {
        /// Bytes that should be there.
        expected: u64,
        /// Bytes that are.
        got: u64,
    },
    /// It goes on after its end.
    #[error("{extra} bytes too many")]
    Trailing {
        /// How many.
        extra: u64,
    },
    /// Some bit is wrong.
    #[error("damaged: the {part}'s checksum does not match")]
    Checksum {
        /// Header or payload.
        part: &'static str,
    },
    /// Another version of the format.
    #[error("format version {got}; this program reads versions 1 to {VERSION}")]
    Version {
        /// The file's.
        got: u16,
    },
    /// A payload larger than any model's.
    #[error("a payload of {got} bytes; the largest allowed is {MAX_PAYLOAD}")]
    TooLarge {
        /// The file's.
        got: u64,
    },
    /// The payload does not decode.
    #[error("undecodable: {reason}")]
    Payload {
        /// The decoder's words.
        reason: String,
    },
    /// The layers claim matrices that the file's parameters do not pay for.
    #[error("its rotations claim {claimed} numbers; {params} parameters allow {most}")]
    Unpaid {
        /// Numbers of the matrices, saturating.
        claimed: usize,
        /// The file's parameters.
        params: usize,
        /// The most that these allow.
        most: usize,
    },
    /// It decodes, to something that is no flow.
    #[error("invalid: {0}")]
    Invalid(#[from] Error),
}

/// The bytes for [`Model::from_bytes`]: no more than the largest payload and one that is too many;
/// and of what does not begin as a model, such as a device without end, only a header's length.
///
/// # Errors
/// Those of the reader.
pub fn read_bytes(mut reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
    if bytes.starts_with(&MAGIC) {
        reader.take(MAX_PAYLOAD as u64 + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the header's length is checked")
}

impl Model {
    /// The bytes of the model file.
    ///
    /// # Errors
    /// [`FormatError::TooLarge`] for a payload above a gibibyte.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        let payload = payload::encode(self)?;
        let mut bytes = Vec::with_capacity(HEADER + payload.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(0_u16.to_le_bytes());
        bytes.extend((payload.len() as u64).to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes.extend(payload);
        Ok(bytes)
    }

    /// The model in these bytes, all of them.
    ///
    /// # Errors
    /// Whatever is wrong with them; no byte may differ from what was written.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        // Also of a file that ends within the magic: then it is a truncated model.
        let begins = bytes.len().min(MAGIC.len());
        if bytes[..begins] != MAGIC[..begins] {
            return Err(FormatError::Magic);
        }
        if bytes.len() < HEADER {
            let (expected, got) = (HEADER as u64, bytes.len() as u64);
            return Err(FormatError::Truncated { expected, got });
        }
        if crc32fast::hash(&bytes[..24]) != u32::from_le_bytes(array(bytes, 24)) {
            return Err(FormatError::Checksum { part: "header" });
        }
        let version = u16::from_le_bytes(array(bytes, 8));
        if !(1..=VERSION).contains(&version) {
            return Err(FormatError::Version { got: version });
        }
        let len = u64::from_le_bytes(array(bytes, 12));
        if len > MAX_PAYLOAD as u64 {
            return Err(FormatError::TooLarge { got: len });
        }
        let (expected, got) = (HEADER as u64 + len, bytes.len() as u64);
        if got < expected {
            return Err(FormatError::Truncated { expected, got });
        }
        if got > expected {
            return Err(FormatError::Trailing { extra: got - expected });
        }
        let payload = &bytes[HEADER..];
        if crc32fast::hash(payload) != u32::from_le_bytes(array(bytes, 20)) {
            return Err(FormatError::Checksum { part: "payload" });
        }
        payload::decode(version, payload)
    }

    /// Writes the model to `path`: to a temporary file beside it, synced, then renamed, so that
    /// the old file or the new one is there, never half of one.
    ///
    /// # Errors
    /// [`FileError`] with the path; the old file is then untouched.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let format = |source| FileError::Format { path: path.to_owned(), source };
        let bytes = self.to_bytes().map_err(format)?;
        let write = || -> std::io::Result<()> {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            let mut options = tempfile::Builder::new();
            // As any new file: what the process's mask allows, not the 0600 of temporary ones.
            #[cfg(unix)]
            options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = options.tempfile_in(folder.unwrap_or(Path::new(".")))?;
            file.write_all(&bytes)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        write().map_err(|source| FileError::Io { path: path.to_owned(), source })
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`FileError`] with the path.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let bytes = std::fs::File::open(path)
            .and_then(read_bytes)
            .map_err(|source| FileError::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
            .map_err(|source| FileError::Format { path: path.to_owned(), source })
    }
}
