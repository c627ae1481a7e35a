//! What a run did to groups of gosync's, undone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Touched, Work, parse, state};
use crate::model::history::EntryKind;
use crate::model::owned::{OwnedGroup, State};
use crate::model::{GroupName, Members, RemoteId};
use crate::plan::diff::group_departure::removable;
use crate::plan::diff::groups::conflict;
use crate::plan::diff::owned_lines::{group_line, group_line_or_remark};
use crate::plan::{Change, Deed, MemberChange, Number};
use crate::policy::{GivenBack, Reason};

/// A group as the ledger had it.
#[derive(Deserialize)]
struct PastGroup {
    name: String,
    state: String,
    members: Members,
}

impl Work<'_> {
    pub(super) fn group(&mut self, touched: &Touched<'_>, id: &RemoteId) -> Result<(), Reason> {
        let Some(own) = self.owned().groups.get(id) else {
            return Err(Reason::NotInLedger);
        };
        let before = touched
            .first
            .before
            .as_ref()
            .map(parse::<PastGroup>)
            .transpose()?;
        let after: PastGroup = parse(&touched.last.after)?;
        let before = before.filter(|before| state(&before.state).is_present());
        match (before, own.state) {
            (_, State::Released) => {
                let shadowed = self.against.host.accounts.contains_key(own.name.as_str());
                let alias = self.owned().aliases.groups.get(id);
                Err(Reason::GivenBack {
                    back: GivenBack::new(&own.name, alias, shadowed),
                })
            }
            (_, now) if now.is_present() && touched.first.change == "adopt-group" => {
                self.check_later(touched)?;
                let name =
                    GroupName::known(&own.name).map_err(|why| Reason::BadLedgerName { why })?;
                let release = Deed::Release(Number::Gid(own.gid));
                self.push(Change::group(self.owned().key(id), name, release));
                Ok(())
            }
            (Some(before), now) if now.is_present() => {
                self.restore_group(touched, id, own, &before, &after)
            }
            (None, now) if now.is_present() => self.unmake_group(touched, id, own, &after),
            (Some(before), _) => self.remake_group(touched, id, own, &before),
            (None, _) => {
                self.plan.unchanged += 1;
                Ok(())
            }
        }
    }

    /// The run changed the name or the members.
    fn restore_group(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        before: &PastGroup,
        after: &PastGroup,
    ) -> Result<(), Reason> {
        let mut name = None;
        if before.name != after.name && before.name != own.name {
            self.check_later(touched)?;
            name = self.rename_group_back(touched, id, own, &before.name);
        }
        self.members(touched, id, own, name, (&before.members, &after.members))
    }

    /// The run made the group.
    fn unmake_group(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        after: &PastGroup,
    ) -> Result<(), Reason> {
        self.check_later(touched)?;
        let host = self.against.host;
        let remove = match host.groups.contains_key(own.name.as_str()) {
            // One that is not there may have been removed by a run that was broken off; the rest of it goes now.
            false => Ok(Vec::new()),
            true => removable(own, group_line(own, host)?, host),
        };
        match remove {
            Ok(remove) => {
                let name =
                    GroupName::known(&own.name).map_err(|why| Reason::BadLedgerName { why })?;
                let gid = own.gid;
                let remove = Deed::RemoveGroup { gid, remove };
                self.push(Change::group(self.owned().key(id), name, remove));
                Ok(())
            }
            Err(reason) => {
                let why = reason.boxed();
                self.plan.remark(&own.name, Reason::GroupStays { why });
                self.members(touched, id, own, None, (Members::nobody(), &after.members))
            }
        }
    }

    /// The run took the group away.
    fn remake_group(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        before: &PastGroup,
    ) -> Result<(), Reason> {
        self.check_later(touched)?;
        let name = GroupName::known(&before.name).map_err(|why| Reason::BadLedgerName { why })?;
        let kind = EntryKind::Group;
        if let Some(by) = self.claims.other(kind, name.as_str(), id) {
            let name = name.to_string();
            return Err(Reason::NameTaken { kind, name, by });
        }
        if let Some(reason) = conflict(name.as_str(), Some(own), &self.claims) {
            return Err(reason);
        }
        let back: BTreeSet<String> = self.all_called(before.members.names());
        let members = self.who_can(name.as_str(), back);
        let gid = own.gid;
        let create = Deed::CreateGroup { gid, members };
        self.push(Change::group(self.owned().key(id), name, create));
        Ok(())
    }

    /// Takes out whom the run put in, and puts in whom it took out; who is a member for another reason stays. `name`: the
    /// one that the group gets by this plan.
    fn members(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        name: Option<GroupName>,
        (before, after): (&Members, &Members),
    ) -> Result<(), Reason> {
        let turn = self.turn(before, after, &own.members);
        if turn.is_none() {
            self.plan.unchanged += usize::from(name.is_none());
            return Ok(());
        }
        self.check_later(touched)?;
        // One whose rename was broken off stands under the name that it gets.
        let host = self.against.host;
        let stands = name
            .as_ref()
            .filter(|_| !host.groups.contains_key(own.name.as_str()));
        let stands = stands.map_or(own.name.as_str(), GroupName::as_str);
        let Some(found) = group_line_or_remark(stands, own, host, &mut self.plan) else {
            return Ok(());
        };
        let there = self.all_called(found.members.names());
        let come = self.who_can(
            name.as_ref().map_or(&own.name, |name| name.as_str()),
            turn.back,
        );
        let stay = turn.now.difference(&turn.gone);
        let wanted: BTreeSet<_> = come
            .iter()
            .cloned()
            .chain(super::members::users(stay))
            .collect();
        let add: Vec<_> = come
            .into_iter()
            .filter(|name| !there.contains(name.as_str()))
            .collect();
        let remove: Vec<String> = turn
            .gone
            .into_iter()
            .filter(|name| there.contains(name))
            .collect();
        if add.is_empty()
            && remove.is_empty()
            && wanted.iter().map(|name| name.as_str()).eq(&turn.now)
        {
            self.plan.unchanged += usize::from(name.is_none());
            return Ok(());
        }
        let name = match name {
            Some(name) => name,
            None => GroupName::known(&own.name).map_err(|why| Reason::BadLedgerName { why })?,
        };
        let wanted = wanted.into_iter().collect();
        let change = Deed::ChangeMembers(MemberChange {
            privileged: None,
            add,
            remove,
            wanted,
        });
        self.push(Change::group(self.owned().key(id), name, change));
        Ok(())
    }
}
