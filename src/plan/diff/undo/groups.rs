//! What a run did to groups of gosync's, undone.

use std::collections::BTreeSet;

use super::Work;
use super::entry::{One, Undoable};
use super::members::{Turn, users};
use super::past::PastGroup;
use crate::model::host::Host;
use crate::model::owned::OwnedGroup;
use crate::model::{Members, Name};
use crate::plan::diff::group_departure::removable;
use crate::plan::diff::new_groups::conflict;
use crate::plan::diff::owned_lines::{group_line, group_line_or_remark};
use crate::plan::diff::rename::Renamed;
use crate::plan::{Deed, MemberChange};
use crate::policy::Reason;

/// A group that a run changed.
type OneGroup<'t, 'a> = One<'t, 'a, OwnedGroup>;

impl Undoable for OwnedGroup {
    type Past = PastGroup;

    fn moves_home(_: &PastGroup, _: &PastGroup) -> bool {
        false
    }

    // Its members may be as they were, and nothing of it looked at.
    fn unrenamed(own: &Self, host: &Host<'_>) -> Option<Reason> {
        Some(group_line(own, host).err().unwrap_or(Reason::NameUnusable))
    }

    fn unadopt(_: &mut Work<'_>, _: &OneGroup<'_, '_>, _: &Name) {}

    fn restore(
        work: &mut Work<'_>,
        one: &OneGroup<'_, '_>,
        before: &PastGroup,
    ) -> Result<(), Reason> {
        let mut renamed = None;
        if before.name != one.after.name && before.name != one.own.name {
            work.check_later(one.touched)?;
            renamed = work.rename_back(one, before, true);
        }
        let turn = work.turn(&before.members, &one.after.members, &one.own.members);
        work.members(one, renamed, turn)
    }

    // A group that was only begun has nothing that could be lost.
    fn leave(work: &mut Work<'_>, one: &OneGroup<'_, '_>, _: &PastGroup) -> Result<(), Reason> {
        Self::unmake(work, one)
    }

    fn unmake(work: &mut Work<'_>, one: &OneGroup<'_, '_>) -> Result<(), Reason> {
        let (own, host) = (one.own, work.against.host);
        let remove = match host.groups.contains_key(own.name.as_str()) {
            // One that is not there may have been removed by a run that was broken off; the rest of it goes now.
            false => Ok(Vec::new()),
            true => removable(own, group_line(own, host)?, host),
        };
        match remove {
            Ok(remove) => {
                let gid = own.gid;
                work.change(one, one.name()?, Deed::RemoveGroup { gid, remove });
                Ok(())
            }
            Err(reason) => {
                let why = reason.boxed();
                work.plan.remark(&own.name, Reason::GroupStays { why });
                let turn = work.turn(Members::nobody(), &one.after.members, &own.members);
                work.members(one, None, turn)
            }
        }
    }

    fn remake<'a>(
        work: &mut Work<'a>,
        one: &OneGroup<'_, 'a>,
        name: Name,
        before: PastGroup,
    ) -> Result<(), Reason> {
        if let Some(reason) = conflict(name.as_str(), Some(one.own), &work.claims) {
            return Err(reason);
        }
        let back: BTreeSet<String> = work.all_called(before.members.names());
        let members = work.who_can(name.as_str(), back);
        let gid = one.own.gid;
        work.change(one, name, Deed::CreateGroup { gid, members });
        Ok(())
    }
}

impl Work<'_> {
    /// Takes out whom the run put in, and puts in whom it took out; who is a member for another reason stays. `renamed`:
    /// whether the group gets another name by this plan.
    fn members(
        &mut self,
        one: &OneGroup<'_, '_>,
        renamed: Option<Renamed>,
        turn: Turn,
    ) -> Result<(), Reason> {
        let own = one.own;
        if turn.is_none() {
            self.plan.unchanged += usize::from(renamed.is_none());
            return Ok(());
        }
        self.check_later(one.touched)?;
        let stands = renamed.as_ref();
        let stands = stands.map_or(own.name.as_str(), |renamed| renamed.stands(&own.name));
        let host = self.against.host;
        let Some(found) = group_line_or_remark(stands, own, host, &mut self.plan) else {
            return Ok(());
        };
        let there = self.all_called(found.members.names());
        let name = renamed.as_ref();
        let name = name.map_or(own.name.as_str(), |renamed| renamed.to.as_str());
        let Some(change) = self.member_change(name, turn, &there) else {
            self.plan.unchanged += usize::from(renamed.is_none());
            return Ok(());
        };
        let name = match renamed {
            Some(renamed) => renamed.to,
            None => one.name()?,
        };
        self.change(one, name, Deed::ChangeMembers(change));
        Ok(())
    }

    /// Who comes and who goes; `None`: all is as it should be. `there`: who is in the group.
    fn member_change(
        &mut self,
        group: &str,
        turn: Turn,
        there: &BTreeSet<String>,
    ) -> Option<MemberChange> {
        let Turn { now, gone, back } = turn;
        let come = self.who_can(group, back);
        let stay = users(now.difference(&gone));
        let wanted: BTreeSet<_> = come.iter().cloned().chain(stay).collect();
        let add: Vec<_> = come
            .into_iter()
            .filter(|name| !there.contains(name.as_str()))
            .collect();
        let remove: Vec<String> = gone
            .into_iter()
            .filter(|name| there.contains(name))
            .collect();
        let is_same = wanted.iter().map(|name| name.as_str()).eq(&now);
        if add.is_empty() && remove.is_empty() && is_same {
            return None;
        }
        Some(MemberChange {
            privileged: None,
            add,
            remove,
            wanted: wanted.into_iter().collect(),
        })
    }
}
