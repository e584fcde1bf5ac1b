//! Every way a command can fail, each one line for a person and one exit code for a script.
//!
//! What can go wrong in a room is known there, and says here no more than that it is a
//! [`Failure`]: so this file needs no other, and every room may return an [`Error`].

/// What a room of the program can find wrong; it displays as one line that names what is at fault.
pub trait Failure: std::error::Error + Send + Sync + 'static {
    /// 1 for data and files, 2 for the command line, 0 where the reader of our output left.
    fn exit_code(&self) -> u8 {
        1
    }
}

/// Why a command stopped.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line contradicts itself.
    #[error("{0}")]
    Usage(String),
    /// A library refuses what a file holds.
    #[error("{file}: {source}")]
    File { file: String, source: Box<dyn std::error::Error + Send + Sync> },
    /// A room of the program does.
    #[error("{0}")]
    Failed(Box<dyn Failure>),
    /// Everything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl<F: Failure> From<F> for Error {
    fn from(failure: F) -> Self {
        Error::Failed(Box::new(failure))
    }
}

impl Error {
    /// The refusal of a library, with the name of the file that holds what it refuses.
    pub fn of_file(
        file: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Error::File { file: file.into(), source: source.into() }
    }

    /// What a script is told, as [`Failure::exit_code`] has it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 2,
            Error::Failed(failure) => failure.exit_code(),
            Error::File { .. } | Error::Other(_) => 1,
        }
    }
}
