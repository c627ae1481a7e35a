//! Whose an account or a group of this host becomes when it is adopted, and what is never adopted.
//!
//! An administrator names the host's side; the provider's side is found by name, and must be found once. What grants
//! power is refused: its owner at the provider would hold that power (threats V7 and V8). Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::alloc::plain_number;
use super::map::{group_name_of, name_of};
use super::{AccountRules, GroupRules, PrimaryGroup, Reason, protect};
use crate::model::history::EntryKind;
use crate::model::host::{Host, HostAccount, HostGroup};
use crate::model::{Directory, Group, Named, RemoteId, Untrusted, User, named};

/// Records of the provider's, by what ties one to an account, or a group, of this host.
pub(crate) struct Index<'d, R>(BTreeMap<String, Vec<&'d R>>);

impl<'d, R> Index<'d, R> {
    fn of(all: &'d [R], key: impl Fn(&R) -> Option<String>) -> Self {
        let mut index: BTreeMap<String, Vec<&R>> = BTreeMap::new();
        for record in all {
            if let Some(key) = key(record) {
                index.entry(key).or_default().push(record);
            }
        }
        Self(index)
    }

    /// All with this name, or number.
    pub(crate) fn get(&self, key: &str) -> &[&'d R] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

/// By what an account, or a group, is taken for that of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By the name that the record would give it here.
    #[default]
    Login,
    /// By the uid, or the gid, that the record asks for.
    Uid,
}

/// People by what they would be called here, or by the uid that they ask for.
pub(crate) fn people<'d>(
    directory: &'d Directory,
    by: By,
    rules: &AccountRules,
) -> Index<'d, User> {
    Index::of(&directory.users, |user| match by {
        By::Login => Some(name_of(user, rules)),
        By::Uid => user.uid.as_ref().map(|uid| uid.raw().to_owned()),
    })
}

/// Groups by what they would be called here, or by the gid that they ask for.
pub(crate) fn groups<'d>(directory: &'d Directory, by: By, rules: &GroupRules) -> Index<'d, Group> {
    Index::of(&directory.groups, |group| match by {
        By::Login => called(&group.name, rules),
        By::Uid => group.gid.as_ref().map(|gid| gid.raw().to_owned()),
    })
}

/// The person whose account `name` becomes: the one with the login `login`, or who would be called so.
///
/// # Errors
/// When it is nobody, or nobody knows which of several.
pub(crate) fn person<'d>(
    directory: &'d Directory,
    index: &Index<'d, User>,
    name: &str,
    login: Option<&str>,
) -> Result<&'d User, Reason> {
    let found = match login {
        Some(login) => named(login, &directory.users, |user| user.login.raw()),
        None => index.get(name).iter().copied().collect(),
    };
    let asked = Untrusted::new(login.unwrap_or(name));
    match (found, login) {
        (Named::One(user), _) => Ok(user),
        (Named::None, None) => Err(Reason::NobodyCalled { name: asked }),
        (Named::None, Some(_)) => Err(Reason::NoLogin { name: asked }),
        (Named::Several(several), _) => Err(several_people(asked, &several)),
    }
}

/// Nobody knows which of these is meant.
pub(crate) fn several_people(name: Untrusted, all: &[&User]) -> Reason {
    let all = all.iter().map(|user| (user.login.to_string(), &user.id));
    let all = list(all);
    Reason::SeveralPeople { name, all }
}

/// The same of groups.
pub(crate) fn several_groups(name: Untrusted, all: &[&Group]) -> Reason {
    let all = all.iter().map(|group| (group.name.to_string(), &group.id));
    let all = list(all);
    Reason::SeveralGroups { name, all }
}

/// Other people who would be called `name`, as login and id. `index`: by name.
pub(crate) fn rivals(index: &Index<'_, User>, name: &str, person: &RemoteId) -> Vec<String> {
    let others = index.get(name).iter().filter(|user| user.id != *person);
    others
        .map(|user| format!("{} ({})", user.login, user.id))
        .collect()
}

/// The group of the provider's that the group `name` becomes.
///
/// # Errors
/// As [`person`].
pub(crate) fn group<'d>(
    directory: &'d Directory,
    index: &Index<'d, Group>,
    name: &str,
    remote: Option<&str>,
) -> Result<&'d Group, Reason> {
    let found = match remote {
        Some(remote) => named(remote, &directory.groups, |group| group.name.raw()),
        None => index.get(name).iter().copied().collect(),
    };
    let asked = Untrusted::new(remote.unwrap_or(name));
    match (found, remote) {
        (Named::One(group), _) => Ok(group),
        (Named::None, None) => Err(Reason::NoGroupCalled { name: asked }),
        (Named::None, Some(_)) => Err(Reason::NoRemoteGroup { name: asked }),
        (Named::Several(several), _) => Err(several_groups(asked, &several)),
    }
}

/// What a group would be called on this host, as text.
pub(crate) fn called(remote: &Untrusted, rules: &GroupRules) -> Option<String> {
    group_name_of(remote, rules).map(|name| name.to_string())
}

fn list<'a>(all: impl Iterator<Item = (String, &'a RemoteId)>) -> String {
    all.map(|(name, id)| format!("{name} ({id})"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why an account is nobody's to have who is known to a provider alone.
pub(crate) fn account_refusal(
    name: &str,
    found: &HostAccount<'_>,
    host: &Host<'_>,
) -> Option<Reason> {
    let name = name.to_owned();
    if protect::is_reserved(&name) || found.uid < protect::FIRST_ORDINARY_ID {
        let uid = found.uid;
        return Some(Reason::SystemAccount { name, uid });
    }
    let is_in = |group: &HostGroup<'_>| group.gid == found.gid || group.members.contains(&name);
    // Few groups have an account in them; whether one grants power is asked of these.
    let mut powers = host
        .groups
        .iter()
        .filter(|(_, group)| is_in(group))
        .filter(|(group, _)| protect::grants_power(group));
    if found.gid == 0 {
        return Some(Reason::RootsGroup { name });
    }
    if let Some((power, _)) = powers.next() {
        let group = (*power).to_owned();
        return Some(Reason::InPowerfulGroup { name, group });
    }
    let powers = host.powers()?;
    let place = powers.user(&name).filter(|place| place.is_root);
    if let Some(place) = place.cloned() {
        let kind = EntryKind::Account;
        return Some(Reason::NameOfPower { kind, name, place });
    }
    let of_root = |group: &str| powers.group(group).filter(|place| place.is_root);
    let mut all = host.groups.iter().filter(|(_, group)| is_in(group));
    let (group, place) = all.find_map(|(group, _)| Some((*group, of_root(group)?)))?;
    let (group, place) = (group.to_owned(), place.clone());
    Some(Reason::InGroupOfPower { name, group, place })
}

/// Why a group is nobody's to have who is known to a provider alone.
pub(crate) fn group_refusal(name: &str, found: &HostGroup<'_>, host: &Host<'_>) -> Option<Reason> {
    if protect::is_reserved(name) || protect::is_privileged_group(name, found.gid) {
        let (name, gid) = (name.to_owned(), found.gid);
        return Some(Reason::SystemGroup { name, gid });
    }
    let place = host.powers().and_then(|powers| powers.group(name));
    let place = place.filter(|place| place.is_root).cloned()?;
    let (kind, name) = (EntryKind::Group, name.to_owned());
    Some(Reason::NameOfPower { kind, name, place })
}

/// The gids that records name as those of primary groups; none unless these are the provider's by the rules.
pub(crate) fn primary_gids(directory: &Directory, rules: &AccountRules) -> BTreeSet<u32> {
    if rules.primary_group != PrimaryGroup::Provider {
        return BTreeSet::new();
    }
    gids(directory)
}

/// The gids that records of people name.
pub(crate) fn gids(directory: &Directory) -> BTreeSet<u32> {
    let gids = directory.users.iter().filter_map(|user| user.gid.as_ref());
    gids.filter_map(|gid| plain_number(gid.raw())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::NameMap;

    fn user(id: &str, login: &str) -> User {
        User::new(RemoteId::new(id).unwrap(), login)
    }

    #[test]
    fn a_person_is_found_once_or_named() {
        let directory = Directory {
            users: vec![user("1", "Ann"), user("2", "ann@x"), user("3", "bob")],
            groups: vec![],
        };
        let names = vec![NameMap::new("(.*)@x", "$1").unwrap()];
        let rules = AccountRules {
            names,
            ..AccountRules::default()
        };
        let index = people(&directory, By::Login, &rules);
        let find =
            |name, login| person(&directory, &index, name, login).map(|user| user.id.to_string());
        assert_eq!(find("bob", None), Ok("3".into()));
        assert_eq!(find("ann", Some("ANN@X")), Ok("2".into()));
        let several = Reason::SeveralPeople {
            name: Untrusted::new("ann"),
            all: "Ann (1), ann@x (2)".to_owned(),
        };
        assert_eq!(find("ann", None), Err(several));
        assert!(find("cat", None).is_err() && find("bob", Some("cat")).is_err());
        assert_eq!(
            rivals(&index, "ann", &RemoteId::new("2").unwrap()),
            ["Ann (1)"]
        );
    }
}
