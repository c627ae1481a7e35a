//! What a run did to the members of groups, undone.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Touched, Work, parse, state};
use crate::model::owned::{Owned, OwnedGroup, State};
use crate::model::{GroupName, RemoteId, UserName, shown};
use crate::plan::diff::accounts::ours;
use crate::plan::diff::groups::{found, split};
use crate::plan::{Change, Plan};

/// A group as the ledger had it.
#[derive(Deserialize)]
struct PastGroup {
    name: String,
    state: String,
    members: String,
}

impl Work<'_> {
    pub(super) fn group(&mut self, touched: &Touched<'_>, id: &RemoteId) -> Result<(), String> {
        let Some(own) = self.owned().groups.get(id).filter(|own| own.state.is_present()) else {
            return Err("is in the ledger no more".to_owned());
        };
        if touched.first.change == "adopt-group" {
            self.check_later(touched)?;
            let name = GroupName::known(&own.name).map_err(|e| format!("the ledger's name {e}"))?;
            self.plan.changes.push(Change::ReleaseGroup { id: id.clone(), name, gid: own.gid });
            return Ok(());
        }
        let before = touched.first.before.as_ref().map(parse::<PastGroup>).transpose()?;
        let after: PastGroup = parse(&touched.last.after)?;
        let before = before.filter(|before| state(&before.state).is_present());
        match &before {
            None => self.plan.remark(&own.name, "stays: gosync removes no groups; its members are taken out"),
            Some(before) if before.name != own.name => {
                return Err(format!(
                    "was called `{}` then, and a name does not come back by undo",
                    shown(&before.name)
                ));
            }
            Some(_) => {}
        }
        let was = before.as_ref().map_or("", |before| before.members.as_str());
        self.members(touched, id, own, was, &after.members)
    }

    /// Takes out whom the run put in, and puts in whom it took out; who is a member for another reason stays.
    fn members(
        &mut self,
        touched: &Touched<'_>,
        id: &RemoteId,
        own: &OwnedGroup,
        before: &str,
        after: &str,
    ) -> Result<(), String> {
        let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (split(before).collect(), split(after).collect());
        let now: BTreeSet<&str> = split(&own.members).collect();
        let gone: BTreeSet<&str> = after.difference(&before).filter(|name| now.contains(*name)).copied().collect();
        let back: BTreeSet<&str> = before.difference(&after).filter(|name| !now.contains(*name)).copied().collect();
        if gone.is_empty() && back.is_empty() {
            self.plan.unchanged += 1;
            return Ok(());
        }
        self.check_later(touched)?;
        let Some(found) = found(own, self.against.host, &mut self.plan) else { return Ok(()) };
        let standing: BTreeSet<&str> = split(found.members).collect();
        let (mut can, mut wanted) = (Vec::new(), BTreeSet::new());
        for name in back {
            match self.can_be_member(name) {
                Some(name) => can.push(name),
                None => {
                    let text = format!("`{}` has no open account, and does not come back as a member", shown(name));
                    self.plan.remark(&own.name, text);
                }
            }
        }
        wanted.extend(can.iter().cloned());
        wanted.extend(now.difference(&gone).filter_map(|name| UserName::new(name, true).ok()));
        let add: Vec<UserName> = can.into_iter().filter(|name| !standing.contains(name.as_str())).collect();
        let remove: Vec<String> =
            gone.iter().filter(|name| standing.contains(*name)).map(|name| (*name).to_owned()).collect();
        if add.is_empty() && remove.is_empty() && wanted.iter().map(UserName::as_str).eq(now) {
            self.plan.unchanged += 1;
            return Ok(());
        }
        let name = GroupName::known(&own.name).map_err(|e| format!("the ledger's name {e}"))?;
        let wanted = wanted.into_iter().collect();
        self.plan.changes.push(Change::ChangeMembers { id: id.clone(), name, add, remove, wanted });
        Ok(())
    }

    /// Members are people who have an open account of gosync's, now or by this plan.
    fn can_be_member(&self, name: &str) -> Option<UserName> {
        let own = self.owned().accounts.values().find(|own| own.name == name);
        let is_open = own.is_some_and(|own| own.state == State::Active && ours(own, self.against.host).is_ok());
        let comes = self.fresh.iter().any(|(account, ..)| account.name.as_str() == name);
        let opens = self.plan.changes.iter().any(|change| match change {
            Change::UnlockAccount { name: unlocked, .. } => unlocked.as_str() == name,
            _ => false,
        });
        (is_open || comes || opens).then(|| UserName::new(name, true).ok()).flatten()
    }
}

/// Takes those out of member lists whose accounts could not be made after all.
pub(super) fn drop_lost(plan: &mut Plan, created: &[Change], owned: &Owned) {
    let comes = |name: &UserName| {
        created.iter().any(|change| matches!(change, Change::CreateAccount(new) if new.name == *name))
    };
    let is_there = |name: &UserName| {
        owned.accounts.values().any(|own| own.name == name.as_str() && own.state.is_present()) || comes(name)
    };
    for change in &mut plan.changes {
        if let Change::ChangeMembers { add, wanted, .. } = change {
            add.retain(is_there);
            wanted.retain(is_there);
        }
    }
}
