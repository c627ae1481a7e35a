//! Who is listed in which group: RFC 7643, 4.2; `nested` follows the groups in groups. Pure.
//!
//! Members whom nobody knows stay members, by the id that stands there: servers leave the ids of
//! deleted people in their groups, and to drop them would be to guess. They are counted, and
//! whoever reads the snapshot finds no person for them. A group whose members cannot all be told is
//! rejected, never shortened.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{GroupEntry, Kind, Listed};
use super::settings::MemberValue;
use crate::model::{Group, RejectedRecord, RemoteId, name_key};
use crate::providers::nested::{self, Limits, Node};

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
    pub(super) fn add(&mut self, id: &RemoteId, login: Option<&str>) {
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

    /// Whether there is somebody with this login.
    pub(super) fn has_login(&self, login: &str) -> bool {
        self.logins.contains_key(&name_key(login))
    }

    /// Whether there is somebody with this id.
    pub(super) fn knows(&self, id: &str) -> bool {
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
            .ok_or_else(|| format!("the id of one of its members {}", RemoteId::UNFIT))
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
    /// There was no time or memory left; not all groups are here.
    pub stopped: bool,
}

/// Gives each group that was asked for its members, those of the groups in it included: see
/// [`nested`]. `go_on` tells whether there is time and memory left.
pub(super) fn resolve(
    raws: Vec<GroupEntry>,
    people: &People,
    meaning: MemberValue,
    depth: usize,
    go_on: &dyn Fn() -> bool,
) -> Resolved {
    let places: BTreeMap<String, usize> = raws
        .iter()
        .enumerate()
        .filter_map(|(i, raw)| Some((raw.key.clone()?, i)))
        .collect();
    let mut unknown = Unknown::default();
    let mut groups = Vec::with_capacity(raws.len());
    let mut nodes = Vec::with_capacity(raws.len());
    let is_group = |id: &str| places.contains_key(id);
    for raw in raws {
        let found = raw.listed.iter();
        let found = found.map(|listed| find(listed, people, &is_group, meaning));
        nodes.push(node(found, raw.group.is_err(), &places, &mut unknown));
        groups.push(raw.wanted.then_some(raw.group));
    }
    let limits = Limits {
        depth,
        memberships: MAX_MEMBERSHIPS,
        go_on,
    };
    let resolved = nested::resolve(groups, &nodes, limits, Some);
    Resolved {
        groups: resolved.groups,
        rejected: resolved.rejected,
        strangers: unknown.strangers.len(),
        missing: unknown.missing,
        endless: resolved.endless,
        stopped: resolved.stopped,
    }
}

/// A group with who and what is in it, nobody and nothing twice. `is_broken`: it cannot be used.
fn node(
    members: impl Iterator<Item = Result<Found, String>>,
    is_broken: bool,
    places: &BTreeMap<String, usize>,
    unknown: &mut Unknown,
) -> Node<RemoteId> {
    let mut node = Node {
        people: Vec::new(),
        inner: Vec::new(),
        broken: is_broken.then(|| "a group in it cannot be used".to_owned()),
    };
    for found in members {
        match found {
            Ok(found) => unknown.add(found, &mut node, places),
            Err(reason) => node.broken = Some(reason),
        }
    }
    node.people.sort_unstable();
    node.people.dedup();
    node.inner.sort_unstable();
    node.inner.dedup();
    node
}

/// Listed members that are none of what was read.
#[derive(Default)]
struct Unknown {
    strangers: BTreeSet<RemoteId>,
    missing: BTreeSet<String>,
}

impl Unknown {
    /// Adds a member to its group.
    fn add(&mut self, found: Found, node: &mut Node<RemoteId>, places: &BTreeMap<String, usize>) {
        match found {
            Found::Person(id) => node.people.push(id),
            Found::Stranger(id) => {
                self.strangers.insert(id.clone());
                node.people.push(id);
            }
            Found::Group(key) => node.inner.extend(places.get(&key)),
            Found::Missing(key) => drop(self.missing.insert(key)),
        }
    }
}
