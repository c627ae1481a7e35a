//! The shells of locked accounts, where `lock_shell` gives them one that passwd shows to whoever has no shadow.
//!
//! Comes after the plan for accounts and adds to it: whoever is locked gets that shell, keeps it as long as they are, and
//! gets back the one that stood before when they are opened, or when the setting is gone.

use std::collections::BTreeMap;

use super::owned_lines::account_line_as;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Name, RemoteId, UserName};
use crate::plan::effects::{Part, Presence, effects};
use crate::plan::{Change, Deed, FieldChange, LockShell, Plan};
use crate::policy::{Field, Reason};

/// What the shells are compared with.
pub(crate) struct ShellView<'a> {
    /// The databases.
    pub host: &'a Host<'a>,
    /// What gosync owns.
    pub owned: &'a Owned,
    /// The shell of locked accounts; `None`: they keep their own.
    pub lock_shell: Option<&'a str>,
    /// Whether accounts are looked at, too, that the plan neither locks nor opens.
    pub all: bool,
}

/// What the plan does with an account.
#[derive(Clone, Copy, Default)]
struct Turn<'a> {
    /// Whether it is locked by it; `None`: it stays as it is.
    locks: Option<bool>,
    /// Whether it goes.
    goes: bool,
    renamed: Option<&'a Name>,
}

/// Adds what becomes of shells.
pub(crate) fn lock_shells(plan: &mut Plan, view: &ShellView<'_>) {
    let has_shells = || view.owned.locks.values().any(|lock| lock.shell.is_some());
    if view.lock_shell.is_none() && !has_shells() {
        return;
    }
    let turns = turns(&plan.changes);
    let mut others = 0;
    let (mut closing, mut opening, mut remarks) = (Vec::new(), BTreeMap::new(), Vec::new());
    let accounts = view.owned.accounts.iter();
    for (id, own) in accounts.filter(|(_, own)| own.state.is_present()) {
        let turn = turns.get(id).copied().unwrap_or_default();
        let is_locked = match turn.locks {
            _ if turn.goes => continue,
            Some(locks) => locks,
            None if !view.all => continue,
            None => own.state == State::Locked,
        };
        let Some(change) = view.shell(id, own, is_locked, turn.renamed) else {
            continue;
        };
        if turn.locks.is_none() {
            others += 1;
        }
        if effects(&change).part == Part::Opening {
            opening.insert(id.clone(), change);
            continue;
        }
        if view.owned.shell_before(id).is_some() {
            remarks.push(change.of.name.clone());
        }
        closing.push(change);
    }
    for name in remarks {
        plan.remark(name.as_str(), Reason::LockShellBack);
    }
    plan.unchanged = plan.unchanged.saturating_sub(others);
    put_back(plan, opening);
    plan.changes.append(&mut closing);
}

/// What a plan does with accounts.
fn turns(changes: &[Change]) -> BTreeMap<RemoteId, Turn<'_>> {
    let mut turns: BTreeMap<RemoteId, Turn<'_>> = BTreeMap::new();
    for change in changes {
        let (effects, Some(id)) = (effects(change), change.account_id()) else {
            continue;
        };
        let (renamed, presence) = (effects.lines.rename().is_some(), effects.presence);
        if !renamed && presence == Presence::Stays {
            continue;
        }
        let turn = turns.entry(id.clone()).or_default();
        match presence {
            Presence::Closes => turn.locks = Some(true),
            Presence::Opens => turn.locks = Some(false),
            Presence::Goes { .. } | Presence::Left | Presence::Comes => turn.goes = true,
            Presence::Stays => {}
        }
        if renamed {
            turn.renamed = Some(&change.of.name);
        }
    }
    turns
}

/// A shell is put back before fields are set: what the provider wants comes after it.
fn put_back(plan: &mut Plan, mut opening: BTreeMap<RemoteId, Change>) {
    if opening.is_empty() {
        return;
    }
    let mut changes = Vec::with_capacity(plan.changes.len() + opening.len());
    for change in std::mem::take(&mut plan.changes) {
        let is_rename = effects(&change).lines.rename().is_some();
        let back = change.account_id().filter(|_| !is_rename);
        changes.extend(back.and_then(|id| opening.remove(id)));
        changes.push(change);
    }
    changes.extend(opening.into_values());
    plan.changes = changes;
}

impl ShellView<'_> {
    /// The change of one shell, if it is not as it should be.
    fn shell(
        &self,
        id: &RemoteId,
        own: &OwnedAccount,
        is_locked: bool,
        renamed: Option<&Name>,
    ) -> Option<Change> {
        let before = self.owned.shell_before(id);
        if !is_locked && before.is_none() {
            return None;
        }
        let is_there = self.host.accounts.contains_key(own.name.as_str());
        let stands = match renamed.filter(|_| !is_there) {
            Some(to) => to.as_str(),
            None => own.name.as_str(),
        };
        let found = account_line_as(stands, own, self.host).ok()?.fields.shell;
        let name = match renamed {
            Some(to) => to.clone(),
            None => UserName::new(&own.name, true).ok()?.into(),
        };
        let (to, before) = match self.lock_shell.filter(|_| is_locked) {
            Some(shell) if found == shell => return None,
            Some(shell) => (shell, Some(before.unwrap_or(found))),
            None => (before?, None),
        };
        let shell = FieldChange {
            field: Field::Shell,
            from: found.to_owned(),
            to: to.to_owned(),
        };
        let before = before.map(str::to_owned);
        let deed = Deed::LockShell(LockShell { shell, before });
        Some(Change::of(
            EntryKind::Account,
            self.owned.key(id),
            name,
            deed,
        ))
    }
}
