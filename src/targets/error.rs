//! What goes wrong with a target.

use std::path::PathBuf;

use crate::system::PathError;

/// Why a target could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A call on a path failed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A name service did not answer.
    #[error("cannot ask the host's name services: {0}")]
    NameService(String),
    /// A file is not what it must be.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Our own words.
        reason: String,
    },
}
