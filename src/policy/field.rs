//! The fields of an account that both the provider and people on the host may change.

use serde::{Deserialize, Serialize};

use crate::model::AccountFields;

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

    /// The texts of an account, each with its name, in the order of passwd(5).
    pub(crate) fn each<T>(fields: AccountFields<T>) -> [(Self, T); 3] {
        let AccountFields { gecos, home, shell } = fields;
        [
            (Field::Gecos, gecos),
            (Field::Home, home),
            (Field::Shell, shell),
        ]
    }

    /// The one of this name; `None`: it stands in shadow(5).
    pub(crate) fn of<T>(self, fields: AccountFields<T>) -> Option<T> {
        let mut all = Self::each(fields).into_iter();
        all.find_map(|(field, text)| (field == self).then_some(text))
    }
}
