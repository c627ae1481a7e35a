//! Whose a name is, or was, by the ledger. Nobody inherits one: a file, a mail or a right that still goes by a name must
//! not come to another person with it.
//!
//! Knows accounts and groups of the provider of this run; names of other providers are asked for by whoever sees the
//! host, too. Pure.

use std::cell::OnceCell;

use super::Reason;
use crate::model::history::EntryKind;
use crate::model::owned::Owned;
use crate::model::{Lookup, RemoteId};

type Names<'a> = Lookup<&'a str, &'a RemoteId>;

/// Names of gosync's accounts and groups; each kind is gone through once, and only if it is asked about.
#[derive(Debug)]
pub(crate) struct Holders<'a> {
    owned: &'a Owned,
    accounts: OnceCell<Names<'a>>,
    groups: OnceCell<Names<'a>>,
}

/// How a name is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held<'a> {
    /// It has the name, or had it last.
    Has(&'a RemoteId),
    /// It had the name before it was renamed.
    Had(&'a RemoteId),
}

impl<'a> Holders<'a> {
    /// Those of a ledger.
    pub(crate) fn of(owned: &'a Owned) -> Self {
        let (accounts, groups) = (OnceCell::new(), OnceCell::new());
        Self {
            owned,
            accounts,
            groups,
        }
    }

    /// How a name is that of another account, or group, than `id`.
    pub(crate) fn other(&self, kind: EntryKind, name: &str, id: &RemoteId) -> Option<Held<'a>> {
        let (now, former) = match kind {
            EntryKind::Account => (self.accounts(), &self.owned.former_accounts),
            EntryKind::Group | EntryKind::LocalGroup => (self.groups(), &self.owned.former_groups),
        };
        let has = now.get(name).copied().filter(|other| *other != id);
        let had = || former.get(name).filter(|other| *other != id);
        has.map(Held::Has).or_else(|| had().map(Held::Had))
    }

    fn accounts(&self) -> &Names<'a> {
        self.accounts.get_or_init(|| {
            let rows = self.owned.accounts.iter();
            rows.map(|(id, own)| (own.name.as_str(), id)).collect()
        })
    }

    fn groups(&self) -> &Names<'a> {
        self.groups.get_or_init(|| {
            let rows = self.owned.groups.iter();
            rows.map(|(id, own)| (own.name.as_str(), id)).collect()
        })
    }
}

impl Held<'_> {
    /// Whose it is.
    pub(crate) fn by(self) -> RemoteId {
        match self {
            Held::Has(by) | Held::Had(by) => by.clone(),
        }
    }

    /// Why another cannot have it.
    pub(crate) fn refusal(self, kind: EntryKind, name: &str) -> Reason {
        let (name, by) = (name.to_owned(), self.by());
        match self {
            Held::Has(_) => Reason::NameTaken { kind, name, by },
            Held::Had(_) => Reason::NameNotInherited { kind, name, by },
        }
    }
}
