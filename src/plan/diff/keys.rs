//! The plan for SSH keys: what the changes of accounts, and what the provider offers, mean for files with keys.
//!
//! Comes after the plan for accounts and adds to it, so that keys are withdrawn in the run that locks the account. A
//! file that gosync wrote is gosync's, and a change by hand is told and set back; one that it did not write is left
//! alone, unless it is a left-over under the name of a new account.

mod account;
mod fate;
mod subject;
mod view;

use self::account::AccountKeys;
use self::fate::{AccountOutcome, Fates, outcomes};
use self::subject::Subject;
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::model::{Lookup, RemoteId, Untrusted};
use crate::plan::{Change, Plan};
use crate::policy::keys::Offer;
use crate::policy::{Reason, Refusal};

pub(crate) use self::view::KeyView;
pub(in crate::plan) use self::view::ManualEdit;

/// Adds what happens to keys.
pub(crate) fn keys(plan: &mut Plan, view: &KeyView<'_>) {
    let fates = Fates::of(plan);
    of_created(plan, view);
    let accounts = view.owned.accounts.iter();
    for (id, own) in accounts.filter(|(_, own)| own.state.is_present()) {
        of_known(id, own, &fates, view, plan);
    }
}

/// The keys of accounts that are made. One whose keys nobody can see is not.
fn of_created(plan: &mut Plan, view: &KeyView<'_>) {
    let mut unmade: Lookup<RemoteId, ()> = Lookup::default();
    let created: Vec<Subject> = plan.changes.iter().filter_map(Subject::created).collect();
    for subject in created {
        let mut one = AccountKeys::of(&subject, plan, view);
        one.complain();
        match view.book.offer(&subject.id) {
            Some(Offer::Keys(keys)) => one.open(keys),
            _ => one.without_offer(),
        }
        if one.is_unseen {
            unmade.insert(subject.id, ());
        }
    }
    if !unmade.is_empty() {
        // Whose keys are there would get in as whoever is made.
        let is_made = |change: &Change| change.account_id().is_none_or(|id| !unmade.contains(id));
        plan.changes.retain(is_made);
    }
}

/// The keys of an account that is there.
fn of_known(id: &RemoteId, own: &OwnedAccount, fates: &Fates, view: &KeyView<'_>, plan: &mut Plan) {
    let outcome = fates.outcomes.get(id).copied();
    let is_untouched = outcome.is_none_or(|outcome| outcome == AccountOutcome::Changed);
    if is_untouched && !view.chosen.known || outcome == Some(AccountOutcome::Left) {
        return;
    }
    let is_stuck = fates.refused.get(id).copied().unwrap_or_default();
    let is_out = is_stuck || outcome == Some(AccountOutcome::Locked);
    let known = Subject::known(id, own, outcome, view.host);
    // The directory is gosync's alone, and needs no line of passwd.
    let Some(subject) = known.or_else(|| Subject::damaged(id, own, is_out)) else {
        return;
    };
    let stands_locked = own.state == State::Locked || subject.closed;
    let mut one = AccountKeys::of(&subject, plan, view);
    match outcome {
        Some(AccountOutcome::Locked | AccountOutcome::Removed { .. }) => one.closed(),
        None | Some(AccountOutcome::Changed) if stands_locked => one.closed(),
        _ if is_stuck => one.closed(),
        _ if fates.refused.contains(id) => {}
        _ => {
            one.complain();
            if let Some(Offer::Keys(keys)) = view.book.offer(id) {
                let count = one.plan.changes.len();
                one.open(keys);
                let other_keys = one.plan.changes.len() > count;
                plan.unchanged -=
                    usize::from(other_keys && outcome.is_none() && plan.unchanged > 0);
            }
        }
    }
}

/// Tells whose keys stay though their accounts are locked, or are to be, since the directory with keys cannot be used.
pub(crate) fn stay(plan: &mut Plan, owned: &Owned, why: &str) {
    let outcomes = outcomes(&plan.changes);
    let is_out = |id: &RemoteId, own: &OwnedAccount| match outcomes.get(id) {
        Some(outcome) => *outcome == AccountOutcome::Locked,
        None => own.state == State::Locked,
    };
    let accounts = owned.accounts.iter();
    for (id, own) in accounts.filter(|(id, own)| own.state.is_present() && is_out(id, own)) {
        let record = owned.keys.get(id).and_then(|records| records.file.as_ref());
        let Some(record) = record.filter(|record| !record.digest.is_empty()) else {
            continue;
        };
        let (why, path) = (why.to_owned(), record.path.clone());
        plan.not_done(id, &own.name, Reason::KeysNotWithdrawn { why, path });
    }
}

/// Takes new accounts out of a plan, since nobody can see which keys are there under their names.
pub(crate) fn make_nobody(plan: &mut Plan, reason: &Reason) {
    let Plan {
        changes, refused, ..
    } = plan;
    changes.retain(|change| {
        let Some(Subject { id, name, .. }) = Subject::created(change) else {
            return true;
        };
        refused.push(Refusal {
            id: Some(id),
            subject: Untrusted::new(name.as_str()),
            reason: reason.clone(),
        });
        false
    });
}

#[cfg(test)]
mod tests;
