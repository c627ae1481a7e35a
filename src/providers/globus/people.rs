//! From the members of groups, and what Globus Auth says of them, to people and memberships.
//!
//! Nobody who is a member is dropped: who cannot have a login is a rejected record. Whoever is
//! *not* an active member needs no login to be shut out, and is told by their username. Who gets an
//! account is the policy's business. Rules: the OpenAPI document of Globus Groups
//! (`source_group_id`), globus-identity-mapping (statuses of identities). Pure.

use std::collections::BTreeMap;

use super::decode::{Identity, Row};
use super::mapping::Mapping;
use crate::model::history::EntryKind;
use crate::model::{Membership, RejectedRecord, RemoteId, Role, Status, Untrusted, User};

/// What counts in a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting<'a> {
    /// Our own identity, which is nobody's account.
    pub own: &'a RemoteId,
    /// Whether who is in a group below is a member of the group above.
    pub implied: bool,
}

impl Counting<'_> {
    fn counts(&self, row: &Row) -> bool {
        row.id != *self.own && (self.implied || !row.implied)
    }
}

/// Somebody who is in some group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub username: Untrusted,
    pub updated: Option<Untrusted>,
    /// Whether they are an active member of a group, in a way that counts.
    pub is_member: bool,
}

/// Everybody in some groups.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub known: BTreeMap<RemoteId, Known>,
    /// How many memberships have a status that is not known to us.
    pub strange: usize,
}

impl People {
    /// Takes the people of a group, and gives its memberships: one each, the best that they have.
    pub(super) fn add(&mut self, rows: &[Row], counting: Counting<'_>) -> Vec<Membership> {
        let mut best: BTreeMap<&RemoteId, (Status, Role)> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.id != *counting.own) {
            let known = self.known.entry(row.id.clone()).or_insert_with(|| Known {
                username: row.username.clone(),
                updated: None,
                is_member: false,
            });
            // Whatever order they come in, the result is the same.
            if row.username > known.username {
                known.username.clone_from(&row.username);
            }
            if row.updated > known.updated {
                known.updated.clone_from(&row.updated);
            }
            self.strange += usize::from(row.status.is_none());
            if !counting.counts(row) {
                continue;
            }
            // A status that nobody knows lets nobody in.
            let status = row.status.unwrap_or(Status::Suspended);
            known.is_member |= status == Status::Active;
            let (old, role) = best.entry(&row.id).or_insert((status, row.role));
            // `Active` sorts first, `Admin` last.
            match status.cmp(old) {
                std::cmp::Ordering::Less => (*old, *role) = (status, row.role),
                std::cmp::Ordering::Equal => *role = row.role.max(*role),
                std::cmp::Ordering::Greater => {}
            }
        }
        best.into_iter()
            .map(|(id, (status, role))| Membership {
                user: id.clone(),
                role,
                status,
            })
            .collect()
    }

    /// Everybody with no more than a name. Whether an identity is still in use is not asked for:
    /// memberships say enough.
    pub(super) fn slim(&self, mapping: &Mapping) -> Vec<User> {
        let login = |id: &RemoteId, known: &Known| {
            let identity = Identity::new(id.clone(), known.username.raw());
            let login = if mapping.needs_only_names() {
                mapping.login(&identity).ok()
            } else {
                None
            };
            login.unwrap_or_else(|| known.username.raw().to_owned())
        };
        self.known
            .iter()
            .map(|(id, known)| User::new(id.clone(), login(id, known)))
            .collect()
    }
}

/// Makes a user of somebody of whom Auth said `identity`, or nothing. `anywhere`: without a top
/// group, whoever is a member of no group is shut out.
///
/// # Errors
/// The record of a member who cannot be used.
pub(super) fn user(
    id: &RemoteId,
    known: &Known,
    identity: Option<&Identity>,
    mapping: &Mapping,
    anywhere: bool,
) -> Result<User, RejectedRecord> {
    let username = identity.map_or(&known.username, |identity| &identity.username);
    let made = match identity {
        None => Err("Globus Auth does not know this identity".to_owned()),
        Some(identity) => standing(identity).and_then(|open| match mapping.login(identity) {
            // Who is shut out has to be known, not to be called anything.
            Err(_) if !open => Ok((username.raw().to_owned(), false)),
            login => login.map(|login| (login, open)),
        }),
    };
    let (login, open) = match made {
        Ok(made) => made,
        Err(_) if !known.is_member => (username.raw().to_owned(), false),
        Err(reason) => {
            // Whoever is shut out for certain needs no usable record.
            let (id, subject) = (Some(id.clone()), username.clone());
            let account = EntryKind::Account;
            return Err(RejectedRecord::new(account, id, subject, reason));
        }
    };
    let mut user = User::new(id.clone(), login);
    user.active = open && (known.is_member || !anywhere);
    user.updated.clone_from(&known.updated);
    user.attributes
        .insert("username".to_owned(), username.clone());
    if let Some(identity) = identity {
        user.name.clone_from(&identity.name);
        user.email.clone_from(&identity.email);
        if let Some(organization) = &identity.organization {
            user.attributes
                .insert("organization".to_owned(), organization.clone());
        }
    }
    Ok(user)
}

/// Whether an identity may have an account: Globus maps `used` and `private` ones. An `unused` one
/// belongs to nobody yet.
fn standing(identity: &Identity) -> Result<bool, String> {
    match identity.status.as_ref().map(Untrusted::raw) {
        None | Some("used" | "private") => Ok(true),
        Some("unused" | "closed") => Ok(false),
        Some(_) => Err("its status at Globus Auth is none that gosync knows".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::globus::decode::uuid;

    const OWN: &str = "00000000-0000-0000-0000-00000000000f";

    fn id(n: u8) -> RemoteId {
        uuid(&format!("00000000-0000-0000-0000-0000000000{n:02x}")).unwrap()
    }

    fn row(n: u8, status: Option<Status>, role: Role, implied: bool) -> Row {
        Row {
            id: id(n),
            username: Untrusted::new(format!("u{n}@x.org")),
            role,
            status,
            implied,
            updated: None,
        }
    }

    fn mapping() -> Mapping {
        let text = r#"{"DATA_TYPE": "expression_identity_mapping#1.0.0",
            "mappings": [{"source": "{username}", "match": "(.*)@x\\.org", "output": "{0}"}]}"#;
        Mapping::new(text.as_bytes()).unwrap()
    }

    fn identity(n: u8, username: &str, status: &str) -> Identity {
        Identity {
            status: Some(Untrusted::new(status)),
            ..Identity::new(id(n), username)
        }
    }

    fn known(is_member: bool) -> Known {
        Known {
            username: Untrusted::new("u1@x.org"),
            updated: None,
            is_member,
        }
    }

    #[test]
    fn of_several_memberships_the_best_counts_in_any_order() {
        let own = uuid(OWN).unwrap();
        let mut rows = vec![
            row(1, Some(Status::Removed), Role::Admin, false),
            row(1, Some(Status::Active), Role::Member, true),
            row(1, Some(Status::Active), Role::Manager, false),
            row(2, Some(Status::Pending), Role::Member, false),
            row(15, Some(Status::Active), Role::Admin, false),
        ];
        let counting = Counting {
            own: &own,
            implied: true,
        };
        let members = People::default().add(&rows, counting);
        assert_eq!(members.len(), 2);
        assert_eq!(
            (members[0].status, members[0].role),
            (Status::Active, Role::Manager)
        );
        assert_eq!(members[1].status, Status::Pending);
        rows.reverse();
        assert_eq!(People::default().add(&rows, counting), members);
    }

    #[test]
    fn implied_members_count_only_if_they_shall() {
        let own = uuid(OWN).unwrap();
        let rows = [
            row(1, Some(Status::Active), Role::Member, true),
            row(1, Some(Status::Left), Role::Member, false),
        ];
        for (implied, status) in [(true, Status::Active), (false, Status::Left)] {
            let mut people = People::default();
            assert_eq!(
                people.add(&rows, Counting { own: &own, implied })[0].status,
                status
            );
            assert_eq!(people.known[&id(1)].is_member, implied);
        }
        // They are there all the same.
        let mut people = People::default();
        assert!(
            people
                .add(
                    &rows[..1],
                    Counting {
                        own: &own,
                        implied: false
                    }
                )
                .is_empty()
        );
        assert_eq!(people.slim(&mapping())[0].login.raw(), "u1");
    }

    #[test]
    fn a_status_that_nobody_knows_lets_nobody_in_and_is_counted() {
        let own = uuid(OWN).unwrap();
        let mut people = People::default();
        let members = people.add(
            &[row(1, None, Role::Admin, false)],
            Counting {
                own: &own,
                implied: true,
            },
        );
        assert_eq!(
            (
                members[0].status,
                people.strange,
                people.known[&id(1)].is_member
            ),
            (Status::Suspended, 1, false)
        );
    }

    #[test]
    fn members_need_a_login_and_others_do_not() {
        let user = |identity: Option<&Identity>, is_member| {
            user(&id(1), &known(is_member), identity, &mapping(), false)
        };
        let fine = identity(1, "alice@x.org", "used");
        let alice = user(Some(&fine), true).unwrap();
        assert_eq!((alice.login.raw(), alice.active), ("alice", true));
        assert_eq!(alice.attributes["username"].raw(), "alice@x.org");
        let foreign = identity(1, "alice@y.org", "used");
        let record = user(Some(&foreign), true).unwrap_err();
        assert_eq!(
            (record.subject.raw(), record.id),
            ("alice@y.org", Some(id(1)))
        );
        assert!(
            user(None, true)
                .unwrap_err()
                .reason
                .contains("does not know")
        );
        assert!(user(Some(&identity(1, "alice@x.org", "frozen")), true).is_err());
        // Who left is shut out, whatever their name is, and whether or not they still exist.
        for identity in [
            Some(&foreign),
            Some(&identity(1, "alice@x.org", "frozen")),
            None,
        ] {
            assert!(!user(identity, false).unwrap().active);
        }
    }

    #[test]
    fn identities_that_nobody_uses_are_shut_out() {
        for (status, active) in [
            ("used", true),
            ("private", true),
            ("unused", false),
            ("closed", false),
        ] {
            let found = user(
                &id(1),
                &known(true),
                Some(&identity(1, "a@x.org", status)),
                &mapping(),
                false,
            )
            .unwrap();
            assert_eq!(found.active, active, "{status}");
            // Even those that no mapping matches.
            let found = user(
                &id(1),
                &known(true),
                Some(&identity(1, "a@y.org", status)),
                &mapping(),
                false,
            );
            assert_eq!(found.is_ok(), !active, "{status}");
        }
    }

    #[test]
    fn without_a_top_group_who_is_in_no_group_is_shut_out() {
        let fine = identity(1, "alice@x.org", "used");
        let active = |is_member, anywhere| {
            user(&id(1), &known(is_member), Some(&fine), &mapping(), anywhere)
                .unwrap()
                .active
        };
        assert_eq!(
            (
                active(true, true),
                active(false, true),
                active(false, false)
            ),
            (true, false, true)
        );
    }
}
