//! What is wrong with a configuration.

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConfigError {
    /// `FILE:LINE:COLUMN: KEY` for the value of a key; `FILE:LINE:COLUMN` for a key that is missing or not
    /// known (the reason begins with its section), or no TOML; `KEY` for one that no file sets.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}
