//! Who belongs to which group, groups in groups included: RFC 7643, 4.2. Pure.
//!
//! Members whom nobody knows stay members, by the id that stands there: servers leave the ids of deleted people in their
//! groups, and to drop them would be to guess. They are counted, and whoever reads the snapshot finds no person for them. A
//! group whose members cannot all be told is rejected, never shortened.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Kind, Listed, Raw};
use super::settings::MemberValue;
use crate::model::{Group, Membership, RejectedRecord, RemoteId, Role, Status, name_key};

/// More memberships than any directory has.
const MAX_MEMBERSHIPS: usize = 50_000_000;

/// Everybody who was read, by what members may be called.
#[derive(Debug, Default)]
pub(super) struct People {
    ids: BTreeMap<String, RemoteId>,
    /// By the key of the login; `None`: of several.
    logins: BTreeMap<String, Option<RemoteId>>,
}

impl People {
    /// Adds somebody; a person who cannot be used is somebody, too.
    pub fn add(&mut self, id: &RemoteId, login: Option<&str>) {
        self.ids.insert(id.as_str().to_owned(), id.clone());
        if let Some(login) = login {
            let mine = Some(id.clone());
            let entry = self
                .logins
                .entry(name_key(login))
                .or_insert_with(|| mine.clone());
            if *entry != mine {
                *entry = None;
            }
        }
    }

    /// Whether there is somebody with this id.
    pub fn knows(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }
}

/// A member, found out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// Somebody who was read.
    Person(RemoteId),
    /// A group that was read, by its key.
    Group(String),
    /// An id of nobody and nothing that was read.
    Stranger(RemoteId),
    /// A group that was not read.
    Missing(String),
}

/// Finds out who a member is.
///
/// # Errors
/// Why that cannot be said.
pub(super) fn find(
    listed: &Listed,
    people: &People,
    is_group: &dyn Fn(&str) -> bool,
    meaning: MemberValue,
) -> Result<Found, String> {
    let id = |text: &str| {
        RemoteId::new(text)
            .ok_or_else(|| "the id of one of its members is no printable word".to_owned())
    };
    let value = listed.value.as_str();
    if meaning == MemberValue::Login && listed.kind != Some(Kind::Group) {
        return match people.logins.get(&name_key(value)) {
            Some(Some(id)) => Ok(Found::Person(id.clone())),
            Some(None) => Err("one of its members has a login that several people have".to_owned()),
            // Nothing that is no login may look like somebody's id.
            None => id(&format!("login:{value}")).map(Found::Stranger),
        };
    }
    match (listed.kind, people.ids.get(value), is_group(value)) {
        (Some(Kind::Person) | None, Some(person), false)
        | (Some(Kind::Person), Some(person), true) => Ok(Found::Person(person.clone())),
        (Some(Kind::Group), _, true) | (None, None, true) => Ok(Found::Group(value.to_owned())),
        (Some(Kind::Group), _, false) => Ok(Found::Missing(value.to_owned())),
        (Some(Kind::Person), None, _) | (None, None, false) => id(value).map(Found::Stranger),
        (None, Some(_), true) => {
            Err("one of its members may be a person or a group; both have that id".to_owned())
        }
    }
}

/// What came of the groups.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub groups: Vec<Group>,
    pub rejected: Vec<RejectedRecord>,
    /// How many members nobody knows.
    pub strangers: usize,
    /// Groups that are listed in others and were not read.
    pub missing: BTreeSet<String>,
    /// The groups in groups multiply out to more than any directory has.
    pub endless: bool,
}

/// One group with its members found out.
struct Node {
    people: BTreeSet<RemoteId>,
    inner: BTreeSet<usize>,
    /// Why they cannot all be told.
    broken: Option<String>,
}

/// Gives each group that was asked for its members, those of the groups in it included. A group may be in itself, by
/// whatever way round; one that goes deeper than `depth` is rejected.
pub(super) fn resolve(
    raws: Vec<Raw>,
    people: &People,
    meaning: MemberValue,
    depth: usize,
) -> Resolved {
    let mut out = Resolved::default();
    let places: BTreeMap<String, usize> = raws
        .iter()
        .enumerate()
        .filter_map(|(i, raw)| Some((raw.key.clone()?, i)))
        .collect();
    let mut strangers = BTreeSet::new();
    let mut nodes = Vec::with_capacity(raws.len());
    for raw in &raws {
        let mut node = Node {
            people: BTreeSet::new(),
            inner: BTreeSet::new(),
            broken: None,
        };
        if raw.group.is_err() {
            node.broken = Some("a group in it cannot be used".to_owned());
        }
        for listed in &raw.listed {
            match find(listed, people, &|id| places.contains_key(id), meaning) {
                Ok(Found::Person(id)) => {
                    node.people.insert(id);
                }
                Ok(Found::Stranger(id)) => {
                    strangers.insert(id.clone());
                    node.people.insert(id);
                }
                Ok(Found::Group(key)) => node.inner.extend(places.get(&key)),
                Ok(Found::Missing(key)) => {
                    out.missing.insert(key);
                }
                Err(reason) => node.broken = Some(reason),
            }
        }
        nodes.push(node);
    }
    out.strangers = strangers.len();
    let mut budget = MAX_MEMBERSHIPS;
    for (i, raw) in raws.into_iter().enumerate().filter(|(_, raw)| raw.wanted) {
        match raw.group {
            Err(record) => out.rejected.push(record),
            Ok(mut group) => match expand(&nodes, i, depth, &mut budget) {
                Ok(members) => {
                    let member = |user| Membership {
                        user,
                        role: Role::Member,
                        status: Status::Active,
                    };
                    group.members = members.into_iter().map(member).collect();
                    out.groups.push(group);
                }
                Err(Some(reason)) => {
                    out.rejected.push(RejectedRecord {
                        id: Some(group.id),
                        subject: group.name,
                        reason,
                    });
                }
                Err(None) => out.endless = true,
            },
        }
    }
    out
}

/// Everybody in a group or in a group in it. `Err(None)`: too many.
fn expand(
    nodes: &[Node],
    start: usize,
    depth: usize,
    budget: &mut usize,
) -> Result<BTreeSet<RemoteId>, Option<String>> {
    let mut people = BTreeSet::new();
    let mut seen = BTreeSet::from([start]);
    let mut level = vec![start];
    let mut deeper = depth;
    loop {
        let mut next = Vec::new();
        for node in level.iter().filter_map(|i| nodes.get(*i)) {
            if let Some(reason) = &node.broken {
                return Err(Some(reason.clone()));
            }
            *budget = budget
                .checked_sub(node.people.len() + node.inner.len() + 1)
                .ok_or(None)?;
            people.extend(node.people.iter().cloned());
            next.extend(
                node.inner
                    .iter()
                    .copied()
                    .filter(|inside| seen.insert(*inside)),
            );
        }
        if next.is_empty() {
            return Ok(people);
        }
        if deeper == 0 {
            return Err(Some(format!(
                "groups are nested in it more than {depth} levels deep"
            )));
        }
        deeper -= 1;
        level = next;
    }
}
