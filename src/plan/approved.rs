//! A plan that may be carried out, and the transactions by which it is.
//!
//! What takes rights away comes first, so that nothing that fails later holds it back; then what
//! gives something out or changes it; then what is taken away for good, each home by itself. An open
//! account whose home goes is locked by the first, whatever becomes of its home.

mod leave_out;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::deed::Deed;
use super::effects::{Home, Part, Presence, effects};
use super::hook_event::{HookEvent, Kind, local_id};
use super::saved::begun;
use super::whole::Plan;
use crate::model::RemoteId;
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, State};
use crate::policy::Reason;

/// A plan that may be carried out. Only [`approve`] makes it.
#[derive(Debug)]
#[must_use]
pub struct Approved {
    plan: Plan,
    /// Whether an administrator let it through.
    is_let_through: bool,
    /// Locks that the target puts on besides, and nobody is told of: the accounts are removed by a later part.
    locks: Vec<Change>,
}

impl Approved {
    /// For [`guard::approve`](super::guard::approve) alone.
    pub(super) fn new(plan: Plan, is_let_through: bool) -> Self {
        Self {
            plan,
            is_let_through,
            locks: Vec::new(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, when nothing more is to be done with it.
    pub fn into_plan(self) -> Plan {
        self.plan
    }
}

/// One of these transactions, and where its changes stand in the whole plan.
#[derive(Debug)]
pub(crate) struct Share {
    /// What is carried out.
    pub approved: Approved,
    /// The places of its changes.
    pub places: Vec<usize>,
    /// Whether it takes a home away, which may fail without harm to anything else.
    pub is_home: bool,
}

/// A transaction: the part, and the number of the home that goes in it.
type Which = (Part, usize);

impl Approved {
    /// Whether an administrator let it through, so that limits do not count it.
    pub(crate) fn is_let_through(&self) -> bool {
        self.is_let_through
    }

    /// What a target carries out: the changes of the plan, and the locks of those who are removed later.
    pub(crate) fn carried(&self) -> Cow<'_, [Change]> {
        if self.locks.is_empty() {
            return Cow::Borrowed(&self.plan.changes);
        }
        let all = self.plan.changes.iter().chain(&self.locks);
        Cow::Owned(all.cloned().collect())
    }

    /// Whether a transaction has nothing to do: what is left comes after it.
    pub(crate) fn is_empty(&self) -> bool {
        let mut changes = self.plan.changes.iter();
        self.locks.is_empty() && changes.all(|change| effects(change).is_after_commit)
    }

    /// Whether one transaction does it all, and no home goes in it.
    pub(crate) fn is_one(&self, owned: &Owned) -> bool {
        let mut all = Transactions::new(owned);
        all.note_renames(&self.plan.changes);
        let mut which = self.plan.changes.iter().filter_map(|it| all.of(it));
        let first = which.next();
        let is_one = first.is_some() && which.all(|it| Some(it) == first);
        is_one && all.homes == 0
    }

    /// The transactions in their order, none of them empty, and the plan without what they carry out.
    pub(crate) fn divide(self, owned: &Owned) -> (Vec<Share>, Plan) {
        let through = self.is_let_through;
        let mut rest = self.plan;
        let digest = rest.digest_if_typed();
        let mut all = Transactions::new(owned);
        let mut shares: BTreeMap<Which, Share> = BTreeMap::new();
        all.note_renames(&rest.changes);
        let has_events = !rest.events.is_empty();
        let mut allotment = Allotment::default();
        let (generation, mut later) = (rest.generation, Vec::new());
        for (place, change) in std::mem::take(&mut rest.changes).into_iter().enumerate() {
            let Some(which) = all.of(&change) else {
                later.push(change);
                continue;
            };
            if has_events {
                allotment.note(&change, which);
            }
            let share = shares
                .entry(which)
                .or_insert_with(|| Share::new(generation, through));
            share.is_home |= matches!(effects(&change).home, Home::Goes { .. });
            share.places.push(place);
            share.approved.plan.changes.push(change);
        }
        rest.changes = later;
        if !all.locks.is_empty() {
            let closing = shares.entry((Part::Closing, 0));
            closing
                .or_insert_with(|| Share::new(generation, through))
                .approved
                .locks = all.locks;
        }
        allotment.hand_out(&mut rest.events, &mut shares);
        let mut shares: Vec<Share> = shares.into_values().collect();
        if let Some(first) = shares.first_mut() {
            let plan = &mut first.approved.plan;
            (plan.unchanged, plan.refused) = (rest.unchanged, rest.refused.clone());
            plan.missing.clone_from(&rest.missing);
        }
        for share in &mut shares {
            share.approved.plan.whole = Some(begun(&digest));
        }
        if let Some(last) = shares.last_mut() {
            last.approved.plan.whole = Some(digest);
        }
        (shares, rest)
    }
}

impl Share {
    fn new(generation: u64, is_let_through: bool) -> Self {
        let plan = Plan {
            generation,
            ..Plan::default()
        };
        Self {
            approved: Approved::new(plan, is_let_through),
            places: Vec::new(),
            is_home: false,
        }
    }
}

/// Tells the transactions of changes, one after the other.
struct Transactions<'a> {
    owned: &'a Owned,
    /// How many homes go up to here.
    homes: usize,
    /// Who is locked first because the home goes.
    locks: Vec<Change>,
    /// Names that closing changes speak of, as they are after the plan: these are given before.
    named: BTreeSet<String>,
    /// Accounts that are made: what closes them comes after that.
    made: BTreeSet<RemoteId>,
}

impl<'a> Transactions<'a> {
    fn new(owned: &'a Owned) -> Self {
        Self {
            owned,
            homes: 0,
            locks: Vec::new(),
            named: BTreeSet::new(),
            made: BTreeSet::new(),
        }
    }

    /// Whoever is closed and renamed in one plan is renamed first, and made before if they are made by it.
    fn note_renames(&mut self, changes: &[Change]) {
        let closes = |change: &&Change| effects(change).presence == Presence::Closes;
        let closed: BTreeSet<_> = changes
            .iter()
            .filter(closes)
            .filter_map(Change::account_id)
            .collect();
        let is_made = |change: &&Change| effects(change).presence == Presence::Comes;
        if !closed.is_empty() {
            let made = changes
                .iter()
                .filter(is_made)
                .filter_map(Change::account_id);
            self.made = made.filter(|id| closed.contains(id)).cloned().collect();
        }
        if !changes.iter().any(is_rename) {
            return;
        }
        for change in changes {
            let effects = effects(change);
            if effects.part == Part::Closing {
                self.named.insert(change.name().to_owned());
                self.named.extend(effects.members.go.iter().cloned());
            }
        }
    }

    /// That of a change; `None`: it is carried out after all of them.
    fn of(&mut self, change: &Change) -> Option<Which> {
        let effects = effects(change);
        if effects.is_after_commit {
            return None;
        }
        if is_rename(change) && self.named.contains(change.name()) {
            return Some((Part::Closing, 0));
        }
        if !matches!(effects.home, Home::Goes { .. }) {
            let is_made = change.account_id().is_some_and(|id| self.made.contains(id));
            return Some((if is_made { Part::Opening } else { effects.part }, 0));
        }
        self.homes += 1;
        if self.owned.state_of(change.account_id()) == Some(State::Active) {
            let reason = Reason::ToBeRemoved;
            self.locks.push(Change {
                of: change.of.clone(),
                deed: Deed::Lock { reason },
            });
        }
        Some((effects.part, self.homes))
    }
}

/// The id by which events speak of the subject of a change.
fn subject_id(change: &Change) -> String {
    match change.id() {
        Some(id) => id.to_string(),
        None => local_id(change.name()),
    }
}

fn is_rename(change: &Change) -> bool {
    effects(change).lines.rename().is_some()
}

/// With which transaction the event of an account or a group goes: with what becomes of it as a
/// whole, else with its last change.
#[derive(Default)]
struct Allotment(BTreeMap<(bool, String), (bool, Which)>);

impl Allotment {
    fn note(&mut self, change: &Change, which: Which) {
        let id = subject_id(change);
        let is_account = change.of.kind == EntryKind::Account;
        let decides = effects(change).presence != Presence::Stays;
        let of = self.0.entry((is_account, id)).or_insert((decides, which));
        *of = (*of).max((decides, which));
    }

    fn of(&self, event: &HookEvent) -> Option<Which> {
        let of = (event.kind == Kind::User, event.id.clone());
        self.0.get(&of).map(|(_, which)| *which)
    }

    /// Leaves the events of what is carried out after all transactions.
    fn hand_out(&self, events: &mut Vec<HookEvent>, shares: &mut BTreeMap<Which, Share>) {
        for event in std::mem::take(events) {
            let which = self.of(&event).filter(|_| !event.is_after_commit);
            match which.and_then(|which| shares.get_mut(&which)) {
                Some(share) => share.approved.plan.events.push(event),
                None => events.push(event),
            }
        }
    }
}

#[cfg(test)]
mod tests;
