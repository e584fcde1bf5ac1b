//! Where results go: the one writer of files. A file appears whole or not at all: it is written
//! beside its final place and renamed, so an error or an interrupt leaves nothing behind and an
//! existing file untouched.
//!
//! A destination is checked before the work whose result it takes, because a long fit must not
//! end at a misspelt directory.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::leftover;
use super::{Out, Unwritable};
use crate::error::Failure;
use crate::terminal::interrupt::Unfinished;
use crate::terminal::{StdoutError, to_stdout};

/// A file that cannot be written, in one line.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The directory is not there.
    #[error("{file}: cannot be written: there is no directory {directory}")]
    NoDirectory { file: String, directory: String },
    /// The path is a directory.
    #[error("{file}: cannot be written: it is a directory")]
    IsDirectory { file: String },
    /// The path, which should be a directory's, is something else's.
    #[error("{file}: is not a directory; choose another --out")]
    NotDirectory { file: String },
    /// The directory is not there and cannot be made.
    #[error("{file}: the directory cannot be made: {source}")]
    Unmade { file: String, source: io::Error },
    /// The file there is read-only.
    #[error("{file}: cannot be written: the existing file is read-only")]
    ReadOnly { file: String },
    /// The output would replace what the command reads.
    #[error("{file}: is read by this command; choose another --out")]
    IsInput { file: String },
    /// The operating system refused.
    #[error("{file}: cannot be written: {source}")]
    Refused { file: String, source: io::Error },
    /// The format cannot hold the result.
    #[error("{file}: {source}")]
    Unsuitable { file: String, source: Unwritable },
    /// Standard output cannot be written.
    #[error(transparent)]
    Stdout(#[from] StdoutError),
}

impl Failure for OutputError {
    fn exit_code(&self) -> u8 {
        match self {
            OutputError::IsInput { .. }
            | OutputError::Unsuitable {
                source: Unwritable::Foreign { .. } | Unwritable::Packed { .. },
                ..
            } => 2,
            OutputError::Stdout(error) => error.exit_code(),
            _ => 1,
        }
    }
}

/// A checked place for a result.
#[derive(Debug)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A regular file, existing or not; the path has its symbolic links resolved.
    File(PathBuf),
    /// A device or a named pipe, which can only be written in place.
    Device(PathBuf),
}

impl Destination {
    /// Standard output for `None` and for `-`, otherwise [`Destination::file`].
    ///
    /// # Errors
    /// Those of [`Destination::file`].
    pub fn new(path: Option<&Path>, inputs: &[&Path]) -> Result<Destination, OutputError> {
        match path {
            None => Ok(Destination::Stdout),
            Some(path) if path == Path::new("-") => Ok(Destination::Stdout),
            Some(path) => Destination::file(path, inputs),
        }
    }

    /// Checks that a file can be put at `path` and is none of `inputs`. Creates nothing.
    ///
    /// # Errors
    /// Why no file can be put there.
    pub fn file(path: &Path, inputs: &[&Path]) -> Result<Destination, OutputError> {
        let file = path.display().to_string();
        let target = fs::canonicalize(path).unwrap_or_else(|_| end_of_link(path));
        match fs::metadata(&target) {
            Ok(found) if found.is_dir() => return Err(OutputError::IsDirectory { file }),
            Ok(found) if !found.is_file() => return Ok(Destination::Device(target)),
            Ok(found) if found.permissions().readonly() => {
                return Err(OutputError::ReadOnly { file });
            }
            _ => {}
        }
        if inputs.iter().any(|input| fs::canonicalize(input).is_ok_and(|input| input == target)) {
            return Err(OutputError::IsInput { file });
        }
        let directory = directory_of(&target);
        if !directory.is_dir() {
            let directory = directory.display().to_string();
            return Err(OutputError::NoDirectory { file, directory });
        }
        leftover::sweep(directory);
        // The only sure test of a directory is to put something into it; it is gone on drop.
        match Unfinished::new(|| temporary(&target)).map_err(plain) {
            Ok(_) => Ok(Destination::File(target)),
            Err(source) => Err(OutputError::Refused { file, source }),
        }
    }

    /// Lets `fill` write the result; a file takes its place only after all of it is on disk.
    ///
    /// # Errors
    /// The first failure to write. Nothing is left behind.
    pub fn write(&self, fill: impl FnOnce(Out<'_>) -> io::Result<()>) -> Result<(), OutputError> {
        let (result, path) = match self {
            Destination::Stdout => return Ok(to_stdout(fill)?),
            Destination::Device(path) => (to_device(path, fill), path),
            Destination::File(path) => (to_file(path, fill), path),
        };
        result.map_err(|source| OutputError::Refused { file: path.display().to_string(), source })
    }

    /// The place as messages name it.
    pub fn name(&self) -> String {
        match self {
            Destination::Stdout => "standard output".to_owned(),
            Destination::File(path) | Destination::Device(path) => path.display().to_string(),
        }
    }

    /// Whether the result goes to standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self, Destination::Stdout)
    }
}

/// A checked directory for several results, there or not.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    /// Checks that files of these names can be put into the directory at `path`, or that it can be
    /// made, and that none of them is one of `inputs`. Creates nothing.
    ///
    /// # Errors
    /// Why they cannot be put there.
    pub fn new(
        path: &Path,
        names: impl IntoIterator<Item = String>,
        inputs: &[&Path],
    ) -> Result<Directory, OutputError> {
        let shown = || path.display().to_string();
        if path.is_dir() {
            for name in names {
                Destination::file(&path.join(name), inputs)?;
            }
        } else if path.exists() {
            return Err(OutputError::NotDirectory { file: shown() });
        } else {
            // What can take a file can take a directory.
            Destination::file(&bare(path), inputs)?;
        }
        Ok(Directory(path.to_owned()))
    }

    /// The directory at `path`, which is made where it is not there, and those above it too.
    ///
    /// # Errors
    /// [`OutputError::Unmade`].
    pub fn made(path: &Path) -> Result<Directory, OutputError> {
        let file = || path.display().to_string();
        fs::create_dir_all(path).map_err(|source| OutputError::Unmade { file: file(), source })?;
        Ok(Directory(path.to_owned()))
    }

    /// Makes the directory where it is not there.
    ///
    /// # Errors
    /// The operating system's refusal.
    pub fn create(&self) -> Result<(), OutputError> {
        if self.0.is_dir() {
            return Ok(());
        }
        let file = self.0.display().to_string();
        fs::create_dir(&self.0).map_err(|source| OutputError::Refused { file, source })
    }

    /// Writes one of the results, whole or not at all.
    ///
    /// # Errors
    /// As [`Destination::file`] and [`Destination::write`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        self.fill(name, |writer| writer.write_all(bytes))
    }

    /// The same of a result that `fill` writes.
    ///
    /// # Errors
    /// As [`Destination::file`] and [`Destination::write`].
    pub fn fill(
        &self,
        name: &str,
        fill: impl FnOnce(Out<'_>) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        Destination::file(&self.0.join(name), &[])?.write(fill)
    }
}

/// The path without a separator at its end, behind which `parent` would find nothing to cut.
fn bare(path: &Path) -> PathBuf {
    path.components().collect()
}

fn to_device(path: &Path, fill: impl FnOnce(Out<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(fs::OpenOptions::new().write(true).open(path)?);
    fill(&mut writer)?;
    writer.flush()
}

fn to_file(path: &Path, fill: impl FnOnce(Out<'_>) -> io::Result<()>) -> io::Result<()> {
    let (file, unfinished) = Unfinished::new(|| temporary(path)).map_err(plain)?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    fill(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    unfinished.persist(path)
}

/// The reason alone: tempfile's own words name the temporary file, which nobody asked for.
fn plain(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => error,
        kind => io::Error::from(kind),
    }
}

/// A new file beside `path`, removed on drop, with the permissions that `path` has or would get.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(leftover::PREFIX).suffix(leftover::SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        const NEW_FILE: u32 = 0o666; // less the umask
        let present = fs::metadata(path).map(|found| found.permissions());
        builder.permissions(present.unwrap_or_else(|_| fs::Permissions::from_mode(NEW_FILE)));
    }
    let file = builder.tempfile_in(directory_of(path))?;
    leftover::claim(file.as_file());
    Ok(file)
}

/// Where a symbolic link leads that leads to nothing yet; the path itself if it is none.
fn end_of_link(path: &Path) -> PathBuf {
    let beside = path.parent().unwrap_or(path);
    fs::read_link(path).map_or_else(|_| path.to_owned(), |link| beside.join(link))
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::interrupt::unfinished;

    #[test]
    fn what_is_being_written_is_removed_by_an_interrupt() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = Directory::made(&place.path().join("new/figures")).expect("made");
        let own = |path: &PathBuf| path.starts_with(&directory.0);
        directory
            .fill("a.svg", |writer| {
                writer.write_all(b"half")?;
                let unfinished: Vec<PathBuf> = unfinished().into_iter().filter(own).collect();
                assert_eq!(unfinished.len(), 1, "{unfinished:?}");
                assert!(unfinished[0].exists() && !directory.0.join("a.svg").exists());
                writer.write_all(b" and half")
            })
            .expect("written");
        assert!(!unfinished().iter().any(own));
        let names = fs::read_dir(&directory.0).expect("it is there");
        let names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(names, ["a.svg"]);
        assert_eq!(fs::read(directory.0.join("a.svg")).expect("text"), b"half and half");
    }
}
