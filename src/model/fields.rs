//! What an account is besides its name and its numbers: the three texts of a line of passwd(5) that gosync merges three
//! ways. They stand in this type wherever they are: wanted, found, last applied, to be made, and as they were.
//!
//! Plain data: whether a text may stand in a line is checked where it comes from outside (`policy::map` makes them from
//! what a provider says) and once more where a line is made (`formats`). `policy::Field` names them one by one.

use serde::{Deserialize, Serialize};

/// The fields of an account: its own, or, as `AccountFields<&str>`, those of somebody else's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFields<T = String> {
    /// Full name and more.
    pub gecos: T,
    /// Home directory.
    pub home: T,
    /// Login shell.
    pub shell: T,
}

impl AccountFields {
    /// The same, without copying them.
    pub fn borrowed(&self) -> AccountFields<&str> {
        AccountFields {
            gecos: &self.gecos,
            home: &self.home,
            shell: &self.shell,
        }
    }

    /// The same, to be changed.
    pub fn borrowed_mut(&mut self) -> AccountFields<&mut String> {
        AccountFields {
            gecos: &mut self.gecos,
            home: &mut self.home,
            shell: &mut self.shell,
        }
    }
}

impl AccountFields<&str> {
    /// A copy.
    pub fn to_owned(self) -> AccountFields {
        AccountFields {
            gecos: self.gecos.to_owned(),
            home: self.home.to_owned(),
            shell: self.shell.to_owned(),
        }
    }
}
