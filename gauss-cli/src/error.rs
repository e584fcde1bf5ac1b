//! Every way a command can fail, each one line for a person and one exit code for a script.

use crate::commands::compare::CompareFault;
use crate::kinds::KindsError;
use crate::model::ModelFault;
use crate::output::OutputError;
use crate::table::{TableError, Unwritable};

/// Why a command stopped.
#[expect(missing_docs, reason = "the fields of a variant are what its sentence says")]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A table cannot be used.
    #[error(transparent)]
    Table(Box<TableError>),
    /// A result cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A model file cannot be used.
    #[error("{file}: {source}")]
    Model { file: String, source: ModelFault },
    /// The model refused the rows.
    #[error("{file}: {source}")]
    Flow { file: String, source: gauss_model::Error },
    /// The fit failed.
    #[error("{file}: {source}")]
    Fit { file: String, source: gauss_model::Error },
    /// The columns are not what they are said to be.
    #[error(transparent)]
    Kinds(#[from] KindsError),
    /// Models that do not compare.
    #[error(transparent)]
    Compare(#[from] CompareFault),
    /// The command line contradicts itself.
    #[error("{0}")]
    Usage(String),
    /// Everything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        Error::Table(Box::new(error))
    }
}

impl Error {
    /// 2 for the command line, 1 for data and files, 0 where the reader of our output left.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Output(OutputError::ClosedPipe) => 0,
            Error::Usage(_)
            | Error::Kinds(KindsError::Contradiction { .. })
            | Error::Output(
                OutputError::IsInput { .. }
                | OutputError::Unsuitable {
                    source: Unwritable::Foreign { .. } | Unwritable::Packed { .. },
                    ..
                },
            ) => 2,
            _ => 1,
        }
    }
}
