//! A change of a host: a deed, and to whom it is done.

use super::deed::Deed;
use crate::model::history::EntryKind;
use crate::model::{GroupName, Key, Name, RemoteId, Subject, UserName};

/// One change. What it means is said by [`effects`](super::effects()) alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// To whom or what it is done.
    pub of: Subject,
    /// What is done.
    pub deed: Deed,
}

impl Change {
    /// A change of an account.
    pub fn account(key: Key, name: UserName, deed: Deed) -> Self {
        Self::new(EntryKind::Account, Some(key), name.into(), deed)
    }

    /// A change of a group of gosync's.
    pub fn group(key: Key, name: GroupName, deed: Deed) -> Self {
        Self::new(EntryKind::Group, Some(key), name.into(), deed)
    }

    /// A change of an account or a group of gosync's.
    pub(in crate::plan) fn of(kind: EntryKind, key: Key, name: Name, deed: Deed) -> Self {
        Self::new(kind, Some(key), name, deed)
    }

    /// A change of the members of a group of the host's own.
    pub fn local_group(name: GroupName, deed: Deed) -> Self {
        Self::new(EntryKind::LocalGroup, None, name.into(), deed)
    }

    fn new(kind: EntryKind, key: Option<Key>, name: Name, deed: Deed) -> Self {
        let of = Subject { kind, key, name };
        Self { of, deed }
    }

    /// Name on this host, after the change.
    pub fn name(&self) -> &str {
        self.of.name.as_str()
    }

    /// The provider's id; a group of the host's own has none.
    pub fn id(&self) -> Option<&RemoteId> {
        self.of.id()
    }

    /// The provider's id of the account that it is about, if it is about one.
    pub fn account_id(&self) -> Option<&RemoteId> {
        self.id().filter(|_| self.of.kind == EntryKind::Account)
    }
}
