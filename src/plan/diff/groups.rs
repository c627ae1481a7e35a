//! The plan for groups and their members.

use std::collections::{BTreeMap, BTreeSet};

use super::{incomplete, trust};
use crate::model::host::{Host, HostGroup, ODD};
use crate::model::owned::{Owned, OwnedGroup, State};
use crate::model::{Completeness, Gid, Lookup, RemoteId, Untrusted, UserName};
use crate::plan::{Change, Plan};
use crate::policy::alloc::Allocator;
use crate::policy::map::{WantedGroup, WantedGroups};
use crate::policy::{GroupRules, Refusal};

/// Compares groups.
pub fn groups(
    wanted: WantedGroups,
    completeness: &Completeness,
    host: &Host<'_>,
    owned: &Owned,
    rules: &GroupRules,
) -> Plan {
    let completeness = &trust(completeness, wanted.people.is_empty(), owned);
    let (generation, incomplete) = (owned.generation, incomplete(completeness));
    let mut plan = Plan { generation, incomplete, refused: wanted.refusals, ..Plan::default() };
    for (name, text) in wanted.remarks {
        plan.remark(name, text);
    }
    let roster = Roster::new(host, owned, wanted.people, completeness);
    let mut gids = Allocator::new(rules.gid_range, vec![&host.ids, &owned.ids], &host.subids);
    let in_use: BTreeMap<u32, &str> = host.groups.iter().map(|(name, g)| (g.gid, *name)).collect();
    let mut fresh = Vec::new();
    for group in &wanted.groups {
        match owned.groups.get(&group.id) {
            Some(own) if own.state.is_present() => known(group, own, host, &roster, &mut plan),
            own => match conflict(group, own, host, owned, &in_use, &gids) {
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
        let gid = match asked.map_or_else(|| gids.next_free_in(group.gid_range).map(Gid::new), |gid| Ok(Some(gid))) {
            Ok(Some(gid)) => gid,
            Ok(None) => continue,
            Err(e) => {
                plan.refused.push(refusal(group, format!("{e}; widen `gid_range` in the configuration")));
                continue;
            }
        };
        let members = roster.members(&group.members, "");
        created.push(Change::CreateGroup { id: group.id.clone(), name: group.name.clone(), gid, members });
    }
    plan.changes.splice(0..0, created);
    absent(&wanted.present, completeness, owned, &mut plan);
    plan
}

fn refusal(group: &WantedGroup, reason: impl Into<String>) -> Refusal {
    Refusal { id: Some(group.id.clone()), subject: Untrusted::new(group.name.as_str()), reason: reason.into() }
}

/// Who can be a member: people with an open account of gosync's that is on this host.
struct Roster {
    /// Their names, sorted.
    names: Vec<UserName>,
    /// Where in `names` a person's stands. To sort these numbers is to sort members by name.
    places: Lookup<RemoteId, u32>,
    /// People who have an account but were not in this read: what they were members of, they stay for now. The locked
    /// stay, too, while a read is not whole: then nobody is taken out.
    unseen: BTreeSet<UserName>,
    /// Whether nobody is taken out, not even who has no account of gosync's any more.
    keeps_all: bool,
}

impl Roster {
    fn new(host: &Host<'_>, owned: &Owned, people: Lookup<RemoteId, ()>, completeness: &Completeness) -> Self {
        let (mut there, mut unseen) = (Vec::new(), BTreeSet::new());
        let keeps_all = !matches!(completeness, Completeness::Complete(_) | Completeness::Narrowed);
        for (id, own) in owned.accounts.iter().filter(|(_, own)| own.state.is_present()) {
            let is_open = own.state == State::Active;
            let is_there = host.accounts.get(own.name.as_str()).is_some_and(|found| found.uid == own.uid.get());
            let Ok(name) = UserName::new(&own.name, true) else { continue };
            if keeps_all || is_open && !people.contains(id.as_str()) {
                unseen.insert(name.clone());
            }
            if is_there && is_open {
                there.push((name, id));
            }
        }
        there.sort_unstable();
        let places = there.iter().zip(0..).map(|((_, id), place)| (RemoteId::clone(id), place)).collect();
        Self { names: there.into_iter().map(|(name, _)| name).collect(), places, unseen, keeps_all }
    }

    /// The wanted members by name, and those of `applied` (what gosync added before) whose people were not seen.
    fn members(&self, wanted: &[RemoteId], applied: &str) -> Vec<UserName> {
        let mut places: Vec<u32> = wanted.iter().filter_map(|id| self.places.get(id.as_str()).copied()).collect();
        places.sort_unstable();
        places.dedup();
        let mut out: Vec<UserName> = places.iter().filter_map(|at| self.names.get(*at as usize).cloned()).collect();
        if !self.unseen.is_empty() {
            out.extend(split(applied).filter_map(|name| self.unseen.get(name).cloned()));
            out.sort();
            out.dedup();
        }
        out
    }
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// A group that gosync owns and that the provider has.
fn known(group: &WantedGroup, own: &OwnedGroup, host: &Host<'_>, roster: &Roster, plan: &mut Plan) {
    let Some(found) = found(own, host, plan) else { return };
    if let Some(gid) = group.gid.filter(|gid| *gid != own.gid) {
        plan.remark(
            &own.name,
            format!("keeps the gid {}: the provider says {gid} now, and gids never change", own.gid),
        );
    }
    let mut wanted = roster.members(&group.members, &own.members);
    if roster.keeps_all {
        let standing: BTreeSet<&str> = split(found.members).collect();
        let there = split(&own.members).filter(|name| standing.contains(name));
        wanted.extend(there.filter_map(|name| UserName::new(name, true).ok()));
        wanted.sort();
        wanted.dedup();
    }
    let forgotten = split(&own.members).ne(wanted.iter().map(UserName::as_str));
    if !forgotten && found.members == own.members {
        plan.unchanged += 1;
        return;
    }
    let standing: BTreeSet<&str> = split(found.members).collect();
    let add: Vec<UserName> = wanted.iter().filter(|name| !standing.contains(name.as_str())).cloned().collect();
    let keep: BTreeSet<&str> = wanted.iter().map(UserName::as_str).collect();
    let remove: Vec<String> =
        split(&own.members).filter(|name| !keep.contains(name) && standing.contains(name)).map(str::to_owned).collect();
    if add.is_empty() && remove.is_empty() && !forgotten {
        plan.unchanged += 1;
        return;
    }
    plan.changes.push(Change::ChangeMembers { id: group.id.clone(), name: group.name.clone(), add, remove, wanted });
}

fn found<'h>(own: &OwnedGroup, host: &'h Host<'_>, plan: &mut Plan) -> Option<&'h HostGroup<'h>> {
    let name = own.name.as_str();
    match host.groups.get(name) {
        None => plan.remark(name, "was removed by hand and is not made again"),
        Some(found) if found.gid != own.gid.get() => {
            plan.remark(
                name,
                format!("has the gid {} on this host, but gosync gave {}; left alone", found.gid, own.gid),
            );
        }
        Some(_) if host.repeated.contains(name) => plan.remark(name, "stands more than once in group; left alone"),
        Some(_) if host.broken.contains(name) => plan.remark(name, "stands in a malformed line, too; left alone"),
        Some(found) if !found.writable => {
            plan.remark(name, "stands in a database that gosync does not write; left alone")
        }
        Some(found) if found.members == ODD => plan.remark(name, "has members that are no UTF-8; left alone"),
        Some(found) => return Some(found),
    }
    None
}

/// Why a new group cannot be made.
fn conflict(
    group: &WantedGroup,
    own: Option<&OwnedGroup>,
    host: &Host<'_>,
    owned: &Owned,
    in_use: &BTreeMap<u32, &str>,
    gids: &Allocator<'_>,
) -> Option<String> {
    let name = group.name.as_str();
    let set_aside = |gid: u32| own.is_some_and(|own| own.gid.get() == gid && own.name == name);
    if let Some(found) = host.groups.get(name).filter(|found| !set_aside(found.gid)) {
        return Some(format!("a group `{name}` (gid {}) is on this host already and is not gosync's", found.gid));
    }
    if host.broken.contains(name) {
        return Some(format!("`{name}` stands in a malformed line of the databases; see pwck(8) and grpck(8)"));
    }
    if host.accounts.contains_key(name) {
        return Some(format!("an account is called `{name}`, and its own group may be too"));
    }
    if let Some(id) = host.elsewhere.get(name) {
        return Some(format!("another name service of this host knows a `{name}` (id {id})"));
    }
    if owned.other_names.contains(name) {
        return Some(format!("the name `{name}` belongs to another provider's account or group"));
    }
    match own {
        Some(own) => {
            let busy = in_use.get(&own.gid.get()).filter(|other| **other != name);
            busy.map(|other| format!("its gid {} is now used by `{other}`", own.gid))
        }
        None => {
            let gid = group.gid.filter(|gid| !gids.is_free_in(group.gid_range, gid.get()))?;
            Some(format!("the gid {gid} is in use, or was given to somebody before"))
        }
    }
}

/// Groups that the provider no longer has keep their members: a list can be short, and a group is no way in by itself.
fn absent(present: &BTreeSet<RemoteId>, completeness: &Completeness, owned: &Owned, plan: &mut Plan) {
    if !matches!(completeness, Completeness::Complete(_)) {
        return;
    }
    for (_, own) in owned.groups.iter().filter(|(id, own)| own.state.is_present() && !present.contains(*id)) {
        plan.remark(&own.name, "is not at the provider any more; left as it is");
    }
}
