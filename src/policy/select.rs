//! Who of a directory gets an account on this host.

use std::collections::BTreeMap;

use crate::model::{Directory, Group, RemoteId, Status, User};

/// What the selection says about one person of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selection {
    /// Gets an account, open.
    Selected,
    /// Is known and shut out: inactive, or their membership in the top group is not active. At once, without delay.
    Suspended,
    /// Is no member of the top group: counts as absent, since a list can be short.
    NotSelected,
}

/// What a selection rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SelectionReason {
    /// The provider says that the person is not active.
    Inactive,
    /// Every active person is selected.
    Active,
    /// How far the membership in the top group has come; the best, if there are several.
    Member(Status),
    /// The person is no member of the top group.
    NoMember,
}

impl SelectionReason {
    /// The selection that rests on it.
    pub(crate) fn selection(self) -> Selection {
        match self {
            SelectionReason::Active | SelectionReason::Member(Status::Active) => {
                Selection::Selected
            }
            SelectionReason::Inactive | SelectionReason::Member(_) => Selection::Suspended,
            SelectionReason::NoMember => Selection::NotSelected,
        }
    }
}

/// Why nobody can be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSelection {
    /// The top group is not in what was read.
    #[error("the top group is not among the groups that the provider shows")]
    NoTopGroup,
    /// More than one group has its name.
    #[error("{0} groups have the top group's name")]
    Ambiguous(usize),
}

/// Finds everybody's selection. `top_group`: the name of the group whose active members get accounts.
///
/// # Errors
/// When a top group is named that the directory does not have exactly once.
pub(crate) fn select<'a>(
    directory: &'a Directory,
    top_group: Option<&str>,
) -> Result<impl Fn(&User) -> Selection + use<'a>, NoSelection> {
    let reasons = reasons(directory, top_group)?;
    Ok(move |user: &User| reasons(user).selection())
}

/// The same, with what each selection rests on.
///
/// # Errors
/// As [`select`].
pub(crate) fn reasons<'a>(
    directory: &'a Directory,
    top_group: Option<&str>,
) -> Result<impl Fn(&User) -> SelectionReason + use<'a>, NoSelection> {
    let members = match top_group {
        None => None,
        Some(name) => Some(best_status(find(directory, name)?)),
    };
    Ok(
        move |user: &User| match members.as_ref().map(|m| m.get(&user.id)) {
            _ if !user.active => SelectionReason::Inactive,
            None => SelectionReason::Active,
            Some(Some(status)) => SelectionReason::Member(*status),
            Some(None) => SelectionReason::NoMember,
        },
    )
}

fn find<'a>(directory: &'a Directory, name: &str) -> Result<&'a Group, NoSelection> {
    let mut found = directory.groups.iter().filter(|g| g.name.raw() == name);
    let first = found.next().ok_or(NoSelection::NoTopGroup)?;
    match found.count() {
        0 => Ok(first),
        more => Err(NoSelection::Ambiguous(more + 1)),
    }
}

/// Of several memberships of one person, the best counts (`Active` sorts first).
fn best_status(group: &Group) -> BTreeMap<&RemoteId, Status> {
    let mut out = BTreeMap::new();
    for member in &group.members {
        let status = out.entry(&member.user).or_insert(member.status);
        *status = member.status.min(*status);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Membership, Role, Untrusted};

    fn id(text: &str) -> RemoteId {
        RemoteId::new(text).unwrap()
    }

    fn directory() -> Directory {
        let member = |user: &str, status| Membership {
            user: id(user),
            role: Role::Member,
            status,
        };
        let mut users: Vec<User> = ["a", "b", "c", "d"]
            .iter()
            .map(|n| User::new(id(n), *n))
            .collect();
        users[3].active = false;
        let top = Group {
            id: id("g"),
            name: Untrusted::new("top"),
            description: None,
            parent: None,
            gid: None,
            members: vec![
                member("a", Status::Active),
                member("b", Status::Suspended),
                member("d", Status::Active),
            ],
        };
        Directory {
            users,
            groups: vec![top],
        }
    }

    #[test]
    fn only_active_members_of_the_top_group_are_in() {
        let directory = directory();
        let selection = select(&directory, Some("top")).unwrap();
        let all: Vec<Selection> = directory.users.iter().map(selection).collect();
        assert_eq!(
            all,
            [
                Selection::Selected,
                Selection::Suspended,
                Selection::NotSelected,
                Selection::Suspended
            ]
        );
    }

    #[test]
    fn without_a_top_group_every_active_user_is_in() {
        let directory = directory();
        let selection = select(&directory, None).unwrap();
        let all: Vec<Selection> = directory.users.iter().map(selection).collect();
        assert_eq!(
            all,
            [
                Selection::Selected,
                Selection::Selected,
                Selection::Selected,
                Selection::Suspended
            ]
        );
    }

    #[test]
    fn a_top_group_must_be_there_exactly_once() {
        let mut directory = directory();
        assert_eq!(
            select(&directory, Some("TOP")).err(),
            Some(NoSelection::NoTopGroup)
        );
        directory.groups.push(directory.groups[0].clone());
        assert_eq!(
            select(&directory, Some("top")).err(),
            Some(NoSelection::Ambiguous(2))
        );
    }
}
