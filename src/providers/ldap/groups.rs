//! Groups: from entries to members; `nested` follows the groups in groups.
//!
//! Sources: RFC 2307 (`memberUid`), draft-howard-rfc2307bis (`member`, `uniqueMember`), MS-ADTS
//! 3.1.1.3.1.3.3 (ranges of values). Whoever is listed in any of a group's member attributes is a
//! member, whatever its object class says. A member who was not read is left out: what that means,
//! `strangers` has found out before. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::people::{self, People};
use super::settings::{Names, Schema, Settings};
use crate::ldap::dn;
use crate::ldap::entry::{self, Entry, Range, Values};
use crate::model::history::EntryKind;
use crate::model::{Group, RejectedRecord, Untrusted};
use crate::providers::nested::{self, Limits, Node};

/// More memberships than any directory has, groups in groups multiplied out; less for tests, which
/// need not wait.
const MAX_MEMBERSHIPS: usize = if cfg!(test) { 500_000 } else { 20_000_000 };

/// The attributes to ask for.
pub(super) fn attributes(settings: &Settings) -> Vec<&str> {
    let names = &settings.names;
    let mut wanted: Vec<&str> = vec![
        &names.group_id,
        &names.group_name,
        &names.group_gid,
        &names.group_description,
        &names.member_login,
    ];
    wanted.extend(names.member.iter().map(String::as_str));
    if settings.schema == Schema::Ad {
        wanted.push("objectSid");
    }
    people::distinct(wanted)
}

/// A group as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GroupEntry {
    /// Without members; or why it cannot be used. Even then it may be in a group that can.
    pub group: Result<Group, RejectedRecord>,
    /// Whether it was asked for, or is only read because it is in another group.
    pub wanted: bool,
    /// The entry's name, for comparing.
    pub key: Option<String>,
    /// The entry's name, for asking again.
    pub dn: String,
    /// People listed in it, by number.
    pub people: Vec<u32>,
    /// Listed names of entries that are none of the people read: groups, or somebody else.
    pub others: Vec<Box<str>>,
    /// Listed logins of nobody who was read.
    pub strangers: Vec<Box<str>>,
    /// Listed values that should be names of entries, and are none.
    pub nameless: Vec<Box<str>>,
    /// Values that have not come yet: the attribute, and the number of the first.
    pub more: Option<(String, u64)>,
}

/// Takes a group from an entry.
pub(super) fn group(entry: &Entry<'_>, names: &Names, people: &People) -> GroupEntry {
    let group = fields(entry, names);
    let mut raw = GroupEntry {
        key: dn::normalise(&entry.dn).map(|key| key.into_owned()),
        dn: entry.dn.clone().into_owned(),
        group,
        wanted: true,
        people: Vec::new(),
        others: Vec::new(),
        strangers: Vec::new(),
        nameless: Vec::new(),
        more: None,
    };
    for login in entry.values(&names.member_login) {
        let before = raw.people.len();
        if let Ok(login) = std::str::from_utf8(login) {
            raw.people.extend(people.by_login(login));
        }
        if raw.people.len() == before {
            raw.strangers.push(entry::text(login).into());
        }
    }
    for attribute in &names.member {
        raw.list(entry.values(attribute), people);
        if let Some((range, values)) = entry.range(attribute) {
            raw.list(values, people);
            raw.more = range
                .last
                .map(|last| (attribute.clone(), last.saturating_add(1)));
        }
    }
    for sid in entry.values("objectSid") {
        raw.people.extend(people.by_primary(sid));
    }
    raw
}

fn fields(entry: &Entry<'_>, names: &Names) -> Result<Group, RejectedRecord> {
    let id = people::id(entry, &names.group_id);
    let dn = Untrusted::new(&*entry.dn);
    let rejected = |id, reason| {
        let gids = people::numbers(entry, &names.group_gid);
        RejectedRecord::new(EntryKind::Group, id, dn.clone(), reason).naming(gids)
    };
    let id = id.map_err(|reason| rejected(None, reason))?;
    let name = people::naming(entry, &names.group_name);
    let gid = people::single(entry, &names.group_gid);
    match (name, gid) {
        (Ok(name), Ok(gid)) => Ok(Group {
            id,
            name: Untrusted::new(name),
            description: people::loose(entry, &names.group_description).map(Untrusted::new),
            parent: None,
            gid,
            members: Vec::new(),
        }),
        (Err(reason), _) | (_, Err(reason)) => Err(rejected(Some(id), reason)),
    }
}

impl GroupEntry {
    /// Adds members that are listed by name of entry.
    fn list(&mut self, values: Values<'_>, people: &People) {
        for value in values {
            let text = std::str::from_utf8(value).ok();
            match text.and_then(|text| dn::normalise(dn::without_bits(text))) {
                Some(key) => match people.by_name(&key) {
                    Some(number) => self.people.push(number),
                    None => self.others.push(key.into()),
                },
                // Groups that must have a member, and have none, list an empty name.
                None if value.is_empty() => {}
                None => self.nameless.push(entry::text(value).into()),
            }
        }
    }

    /// Adds the next part of a long list; says whether the list goes on, or that the answer does
    /// not fit the question.
    pub(super) fn next_part(
        &mut self,
        entry: &Entry<'_>,
        attribute: &str,
        first: u64,
        people: &People,
    ) -> Result<(), ()> {
        let Some((range, values)) = entry.range(attribute) else {
            return Err(());
        };
        let last = match range {
            Range { first: begun, .. } if begun != first => return Err(()),
            Range {
                last: Some(last), ..
            } if last < first || values.is_empty() => return Err(()),
            Range { last, .. } => last,
        };
        self.list(values, people);
        self.more = last.map(|last| (attribute.to_owned(), last.saturating_add(1)));
        Ok(())
    }
}

/// What came of the groups.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub groups: Vec<Group>,
    pub rejected: Vec<RejectedRecord>,
    /// One group came twice, and was not the same.
    pub different: bool,
    /// The groups in groups multiply out to more than any directory has.
    pub endless: bool,
    /// There was no time or memory left; not all groups are here.
    pub stopped: bool,
}

/// Gives each group its members, those of the groups in it included: see [`nested`]. `go_on` tells
/// whether there is time and memory left.
pub(super) fn resolve(
    mut raws: Vec<GroupEntry>,
    people: &People,
    depth: usize,
    go_on: &dyn Fn() -> bool,
) -> Resolved {
    let mut out = Resolved {
        different: drop_repeated(&mut raws),
        ..Resolved::default()
    };
    let inner = inner(&raws, &mut out);
    let mut groups = Vec::with_capacity(raws.len());
    let mut nodes = Vec::with_capacity(raws.len());
    for (raw, inner) in raws.into_iter().zip(inner) {
        groups.push(raw.wanted.then_some(raw.group));
        nodes.push(Node {
            people: raw
                .people
                .iter()
                .map(|number| people.rank(*number))
                .collect(),
            inner,
            broken: None,
        });
    }
    let limits = Limits {
        depth,
        memberships: MAX_MEMBERSHIPS,
        go_on,
    };
    let id = |rank| people.at_rank(rank).cloned();
    let resolved = nested::resolve(groups, &nodes, limits, id);
    Resolved {
        groups: resolved.groups,
        rejected: resolved.rejected,
        endless: resolved.endless,
        stopped: resolved.stopped,
        ..out
    }
}

/// For each group the places of the groups listed in it.
fn inner(raws: &[GroupEntry], out: &mut Resolved) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, raw) in raws.iter().enumerate() {
        if let Some(key) = &raw.key {
            out.different |= places.insert(key, i).is_some();
        }
    }
    let mut inner = Vec::with_capacity(raws.len());
    for raw in raws {
        let mut found = Vec::new();
        for other in &raw.others {
            // Whom the others mean was settled before.
            found.extend(places.get(&**other));
        }
        inner.push(found);
    }
    inner
}

/// Drops groups that were read twice; says whether two of them differed.
fn drop_repeated(raws: &mut Vec<GroupEntry>) -> bool {
    let id = |raw: &GroupEntry| match &raw.group {
        Ok(group) => Some(group.id.clone()),
        Err(record) => record.id.clone(),
    };
    let mut seen = BTreeMap::new();
    let mut repeated = BTreeSet::new();
    let mut different = false;
    for (i, raw) in raws.iter().enumerate() {
        let Some(id) = id(raw) else { continue };
        if let Some(first) = seen.insert(id, i) {
            let first: &GroupEntry = &raws[first];
            different |= first.group != raw.group
                || first.people != raw.people
                || first.others != raw.others;
            repeated.insert(i);
        }
    }
    let mut i = 0;
    raws.retain(|_| {
        i += 1;
        !repeated.contains(&(i - 1))
    });
    different
}
