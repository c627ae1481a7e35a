//! Locks that hands have put on accounts before gosync locks these: a lock of gosync's is taken off whole, and theirs are there again.
//!
//! Comes after the plan, and adds to it what the ledger learns. A lock that looks as gosync's own does, `!` and expiry 1, is taken for one: a run
//! that was killed after it wrote, and before the ledger knew, leaves the like, and nobody is to stay locked by that. Only what `keep_local` lets stay is remembered: the rest goes with the
//! next sync of an open account anyway.

use std::collections::BTreeSet;

use super::merge::lock_word;
use super::owned_lines::account_line_as;
use crate::model::RemoteId;
use crate::model::host::{Host, HostAccount};
use crate::model::owned::{Owned, OwnedAccount, State};
use crate::plan::effects::{Presence, effects};
use crate::plan::{Observation, Plan};
use crate::policy::Field;

/// Adds what hands have locked of the accounts that the plan locks.
pub(crate) fn remember_hand_locks(
    plan: &mut Plan,
    host: &Host<'_>,
    owned: &Owned,
    keep: &BTreeSet<Field>,
) {
    let changes = plan.changes.iter();
    let closed = changes.filter(|change| effects(change).presence == Presence::Closes);
    let seen: Vec<Observation> = closed
        .filter_map(|change| change.account_id())
        .filter_map(|id| Some((id, owned.accounts.get(id)?)))
        .flat_map(|(id, own)| seen(id, own, host))
        .filter(|seen| matches!(seen, Observation::Agreed(_, field, _) if keep.contains(field)))
        .collect();
    plan.observations.extend(seen);
}

/// What of an open account's lock is not as the ledger has it.
fn seen(id: &RemoteId, own: &OwnedAccount, host: &Host<'_>) -> Vec<Observation> {
    let line = account_line_as(&own.name, own, host);
    let is_hands = |found: &&HostAccount<'_>| own.state == State::Active && !found.closed();
    let Some(found) = line.ok().filter(is_hands) else {
        return Vec::new();
    };
    let (applied, mut out) = (&own.applied, Vec::new());
    if found.locked != applied.locked {
        let word = lock_word(found.locked).to_owned();
        out.push(Observation::Agreed(id.clone(), Field::Lock, word));
    }
    if found.expire != applied.expire {
        let day = found.expire.to_owned();
        out.push(Observation::Agreed(id.clone(), Field::Expiry, day));
    }
    out
}
