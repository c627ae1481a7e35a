//! Names that a run gave, taken back; and who is who in lists from before.

use std::collections::BTreeMap;

use super::{PastAccount, Touched, Work};
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup};
use crate::model::{GroupName, RemoteId, Untrusted, UserName};
use crate::plan::diff::owned_lines::group_line;
use crate::plan::diff::rename::{Renamed, Wish, rename, rename_group};
use crate::policy::Reason;

/// Whose a name is or was. Nobody inherits a name, so that each stands for one person.
pub(super) struct People<'a> {
    owned: &'a Owned,
    names: BTreeMap<&'a str, &'a RemoteId>,
    /// The names that this plan gives back.
    given: BTreeMap<RemoteId, UserName>,
}

impl<'a> People<'a> {
    pub(super) fn new(owned: &'a Owned) -> Self {
        let former = owned
            .former_accounts
            .iter()
            .map(|(name, id)| (name.as_str(), id));
        let names = former
            .chain(
                owned
                    .accounts
                    .iter()
                    .map(|(id, own)| (own.name.as_str(), id)),
            )
            .collect();
        Self {
            owned,
            names,
            given: BTreeMap::new(),
        }
    }

    /// The person who is or was called so.
    pub(super) fn id(&self, name: &str) -> Option<&'a RemoteId> {
        self.names.get(name).copied()
    }

    /// What the one who is or was called `name` is called when the plan is carried out.
    pub(super) fn called<'n>(&'n self, name: &'n str) -> &'n str {
        let Some(id) = self.id(name) else { return name };
        let own = self
            .owned
            .accounts
            .get(id)
            .map_or(name, |own| own.name.as_str());
        self.given.get(id).map_or(own, UserName::as_str)
    }
}

/// What the next sync does with a name, and what prevents it.
fn renames_again(name: &str) -> Reason {
    let name = Untrusted::new(name);
    Reason::RenamedAgain { name }
}

fn not_back(name: &str, why: Reason) -> Reason {
    let (name, why) = (Untrusted::new(name), why.boxed());
    Reason::NameNotBack { name, why }
}

impl<'a> Work<'a> {
    /// The run gave the account another name. If it cannot have the old one back, that is told, and it keeps this one.
    pub(super) fn rename_back(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedAccount,
        (before, after): (&PastAccount, &PastAccount),
        is_open: bool,
    ) -> Option<Renamed<'a>> {
        let renamed = match (
            UserName::new(&before.name, true),
            self.claims.other(EntryKind::Account, &before.name, id),
        ) {
            (Err(why), _) => Err(Reason::BadLedgerName { why }),
            (Ok(_), Some(by)) => {
                let kind = EntryKind::Account;
                Err(Reason::ThatNameTaken { kind, by })
            }
            (Ok(to), None) => {
                let wish = Wish {
                    id,
                    own,
                    to: &to,
                    is_open,
                    moves_home: before.home != after.home,
                };
                // Under neither name: what follows tells why.
                rename(&wish, self.against, &mut self.plan)?
            }
        };
        match renamed {
            Ok(renamed) => {
                self.people.given.insert(id.clone(), renamed.to.clone());
                self.plan
                    .remark(renamed.to.as_str(), renames_again(&own.name));
                Some(renamed)
            }
            Err(reason) => {
                self.refuse(touched, not_back(&before.name, reason));
                None
            }
        }
    }

    /// The same for a group. Returns the name that it has then.
    pub(super) fn rename_group_back(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        before: &str,
    ) -> Option<GroupName> {
        let (host, owned) = (self.against.host, self.owned());
        let renamed = match (
            GroupName::known(before),
            self.claims.other(EntryKind::Group, before, id),
        ) {
            (Err(why), _) => Err(Reason::BadLedgerName { why }),
            (Ok(_), Some(by)) => {
                let kind = EntryKind::Group;
                Err(Reason::ThatNameTaken { kind, by })
            }
            (Ok(to), None) => {
                let done = rename_group(id, &to, own, (host, owned), &mut self.plan);
                let lost = || Err(group_line(own, host).err().unwrap_or(Reason::NameUnusable));
                done.unwrap_or_else(lost).map(|()| to)
            }
        };
        match renamed {
            Ok(to) => {
                self.plan.remark(to.as_str(), renames_again(&own.name));
                Some(to)
            }
            Err(reason) => {
                self.refuse(touched, not_back(before, reason));
                None
            }
        }
    }
}
