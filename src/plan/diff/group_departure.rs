//! What becomes of a group that the provider does not have any more: first its members are taken out, later it is
//! removed. Members that people added stay, and so does a group that has any, or is somebody's primary group.

use super::absence;
use super::input::DiffInput;
use super::owned_lines::group_line_or_remark;
use super::rename;
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostGroup};
use crate::model::owned::{GroupDeparture, OwnedGroup};
use crate::model::{Completeness, GroupName, RemoteId, Untrusted};
use crate::plan::missing::Missing as Absent;
use crate::plan::{Change, Deed, Observation, Plan};
use crate::policy::map::WantedGroups;
use crate::policy::{Reason, protect};

/// Groups that are not in a complete read.
pub(super) fn departures(wanted: &WantedGroups, against: &DiffInput<'_>, plan: &mut Plan) {
    if !matches!(against.completeness, Completeness::Complete(_)) {
        return;
    }
    let groups = against.owned.groups.iter();
    let is_missing = |id| !wanted.present.contains(id);
    for (id, own) in groups.filter(|(id, own)| own.state.is_present() && is_missing(*id)) {
        if wanted.left_out.contains(id) {
            plan.remark(&own.name, Reason::LeftOut);
        } else {
            let missing = plan.missing.len();
            let is_planned = Missing { id, own, against }.plan(plan);
            let is_unchanged = !is_planned && plan.missing.len() == missing;
            plan.unchanged += usize::from(is_unchanged);
        }
    }
}

/// One of them. Each step says whether it is planned.
struct Missing<'a> {
    id: &'a RemoteId,
    own: &'a OwnedGroup,
    against: &'a DiffInput<'a>,
}

impl Missing<'_> {
    fn plan(&self, plan: &mut Plan) -> bool {
        let Self { id, own, against } = *self;
        if let Some(finished) = rename::finish(id, own, true, against, plan) {
            let unfinished = finished.err();
            let is_planned = unfinished.is_none();
            if let Some((_, reason)) = unfinished {
                plan.remark(&own.name, reason);
            }
            return is_planned;
        }
        let departure = against.owned.group_departures.get(id).copied();
        let departure = departure.unwrap_or_default();
        match departure.since {
            Some(since) if own.members.is_empty() => self.remove(since, plan),
            _ => self.empty(departure, plan),
        }
    }

    fn change(&self, name: GroupName, deed: Deed) -> Change {
        Change::group(self.against.owned.key(self.id), name, deed)
    }

    /// The first step: its members go.
    fn empty(&self, departure: GroupDeparture, plan: &mut Plan) -> bool {
        let own = self.own;
        let missed = absence::count(departure.absence, self.against);
        if !missed.is_due {
            if missed.is_news {
                let absent = Observation::GroupAbsent(self.id.clone(), missed.absence);
                plan.observations.push(absent);
            }
            plan.missing.push(Absent {
                kind: EntryKind::Group,
                id: self.id.clone(),
                name: own.name.clone(),
                since: missed.absence.since,
                not_before: missed.not_before,
                is_news: departure.absence.is_none(),
            });
            return false;
        }
        let (Some(found), Ok(name)) = (
            group_line_or_remark(&own.name, own, self.against.host, plan),
            GroupName::known(&own.name),
        ) else {
            return false;
        };
        let standing = found.members.set();
        let remove = own
            .members
            .names()
            .filter(|name| standing.contains(name))
            .map(str::to_owned)
            .collect();
        plan.changes
            .push(self.change(name, Deed::EmptyGroup { remove }));
        true
    }

    /// The second step: the group goes.
    fn remove(&self, since: i64, plan: &mut Plan) -> bool {
        let Self { own, against, .. } = *self;
        let at = against.rules.departed.remove_after;
        let at = at.map(|seconds| absence::after(since, seconds));
        if !absence::has_come(at, since, against.now) {
            plan.remark(&own.name, Reason::GoneAndEmptied);
            return false;
        }
        let Ok(name) = GroupName::known(&own.name) else {
            return false;
        };
        let remove = match against.host.groups.contains_key(own.name.as_str()) {
            // One that is not there may have been removed by a run that was broken off; the rest of it goes now.
            false => Ok(Vec::new()),
            true => {
                let Some(found) = group_line_or_remark(&own.name, own, against.host, plan) else {
                    return false;
                };
                removable(own, found, against.host)
            }
        };
        let remove = match remove {
            Ok(remove) => remove,
            Err(reason) => {
                let why = reason.boxed();
                plan.remark(&own.name, Reason::NotRemoved { why });
                return false;
            }
        };
        let gid = own.gid;
        plan.changes
            .push(self.change(name, Deed::RemoveGroup { gid, remove }));
        true
    }
}

/// Who goes with a group of gosync's that is removed, or why it stays.
pub(super) fn removable(
    own: &OwnedGroup,
    found: &HostGroup<'_>,
    host: &Host<'_>,
) -> Result<Vec<String>, Reason> {
    if protect::is_protected(&own.name) {
        return Err(Reason::GrantsPower);
    }
    if let Some((name, _)) = host
        .accounts
        .iter()
        .find(|(_, account)| account.gid == own.gid.get())
    {
        let of = Untrusted::new(*name);
        return Err(Reason::IsPrimaryGroup { of });
    }
    let ours = own.members.set();
    if let Some(other) = found.members.names().find(|name| !ours.contains(name)) {
        let name = Untrusted::new(other);
        return Err(Reason::MembersByHand { name });
    }
    Ok(found.members.set().into_iter().map(str::to_owned).collect())
}
