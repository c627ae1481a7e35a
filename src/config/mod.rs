//! gosync.toml: from text to [`Settings`], the last place where a key can be unset.
//!
//! Several files are read as one, a later one overriding an earlier one key by key; whatever is
//! wrong is said with its file, line and column and with the path of its key. What a key is called,
//! its default and what is wrong with its value stand with the rules that it belongs to, which are
//! what is read here. Decides nothing about accounts, and opens neither secrets nor providers.

mod complaint;
mod error;
mod example;
mod follow;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod gosync;
mod merge;
mod metrics;
mod providers;
mod sections;
mod settings;
mod targets;

pub(crate) use complaint::likely;
pub(crate) use error::ConfigError;
pub use merge::Source;
pub(crate) use providers::ProviderSettings;
pub use settings::Settings;

#[cfg(test)]
mod tests;
