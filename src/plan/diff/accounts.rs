//! The plan for accounts.

mod fields;
mod missing;

use super::changed_ids;
use super::completeness::{incomplete, trust};
use super::create::{Said, create};
use super::departure::{self, Comeback};
use super::input::DiffInput;
use super::known::{Standing, is_made_again, look};
use super::owned_entry::OwnedEntry as _;
use super::owned_lines::account_line_as;
use super::rename::{self, Renamed};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::{OwnedAccount, State};
use crate::model::{AccountFields, Completeness, InStep, Name, RemoteId, Untrusted, UserName};
use crate::plan::{Barred, Change, Deed, Insiders, Observation, Plan};
use crate::policy::map::{WantedAccount, WantedAccounts};
use crate::policy::{Forgetting, Reason, Refusal};

/// Compares accounts.
pub(crate) fn accounts(mut wanted: WantedAccounts, against: &DiffInput<'_>) -> Plan {
    let DiffInput { owned, chosen, .. } = *against;
    let completeness = &trust(against.completeness, wanted.present.is_empty(), owned);
    let against = &DiffInput {
        completeness,
        ..*against
    };
    let mut plan = Plan {
        generation: owned.generation,
        commits: owned.commits.get(&EntryKind::Account).copied(),
        incomplete: incomplete(completeness),
        ..Plan::default()
    };
    plan.remarks = std::mem::take(&mut wanted.remarks);
    plan.refused = std::mem::take(&mut wanted.refusals);
    let mut fresh = Vec::new();
    let mut accounts = InStep::with(&owned.accounts);
    for account in wanted.accounts {
        let account = held(account, against, &mut plan);
        match accounts.get(&account.id) {
            Some(own) if is_restored(&account, own, against) => {
                plan.remark(&own.name, Reason::MadeAgain);
                let home = own.applied.fields.home.clone();
                let fields = AccountFields {
                    home,
                    ..account.fields
                };
                fresh.push((WantedAccount { fields, ..account }, Some(own)));
            }
            Some(own) if own.state.is_present() && chosen.known => {
                known(&account, own, against, &mut plan)
            }
            Some(own) if own.state.is_present() => {}
            own if chosen.new && account.open => fresh.push((account, own)),
            _ => {}
        }
    }
    let said = Said {
        named: &wanted.named,
        groups: &wanted.groups,
    };
    let created = create(fresh, &said, against, &mut plan);
    if chosen.known {
        for id in &wanted.shut_by_id {
            let own = owned.accounts.get(id);
            if let Some(own) = own.filter(|own| own.state.is_present()) {
                shut_by_id(id, own, against, &mut plan);
            }
        }
    }
    let others = std::mem::replace(&mut plan.changes, created);
    plan.changes.extend(others);
    let (asked, present) = (&wanted.asked, &wanted.present);
    let is_proof = changed_ids::look::<OwnedAccount>(asked, present, against, &mut plan);
    if chosen.known && is_proof {
        missing::departures(present, against, &mut plan);
    }
    if chosen.new {
        plan.barred = barred(&plan, against);
    }
    plan
}

/// Why nobody new comes, if that has a cause for all of them.
fn barred(plan: &Plan, against: &DiffInput<'_>) -> Option<Barred> {
    let accounts = &against.owned.accounts;
    let is_known = |id: &RemoteId| accounts.get(id).is_some_and(|own| own.state.is_present());
    let insiders = Insiders {
        anybody: accounts.values().any(|own| own.state.is_present()),
        is_known: &is_known,
        completeness: against.completeness,
    };
    Barred::of(&plan.changes, &plan.refused, &insiders)
}

/// Whom an administrator holds locked is so, whatever the provider says; and has not left, unless it says so.
fn held(account: WantedAccount, against: &DiffInput<'_>, plan: &mut Plan) -> WantedAccount {
    let DiffInput { owned, chosen, .. } = *against;
    let Some(hold) = owned.held(&account.id).filter(|_| chosen.known) else {
        return account;
    };
    let (id, has_left) = (
        account.id.clone(),
        owned.departures.contains_key(&account.id),
    );
    match account.open {
        true if has_left => plan.observations.push(Observation::Returned(id)),
        false if !has_left && !matches!(against.completeness, Completeness::Incomplete(_)) => {
            plan.observations.push(Observation::Departed(id));
        }
        _ => {}
    }
    if account.open {
        let by = Untrusted::new(&hold.by);
        plan.remark(account.name.as_str(), Reason::HeldThough { by });
    }
    WantedAccount {
        open: false,
        ..account
    }
}

/// Whether an account that was removed by hand is made again.
fn is_restored(account: &WantedAccount, own: &OwnedAccount, against: &DiffInput<'_>) -> bool {
    let by_hand = against.rules.accounts.deleted_by_hand;
    account.open && against.chosen.known && is_made_again(account, own, by_hand, against)
}

/// An account that gosync owns and whose person is there.
fn known(account: &WantedAccount, own: &OwnedAccount, against: &DiffInput<'_>, plan: &mut Plan) {
    let (found, renamed) = match look(account, own, account.open, against, plan) {
        Standing::Here(found, renamed) => (found, renamed),
        // Whoever is to be out is out, under whichever name.
        Standing::Unfinished(_) if account.open => return,
        Standing::Unfinished(stands) => {
            return shut_unfinished(account, stands, own, against, plan);
        }
        Standing::Lost(reason) => return lost(account, own, reason, against, plan),
    };
    if found.gid != own.gid {
        let (found, given) = (found.gid, own.gid);
        plan.remark(&own.name, Reason::PrimaryGroupStays { found, given });
    }
    let one = Known {
        account,
        own,
        found,
        renamed,
        against,
    };
    one.plan(plan);
}

/// An account with its line.
struct Known<'a, 'h> {
    account: &'a WantedAccount,
    own: &'a OwnedAccount,
    found: &'h HostAccount<'h>,
    renamed: Option<Renamed>,
    against: &'a DiffInput<'h>,
}

impl Known<'_, '_> {
    fn plan(&self, plan: &mut Plan) {
        let mut is_changed = self.renamed.is_some();
        if !self.account.open {
            is_changed |= self.close(plan);
        } else if self.own.state == State::Locked {
            if let Err(reason) = self.open(plan) {
                let why = reason.boxed();
                let told = Reason::NotOpened { why };
                return plan.not_done(&self.account.id, &self.own.name, told);
            }
            is_changed = true;
        }
        let fields = self.fields(plan);
        if !fields.is_empty() {
            plan.changes.push(self.change(Deed::Update { fields }));
            is_changed = true;
        }
        plan.unchanged += usize::from(!is_changed);
    }

    /// Its name when the plan is carried out.
    fn name(&self) -> Name {
        match &self.renamed {
            Some(renamed) => renamed.to.clone(),
            None => self.account.name.clone().into(),
        }
    }

    fn change(&self, deed: Deed) -> Change {
        let key = self.against.owned.key(&self.account.id);
        Change::of(EntryKind::Account, key, self.name(), deed)
    }

    /// Its new home, if a rename moves it.
    fn new_home(&self) -> Option<&str> {
        self.renamed.as_ref()?.home.as_deref()
    }

    /// Its person is shut out: locks it, or takes one that is locked further. Returns whether anything is planned.
    fn close(&self, plan: &mut Plan) -> bool {
        let Self { own, against, .. } = *self;
        if own.state != State::Active && self.found.closed() {
            let is_held = against.owned.held(&self.account.id).is_some();
            if is_held
                && plan
                    .observations
                    .iter()
                    .any(|seen| returns(seen, &self.account.id))
            {
                return false;
            }
            return self.renamed.is_none()
                && departure::advance(&self.account.id, own, against, plan);
        }
        if matches!(against.completeness, Completeness::Incomplete(_)) {
            plan.remark(&own.name, Reason::NotLockedNow);
            return false;
        }
        let reason = shut_out(&self.account.id, against);
        plan.changes.push(self.change(Deed::Lock { reason }));
        true
    }

    /// Its person is let in again.
    fn open(&self, plan: &mut Plan) -> Result<(), Reason> {
        let back = Comeback {
            id: &self.account.id,
            own: self.own,
            name: &self.name(),
            home: self.new_home().unwrap_or(&self.own.applied.fields.home),
        };
        departure::come_back(&back, self.against, plan)
    }
}

/// Whether a run has seen that somebody is let in again.
fn returns(seen: &Observation, id: &RemoteId) -> bool {
    matches!(seen, Observation::Returned(back) if back == id)
}

/// Why somebody is out.
fn shut_out(id: &RemoteId, against: &DiffInput<'_>) -> Reason {
    match against.owned.held(id) {
        Some(hold) => Reason::HeldLocked {
            by: Untrusted::new(&hold.by),
        },
        None => Reason::ShutOut,
    }
}

/// Locks an account whose rename cannot be finished now, under the name that it has on the host.
fn shut_unfinished(
    account: &WantedAccount,
    stands: Name,
    own: &OwnedAccount,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) {
    if !account_line_as(stands.as_str(), own, against.host).is_ok_and(|found| !found.closed()) {
        return;
    }
    if matches!(against.completeness, Completeness::Incomplete(_)) {
        return plan.remark(&own.name, Reason::NotLockedNow);
    }
    let (key, reason) = (against.owned.key(&account.id), Reason::ShutOut);
    let lock = Deed::Lock { reason };
    plan.changes
        .push(Change::of(EntryKind::Account, key, stands, lock));
}

/// Tells of an account that is not there or not gosync's any more.
fn lost(
    account: &WantedAccount,
    own: &OwnedAccount,
    reason: Reason,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) {
    let host = against.host;
    if account.open {
        let effect = Forgetting::MakesNew;
        return plan.remark(&own.name, forgettable(own, host, reason, effect));
    }
    shut_lost(&account.id, own, reason, against, plan);
}

/// Somebody who is shut out, whose account is not there or not gosync's any more.
fn shut_lost(
    id: &RemoteId,
    own: &OwnedAccount,
    reason: Reason,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) {
    let reason = forgettable(own, against.host, reason, Forgetting::EndsNotice);
    if matches!(against.completeness, Completeness::Incomplete(_)) {
        return plan.remark(&own.name, reason);
    }
    let lock = Reason::ShutOut;
    if (Stuck { id, own, lock }).shut(reason, against, plan) {
        return;
    }
    // Perhaps a removal that was broken off.
    departure::advance(id, own, against, plan);
}

/// Somebody who is shut out by a record that cannot be used otherwise: locked under whichever name.
fn shut_by_id(id: &RemoteId, own: &OwnedAccount, against: &DiffInput<'_>, plan: &mut Plan) {
    let stands = rename::begun(id, own, None, against);
    let stands = stands.map_or_else(|| OwnedAccount::known_name(&own.name), Ok);
    let Ok(stands) = stands else {
        return;
    };
    match account_line_as(stands.as_str(), own, against.host) {
        Err(reason) => shut_lost(id, own, reason, against, plan),
        Ok(found) if own.state == State::Locked && found.closed() => {
            let is_held = against.owned.held(id).is_some();
            if is_held && !against.owned.departures.contains_key(id) {
                plan.observations.push(Observation::Departed(id.clone()));
            }
            departure::advance(id, own, against, plan);
        }
        Ok(_) if matches!(against.completeness, Completeness::Incomplete(_)) => {
            plan.remark(&own.name, Reason::NotLockedNow);
        }
        Ok(_) => {
            let (key, reason) = (against.owned.key(id), Reason::ShutOut);
            let lock = Deed::Lock { reason };
            plan.changes
                .push(Change::of(EntryKind::Account, key, stands, lock));
        }
    }
}

/// Says what to do with an account that is not there, and what comes of it.
fn forgettable(own: &OwnedAccount, host: &Host<'_>, reason: Reason, effect: Forgetting) -> Reason {
    let name = own.name.as_str();
    if host.accounts.contains_key(name) || host.broken.contains(name) {
        return reason;
    }
    let (why, name) = (reason.boxed(), own.name.clone());
    Reason::Forgettable { why, name, effect }
}

/// An account that is to be locked, and whose line is not as it should be.
struct Stuck<'a> {
    id: &'a RemoteId,
    own: &'a OwnedAccount,
    /// Why it is locked.
    lock: Reason,
}

impl Stuck<'_> {
    /// Locks it where a lock meets it all the same: the line is damaged, or stands twice, and has its uid. Else that it
    /// stays open is told aloud. Returns whether it is locked now.
    fn shut(self, reason: Reason, against: &DiffInput<'_>, plan: &mut Plan) -> bool {
        let Self { id, own, lock } = self;
        let name = own.name.as_str();
        let found = against.host.accounts.get(name);
        let is_damaged = matches!(
            reason.cause(),
            Reason::LineMalformed | Reason::LineRepeated { .. }
        );
        let is_ours = match found {
            Some(found) => found.uid == own.uid.get() && found.writable && !found.closed(),
            // Nobody gets in by such a line, until somebody repairs it.
            None => own.state == State::Active,
        };
        if is_damaged
            && is_ours
            && let Ok(to) = UserName::new(name, true)
        {
            let why = reason.boxed();
            plan.remark(name, Reason::LockedAsItStands { why });
            let (key, deed) = (against.owned.key(id), Deed::Lock { reason: lock });
            let change = Change::of(EntryKind::Account, key, to.into(), deed);
            plan.changes.push(change);
            return true;
        }
        if found.is_none_or(HostAccount::closed) {
            plan.remark(name, reason);
            return false;
        }
        let (why, name) = (reason.boxed(), name.to_owned());
        plan.refused.push(Refusal {
            id: Some(id.clone()),
            subject: Untrusted::new(&own.name),
            reason: Reason::NotLocked { why, name },
        });
        false
    }
}
