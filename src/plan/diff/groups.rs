//! The plan for groups and their members.

use std::collections::BTreeSet;

use super::completeness::{incomplete, trust};
use super::group_departure::Absent;
use super::members::{Roster, taken_out};
use super::owned_lines::group_line_or_remark;
use super::rename;
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Owned, OwnedGroup, State};
use crate::model::{Completeness, Gid, GroupName, Members, Untrusted, UserName};
use crate::plan::claims::{Claims, Wish};
use crate::plan::{Change, Deed, MemberChange, Observation, Plan};
use crate::policy::alloc::Allocator;
use crate::policy::map::{WantedGroup, WantedGroups};
use crate::policy::{ByHand, GroupRules, Reason, Refusal, Rules};

/// Compares groups.
pub(crate) fn groups(
    mut wanted: WantedGroups,
    completeness: &Completeness,
    host: &Host<'_>,
    owned: &Owned,
    rules: &Rules,
    now: i64,
) -> Plan {
    let names_nobody = wanted.people.is_empty();
    let completeness = &trust(completeness, names_nobody, owned);
    let (generation, incomplete) = (owned.generation, incomplete(completeness));
    let mut plan = Plan {
        generation,
        incomplete,
        refused: std::mem::take(&mut wanted.refusals),
        ..Plan::default()
    };
    plan.remarks = std::mem::take(&mut wanted.remarks);
    let roster = Roster::new(
        host,
        owned,
        std::mem::take(&mut wanted.people),
        completeness,
    );
    let mut gids = Allocator::new(
        rules.groups.gid_range,
        vec![&host.ids, &owned.ids],
        &host.subids,
    );
    let claims = Claims::new(host, owned);
    let mut fresh = Vec::new();
    for group in &wanted.groups {
        match owned.groups.get(&group.id) {
            Some(own)
                if own.state.is_present()
                    && !restores(group, own, (host, owned), &rules.groups) =>
            {
                if owned.group_departures.contains_key(&group.id) {
                    plan.observations
                        .push(Observation::GroupBack(group.id.clone()));
                }
                let begun =
                    rename::begun_group(&group.id, own, group.rename.as_ref(), (host, owned));
                let to = begun.as_ref().or(group.rename.as_ref());
                let is_begun = begun.is_some();
                let renamed = to.filter(|to| {
                    rename::group(&group.id, (to, is_begun), own, (host, owned), &mut plan)
                });
                if is_begun && renamed.is_none() {
                    continue; // why it cannot be finished is told
                }
                known(
                    group,
                    own,
                    renamed,
                    &GroupInput {
                        host,
                        owned,
                        roster: &roster,
                        by_hand: rules.groups.taken_out_by_hand,
                    },
                    &mut plan,
                );
            }
            own => match conflict(group.name.as_str(), own, &claims)
                .or_else(|| gid_conflict(group, own, &gids))
            {
                Some(reason) => plan.refused.push(refusal(group, reason)),
                None => {
                    if let Some(gid) = own.map(|own| own.gid).or(group.gid) {
                        gids.claim(gid.get());
                    }
                    fresh.push((group, own));
                }
            },
        }
    }
    let mut created = Vec::new();
    for (group, own) in fresh {
        let asked = own.map(|own| own.gid).or(group.gid);
        let gid = match asked.map_or_else(
            || gids.next_free_in(group.gid_range).map(Gid::new),
            |gid| Ok(Some(gid)),
        ) {
            Ok(Some(gid)) => gid,
            Ok(None) => continue,
            Err(e) => {
                let (kind, range) = (EntryKind::Group, e);
                plan.refused
                    .push(refusal(group, Reason::NoNumberLeft { kind, range }));
                continue;
            }
        };
        let before = own.filter(|own| own.state.is_present());
        if before.is_some() {
            plan.remark(group.name.as_str(), Reason::MadeAgain);
        }
        let members = roster.members(
            &group.members,
            before.map_or(Members::nobody(), |own| &own.members),
        );
        created.push(Change::group(
            owned.key(&group.id),
            group.name.clone(),
            Deed::CreateGroup { gid, members },
        ));
    }
    plan.changes.splice(0..0, created);
    // One that names nobody proves nothing of groups, even where nobody has an account.
    if !names_nobody {
        Absent {
            host,
            owned,
            rules: &rules.departed,
            now,
        }
        .all(&wanted, completeness, &mut plan);
    }
    super::local::local(
        &wanted.local,
        completeness,
        host,
        owned,
        &rules.groups,
        &roster,
        &mut plan,
    );
    plan
}

fn refusal(group: &WantedGroup, reason: Reason) -> Refusal {
    Refusal {
        id: Some(group.id.clone()),
        subject: Untrusted::new(group.name.as_str()),
        reason,
    }
}

/// Whether a group that was removed by hand is made again.
fn restores(
    group: &WantedGroup,
    own: &OwnedGroup,
    (host, owned): (&Host<'_>, &Owned),
    rules: &GroupRules,
) -> bool {
    // One whose rename was broken off stands under its other name.
    let names = [
        Some(own.name.as_str()),
        group.rename.as_ref().map(GroupName::as_str),
    ];
    let is_there = names
        .into_iter()
        .flatten()
        .any(|name| host.groups.contains_key(name))
        || rename::begun_group(&group.id, own, None, (host, owned)).is_some();
    rules.deleted_by_hand == ByHand::Restore && !is_there
}

/// What a known group is compared with.
struct GroupInput<'a> {
    host: &'a Host<'a>,
    owned: &'a Owned,
    roster: &'a Roster,
    /// What becomes of members who were taken out by hand.
    by_hand: ByHand,
}

/// A group that gosync owns and that the provider has.
fn known(
    group: &WantedGroup,
    own: &OwnedGroup,
    renamed: Option<&GroupName>,
    against: &GroupInput<'_>,
    plan: &mut Plan,
) {
    let GroupInput {
        host,
        roster,
        by_hand,
        ..
    } = *against;
    // One whose rename was broken off stands under its new name already.
    let is_begun = renamed.filter(|_| !host.groups.contains_key(own.name.as_str()));
    let stands = is_begun.map_or(own.name.as_str(), GroupName::as_str);
    let Some(found) = group_line_or_remark(stands, own, host, plan) else {
        return;
    };
    let name = renamed.unwrap_or(&group.name).clone();
    if let Some(gid) = group.gid.filter(|gid| *gid != own.gid) {
        let reason = Reason::NumberStays {
            kind: EntryKind::Group,
            has: own.gid.get(),
            asked: gid.get(),
        };
        plan.remark(&own.name, reason);
    }
    let mut wanted = roster.members(&group.members, &own.members);
    if roster.keeps_all {
        let standing = found.members.set();
        let there = own.members.names().filter(|name| standing.contains(name));
        wanted.extend(there.filter_map(|name| UserName::new(name, true).ok()));
        wanted.sort();
        wanted.dedup();
    }
    let forgotten = !own.members.are(wanted.iter().map(UserName::as_str));
    if !forgotten && own.members.stand_as(found.members) {
        plan.unchanged += usize::from(renamed.is_none());
        return;
    }
    let standing = found.members.set();
    let mut add: Vec<UserName> = wanted
        .iter()
        .filter(|name| !standing.contains(name.as_str()))
        .cloned()
        .collect();
    taken_out(&own.name, &own.members, by_hand, &mut add, plan);
    let keep: BTreeSet<&str> = wanted.iter().map(UserName::as_str).collect();
    let remove: Vec<String> = own
        .members
        .names()
        .filter(|name| !keep.contains(name) && standing.contains(name))
        .map(str::to_owned)
        .collect();
    if add.is_empty() && remove.is_empty() && !forgotten {
        plan.unchanged += usize::from(renamed.is_none());
        return;
    }
    let change = Deed::ChangeMembers(MemberChange {
        privileged: None,
        add,
        remove,
        wanted,
    });
    plan.changes
        .push(Change::group(against.owned.key(&group.id), name, change));
}

/// Why a group cannot be made, or made again, under a name.
pub(super) fn conflict(
    name: &str,
    own: Option<&OwnedGroup>,
    claims: &Claims<'_>,
) -> Option<Reason> {
    let kind = EntryKind::Group;
    let wish = |number| Wish {
        kind,
        name,
        number,
        group: None,
    };
    let gid = |own: &OwnedGroup| own.gid.get();
    let released = own.filter(|own| own.state == State::Released);
    let same = own.filter(|own| own.name == name && own.state != State::Released);
    released
        .and_then(|own| claims.given_back(wish(Some(gid(own))), None))
        .or_else(|| claims.name(wish(same.map(gid))))
        .or_else(|| claims.number(kind, gid(own?), name))
}

/// Why a group cannot have the gid that the provider asks for, if it has none yet.
fn gid_conflict(
    group: &WantedGroup,
    own: Option<&OwnedGroup>,
    gids: &Allocator<'_>,
) -> Option<Reason> {
    let asked = group.gid.filter(|_| own.is_none());
    let gid = asked.filter(|gid| !gids.is_free_in(group.gid_range, gid.get()))?;
    let (kind, id) = (EntryKind::Group, gid.get());
    Some(Reason::NumberTaken { kind, id })
}
