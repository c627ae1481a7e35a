//! An approved plan without what turns out to be impossible for some: less is done than was approved, and never more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Approved, begun, is_rename, subject_id};
use crate::model::history::EntryKind;
use crate::model::{Name, RemoteId, UserName};
use crate::plan::Change;
use crate::plan::effects::{Part, Presence, effects};
use crate::plan::hook_event::Kind;

impl Approved {
    /// Leaves out what cannot be done, by its places in the plan, with all that hangs on it: whatever else was to be done
    /// to the same accounts, but for what closes them, and the changes of groups that name them as they were to be called.
    /// Returns what is left out. The plan counts as begun from now on, and not as carried out.
    pub(crate) fn leave_out(&mut self, failed: &BTreeSet<usize>) -> Vec<(usize, Change)> {
        let digest = self.plan.whole.take();
        let digest = digest.unwrap_or_else(|| self.plan.digest_if_typed());
        self.plan.whole = Some(begun(&digest));
        let those = Those::of(failed.iter().filter_map(|&at| self.plan.changes.get(at)));
        let (mut kept, mut left_out) = (Vec::new(), Vec::new());
        let all = std::mem::take(&mut self.plan.changes);
        for (place, mut change) in all.into_iter().enumerate() {
            if failed.contains(&place) || those.need(&change) {
                left_out.push((place, change));
                continue;
            }
            // Whoever is closed is so under the name that stays.
            if those.are_meant_by(&change)
                && let Some(Some(stands)) = those.names.get(change.name())
            {
                change.of.name = stands.clone();
            }
            kept.push(change);
        }
        let of = |change: &Change| (change.of.kind == EntryKind::Account, subject_id(change));
        let stays: BTreeSet<_> = kept.iter().map(of).collect();
        let gone: BTreeSet<_> = left_out.iter().map(|(_, change)| of(change)).collect();
        self.plan.changes = kept;
        self.plan.events.retain(|event| {
            let of = (event.kind == Kind::User, event.id.clone());
            !gone.contains(&of) || stays.contains(&of)
        });
        left_out
    }
}

/// Accounts for which something cannot be done.
#[derive(Default)]
struct Those {
    ids: BTreeSet<RemoteId>,
    /// The names that they do not get, each with the one that stays, if there is one.
    names: BTreeMap<String, Option<Name>>,
}

impl Those {
    fn of<'c>(failed: impl Iterator<Item = &'c Change>) -> Self {
        let mut those = Self::default();
        for change in failed {
            let effects = effects(change);
            let rename = effects.lines.rename();
            if rename.is_some() || effects.presence == Presence::Comes {
                let stays = rename.map(|rename| rename.from.clone());
                those.names.insert(change.name().to_owned(), stays);
            }
            those.ids.extend(change.account_id().cloned());
        }
        those
    }

    fn are_meant_by(&self, change: &Change) -> bool {
        change.account_id().is_some_and(|id| self.ids.contains(id))
    }

    /// Whether a change can be made only if theirs are.
    fn need(&self, change: &Change) -> bool {
        let effects = effects(change);
        if self.are_meant_by(change) {
            return effects.part != Part::Closing || is_rename(change);
        }
        let come = effects.members.come.iter().map(UserName::as_str);
        let mut members = come.chain(effects.members.go.iter().map(String::as_str));
        members.any(|member| self.names.contains_key(member))
    }
}
