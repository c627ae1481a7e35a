//! What derived targets are made of: accounts and groups of gosync's that stand on the host, and those that stood there.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::history::EntryKind;
use crate::model::host::{HostAccount, HostGroup};
use crate::model::shown;

/// Accounts and groups, each in the order of ids.
#[derive(Debug, Default)]
pub struct Roll<'h> {
    /// Those that stand as gosync made them.
    pub accounts: Vec<Account<'h>>,
    /// The same.
    pub groups: Vec<Group<'h>>,
    /// Groups that are one account's own, which no provider knows.
    pub private: Vec<(&'h str, HostGroup<'h>)>,
    /// Attributes that targets show, and that everybody of a provider is still to be asked for: the provider, and the name.
    pub unread: BTreeSet<(String, String)>,
    /// Those that gosync had and has no more.
    pub gone: Vec<Gone>,
    /// Those whose numbers the ledger keeps for them, and that were not made here.
    pub absent: Vec<Gone>,
}

/// An account or group that was removed, or given back to the host; or that stands elsewhere alone.
#[derive(Debug)]
pub struct Gone {
    /// Which of them.
    pub kind: EntryKind,
    /// The provider's id.
    pub id: String,
    /// Its last name.
    pub name: String,
    /// Its uid or gid.
    pub number: u32,
}

/// An account.
#[derive(Debug)]
pub struct Account<'h> {
    /// The section of its provider.
    pub provider: String,
    /// The provider's id.
    pub id: String,
    /// Its name here.
    pub name: &'h str,
    /// As it stands.
    pub on_host: HostAccount<'h>,
    /// Whether its person is let in.
    pub active: bool,
    /// Lines of authorized_keys, without comments.
    pub keys: Vec<String>,
    /// The attributes of the person that targets show, each a line.
    pub attributes: BTreeMap<String, String>,
}

/// A group.
#[derive(Debug)]
pub struct Group<'h> {
    /// The section of its provider.
    pub provider: String,
    /// The provider's id.
    pub id: String,
    /// Its name here.
    pub name: &'h str,
    /// As it stands.
    pub on_host: HostGroup<'h>,
}

impl Roll<'_> {
    /// Whether there are SSH keys.
    pub fn has_keys(&self) -> bool {
        self.accounts.iter().any(|account| !account.keys.is_empty())
    }

    /// The ids of accounts, by their names here.
    pub fn ids(&self) -> BTreeMap<&str, &str> {
        let accounts = self.accounts.iter();
        accounts.map(|it| (it.name, it.id.as_str())).collect()
    }

    /// Why it cannot be one document: one id of two providers would be one person elsewhere.
    pub fn twice(&self) -> Option<String> {
        let accounts: Vec<_> = self.accounts.iter().map(|it| (&it.id, it.name)).collect();
        let groups: Vec<_> = self.groups.iter().map(|it| (&it.id, it.name)).collect();
        let mut pairs = accounts.windows(2).chain(groups.windows(2));
        let (id, one, other) = pairs.find_map(|pair| match pair {
            [(id, one), (same, other)] if id == same => Some((id, one, other)),
            _ => None,
        })?;
        Some(format!(
            "`{}` and `{}` have the same id {} at two providers, and would be one elsewhere",
            shown(one),
            shown(other),
            shown(id)
        ))
    }
}
