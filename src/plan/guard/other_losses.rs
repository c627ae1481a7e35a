//! The limits on renames, archives, and what happens to groups that are gone.

use super::{Excess, Limits, Losers, is_locked};
use crate::model::history::EntryKind;
use crate::model::owned::{Loss, Owned};
use crate::plan::{Change, Plan, effects};

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
        let subject = Losers {
            what: what.to_owned(),
            verb,
            owned: owned_of,
            gone_before: owned.losses.others.get(&loss).copied().unwrap_or(0),
            names: names.into_iter().map(|(name, _)| name).collect(),
        };
        subject.judge(limits.allowed_of(loss, owned_of), excesses);
    }
}

/// Whom a change brings this, and whether it is a group. Of those who are renamed, the name before.
fn meets_with(change: &Change, loss: Loss, owned: &Owned) -> Option<(String, bool)> {
    let effects = effects(change);
    let is_locked = || loss != Loss::Removal || is_locked(owned, change);
    if effects.takes.loss != Some(loss) || !is_locked() {
        return None;
    }
    let name = effects
        .lines
        .rename()
        .map_or(change.name(), |rename| rename.from.as_str());
    Some((name.to_owned(), change.of.kind == EntryKind::Group))
}
