//! What goes wrong with the databases.

use std::path::PathBuf;

use crate::ledger::LedgerError;
use crate::system::PathError;

/// Why the host could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A call on a path failed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A name service did not answer.
    #[error("cannot ask the host's name services: {0}")]
    NameService(String),
    /// A database is not what it must be.
    #[error("{}: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Our own words.
        reason: String,
    },
}
