//! What goes wrong with a target.

use std::path::PathBuf;

use crate::system::PathError;

/// Why a target could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A call on a path failed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file is not what it must be.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Our own words.
        reason: String,
    },
}
