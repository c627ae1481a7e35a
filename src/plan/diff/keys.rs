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
use crate::model::owned::{KeyRecord, Owned, OwnedAccount, State};
use crate::model::{Lookup, RemoteId, Untrusted};
use crate::plan::{Change, Plan};
use crate::policy::keys::Offer;
use crate::policy::{Reason, Refusal};

pub(crate) use self::view::KeyView;
pub(in crate::plan) use self::view::ManualEdit;

/// Adds what happens to keys.
pub(crate) fn keys(plan: &mut Plan, view: &KeyView<'_>) {
    let fates = Fates::of(plan);
    let made = of_created(plan, view);
    for (id, own) in &view.owned.accounts {
        if own.state.is_present() {
            of_known(id, own, &fates, view, plan);
        } else if left_behind(id, own, view) && !made.contains(id) {
            let gone = Subject::without_line(id, own);
            gone.iter()
                .for_each(|gone| AccountKeys::of(gone, plan, view).closed());
        }
    }
}

/// Whether a file with keys of an account that is removed is still there, as far as gosync knows; whoever has the name
/// now has the file, too.
fn left_behind(id: &RemoteId, own: &OwnedAccount, view: &KeyView<'_>) -> bool {
    let name = own.name.as_str();
    let is_free = !view.host.accounts.contains_key(name) && !view.host.broken.contains(name);
    own.state == State::Removed && is_free && file_of(id, view.owned).is_some()
}

/// The file with keys of an account in gosync's directory, as far as gosync knows.
fn file_of<'o>(id: &RemoteId, owned: &'o Owned) -> Option<&'o KeyRecord> {
    let file = owned.keys.get(id)?.file.as_ref();
    file.filter(|record| !record.digest.is_empty())
}

/// The keys of accounts that are to be made, which are returned. One whose keys nobody can see is not made.
fn of_created(plan: &mut Plan, view: &KeyView<'_>) -> Lookup<RemoteId, ()> {
    let mut unmade: Lookup<RemoteId, ()> = Lookup::default();
    let created: Vec<Subject> = plan.changes.iter().filter_map(Subject::created).collect();
    for subject in &created {
        let mut one = AccountKeys::of(subject, plan, view);
        one.complain();
        match view.book.offer(&subject.id) {
            Some(Offer::Keys(keys)) => one.open(keys),
            _ => one.without_offer(),
        }
        if one.is_unseen {
            unmade.insert(subject.id.clone(), ());
        }
    }
    if !unmade.is_empty() {
        // Whose keys are there would get in as whoever is made.
        let is_made = |change: &Change| change.account_id().is_none_or(|id| !unmade.contains(id));
        plan.changes.retain(is_made);
    }
    created
        .into_iter()
        .map(|subject| (subject.id, ()))
        .collect()
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
    let Some(subject) = known.or_else(|| is_out.then(|| Subject::without_line(id, own)).flatten())
    else {
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

/// Tells whose keys stay though their accounts are locked or removed, or are to be, since the directory with keys cannot
/// be used.
pub(crate) fn stay(plan: &mut Plan, owned: &Owned, why: &str) {
    let outcomes = outcomes(&plan.changes);
    let is_out = |id: &RemoteId, own: &OwnedAccount| match outcomes.get(id) {
        Some(AccountOutcome::Locked | AccountOutcome::Removed { .. }) => true,
        Some(AccountOutcome::Opened | AccountOutcome::Left | AccountOutcome::Changed) => false,
        None => matches!(own.state, State::Locked | State::Removed),
    };
    for (id, own) in owned.accounts.iter().filter(|(id, own)| is_out(id, own)) {
        if let Some(record) = file_of(id, owned) {
            let (why, path) = (why.to_owned(), record.path.clone());
            plan.not_done(id, &own.name, Reason::KeysNotWithdrawn { why, path });
        }
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
