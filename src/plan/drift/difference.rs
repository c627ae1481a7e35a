//! One difference between what gosync last applied and what is found on the host.

use serde::Serialize;

/// What differs, of one account or group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Account, group, group of the host's, or keys.
    pub kind: Kind,
    /// Name on this host.
    pub name: String,
    /// What it is that differs.
    pub what: &'static str,
    /// As gosync last applied it; empty where it is the whole entry.
    pub applied: String,
    /// As it is found.
    pub found: String,
    /// What the next run does about it.
    pub next: Next,
    /// Why, in our own words.
    pub why: String,
}

/// What it is that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An account of gosync's.
    Account,
    /// A group of gosync's.
    Group,
    /// A group of the host's with members from the provider.
    LocalGroup,
    /// The file with the SSH keys of an account.
    Keys,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Account => "account",
            Kind::Group => "group",
            Kind::LocalGroup => "local group",
            Kind::Keys => "keys",
        }
    }
}

/// What the next run does about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// Nothing.
    Keeps,
    /// Makes it what it was.
    Restores,
}

impl Next {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Next::Keeps => "stays",
            Next::Restores => "is undone",
        }
    }
}

/// A whole entry that is not as it was made.
pub(super) fn entry(kind: Kind, name: &str, found: &str, next: Next, why: &str) -> Difference {
    let (name, found, why) = (name.to_owned(), found.to_owned(), why.to_owned());
    Difference {
        kind,
        name,
        what: "",
        applied: String::new(),
        found,
        next,
        why,
    }
}
