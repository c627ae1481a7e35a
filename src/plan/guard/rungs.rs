//! The limits on renames, archives, and what happens to groups that are gone.

use super::{Excess, Limits, Subject, is_locked};
use crate::model::owned::{Loss, Owned};
use crate::plan::{Change, Plan};

/// Adds every such limit that the plan goes over.
pub(super) fn judge(plan: &Plan, owned: &Owned, limits: &Limits, excesses: &mut Vec<Excess>) {
    let accounts = owned
        .accounts
        .values()
        .filter(|own| own.state.is_present())
        .count();
    let groups = owned
        .groups
        .values()
        .filter(|own| own.state.is_present())
        .count();
    for loss in Loss::ALL {
        let names: Vec<(String, bool)> = plan
            .changes
            .iter()
            .filter_map(|change| meets_with(change, loss, owned))
            .collect();
        let of_groups = names.iter().any(|(_, is_group)| *is_group);
        let (what, verb) = match loss {
            Loss::Rename if of_groups => ("groups", "be renamed"),
            Loss::Rename => ("accounts", "be renamed"),
            Loss::Archive => ("homes", "be archived"),
            Loss::Removal => ("locked accounts", "be removed"),
            Loss::Group => ("groups", "be emptied or removed"),
        };
        if names.is_empty() {
            continue;
        }
        let owned_of = if of_groups { groups } else { accounts };
        let subject = Subject {
            what: what.to_owned(),
            verb,
            owned: owned_of,
            gone_before: owned.losses.others.get(&loss).copied().unwrap_or(0),
            names: names.into_iter().map(|(name, _)| name).collect(),
        };
        subject.judge(limits.allowed_of(loss, owned_of), excesses);
    }
}

/// Whom a change brings this, and whether it is a group.
fn meets_with(change: &Change, loss: Loss, owned: &Owned) -> Option<(String, bool)> {
    match (change, loss) {
        (Change::RenameAccount(rename), Loss::Rename) => Some((rename.from.to_string(), false)),
        (Change::RenameGroup { from, .. }, Loss::Rename) => Some((from.to_string(), true)),
        (Change::ArchiveHome { name, .. }, Loss::Archive) => Some((name.to_string(), false)),
        (Change::RemoveAccount { id, name, .. }, Loss::Removal) if is_locked(owned, id) => {
            Some((name.to_string(), false))
        }
        (Change::EmptyGroup { name, .. } | Change::RemoveGroup { name, .. }, Loss::Group) => {
            Some((name.to_string(), true))
        }
        _ => None,
    }
}
