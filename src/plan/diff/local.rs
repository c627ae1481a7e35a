//! The plan for members of groups that gosync does not own: `local_map`.
//!
//! Only who was added by gosync is taken out by it. The group itself, its gid and its other members are never touched,
//! and a group that is not there is not made.

use std::collections::BTreeSet;

use super::input::DiffInput;
use super::members::{Roster, taken_out};
use crate::model::host::{Host, HostGroup};
use crate::model::owned::Owned;
use crate::model::{Completeness, GroupName, Members, Untrusted, UserName};
use crate::plan::claims::unsound;
use crate::plan::{Change, Deed, MemberChange, Plan};
use crate::policy::local_map::WantedLocal;
use crate::policy::{Reason, protect};

/// Compares the members of mapped groups.
pub(super) fn local(
    wanted: &[WantedLocal],
    against: &DiffInput<'_>,
    roster: &Roster,
    plan: &mut Plan,
) {
    let DiffInput { host, owned, .. } = *against;
    let is_whole = matches!(against.completeness, Completeness::Complete(_));
    for group in wanted {
        sources(group, is_whole, plan);
        match usable(&group.name, group.privileged, host, owned) {
            Err(reason) => plan.remark(group.name.as_str(), reason),
            Ok(found) => mapped(group, found, against, roster, plan),
        }
    }
    if is_whole {
        let is_mapped = |name: &str| wanted.iter().any(|group| group.name.as_str() == name);
        for (name, applied) in owned.local.iter().filter(|(name, _)| !is_mapped(name)) {
            unmapped(name, applied, host, plan);
        }
    }
}

/// Tells of groups of the provider's that give no members, or not the wanted ones.
fn sources(group: &WantedLocal, is_whole: bool, plan: &mut Plan) {
    let name = group.name.as_str();
    for source in group.missing.iter().filter(|_| is_whole) {
        let group = Untrusted::new(source);
        plan.remark(name, Reason::SourceMissing { group });
    }
    for source in &group.ambiguous {
        let group = Untrusted::new(source);
        plan.remark(name, Reason::SourceAmbiguous { group });
    }
}

/// The line of a mapped group, or why nothing is done with it.
pub(super) fn usable<'h>(
    name: &GroupName,
    privileged: bool,
    host: &'h Host<'_>,
    owned: &Owned,
) -> Result<&'h HostGroup<'h>, Reason> {
    let name = name.as_str();
    let Some(found) = host.groups.get(name) else {
        return Err(Reason::LocalGroupMissing);
    };
    if owned
        .groups
        .values()
        .any(|own| own.name == name && own.state.is_present())
    {
        return Err(Reason::LocalGroupOurs);
    }
    if protect::is_privileged_group(name, found.gid) && !privileged {
        return Err(Reason::NotMarkedPrivileged { gid: found.gid });
    }
    writable(name, found, host)?;
    Ok(found)
}

/// Whether the line of a group can be changed; if not, why.
pub(super) fn writable(name: &str, found: &HostGroup<'_>, host: &Host<'_>) -> Result<(), Reason> {
    if unsound(name, host).is_some() {
        return Err(Reason::LineUnsound);
    }
    if !found.writable {
        return Err(Reason::NotWritable);
    }
    if !found.members.is_text() {
        return Err(Reason::MembersNotText);
    }
    Ok(())
}

fn mapped(
    group: &WantedLocal,
    found: &HostGroup<'_>,
    against: &DiffInput<'_>,
    roster: &Roster,
    plan: &mut Plan,
) {
    let applied = against.owned.local.get(group.name.as_str());
    let applied = applied.unwrap_or(Members::nobody());
    let by_hand = against.rules.groups.taken_out_by_hand;
    let standing = found.members.set();
    let wanted = roster.members(&group.members, applied);
    let mut add: Vec<UserName> = wanted
        .iter()
        .filter(|name| !standing.contains(name.as_str()))
        .cloned()
        .collect();
    taken_out(group.name.as_str(), applied, by_hand, &mut add, plan);
    let mut keep: BTreeSet<UserName> = wanted.into_iter().collect();
    if group.is_short() {
        let stay = applied.names();
        keep.extend(stay.filter_map(|name| UserName::new(name, true).ok()));
    }
    let remove: Vec<String> = applied
        .names()
        .filter(|name| !keep.contains(*name) && standing.contains(name))
        .map(str::to_owned)
        .collect();
    // Whoever was there before is not gosync's to take out later.
    let before = applied.set();
    let wanted = keep
        .iter()
        .filter(|name| before.contains(name.as_str()) || add.contains(name))
        .cloned()
        .collect();
    let change = MemberChange {
        privileged: Some(group.privileged),
        add,
        remove,
        wanted,
    };
    push(group.name.clone(), applied, change, plan);
}

/// A group that the configuration does not name any more: who came by gosync goes.
fn unmapped(name: &str, applied: &Members, host: &Host<'_>, plan: &mut Plan) {
    let standing: BTreeSet<&str> = host
        .groups
        .get(name)
        .into_iter()
        .flat_map(|found| found.members.names())
        .collect();
    if let Some(Err(reason)) = host
        .groups
        .get(name)
        .map(|found| writable(name, found, host))
    {
        plan.remark(name, reason);
        return;
    }
    let Ok(group) = GroupName::known(name) else {
        return;
    };
    let remove: Vec<String> = applied
        .names()
        .filter(|name| standing.contains(name))
        .map(str::to_owned)
        .collect();
    plan.remark(name, Reason::NoLongerMapped);
    let change = MemberChange {
        privileged: Some(false),
        add: vec![],
        remove,
        wanted: vec![],
    };
    push(group, applied, change, plan);
}

fn push(name: GroupName, before: &Members, change: MemberChange, plan: &mut Plan) {
    let learns = !before.are(change.wanted.iter().map(UserName::as_str));
    if change.add.is_empty() && change.remove.is_empty() && !learns {
        plan.unchanged += 1;
        return;
    }
    let deed = Deed::ChangeMembers(change);
    plan.changes.push(Change::local_group(name, deed));
}
