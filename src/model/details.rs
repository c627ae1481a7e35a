//! What is wanted of people besides what every account is made of: what nobody wants need not be asked for.

use std::collections::BTreeSet;

/// What is wanted of people besides what every account is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// E-mail addresses.
    pub email: bool,
    /// SSH keys.
    pub keys: bool,
    /// Primary groups.
    pub gid: bool,
    /// When somebody was changed last.
    pub updated: bool,
    /// Further attributes.
    pub attributes: WantedAttributes,
}

impl Details {
    /// Everything.
    pub const ALL: Self = Self {
        email: true,
        keys: true,
        gid: true,
        updated: true,
        attributes: WantedAttributes::All,
    };
}

/// Which further attributes are wanted, by the names that the configuration has for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedAttributes {
    /// All that the provider's section knows.
    All,
    /// Only these.
    These(BTreeSet<String>),
}

impl WantedAttributes {
    /// Whether this one is wanted.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(name),
        }
    }

    /// Those that are wanted by name.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let names = match self {
            Self::All => None,
            Self::These(names) => Some(names),
        };
        names.into_iter().flatten().map(String::as_str)
    }
}

impl Default for WantedAttributes {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}
