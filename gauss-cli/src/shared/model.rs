//! Model files as the program reads them.

use std::path::Path;

use gauss_model::Model;
use gauss_model::file::FormatError;

use crate::error::Error;
use crate::table::{self, ReadFault};

/// Why a file gives no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelFault {
    /// There are no bytes to be had.
    #[error(transparent)]
    Unreadable(#[from] ReadFault),
    /// The bytes are something else, such as the table.
    #[error("not a gauss model (the model comes first, then the table)")]
    Other,
    /// The bytes are no model, or not any more.
    #[error(transparent)]
    Format(FormatError),
}

impl From<FormatError> for ModelFault {
    fn from(fault: FormatError) -> Self {
        if fault == FormatError::Magic { ModelFault::Other } else { ModelFault::Format(fault) }
    }
}

/// Loads a model.
///
/// # Errors
/// The file is missing, damaged or of another kind; the message names it.
pub fn load(path: &Path) -> Result<Model, Error> {
    let load = || -> Result<Model, ModelFault> {
        let bytes = table::read_bytes(path, |reader| gauss_model::file::read_bytes(reader))?;
        Ok(Model::from_bytes(&bytes)?)
    };
    load().map_err(|fault| Error::of_file(table::display_name(path), fault))
}
