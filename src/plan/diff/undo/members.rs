//! What a run did to lists of members, undone: who goes and who comes back.

use std::collections::BTreeSet;

use super::Work;
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, State};
use crate::model::{Members, Untrusted, UserName};
use crate::plan::diff::owned_lines::account_line;
use crate::plan::effects::Presence;
use crate::plan::{Change, Plan, effects};
use crate::policy::Reason;

/// A list of members that is to be as it was. Everybody under the name that they have when the plan is carried out.
pub(super) struct Turn {
    /// Who is in it by the ledger.
    pub now: BTreeSet<String>,
    /// Of these, whom the run put in.
    pub gone: BTreeSet<String>,
    /// Whom the run took out, and who is not in it again.
    pub back: BTreeSet<String>,
}

impl Turn {
    /// Whether all is as it was.
    pub(super) fn is_none(&self) -> bool {
        self.gone.is_empty() && self.back.is_empty()
    }
}

impl Work<'_> {
    /// What became of a list by the run, against what it is now.
    pub(super) fn turn(&self, before: &Members, after: &Members, now: &Members) -> Turn {
        let [before, after, now] = [before, after, now].map(|list| self.all_called(list.names()));
        let gone = after
            .difference(&before)
            .filter(|name| now.contains(*name))
            .cloned()
            .collect();
        let back = before
            .difference(&after)
            .filter(|name| !now.contains(*name))
            .cloned()
            .collect();
        Turn { now, gone, back }
    }

    /// A list with everybody's names when the plan is carried out.
    pub(super) fn all_called<'n>(&self, names: impl Iterator<Item = &'n str>) -> BTreeSet<String> {
        names
            .map(|name| self.people.called(name).to_owned())
            .collect()
    }

    /// Who of these can be a member again; of the others that is told.
    pub(super) fn who_can(&mut self, group: &str, names: BTreeSet<String>) -> Vec<UserName> {
        let mut out = Vec::new();
        for name in names {
            match self.can_be_member(&name) {
                Some(name) => out.push(name),
                None => {
                    let name = Untrusted::new(name);
                    self.plan.remark(group, Reason::NoOpenAccount { name });
                }
            }
        }
        out
    }

    /// Members are people who have an open account of gosync's, now or by this plan.
    fn can_be_member(&self, name: &str) -> Option<UserName> {
        let id = self.people.id(name);
        let own = id.and_then(|id| self.owned().accounts.get(id));
        let is_open = own.is_some_and(|own| {
            own.state == State::Active && account_line(own, self.against.host).is_ok()
        });
        let comes = self
            .fresh
            .iter()
            .any(|(account, ..)| account.name.as_str() == name);
        let opens = self
            .plan
            .changes
            .iter()
            .any(|change| change.name() == name && effects(change).presence == Presence::Opens);
        (is_open || comes || opens)
            .then(|| UserName::new(name, true).ok())
            .flatten()
    }
}

/// Those of the names that accounts can have.
pub(super) fn users<'n>(names: impl Iterator<Item = &'n String>) -> impl Iterator<Item = UserName> {
    names.filter_map(|name| UserName::new(name, true).ok())
}

/// Takes those out of member lists whose accounts could not be made after all.
pub(super) fn drop_lost(plan: &mut Plan, created: &[Change], owned: &Owned) {
    let comes = created
        .iter()
        .chain(&plan.changes)
        .filter(|change| change.of.kind == EntryKind::Account)
        .filter_map(|change| effects(change).gives.name.map(ToString::to_string));
    let there = owned
        .accounts
        .values()
        .filter(|own| own.state.is_present())
        .map(|own| own.name.clone());
    let there: BTreeSet<String> = there.chain(comes).collect();
    let is_there = |name: &UserName| there.contains(name.as_str());
    for change in &mut plan.changes {
        change.deed.retain_members(is_there);
    }
}
