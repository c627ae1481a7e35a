//! `[groups] local_map`: the only way by which people get into a group that gosync does not own.
//!
//! Maps groups of the provider, by name, to groups of this host. A group that grants power must be marked so beside its
//! name: who writes that line names a privilege, and no provider can (threats V8 and V21). Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::protect;
use crate::model::name::BadName;
use crate::model::{Directory, Group, GroupName, RemoteId, Status, shown};

/// One group of this host, and where its members come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalGroup {
    /// Its name.
    pub name: GroupName,
    /// Whether the configuration says that it grants power.
    pub privileged: bool,
    /// The provider's names of the groups whose members come into it, sorted.
    pub sources: Vec<String>,
}

/// An entry of the key: a name, or a table.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a group of this host: its name, or { group = \"NAME\", privileged = true }"
)]
enum Entry {
    Name(String),
    Table(EntryTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryTable {
    group: String,
    #[serde(default)]
    privileged: bool,
}

/// Why a map cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMap {
    /// A group of this host has a name that none can have.
    #[error("the name `{}` {why}", shown(.name))]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: BadName,
    },
    /// A group that grants power is not marked so.
    #[error(
        "`{name}` is a group of the system's, or grants power; if that is meant, write {{ group = \"{name}\", \
         privileged = true }}"
    )]
    NotMarked {
        /// The group.
        name: GroupName,
    },
    /// It is marked so in one place alone.
    #[error("`{name}` is marked as privileged in one place and not in another")]
    MarkedOnce {
        /// The group.
        name: GroupName,
    },
}

impl TryFrom<BTreeMap<String, Entry>> for LocalMap {
    type Error = BadMap;
    fn try_from(entries: BTreeMap<String, Entry>) -> Result<Self, BadMap> {
        let entry = |(source, entry)| {
            let (name, privileged) = match entry {
                Entry::Name(name) => (name, false),
                Entry::Table(table) => (table.group, table.privileged),
            };
            let group = GroupName::known(&name).map_err(|why| BadMap::Name { name, why })?;
            Ok((source, group, privileged))
        };
        Self::new(
            entries
                .into_iter()
                .map(entry)
                .collect::<Result<_, BadMap>>()?,
        )
    }
}

/// All of them, by name. Cheap to clone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "BTreeMap<String, Entry>")]
pub struct LocalMap(Arc<[LocalGroup]>);

impl LocalMap {
    /// Takes the provider's names, each with a group of this host and whether that is marked as privileged.
    ///
    /// # Errors
    /// When a group that grants power is not marked so, or not everywhere.
    pub fn new(entries: Vec<(String, GroupName, bool)>) -> Result<Self, BadMap> {
        let mut groups: BTreeMap<GroupName, LocalGroup> = BTreeMap::new();
        for (source, name, privileged) in entries {
            if protect::is_protected(name.as_str()) && !privileged {
                return Err(BadMap::NotMarked { name });
            }
            let group = groups.entry(name.clone()).or_insert(LocalGroup {
                name,
                privileged,
                sources: Vec::new(),
            });
            if group.privileged != privileged {
                let name = group.name.clone();
                return Err(BadMap::MarkedOnce { name });
            }
            group.sources.push(source);
        }
        groups.values_mut().for_each(|group| group.sources.sort());
        Ok(Self(groups.into_values().collect()))
    }

    /// The groups of this host.
    pub fn groups(&self) -> &[LocalGroup] {
        &self.0
    }

    /// Whether a group of the provider's is mapped to one of this host.
    pub fn maps(&self, remote: &str) -> bool {
        self.targets(remote).next().is_some()
    }

    /// The groups of this host that one of the provider's is mapped to.
    pub fn targets(&self, remote: &str) -> impl Iterator<Item = &GroupName> {
        let of_it = self
            .0
            .iter()
            .filter(move |group| group.sources.iter().any(|source| source == remote));
        of_it.map(|group| &group.name)
    }

    /// What a directory asks of the groups of this host.
    pub fn wanted(&self, directory: &Directory) -> Vec<WantedLocal> {
        self.0
            .iter()
            .map(|group| wanted(group, directory))
            .collect()
    }
}

/// A group of this host with the people who should be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedLocal {
    /// Its name.
    pub name: GroupName,
    /// Whether the configuration says that it grants power.
    pub privileged: bool,
    /// The active members of all its sources, in no order.
    pub members: Vec<RemoteId>,
    /// Sources that were not in the read.
    pub missing: Vec<String>,
    /// Sources of whose name there are several.
    pub ambiguous: Vec<String>,
}

impl WantedLocal {
    /// Whether `members` may be too few, so that nobody is taken out.
    pub fn is_short(&self) -> bool {
        !self.missing.is_empty() || !self.ambiguous.is_empty()
    }
}

fn wanted(local: &LocalGroup, directory: &Directory) -> WantedLocal {
    let (name, privileged) = (local.name.clone(), local.privileged);
    let mut out = WantedLocal {
        name,
        privileged,
        members: vec![],
        missing: vec![],
        ambiguous: vec![],
    };
    for source in &local.sources {
        let found: Vec<&Group> = directory
            .groups
            .iter()
            .filter(|group| group.name.raw() == source)
            .collect();
        match found.as_slice() {
            [] => out.missing.push(source.clone()),
            [group] => {
                let active = group
                    .members
                    .iter()
                    .filter(|member| member.status == Status::Active);
                out.members.extend(active.map(|member| member.user.clone()));
            }
            _ => out.ambiguous.push(source.clone()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Membership, Role, Untrusted};

    fn entry(source: &str, name: &str, privileged: bool) -> (String, GroupName, bool) {
        (
            source.to_owned(),
            GroupName::known(name).unwrap(),
            privileged,
        )
    }

    #[test]
    fn a_group_that_grants_power_must_be_marked_so_everywhere() {
        let bare = LocalMap::new(vec![entry("x", "docker", false)]);
        assert!(matches!(bare, Err(BadMap::NotMarked { .. })));
        assert!(
            LocalMap::new(vec![
                entry("x", "docker", true),
                entry("y", "docker", false)
            ])
            .is_err()
        );
        assert!(LocalMap::new(vec![entry("x", "lab", true), entry("y", "lab", false)]).is_err());
        assert!(LocalMap::new(vec![entry("x", "docker", true), entry("y", "lab", false)]).is_ok());
    }

    #[test]
    fn members_come_from_all_sources_that_are_there_once() {
        let member = |n: u32, status| Membership {
            user: RemoteId::new(&format!("u-{n}")).unwrap(),
            role: Role::Member,
            status,
        };
        let group = |id: &str, name: &str, members| Group {
            id: RemoteId::new(id).unwrap(),
            name: Untrusted::new(name),
            description: None,
            parent: None,
            gid: None,
            members,
        };
        let groups = vec![
            group(
                "1",
                "ops",
                vec![member(1, Status::Active), member(2, Status::Pending)],
            ),
            group("2", "dev", vec![member(3, Status::Active)]),
            group("3", "twin", vec![member(4, Status::Active)]),
            group("4", "twin", vec![]),
        ];
        let map = LocalMap::new(
            ["ops", "dev", "twin", "gone"]
                .map(|source| entry(source, "lab", false))
                .to_vec(),
        )
        .unwrap();
        let [lab] = &map.wanted(&Directory {
            users: vec![],
            groups,
        })[..] else {
            panic!()
        };
        assert_eq!(
            lab.members.iter().map(RemoteId::as_str).collect::<Vec<_>>(),
            ["u-3", "u-1"]
        );
        assert_eq!(
            (lab.missing.as_slice(), lab.ambiguous.as_slice()),
            (&["gone".into()][..], &["twin".into()][..])
        );
        assert!(lab.is_short() && map.maps("dev") && !map.maps("DEV"));
    }
}
