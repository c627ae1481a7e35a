//! What a plan's changes are to hooks: one event for each account and group, complete, so that a hook can be run for it
//! long after. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::deed::FieldChange;
use super::effects::{Count, Detail, Effects, effects};
pub use super::hook_event::Event;
pub(crate) use super::hook_event::{Account, GroupState, HookEvent, Kind, Subject};
use super::hook_event::{Why, local_id};
use super::{Change, Plan};
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::Owned;
use crate::model::{RemoteId, UserName};

/// For which kinds there are hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Accounts.
    pub user: bool,
    /// Groups.
    pub group: bool,
    /// Members of groups.
    pub bygroup: bool,
}

/// What a plan was made from.
struct Source<'a> {
    plan: &'a Plan,
    host: &'a Host<'a>,
    owned: &'a Owned,
    /// The groups of each account that changes, by its name before.
    groups_of: BTreeMap<&'a str, Vec<String>>,
}

/// The events that a plan's changes give, in the order of the changes. `host` and `owned` are what it was made from.
pub(crate) fn of(plan: &Plan, host: &Host<'_>, owned: &Owned, wanted: Wanted) -> Vec<HookEvent> {
    let changing = match wanted.user {
        true => changing(plan, owned),
        false => BTreeSet::new(),
    };
    let groups_of = memberships(host, |name| changing.contains(name));
    let source = Source {
        plan,
        host,
        owned,
        groups_of,
    };
    let mut users = Users::default();
    let mut groups: Vec<HookEvent> = Vec::new();
    for change in &plan.changes {
        match change.of.kind {
            EntryKind::Account if wanted.user => users.add(change, &source),
            EntryKind::Group | EntryKind::LocalGroup if wanted.group || wanted.bygroup => {
                groups.extend(source.group_event(change));
            }
            EntryKind::Account | EntryKind::Group | EntryKind::LocalGroup => {}
        }
    }
    let bygroup = |event: &HookEvent| HookEvent {
        kind: Kind::Bygroup,
        ..event.clone()
    };
    let bygroup: Vec<HookEvent> = groups
        .iter()
        .filter(|_| wanted.bygroup)
        .map(bygroup)
        .collect();
    groups.retain(|_| wanted.group);
    users
        .events
        .into_iter()
        .chain(groups)
        .chain(bygroup)
        .collect()
}

/// Which account a change is about, if it is one that hooks learn of.
pub(crate) fn account_of(change: &Change) -> Option<&RemoteId> {
    change
        .account_id()
        .filter(|_| effects(change).event.is_some())
}

fn json(change: &Change) -> serde_json::Value {
    serde_json::to_value(change).unwrap_or_default()
}

/// The names, before a plan, of the accounts that hooks learn of.
fn changing<'a>(plan: &'a Plan, owned: &'a Owned) -> BTreeSet<&'a str> {
    let name = |change: &'a Change| {
        let own = owned.accounts.get(account_of(change)?);
        Some(own.map_or(change.name(), |own| own.name.as_str()))
    };
    plan.changes.iter().filter_map(name).collect()
}

/// The groups of a host, sorted, by the names of those members that are wanted. Nobody is a member of a primary group by that
/// alone.
pub(crate) fn memberships<'a>(
    host: &Host<'a>,
    is_wanted: impl Fn(&str) -> bool,
) -> BTreeMap<&'a str, Vec<String>> {
    let mut out: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (group, found) in host.groups.iter() {
        for member in found.members.names().filter(|name| is_wanted(name)) {
            let groups = out.entry(member).or_default();
            if groups.last().is_none_or(|last| last != group) {
                groups.push((*group).to_owned());
            }
        }
    }
    out
}

fn why(change: &Change) -> Option<Why> {
    let Some(Detail::Reason(reason)) = effects(change).detail else {
        return None;
    };
    Some(Why {
        reason: reason.word().to_owned(),
        text: reason.to_string(),
    })
}

/// The events of accounts: one for each, whatever changes of it.
#[derive(Default)]
struct Users<'a> {
    events: Vec<HookEvent>,
    places: BTreeMap<&'a RemoteId, usize>,
}

impl<'a> Users<'a> {
    fn add(&mut self, change: &'a Change, source: &Source<'_>) {
        let effects = effects(change);
        let (Some(id), Some(event)) = (change.account_id(), effects.event) else {
            return;
        };
        if !self.places.contains_key(id) {
            let Some(account) = source.account(change, id, &effects) else {
                return;
            };
            self.places.insert(id, self.events.len());
            self.events.push(HookEvent {
                kind: Kind::User,
                event,
                id: id.to_string(),
                subject: Subject::Account(account),
                reasons: Vec::new(),
                changes: Vec::new(),
                is_after_commit: true,
            });
        }
        let Some(user) = self.places.get(id).and_then(|at| self.events.get_mut(*at)) else {
            return;
        };
        user.event = user.event.min(event);
        user.is_after_commit &= effects.is_after_commit;
        user.reasons.extend(why(change));
        user.changes.push(json(change));
        if let Subject::Account(account) = &mut user.subject {
            apply(account, &effects);
        }
    }
}

impl Source<'_> {
    /// An account as it stands before the plan, or as it will be made.
    fn account(&self, change: &Change, id: &RemoteId, effects: &Effects<'_>) -> Option<Account> {
        let account = if let Some(new) = effects.lines.new_account() {
            Account {
                name: change.name().to_owned(),
                uid: new.uid.get(),
                gid: new.gid.get(),
                fields: new.fields.clone(),
                email: None,
                ssh_keys: Vec::new(),
                attributes: BTreeMap::new(),
                groups: Vec::new(),
            }
        } else if effects.count == Count::Adopted {
            Account::found(change.name(), self.host.accounts.get(change.name())?)
        } else {
            self.known(id)?
        };
        // Of those whom the provider does not name, or was not asked about, what it said last.
        let contact = self
            .plan
            .contacts
            .get(id)
            .or_else(|| self.owned.contacts.get(id))
            .cloned();
        let groups = self.groups_of.get(account.name.as_str()).cloned();
        let account = account.in_groups(groups.unwrap_or_default());
        Some(account.reached_by(contact.unwrap_or_default()))
    }

    fn known(&self, id: &RemoteId) -> Option<Account> {
        let own = self.owned.accounts.get(id)?;
        let found = self
            .host
            .accounts
            .get(own.name.as_str())
            .filter(|found| found.uid == own.uid.get());
        Some(match found {
            Some(found) => Account::found(&own.name, found),
            None => Account {
                name: own.name.clone(),
                uid: own.uid.get(),
                gid: own.gid,
                fields: own.applied.fields.clone(),
                email: None,
                ssh_keys: Vec::new(),
                attributes: BTreeMap::new(),
                groups: Vec::new(),
            },
        })
    }

    /// What a change is to a group. One of the host's own has no id, and is called `local:NAME`.
    fn group_event(&self, change: &Change) -> Option<HookEvent> {
        let effects = effects(change);
        let event = effects.event?;
        let name = change.name();
        let id = change
            .id()
            .map_or_else(|| local_id(name), ToString::to_string);
        let (before, gid) = self.group_before(change, &effects)?;
        let (come, go) = (effects.members.come, effects.members.go);
        let found = self.host.groups.get(before).map(|found| found.members);
        let stay = found
            .unwrap_or_default()
            .names()
            .filter(|member| !go.iter().any(|gone| gone == member));
        let mut members: Vec<String> = stay
            .chain(come.iter().map(UserName::as_str))
            .map(str::to_owned)
            .collect();
        members.sort();
        members.dedup();
        Some(HookEvent {
            kind: Kind::Group,
            event,
            id,
            subject: Subject::Group(GroupState {
                name: name.to_owned(),
                gid,
                members,
                added: come.iter().map(ToString::to_string).collect(),
                removed: go.to_vec(),
            }),
            reasons: why(change).into_iter().collect(),
            changes: vec![json(change)],
            is_after_commit: false,
        })
    }

    /// The name under which a group stands before the plan, and its gid.
    fn group_before<'c>(
        &'c self,
        change: &'c Change,
        effects: &Effects<'c>,
    ) -> Option<(&'c str, u32)> {
        let name = change.name();
        if let Some(number) = effects.number {
            let before = effects
                .lines
                .rename()
                .map_or(name, |rename| rename.from.as_str());
            return Some((before, number.get()));
        }
        match change.id() {
            None => Some((name, self.host.groups.get(name)?.gid)),
            Some(id) => {
                let own = self.owned.groups.get(id)?;
                Some((own.name.as_str(), own.gid.get()))
            }
        }
    }
}

/// Makes an account what it is after a change.
fn apply(account: &mut Account, effects: &Effects<'_>) {
    if let Some(rename) = effects.lines.rename() {
        rename.to.as_str().clone_into(&mut account.name);
        if let Some(home) = rename.home() {
            home.to.clone_into(&mut account.fields.home);
        }
    }
    for FieldChange { field, to, .. } in effects.lines.fields() {
        if let Some(text) = field.of(account.fields.borrowed_mut()) {
            to.clone_into(text);
        }
    }
}

#[cfg(test)]
mod tests;
