//! Failed calls on paths, with what was tried.

use std::io;
use std::path::{Path, PathBuf};

/// A call on a path that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct PathError {
    /// What was tried, such as `read`.
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// Adds what was tried, and on what, to an error.
pub(crate) trait Context<T> {
    /// Names the action and the path.
    ///
    /// # Errors
    /// The same error, with its context.
    fn on(self, action: &'static str, path: &Path) -> Result<T, PathError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn on(self, action: &'static str, path: &Path) -> Result<T, PathError> {
        self.map_err(|source| PathError {
            action,
            path: path.to_owned(),
            source: source.into(),
        })
    }
}
