//! The fields of an account that both the provider and people on the host may change.

use serde::{Deserialize, Serialize};

/// A field of an account that both the provider and people on the host may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// Full name and more.
    Gecos,
    /// Home directory.
    Home,
    /// Login shell.
    Shell,
    /// Whether the password is locked.
    Lock,
    /// The day the account expires.
    Expiry,
}

impl Field {
    /// The word for it in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Gecos => "gecos",
            Field::Home => "home",
            Field::Shell => "shell",
            Field::Lock => "lock",
            Field::Expiry => "expiry",
        }
    }
}
