//! From a provider's group to a group as it should be on this host.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, KnownAs, asked, asked_number, kept, mapped, twins};
use crate::model::history::EntryKind;
use crate::model::owned::{Owned, OwnedGroup, State};
use crate::model::{Directory, Gid, Group, GroupName, IdRange, Name, RemoteId, Status, Untrusted};
use crate::policy::alloc::NamedNumbers;
use crate::policy::local_map::WantedLocal;
use crate::policy::rules::RulesOfGroup;
use crate::policy::trace::{Step, Trace};
use crate::policy::{GroupRules, NameMap, Reason, Refusal, Remark, protect};

/// A group that should be on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedGroup {
    /// The provider's id.
    pub id: RemoteId,
    /// Name on this host, as it is so far.
    pub name: GroupName,
    /// The name it should have from now on, if that is another one.
    pub rename: Option<GroupName>,
    /// The gid that the provider asks for.
    pub gid: Option<Gid>,
    /// Where its gid may be.
    pub gid_range: IdRange,
    /// Its active members, in no order.
    pub members: Vec<RemoteId>,
}

impl twins::Wanted for WantedGroup {
    const KIND: EntryKind = EntryKind::Group;

    type Own = OwnedGroup;

    fn id(&self) -> &RemoteId {
        &self.id
    }

    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn rename(&self) -> Option<&str> {
        self.rename.as_ref().map(|name| name.as_str())
    }

    fn new_name(&self) -> Option<Name> {
        self.rename.clone().map(Name::from)
    }

    fn keep_name(&mut self) {
        self.rename = None;
    }

    fn number(&self) -> Option<u32> {
        self.gid.map(|gid| gid.get())
    }

    fn home(&self) -> Option<&str> {
        None
    }

    fn known(owned: &Owned) -> &BTreeMap<RemoteId, OwnedGroup> {
        &owned.groups
    }

    fn own(own: &OwnedGroup) -> (&str, State) {
        (&own.name, own.state)
    }
}

/// What the directory asks of this host's groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct WantedGroups {
    /// Groups, in the order of their ids.
    pub groups: Vec<WantedGroup>,
    /// Records that get no group.
    pub refusals: Vec<Refusal>,
    /// What was not taken over as the provider has it, and why.
    pub remarks: Vec<Remark>,
    /// Records that the ledger does not know, and that would have the name of a group that it does.
    pub asked: Vec<Asked>,
    /// Every group that is there and wanted.
    pub present: BTreeSet<RemoteId>,
    /// Groups that are there, and that the configuration does not want.
    pub left_out: BTreeSet<RemoteId>,
    /// Every person who is there: only of them a missing membership means something.
    pub people: BTreeSet<RemoteId>,
    /// Groups of the host with members from the provider.
    pub local: Vec<WantedLocal>,
    /// The numbers that any group's record names.
    pub named: NamedNumbers,
}

/// Maps groups; those that the filter does not let through are left out.
pub(crate) fn groups(directory: &Directory, owned: &Owned, rules: &GroupRules) -> WantedGroups {
    let people = directory.users.iter().map(|user| user.id.clone()).collect();
    let mut out = WantedGroups {
        people,
        local: rules.local_map.wanted(directory),
        ..Default::default()
    };
    directory.groups.iter().for_each(|group| {
        out.named.add(group.gid.as_ref());
    });
    let (mut groups, left_out): (Vec<_>, Vec<_>) = directory
        .groups
        .iter()
        .partition(|g| rules.filter.matches(g.name.raw()));
    out.left_out = left_out.into_iter().map(|g| g.id.clone()).collect();
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    let names = asked::Names::of(owned, EntryKind::Group);
    for (index, group) in groups.iter().enumerate() {
        let next = groups.get(index + 1);
        let is_twin = next.is_some_and(|other| other.id == group.id);
        let is_first = out.present.insert(group.id.clone());
        let own = owned.groups.get(&group.id);
        if own.is_none() {
            let called = || group_name_of(&group.name, rules).map(|name| name.to_string());
            out.asked.extend(names.asked(&group.id, called));
        }
        let mapped = match is_first && !is_twin {
            true => one(group, own, owned, rules, &mut out.remarks),
            false => Err(Reason::SameId),
        };
        match mapped {
            Ok(wanted) => out.groups.extend(wanted),
            Err(reason) => out.refusals.push(Refusal {
                id: Some(group.id.clone()),
                subject: group.name.clone(),
                reason,
            }),
        }
    }
    let WantedGroups {
        groups,
        refusals,
        remarks,
        ..
    } = &mut out;
    twins::settle(groups, owned, refusals, remarks);
    out
}

/// Maps one group; `None`: what it becomes here is a group that is there already.
fn one(
    group: &Group,
    own: Option<&OwnedGroup>,
    owned: &Owned,
    rules: &GroupRules,
    remarks: &mut Vec<Remark>,
) -> Result<Option<WantedGroup>, Reason> {
    let known = own.filter(|own| own.state.is_present());
    if known.is_none() && rules.local_map.maps(group.name.raw()) {
        return Ok(None);
    }
    let rules = rules.of(group.name.raw());
    let alias = owned.aliases.groups.get(&group.id).map(String::as_str);
    let known_as = known.map(|own| KnownAs {
        name: &own.name,
        alias,
        number: own.gid.get(),
    });
    let has = known.map(|own| own.gid.get());
    let is_its = |text: &&Untrusted| has.is_some() && super::plain_number(text.raw()) == has;
    let mut trace = Trace::default();
    let (name, rename) = group_name(&group.name, known_as, rules, remarks, &mut trace)?;
    let gid_range = rules.gid_range;
    let asked = group.gid.as_ref().filter(|text| !is_its(text));
    let asked = asked.map(|text| gid(text, gid_range));
    let gid = match asked.transpose() {
        Ok(gid) => gid,
        Err(reason) if known.is_some() => {
            let (kind, why) = (EntryKind::Group, reason.boxed());
            let told = Reason::KeepsNumber { kind, why };
            remarks.push(Remark::new(name.as_str(), told));
            None
        }
        Err(reason) => return Err(reason),
    };
    let members = group.members.iter();
    let active = members.filter(|member| member.status == Status::Active);
    Ok(Some(WantedGroup {
        id: group.id.clone(),
        name,
        rename,
        gid,
        gid_range,
        members: active.map(|member| member.user.clone()).collect(),
    }))
}

/// What a group would be called on this host, if it can be called anything.
pub(crate) fn group_name_of(remote: &Untrusted, rules: &GroupRules) -> Option<GroupName> {
    let rules = rules.of(remote.raw());
    GroupName::new(
        rules.prefix,
        &NameMap::apply(rules.names, &remote.raw().to_ascii_lowercase()),
        rules.dots,
    )
    .ok()
}

/// How one group's name comes about, or is refused; as [`groups`] decides it.
pub(crate) fn explain_group(
    remote: &Untrusted,
    known_as: Option<KnownAs<'_>>,
    rules: &GroupRules,
) -> (Result<GroupName, Reason>, Vec<Step>) {
    let mut trace = Trace::listening();
    if !rules.filter.matches(remote.raw()) {
        return (Err(Reason::Filtered), trace.steps());
    }
    let name = group_name(
        remote,
        known_as,
        rules.of(remote.raw()),
        &mut Vec::new(),
        &mut trace,
    );
    (
        name.map(|(name, rename)| rename.unwrap_or(name)),
        trace.steps(),
    )
}

fn group_name(
    remote: &Untrusted,
    known_as: Option<KnownAs<'_>>,
    rules: RulesOfGroup<'_>,
    remarks: &mut Vec<Remark>,
    trace: &mut Trace,
) -> Result<(GroupName, Option<GroupName>), Reason> {
    let mapped = mapped(rules.names, remote, "names", trace);
    let name = GroupName::new(rules.prefix, &mapped, rules.dots);
    if let Some(name) = name.as_ref().ok().filter(|name| name.as_str() != mapped) {
        trace.note("name", name.as_str(), || "with the `prefix`".to_owned());
    }
    let name = name.map_err(|why| Reason::BadName {
        kind: EntryKind::Group,
        name: Untrusted::new(mapped),
        why,
    });
    let sound = name.and_then(|name| {
        match protect::is_reserved(name.as_str()) && !rules.trusted.contains(name.as_str()) {
            true => Err(Reason::SystemName {
                kind: EntryKind::Group,
                name: name.to_string(),
            }),
            false => Ok(name),
        }
    });
    let Some(KnownAs {
        name: known, alias, ..
    }) = known_as
    else {
        return Ok((sound?, None));
    };
    let name = GroupName::known(known).map_err(|why| Reason::BadLedgerName { why })?;
    if sound.as_ref().ok() != Some(&name) {
        trace.note("name", known, || {
            "kept: it has a group of this name already".to_owned()
        });
    }
    Ok(match sound {
        Ok(new) if new.as_str() == known || alias == Some(new.as_str()) => (name, None),
        Ok(new) if alias.is_none() => (name, Some(new)),
        Ok(_) => {
            let told = kept(remote.raw(), Reason::AdoptedUnderThis);
            remarks.push(Remark::new(known, told));
            (name, None)
        }
        Err(reason) => {
            remarks.push(Remark::new(known, kept(remote.raw(), reason)));
            (name, None)
        }
    })
}

fn gid(text: &Untrusted, range: IdRange) -> Result<Gid, Reason> {
    let kind = EntryKind::Group;
    let id = asked_number(text, range, kind)?;
    Gid::new(id).ok_or(Reason::ReservedNumber { kind, id })
}
