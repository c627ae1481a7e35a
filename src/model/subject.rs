//! Whom or what something is about: an account or a group, by kind, key and name.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::EntryKind;
use super::{GroupName, RemoteId, UserName};

/// The name of a provider's section in the configuration. Cheap to clone: it stands in the key of everybody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ProviderName(Arc<str>);

impl ProviderName {
    /// A name, which the configuration has checked.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProviderName {
    fn default() -> Self {
        Self::new("")
    }
}

impl From<String> for ProviderName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<ProviderName> for String {
    fn from(name: ProviderName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What identifies a person or a group for ever: the provider, and its immutable id there. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Whose id it is.
    pub provider: ProviderName,
    /// The id.
    pub id: RemoteId,
}

/// The name of an account or a group on this host.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum Name {
    /// Of an account.
    User(UserName),
    /// Of a group.
    Group(GroupName),
}

impl Name {
    /// The name as text; safe to print.
    pub fn as_str(&self) -> &str {
        match self {
            Name::User(name) => name.as_str(),
            Name::Group(name) => name.as_str(),
        }
    }
}

impl From<UserName> for Name {
    fn from(name: UserName) -> Self {
        Self::User(name)
    }
}

impl From<GroupName> for Name {
    fn from(name: GroupName) -> Self {
        Self::Group(name)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom or what something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// An account, a group, or the members of a group of the host's own.
    pub kind: EntryKind,
    /// What identifies it; a group of the host's own has no key.
    pub key: Option<Key>,
    /// Name on this host.
    pub name: Name,
}

impl Subject {
    /// The provider's id, if it has one.
    pub fn id(&self) -> Option<&RemoteId> {
        self.key.as_ref().map(|key| &key.id)
    }
}
