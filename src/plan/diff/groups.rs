//! The plan for groups and their members.

use std::collections::BTreeSet;

use super::changed_ids;
use super::completeness::{incomplete, trust, trust_groups};
use super::group_departure;
use super::input::DiffInput;
use super::known::{Standing, is_made_again, look};
use super::members::{Roster, kept_out, taken_out};
use super::new_groups::NewGroups;
use crate::model::history::EntryKind;
use crate::model::owned::OwnedGroup;
use crate::model::{MemberList, Name, RemoteId, UserName};
use crate::plan::{Barred, Change, Deed, Insiders, MemberChange, Plan};
use crate::policy::map::{WantedGroup, WantedGroups};

/// Compares groups.
pub(crate) fn groups(mut wanted: WantedGroups, against: &DiffInput<'_>) -> Plan {
    let owned = against.owned;
    let names_nobody = wanted.people.is_empty();
    let trusted = trust(against.completeness, names_nobody, owned);
    let names_none = wanted.present.is_empty() && wanted.left_out.is_empty();
    let completeness = &trust_groups(trusted, names_none, owned);
    let against = &DiffInput {
        completeness,
        ..*against
    };
    let mut plan = Plan {
        generation: owned.generation,
        commits: owned.commits.get(&EntryKind::Group).copied(),
        incomplete: incomplete(completeness),
        refused: std::mem::take(&mut wanted.refusals),
        remarks: std::mem::take(&mut wanted.remarks),
        ..Plan::default()
    };
    let roster = Roster::new(against.host, owned, &wanted.people, completeness);
    let by_hand = against.rules.groups.deleted_by_hand;
    let named = std::mem::take(&mut wanted.named);
    let mut new = NewGroups::new(against, &named);
    for group in &wanted.groups {
        let own = owned.groups.get(&group.id);
        let known = own
            .filter(|own| own.state.is_present() && !is_made_again(group, *own, by_hand, against));
        match known {
            Some(own) => KnownGroup {
                group,
                own,
                roster: &roster,
                against,
            }
            .plan(&mut plan),
            None => new.consider(group, own, &mut plan),
        }
    }
    let created = new.create(
        |group, before| roster.members(&group.members, before),
        &mut plan,
    );
    let others = std::mem::replace(&mut plan.changes, created);
    plan.changes.extend(others);
    plan.barred = barred(&plan, against);
    // One that names nobody proves nothing of groups, even where nobody has an account.
    let (asked, present) = (&wanted.asked, &wanted.present);
    let is_proof = changed_ids::look::<OwnedGroup>(asked, present, against, &mut plan);
    if !names_nobody && is_proof {
        group_departure::departures(&wanted, against, &mut plan);
    }
    super::local::local(&wanted.local, against, &roster, &mut plan);
    plan
}

/// Why no new group is made, if that has a cause for all of them.
fn barred(plan: &Plan, against: &DiffInput<'_>) -> Option<Barred> {
    let groups = &against.owned.groups;
    let is_known = |id: &RemoteId| groups.get(id).is_some_and(|own| own.state.is_present());
    let insiders = Insiders {
        anybody: groups.values().any(|own| own.state.is_present()),
        is_known: &is_known,
        completeness: against.completeness,
    };
    Barred::of(&plan.changes, &plan.refused, &insiders)
}

/// A group that gosync owns and that the provider has.
struct KnownGroup<'a> {
    group: &'a WantedGroup,
    own: &'a OwnedGroup,
    roster: &'a Roster,
    against: &'a DiffInput<'a>,
}

impl KnownGroup<'_> {
    fn plan(&self, plan: &mut Plan) {
        let Self {
            group,
            own,
            against,
            ..
        } = *self;
        let (found, renamed) = match look(group, own, true, against, plan) {
            Standing::Here(found, renamed) => (found, renamed),
            // Why it cannot be finished is told.
            Standing::Unfinished(_) => return,
            Standing::Lost(reason) => return plan.remark(&own.name, reason),
        };
        let unrenamed = usize::from(renamed.is_none());
        let name = renamed.map_or_else(|| Name::from(group.name.clone()), |renamed| renamed.to);
        let Some(change) = self.members(name.as_str(), found.members, plan) else {
            plan.unchanged += unrenamed;
            return;
        };
        let (key, deed) = (against.owned.key(&group.id), Deed::ChangeMembers(change));
        plan.changes
            .push(Change::of(EntryKind::Group, key, name, deed));
    }

    /// Who is to be a member, sorted.
    fn wanted(&self, found: MemberList<'_>) -> Vec<UserName> {
        let (roster, before) = (self.roster, &self.own.members);
        let mut wanted = roster.members(&self.group.members, before);
        if roster.keeps_all {
            let standing = found.set();
            let there = before.names().filter(|name| standing.contains(name));
            wanted.extend(there.filter_map(|name| UserName::new(name, true).ok()));
            wanted.sort();
            wanted.dedup();
        }
        wanted
    }

    /// Who comes into the group of this name, and who goes; `None`: all is as it should be.
    fn members(&self, name: &str, found: MemberList<'_>, plan: &mut Plan) -> Option<MemberChange> {
        let own = self.own;
        let mut wanted = self.wanted(found);
        let mut is_forgotten = !own.members.are(wanted.iter().map(UserName::as_str));
        if !is_forgotten && own.members.stand_as(found) {
            return None;
        }
        let standing = found.set();
        let mut add: Vec<UserName> = wanted
            .iter()
            .filter(|name| !standing.contains(name.as_str()))
            .cloned()
            .collect();
        let by_hand = self.against.rules.groups.taken_out_by_hand;
        taken_out(&own.name, &own.members, by_hand, &mut add, plan);
        let out = kept_out(name, self.against.host, &mut add, plan);
        if !out.is_empty() {
            wanted.retain(|name| !out.contains(name));
            is_forgotten = !own.members.are(wanted.iter().map(UserName::as_str));
        }
        let keep: BTreeSet<&str> = wanted.iter().map(UserName::as_str).collect();
        let remove: Vec<String> = own
            .members
            .names()
            .filter(|name| !keep.contains(name) && standing.contains(name))
            .map(str::to_owned)
            .collect();
        if add.is_empty() && remove.is_empty() && !is_forgotten {
            return None;
        }
        Some(MemberChange {
            privileged: None,
            add,
            remove,
            wanted,
        })
    }
}
