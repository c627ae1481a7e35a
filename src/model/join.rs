//! What is known of people who are joined across providers: what each provider's record says, and whose account it belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Key, ProviderName, RemoteId, Uid};

/// What a provider's record of a person says of what joins, and of what another provider's account of the same person takes from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRecord {
    /// The value by which people are joined; `None`: it has none that can be used.
    pub value: Option<String>,
    /// Whether this provider lets the person in.
    pub active: bool,
    /// Full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Wished shell.
    pub shell: Option<String>,
    /// SSH public keys, one each.
    pub ssh_keys: Vec<String>,
    /// Attributes that somebody wants.
    pub attributes: BTreeMap<String, String>,
}

/// An account that stands on the host, of any provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAccount {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: Uid,
    /// Whether it is not locked.
    pub is_open: bool,
}

/// All that the ledger knows of it; nothing, where no people are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinState {
    /// What records said last.
    pub records: BTreeMap<ProviderName, BTreeMap<RemoteId, JoinRecord>>,
    /// Records that belong to the account of another provider's, and that account's key.
    pub joined: BTreeMap<Key, Key>,
    /// The accounts that stand on the host.
    pub accounts: BTreeMap<Key, JoinAccount>,
}

impl JoinState {
    /// What a record said last.
    pub fn record(&self, key: &Key) -> Option<&JoinRecord> {
        self.records.get(&key.provider)?.get(&key.id)
    }

    /// Whether two records that are there have not the same value.
    pub fn differ(&self, one: &Key, other: &Key) -> bool {
        let both = self.record(one).zip(self.record(other));
        both.is_some_and(|(one, other)| one.value.is_none() || one.value != other.value)
    }
}

/// What a read taught about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinNews {
    /// A record says this; `None`: it is not there any more.
    Record(RemoteId, Option<Box<JoinRecord>>),
    /// A record belongs to this account; `None`: to none any more.
    Joined(RemoteId, Option<Key>),
}
