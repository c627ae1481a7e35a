//! What a run did to the members of groups of the host's own, undone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::members::{Turn, users};
use super::{Touched, Work, parse};
use crate::model::host::HostGroup;
use crate::model::{GroupName, Members, UserName};
use crate::plan::diff::local::{usable, writable};
use crate::plan::{Change, Deed, MemberChange};
use crate::policy::Reason;
use crate::policy::local_map::LocalGroup;

/// Who was in a group of the host's own through gosync.
#[derive(Deserialize)]
struct PastMembers {
    members: Members,
}

impl Work<'_> {
    /// Takes out whom the run put in. Who was taken out comes back only as long as the configuration maps the group: it
    /// alone lets people in.
    pub(super) fn local_group(&mut self, touched: &Touched<'_>) -> Result<(), Reason> {
        let (host, owned) = (self.against.host, self.owned());
        let id = touched.last.id.as_str();
        let name = GroupName::known(id).map_err(|why| Reason::BadLedgerName { why })?;
        let before = touched
            .first
            .before
            .as_ref()
            .map(parse::<PastMembers>)
            .transpose()?;
        let after: PastMembers = parse(&touched.last.after)?;
        let before = before.map_or_else(Members::default, |before| before.members);
        let mut turn = self.turn(
            &before,
            &after.members,
            owned.local.get(id).unwrap_or(Members::nobody()),
        );
        if turn.is_none() {
            self.plan.unchanged += 1;
            return Ok(());
        }
        self.check_later(touched)?;
        let map = &self.against.rules.groups.local_map;
        let mapped = map.groups().iter().find(|group| group.name == name);
        let found = host.groups.get(id).ok_or(Reason::LocalGroupGone)?;
        writable(id, found, host)?;
        if let Some(reason) = self.barred(mapped).filter(|_| !turn.back.is_empty()) {
            if turn.gone.is_empty() {
                return Err(reason);
            }
            self.refuse(touched, reason);
            turn.back.clear();
        }
        let privileged = mapped.is_some_and(|group| group.privileged);
        match self.members_back(id, turn, found, privileged) {
            None => self.plan.unchanged += 1,
            Some(change) => self.push(Change::local_group(name, Deed::ChangeMembers(change))),
        }
        Ok(())
    }

    /// Why nobody comes back into a group that is mapped so, or not at all.
    fn barred(&self, mapped: Option<&LocalGroup>) -> Option<Reason> {
        let why = match mapped {
            None => Reason::NotMapped,
            Some(group) => {
                let (host, owned) = (self.against.host, self.owned());
                usable(&group.name, group.privileged, host, owned).err()?
            }
        };
        let why = why.boxed();
        Some(Reason::NobodyComesBack { why })
    }

    /// Who comes back into a group, and who goes; `None`: nobody.
    fn members_back(
        &mut self,
        id: &str,
        mut turn: Turn,
        found: &HostGroup<'_>,
        privileged: bool,
    ) -> Option<MemberChange> {
        let there = self.all_called(found.members.names());
        let come = self.who_can(id, std::mem::take(&mut turn.back));
        // Whoever is in it without gosync is not gosync's to take out later.
        let add: Vec<UserName> = come
            .into_iter()
            .filter(|name| !there.contains(name.as_str()))
            .collect();
        let stay = users(turn.now.difference(&turn.gone));
        let applied: BTreeSet<UserName> = stay.chain(add.iter().cloned()).collect();
        let remove: Vec<String> = turn
            .gone
            .iter()
            .filter(|name| there.contains(*name))
            .cloned()
            .collect();
        if add.is_empty() && turn.gone.is_empty() {
            return None;
        }
        Some(MemberChange {
            privileged: Some(privileged),
            add,
            remove,
            wanted: applied.into_iter().collect(),
        })
    }
}
