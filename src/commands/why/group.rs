//! What is said about a group: the provider's, or one of the host's own that gets members from
//! there.

use super::inquiry::{Answer, Inquiry, first};
use super::leaving::Leaving;
use super::planned::Aliases;
use super::report::{self, Side};
use super::verdict;
use crate::error::Result;
use crate::model::history::EntryKind;
use crate::model::owned::OwnedGroup;
use crate::model::{Group, GroupName, RemoteId, Status, named, shown};
use crate::policy::map;
use crate::policy::trace::Step;
use crate::targets::Hold;

impl Inquiry<'_> {
    /// What is said about the group of this name; `None`: there is none, here or there.
    pub(super) fn group(&self, groups: &Answer) -> Result<Option<Side>> {
        let own = self
            .owned
            .groups
            .iter()
            .find(|(id, own)| own.name == self.name || id.as_str() == self.name);
        let found = self.remote_group(groups, own.map(|(id, _)| id));
        let (id, mut side) = match (found, own) {
            (Some(group), _) => (&group.id, Side::of(&group.id, &group.name)),
            (None, Some((id, _))) => (id, Side::missing_group(id)),
            (None, None) => return Ok(None),
        };
        let own = self.owned.groups.get(id);
        if let Some(own) = own {
            side.ledger = Some(report::group_entry(own, self.primaries(own.gid.get())?));
        }
        let mapped = found.map(|group| self.explain_group(group, own, &mut side));
        let name = own.map(|own| own.name.as_str());
        let remote = found.map(|group| group.name.raw());
        let aliases = Aliases::new(Some(id), remote, name, self.name, &side.steps);
        let next = aliases.of(&groups.plan, EntryKind::Group, "sync groups");
        let refused = aliases.refusal(&groups.plan).or(side.refused.take());
        let is_here = self
            .host_has(|host| own.is_some_and(|own| host.groups.contains_key(own.name.as_str())))?;
        let verdict = verdict::OfGroup {
            own,
            is_here,
            is_there: found.is_some(),
            mapped: &mapped.unwrap_or_default(),
            refused: refused.as_deref(),
            changes: aliases.changes(&groups.plan, EntryKind::Group).collect(),
        };
        side.verdict = verdict.text();
        if own.is_some_and(|own| own.state.is_present()) && found.is_none() {
            let departure = self.owned.group_departures.get(id).copied();
            side.leaving = Some(Leaving::group(
                departure.unwrap_or_default(),
                &self.setup.settings.rules.departed,
                self.setup.now.seconds(),
            ));
        }
        side.refused = refused;
        side.next.push(next);
        Ok(Some(side))
    }

    /// The provider's group that is meant: the one that the group of this name comes from, or the
    /// one of the name or id.
    fn remote_group<'s>(&self, groups: &'s Answer, own: Option<&RemoteId>) -> Option<&'s Group> {
        let rules = &self.setup.settings.rules.groups;
        let all = || groups.desired.snapshot.directory.groups.iter();
        // One that the filter leaves out is asked for by the name that it would have, too.
        let would_be = |group: &&Group| {
            map::group_name_of(&group.name, rules).is_some_and(|name| name.as_str() == self.name)
        };
        match own {
            Some(id) => all().find(|group| group.id == *id),
            None => first(named(self.name, all(), |group| group.name.raw()))
                .or_else(|| all().find(|group| group.id.as_str() == self.name))
                .or_else(|| all().find(would_be)),
        }
    }

    /// How a group comes to be what it is. Returns the groups of the host's own that its members
    /// come into, if it is none itself.
    fn explain_group(&self, group: &Group, own: Option<&OwnedGroup>, side: &mut Side) -> String {
        let rules = &self.setup.settings.rules.groups;
        let members = &group.members;
        let active = members
            .iter()
            .filter(|member| member.status == Status::Active)
            .count();
        side.standing = Some(format!(
            "members at the provider: {}, active: {active}",
            members.len()
        ));
        let known = own.filter(|own| own.state.is_present());
        if known.is_some() || !rules.local_map.maps(group.name.raw()) {
            let known_as = self.known_as(&group.id, known);
            let (name, steps) = map::explain_group(&group.name, known_as, rules);
            side.steps = steps;
            side.refused = name.err().map(|reason| reason.to_string());
            return String::new();
        }
        let names = rules.local_map.targets(group.name.raw());
        let names: Vec<&str> = names.map(GroupName::as_str).collect();
        let mapped = names.join(", ");
        side.steps = vec![Step {
            field: "members",
            value: mapped.clone(),
            rule: "`local_map`: its members come into a group of the host's own".to_owned(),
        }];
        mapped
    }

    /// A group of the host's own that gets, or got, members from the provider.
    pub(super) fn local(&self, groups: &Answer) -> Result<Option<Side>> {
        let rules = &self.setup.settings.rules.groups;
        let mapped = rules
            .local_map
            .groups()
            .iter()
            .find(|group| group.name.as_str() == self.name);
        let applied = self.owned.local.get(self.name);
        if mapped.is_none() && applied.is_none() {
            return Ok(None);
        }
        let target = self.setup.target()?;
        let current = target.read(Hold::Open)?;
        let found = current.host().groups.get(self.name).map(|found| found.gid);
        let mut side = Side::local(self.name, mapped, found);
        side.ledger =
            applied.map(|members| format!("members through gosync: {}", shown(members.as_str())));
        let names = [Some(self.name)].into_iter().flatten().collect();
        let mut next =
            Aliases { id: None, names }.of(&groups.plan, EntryKind::LocalGroup, "sync groups");
        next.narrow = groups.narrow;
        side.next.push(next);
        Ok(Some(side))
    }
}
