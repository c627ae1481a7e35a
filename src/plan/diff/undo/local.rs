//! What a run did to the members of groups of the host's own, undone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::members::users;
use super::{Touched, Work, parse};
use crate::model::{GroupName, Members, UserName};
use crate::plan::diff::local::{usable, writable};
use crate::plan::{Change, Deed, MemberChange};
use crate::policy::Reason;

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
        let privileged = mapped.is_some_and(|group| group.privileged);
        let found = match host.groups.get(id) {
            None => return Err(Reason::LocalGroupGone),
            Some(found) => found,
        };
        writable(id, found, host)?;
        let barred = match mapped {
            None => Some(Reason::NotMapped),
            Some(group) => usable(&group.name, group.privileged, host, owned).err(),
        };
        if let Some(reason) = barred.filter(|_| !turn.back.is_empty()) {
            let why = reason.boxed();
            let reason = Reason::NobodyComesBack { why };
            if turn.gone.is_empty() {
                return Err(reason);
            }
            self.refuse(touched, reason);
            turn.back.clear();
        }
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
            self.plan.unchanged += 1;
            return Ok(());
        }
        let change = Deed::ChangeMembers(MemberChange {
            privileged: Some(privileged),
            add,
            remove,
            wanted: applied.into_iter().collect(),
        });
        self.push(Change::local_group(name, change));
        Ok(())
    }
}
