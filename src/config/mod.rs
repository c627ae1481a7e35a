//! gosync.toml: from text to [`Settings`], the last place where a key can be unset.
//!
//! Several files are read as one, a later one overriding an earlier one key by key; whatever is
//! wrong is said with its file, line and column and with the path of its key. Decides nothing about
//! accounts, and opens neither secrets nor providers.

mod hooks;
mod merge;
mod raw;
mod settings;

pub use merge::Source;
pub(crate) use settings::ProviderSettings;
pub use settings::Settings;

/// What is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ConfigError {
    /// `FILE:LINE:COLUMN: KEY` for the value of a key; `FILE:LINE:COLUMN` for a key that is not
    /// known, or no TOML; `KEY` for one that no file sets.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

#[cfg(test)]
mod tests;
