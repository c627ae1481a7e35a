//! What becomes of a group that the provider does not have any more: first its members are taken out, later it is
//! removed. Members that people added stay, and so does a group that has any, or is somebody's primary group.

use super::owned_lines::group_line_or_remark;
use super::rename;
use crate::model::host::{Host, HostGroup};
use crate::model::owned::{Absence, GroupDeparture, Owned, OwnedGroup};
use crate::model::{Completeness, GroupName, RemoteId, Untrusted};
use crate::plan::{Change, Deed, Observation, Plan};
use crate::policy::map::WantedGroups;
use crate::policy::{DepartedRules, Reason, protect};

/// What absent groups are compared with.
pub(super) struct Absent<'a> {
    pub host: &'a Host<'a>,
    pub owned: &'a Owned,
    pub rules: &'a DepartedRules,
    pub now: i64,
}

impl Absent<'_> {
    /// Groups that are not in a complete read.
    pub(super) fn all(&self, wanted: &WantedGroups, completeness: &Completeness, plan: &mut Plan) {
        if !matches!(completeness, Completeness::Complete(_)) {
            return;
        }
        for (id, own) in self
            .owned
            .groups
            .iter()
            .filter(|(id, own)| own.state.is_present() && !wanted.present.contains(*id))
        {
            if wanted.left_out.contains(id) {
                plan.remark(&own.name, Reason::LeftOut);
            } else if wanted.present.is_empty() && wanted.left_out.is_empty() {
                plan.remark(&own.name, Reason::NoGroupsAtAll);
            } else {
                self.one(id, own, plan);
            }
        }
    }

    fn one(&self, id: &RemoteId, own: &OwnedGroup, plan: &mut Plan) {
        let context = (self.host, self.owned);
        if let Some(to) = rename::begun_group(id, own, None, context) {
            plan.unchanged += usize::from(!rename::group(id, (&to, true), own, context, plan));
            return;
        }
        let departure = self
            .owned
            .group_departures
            .get(id)
            .copied()
            .unwrap_or_default();
        let done = match departure.since {
            Some(since) if own.members.is_empty() => self.remove(id, own, since, plan),
            _ => self.empty(id, own, departure, plan),
        };
        if !done {
            plan.unchanged += 1;
        }
    }

    /// The first stage: its members go.
    fn empty(
        &self,
        id: &RemoteId,
        own: &OwnedGroup,
        departure: GroupDeparture,
        plan: &mut Plan,
    ) -> bool {
        let seen = departure.absence.unwrap_or(Absence {
            since: self.now,
            runs: 0,
        });
        let absence = Absence {
            since: seen.since.min(self.now),
            runs: seen.runs.saturating_add(1),
        };
        let lasted = u64::try_from(self.now - absence.since).unwrap_or(0);
        if absence.runs < self.rules.absent_runs || lasted < self.rules.absent_for {
            if absence.runs <= self.rules.absent_runs {
                plan.observations
                    .push(Observation::GroupAbsent(id.clone(), absence));
            }
            plan.remark(&own.name, Reason::GoneForNow);
            return false;
        }
        let (Some(found), Ok(name)) = (
            group_line_or_remark(&own.name, own, self.host, plan),
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
        let empty = Deed::EmptyGroup { remove };
        plan.changes
            .push(Change::group(self.owned.key(id), name, empty));
        true
    }

    /// The second stage: the group goes.
    fn remove(&self, id: &RemoteId, own: &OwnedGroup, since: i64, plan: &mut Plan) -> bool {
        let gone = u64::try_from(self.now - since).unwrap_or(0);
        if self.rules.remove_after.is_none_or(|after| gone < after) {
            plan.remark(&own.name, Reason::GoneAndEmptied);
            return false;
        }
        let Ok(name) = GroupName::known(&own.name) else {
            return false;
        };
        let remove = match self.host.groups.contains_key(own.name.as_str()) {
            // One that is not there may have been removed by a run that was broken off; the rest of it goes now.
            false => Ok(Vec::new()),
            true => {
                let Some(found) = group_line_or_remark(&own.name, own, self.host, plan) else {
                    return false;
                };
                removable(own, found, self.host)
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
        plan.changes.push(Change::group(
            self.owned.key(id),
            name,
            Deed::RemoveGroup { gid, remove },
        ));
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
