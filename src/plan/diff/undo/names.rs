//! Names that a run gave, taken back; and who is who in lists from before.

use std::collections::BTreeMap;

use super::Work;
use super::entry::{One, Undoable, known_name};
use super::past::PastEntry as _;
use crate::model::owned::Owned;
use crate::model::{Name, RemoteId, Untrusted, UserName};
use crate::plan::diff::rename::{Renamed, Wish, rename};
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

impl Work<'_> {
    /// The run gave it another name. If it cannot have the old one back, that is told, and it keeps this one.
    pub(super) fn rename_back<E: Undoable>(
        &mut self,
        one: &One<'_, '_, E>,
        before: &E::Past,
        is_open: bool,
    ) -> Option<Renamed> {
        match self.renamed_back(one, before, is_open)? {
            Ok(renamed) => {
                if let Name::User(name) = &renamed.to {
                    self.people.given.insert(one.id.clone(), name.clone());
                }
                let told = renames_again(one.own.name());
                self.plan.remark(renamed.to.as_str(), told);
                Some(renamed)
            }
            Err(reason) => {
                self.refuse(one.touched, not_back(before.name(), reason));
                None
            }
        }
    }

    /// `None`: it stands under neither name, and what follows tells why.
    fn renamed_back<E: Undoable>(
        &mut self,
        one: &One<'_, '_, E>,
        before: &E::Past,
        is_open: bool,
    ) -> Option<Result<Renamed, Reason>> {
        let to = match known_name::<E>(before.name()) {
            Ok(to) => to,
            Err(reason) => return Some(Err(reason)),
        };
        let kind = E::KIND;
        if let Some(by) = self.claims.other(kind, before.name(), one.id) {
            return Some(Err(Reason::ThatNameTaken { kind, by }));
        }
        let wish = Wish {
            id: one.id,
            own: one.own,
            to: &to,
            is_open,
            moves_home: E::moves_home(before, &one.after),
        };
        let renamed = rename(&wish, self.against, &mut self.plan);
        renamed.or_else(|| E::unrenamed(one.own, self.against.host).map(Err))
    }
}
