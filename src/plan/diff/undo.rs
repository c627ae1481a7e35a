//! The plan for `undo`: the entries that a run changed, as they were before it.
//!
//! Made of the same changes as any plan, and by the same rules where accounts are made or removed. An entry that has
//! changed since, by a later run or by hand, is left alone unless that is forced. What cannot come back is told.

mod accounts;
mod entry;
mod fields;
mod groups;
mod local;
mod members;
mod names;
mod past;

use std::collections::BTreeMap;

use serde_json::Value;

use super::create::{Said, create};
use super::input::DiffInput;
use super::removal::{Request, removal};
use crate::model::history::{Entry, EntryKind, Later, PastChange, PastRun};
use crate::model::owned::{Owned, OwnedAccount, OwnedGroup, State};
use crate::model::{RemoteId, Untrusted, UserName};
use crate::plan::claims::Claims;
use crate::plan::{Change, Deed, Plan, effects};
use crate::policy::alloc::NamedNumbers;
use crate::policy::map::WantedAccount;
use crate::policy::{Reason, Refusal};
use names::People;
use past::PastAccount;

/// What is to be undone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past<'a> {
    /// The run.
    pub run: &'a PastRun,
    /// What was changed after it.
    pub since: &'a [Later],
    /// Whether what has changed since is overwritten.
    pub force: bool,
}

/// Plans what brings the entries of a run back.
pub(crate) fn undo(past: Past<'_>, against: &DiffInput<'_>) -> Plan {
    let mut work = Work {
        past,
        against,
        people: People::new(against.owned),
        claims: Claims::new(against.host, against.owned),
        plan: Plan::default(),
        removed: Vec::new(),
        fresh: Vec::new(),
        lost: Vec::new(),
    };
    work.plan.generation = against.owned.generation;
    for touched in touched(past.run) {
        work.look_at(&touched);
    }
    work.finish()
}

/// An entry that a run changed, with all its changes there.
struct Touched<'a> {
    first: &'a PastChange,
    last: &'a PastChange,
    details: Vec<&'a Value>,
}

/// The entries of a run, in the order of their first change; accounts first, since groups may need them.
fn touched(run: &PastRun) -> Vec<Touched<'_>> {
    let mut places: BTreeMap<(EntryKind, &str, &str), usize> = BTreeMap::new();
    let mut out: Vec<Touched<'_>> = Vec::new();
    for change in &run.changes {
        let at = *places
            .entry((change.kind, &change.provider, &change.id))
            .or_insert(out.len());
        match out.get_mut(at) {
            Some(touched) => touched.last = change,
            None => out.push(Touched {
                first: change,
                last: change,
                details: Vec::new(),
            }),
        }
        if let Some(touched) = out.get_mut(at) {
            touched.details.extend(&change.detail);
        }
    }
    out.sort_by_key(|touched| touched.first.kind);
    out
}

fn parse<T: serde::de::DeserializeOwned>(entry: &Entry) -> Result<T, Reason> {
    let odd = |e: serde_json::Error| Reason::HistoryUnreadable { why: e.to_string() };
    serde_json::from_value(Value::Object(entry.clone())).map_err(odd)
}

fn state(word: &str) -> State {
    State::from_word(word).unwrap_or(State::Reserved)
}

struct Work<'a> {
    past: Past<'a>,
    against: &'a DiffInput<'a>,
    /// Who is who, whatever they were called.
    people: People<'a>,
    claims: Claims<'a>,
    plan: Plan,
    /// Names of accounts that were made by the run.
    removed: Vec<String>,
    /// Accounts that were taken away by it, and whether they were locked.
    fresh: Vec<(WantedAccount, &'a OwnedAccount, PastAccount)>,
    /// What of these does not come back with them.
    lost: Vec<(UserName, Reason)>,
}

impl<'a> Work<'a> {
    fn owned(&self) -> &'a Owned {
        self.against.owned
    }

    fn push(&mut self, change: Change) {
        self.plan.changes.push(change);
    }

    fn refuse(&mut self, touched: &Touched<'_>, reason: Reason) {
        let id = RemoteId::new(&touched.last.id);
        let subject = Untrusted::new(touched.last.name.as_str());
        self.plan.refused.push(Refusal {
            id,
            subject,
            reason,
        });
    }

    fn look_at(&mut self, touched: &Touched<'a>) {
        let last = touched.last;
        if last.provider != self.past.run.provider {
            let provider = Untrusted::new(&last.provider);
            return self.refuse(touched, Reason::OtherProvidersEntry { provider });
        }
        let done = match (last.kind, RemoteId::new(&last.id)) {
            (EntryKind::LocalGroup, _) => self.local_group(touched),
            (_, None) => Err(Reason::HistoryWithoutId),
            (EntryKind::Account, Some(id)) => self.entry::<OwnedAccount>(touched, &id),
            (EntryKind::Group, Some(id)) => self.entry::<OwnedGroup>(touched, &id),
        };
        if let Err(reason) = done {
            self.refuse(touched, reason);
        }
    }

    /// Why an entry is not to be overwritten, as far as runs go.
    fn later(&self, change: &PastChange) -> Option<Reason> {
        let is_same = |later: &&Later| {
            (&later.provider, later.kind, &later.id) == (&change.provider, change.kind, &change.id)
        };
        let later = self
            .past
            .since
            .iter()
            .find(is_same)
            .filter(|_| !self.past.force)?;
        Some(Reason::ChangedByRun { run: later.run })
    }

    fn check_later(&self, touched: &Touched<'_>) -> Result<(), Reason> {
        self.later(touched.last).map_or(Ok(()), Err)
    }

    fn finish(mut self) -> Plan {
        self.remove_made();
        let mut past = BTreeMap::new();
        let mut fresh = Vec::new();
        for (account, own, was) in std::mem::take(&mut self.fresh) {
            past.insert(account.id.clone(), was);
            fresh.push((account, Some(own)));
        }
        let nothing = Said {
            named: &NamedNumbers::default(),
            groups: &[],
        };
        let mut created = create(fresh, &nothing, self.against, &mut self.plan);
        let mut locked = self.locked_again(&created, &past);
        let mut plan = self.plan;
        for (name, reason) in self.lost {
            if created.iter().any(|change| change.name() == name.as_str()) {
                plan.remark(name.as_str(), reason);
            }
        }
        created.append(&mut locked);
        members::drop_lost(&mut plan, &created, self.against.owned);
        plan.changes.splice(0..0, created);
        if !plan.changes.is_empty() {
            plan.remark(format!("run {}", self.past.run.number), Reason::DoneAgain);
        }
        plan
    }

    /// Removes the accounts that were made by the run.
    fn remove_made(&mut self) {
        let DiffInput { host, owned, .. } = *self.against;
        match removal(&self.removed, &Request::KeepHome, host, owned) {
            Ok(removal) => {
                self.plan.changes.splice(0..0, removal.changes);
                self.plan.remarks.extend(removal.remarks);
            }
            Err(reasons) => {
                let refusal = |reason| Refusal {
                    id: None,
                    subject: Untrusted::default(),
                    reason,
                };
                self.plan.refused.extend(reasons.into_iter().map(refusal));
            }
        }
    }

    /// Locks those of the accounts that come back that the run had found locked; tells of another primary group.
    fn locked_again(
        &mut self,
        created: &[Change],
        past: &BTreeMap<RemoteId, PastAccount>,
    ) -> Vec<Change> {
        let mut locked = Vec::new();
        for change in created {
            let Some(new) = effects(change).lines.new_account() else {
                continue;
            };
            let Some(past) = change.id().and_then(|id| past.get(id)) else {
                continue;
            };
            if past.gid != new.gid.get() {
                let (had, gets) = (past.gid, new.gid.get());
                self.plan
                    .remark(change.name(), Reason::OtherPrimaryGroup { had, gets });
            }
            if state(&past.state) == State::Locked {
                locked.push(Change {
                    of: change.of.clone(),
                    deed: lock(self.past.run.number),
                });
            }
        }
        locked
    }
}

/// Locks an account that a run had found locked.
fn lock(run: u64) -> Deed {
    let reason = Reason::LockedBefore { run };
    Deed::Lock { reason }
}

#[cfg(test)]
mod tests;
