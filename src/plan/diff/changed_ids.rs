//! A provider that has the same people, or groups, under other ids: a directory that was loaded anew, another attribute as
//! `id`. Such a reading proves of nobody that they have left.
//!
//! It is noticed where the names of those who are missing are asked for by records of ids that the ledger does not know: by
//! three of them, or by all if there are fewer, and by a quarter of those who are missing. One or two whom HR has made again are
//! everyday life, and so are three among the hundred who leave at the end of a term; where a quarter of those who are missing
//! are there under other ids, more of them may be, under other names, and to wait costs less than to lock somebody who is there.
//! Only what is open counts: who left long ago, and has a namesake now, holds up nobody.

use std::collections::BTreeSet;

use super::input::DiffInput;
use super::owned_entry::OwnedEntry;
use crate::model::owned::{ChangedIds, State};
use crate::model::{Completeness, RemoteId, Without};
use crate::plan::whole::IdsChanged;
use crate::plan::{Observation, Plan};
use crate::policy::Reason;
use crate::policy::map::Asked;

/// So many are enough, if they are a share of those who are missing.
const MANY: usize = 3;

/// One of so many who are missing.
const SHARE: usize = 4;

/// Looks for it in a complete read; each of the records is refused with what to type, or all by one message. Returns whether
/// the read proves that somebody has left.
pub(super) fn look<E: OwnedEntry>(
    asked: &[Asked],
    present: &BTreeSet<RemoteId>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) -> bool {
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return false;
    }
    let rows = E::rows(against.owned).entries;
    let is_open = |own: &E| own.state() == State::Active;
    let open = || rows.values().filter(|own| is_open(own)).count();
    let missing: BTreeSet<&RemoteId> = Without::new(rows, present)
        .filter(|(_, own)| is_open(own))
        .map(|(id, _)| id)
        .collect();
    let of_missing: BTreeSet<&RemoteId> = asked
        .iter()
        .map(|asked| &asked.of)
        .filter(|id| missing.contains(id))
        .collect();
    let changed = ChangedIds {
        asked_for: of_missing.len() as u32,
        missing: missing.len() as u32,
    };
    let is_change = is_change(of_missing.len(), missing.len(), open());
    let changed = Some(changed).filter(|_| is_change);
    if against.owned.changed_ids.get(&E::KIND) != changed.as_ref() {
        let seen = Observation::ChangedIds(E::KIND, changed);
        plan.observations.push(seen);
    }
    let asks = |id: &RemoteId| asked.iter().find(|asked| asked.id == *id);
    let Some(changed) = changed else {
        name_the_way_out::<E>(asked, present, against, plan);
        return true;
    };
    plan.refused.retain(|refusal| {
        let asked = refusal.id.as_ref().and_then(asks);
        asked.is_none_or(|asked| !missing.contains(&asked.of))
    });
    plan.unchanged += missing.len();
    plan.ids_changed = Some(IdsChanged {
        kind: E::KIND,
        changed,
        of: open(),
    });
    false
}

fn is_change(asked_for: usize, missing: usize, open: usize) -> bool {
    asked_for > 0 && asked_for >= MANY.min(open) && asked_for * SHARE >= missing
}

/// Who is refused because of the name of one whose record is gone is told how that becomes theirs.
fn name_the_way_out<E: OwnedEntry>(
    asked: &[Asked],
    present: &BTreeSet<RemoteId>,
    against: &DiffInput<'_>,
    plan: &mut Plan,
) {
    if asked.is_empty() {
        return;
    }
    let rows = E::rows(against.owned).entries;
    for refusal in &mut plan.refused {
        let id = refusal.id.as_ref();
        let of = asked.iter().find(|asked| Some(&asked.id) == id);
        let Some(Asked { of, .. }) = of.filter(|asked| !present.contains(&asked.of)) else {
            continue;
        };
        if let Some(own) = rows.get(of) {
            let (kind, name, by) = (E::KIND, own.name().to_owned(), of.clone());
            refusal.reason = Reason::NameOfMissing { kind, name, by };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_change;

    #[test]
    fn three_or_all_and_a_quarter_of_those_who_are_missing() {
        assert!(!is_change(0, 0, 0) && !is_change(0, 10, 10));
        assert!(is_change(1, 1, 1), "all that there are");
        assert!(!is_change(1, 1, 5) && !is_change(2, 2, 5));
        assert!(is_change(3, 3, 5) && is_change(3, 12, 100));
        assert!(!is_change(3, 13, 100), "a term ends");
        assert!(is_change(845, 846, 846));
    }
}
