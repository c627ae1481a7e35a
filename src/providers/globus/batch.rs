//! What has to be asked of Globus Groups to do something to members of a group, and what its answer
//! means for each.
//!
//! Rules (OpenAPI document of Globus Groups, globus-sdk 4): an identity stands in a request once;
//! an action that we may not take fails its whole request, so each kind of action has its own; a
//! success may hold nothing but errors; whoever left comes back only by an invitation; nobody can
//! accept, decline or leave for somebody else. Sends nothing. Pure.

use serde_json::{Value, json};

use super::decode::{Reply, Row, RowError};
use crate::model::{RemoteId, Role, Status, Untrusted};
use crate::providers::admin::Action;

/// An action of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Add(Role),
    Approve,
    ChangeRole(Role),
    Remove,
    Reject,
}

/// What is to be done about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing: it is so.
    Already,
    /// Nothing: it cannot be done; our own words.
    Refuse(&'static str),
    /// This, and afterwards perhaps another role.
    Act(Verb, Option<Role>),
}

/// What became of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Changed,
    Already,
    /// A second request has to give them this role; `true`: the first one changed something.
    Role(Role, bool),
    Refused(Untrusted),
    /// The answer does not mention them.
    Unsaid,
}

/// Somebody's places in a group: the one of their own, and whether they are in it through a group
/// below.
struct Place {
    own: Option<(Option<Status>, Role)>,
    implied: bool,
}

impl Place {
    fn new(rows: &[Row], id: &RemoteId) -> Self {
        let mut place = Self {
            own: None,
            implied: false,
        };
        for row in rows.iter().filter(|row| row.id == *id) {
            if row.implied {
                place.implied |= row.status == Some(Status::Active);
            } else if place
                .own
                .is_none_or(|(status, _)| status != Some(Status::Active))
            {
                place.own = Some((row.status, row.role));
            }
        }
        place
    }

    fn status(&self) -> Option<Status> {
        self.own.and_then(|(status, _)| status)
    }
}

const LEFT: &str = "they left this group themselves; only an invitation can bring them back, and they have to accept it";
const BELOW: &str =
    "they are in this group only because they are in a group below it; change it there";

/// What to do about the person `id`, as the group stands. `address`: the one that Globus knows of
/// them.
pub(super) fn step(action: &Action, rows: &[Row], id: &RemoteId, address: Option<&str>) -> Step {
    let place = Place::new(rows, id);
    match action {
        Action::Set(role) => set(&place, *role),
        Action::Remove => match place.status() {
            Some(Status::Active | Status::Invited) => Step::Act(Verb::Remove, None),
            Some(Status::Pending) => Step::Act(Verb::Reject, None),
            _ if place.implied => Step::Refuse(BELOW),
            _ => Step::Already,
        },
        Action::Accept { email: None } => match place.status() {
            Some(Status::Active) => Step::Already,
            Some(Status::Pending) => Step::Act(Verb::Approve, None),
            Some(Status::Invited) => {
                Step::Refuse("they are invited, and only they can accept that")
            }
            _ if place.implied => Step::Already,
            _ => Step::Refuse("they have not asked to join"),
        },
        // Globus has one address for an identity, not one for each group.
        Action::Accept { email: Some(email) } => match address {
            Some(known) if known.eq_ignore_ascii_case(email) => match place.status() {
                Some(Status::Active) => Step::Already,
                _ => set(&place, Role::Member),
            },
            Some(_) => Step::Refuse(
                "Globus knows them under another address, and a member cannot be given one; accept them without it",
            ),
            None => Step::Refuse(
                "Globus does not show us their address, and a member cannot be given one; accept them without it",
            ),
        },
    }
}

fn set(place: &Place, role: Role) -> Step {
    match place.own {
        Some((Some(Status::Active), old)) if old == role => Step::Already,
        Some((Some(Status::Active), _)) => Step::Act(Verb::ChangeRole(role), None),
        Some((Some(Status::Pending), _)) => Step::Act(
            Verb::Approve,
            Some(role).filter(|role| *role != Role::Member),
        ),
        _ if place.implied => {
            if role == Role::Member {
                Step::Already
            } else {
                Step::Refuse(BELOW)
            }
        }
        Some((Some(Status::Left), _)) => Step::Refuse(LEFT),
        _ => Step::Act(Verb::Add(role), None),
    }
}

impl Verb {
    /// The key of a request.
    fn name(self) -> &'static str {
        match self {
            Verb::Add(_) => "add",
            Verb::Approve => "approve",
            Verb::ChangeRole(_) => "change_role",
            Verb::Remove => "remove",
            Verb::Reject => "reject",
        }
    }

    /// The request that does this to several people, each of whom is named once.
    pub(super) fn request(self, ids: &[RemoteId]) -> Value {
        let row = |id: &RemoteId| match self {
            Verb::Add(role) | Verb::ChangeRole(role) => json!({"identity_id": id, "role": role}),
            _ => json!({"identity_id": id}),
        };
        json!({self.name(): ids.iter().map(row).collect::<Vec<_>>()})
    }

    /// What an answer says became of `id`. `then`: the role that they shall have in the end.
    pub(super) fn fate(self, then: Option<Role>, reply: &Reply, id: &RemoteId) -> Fate {
        if let Some(error) = reply.errors.get(id) {
            return match (error.code.raw(), self) {
                ("ALREADY_ACTIVE", Verb::Add(role)) => Fate::Role(role, false),
                ("ALREADY_ACTIVE", Verb::Approve) => {
                    then.map_or(Fate::Already, |role| Fate::Role(role, false))
                }
                ("NO_MEMBERSHIP", Verb::Remove | Verb::Reject) => Fate::Already,
                _ => Fate::Refused(words(error)),
            };
        }
        match (reply.done.get(id), self) {
            (None, _) => Fate::Unsaid,
            (Some(_), Verb::Remove | Verb::Reject) => Fate::Changed,
            (Some(Some(Status::Active)), _) => {
                then.map_or(Fate::Changed, |role| Fate::Role(role, true))
            }
            (Some(_), _) => {
                Fate::Refused(Untrusted::new("the membership is not active all the same"))
            }
        }
    }
}

fn words(error: &RowError) -> Untrusted {
    match &error.detail {
        Some(detail) => Untrusted::new(format!("{} ({})", detail.raw(), error.code.raw())),
        None => error.code.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::providers::globus::decode::uuid;

    fn id(n: u8) -> RemoteId {
        uuid(&format!("00000000-0000-0000-0000-0000000000{n:02x}")).unwrap()
    }

    fn row(status: Status, role: Role, implied: bool) -> Row {
        Row {
            id: id(1),
            username: Untrusted::new("a@x.org"),
            role,
            status: Some(status),
            implied,
            updated: None,
        }
    }

    fn own(status: Status) -> Vec<Row> {
        vec![row(status, Role::Member, false)]
    }

    #[test]
    fn what_is_done_depends_on_what_they_are() {
        use Status::{Active, Declined, Invited, Left, Pending, Rejected, Removed};
        let step = |action: &Action, rows: &[Row]| step(action, rows, &id(1), None);
        let (member, manager) = (Action::Set(Role::Member), Action::Set(Role::Manager));
        assert_eq!(step(&member, &[]), Step::Act(Verb::Add(Role::Member), None));
        assert_eq!(
            step(&manager, &[]),
            Step::Act(Verb::Add(Role::Manager), None)
        );
        for status in [Invited, Rejected, Removed, Declined] {
            assert_eq!(
                step(&member, &own(status)),
                Step::Act(Verb::Add(Role::Member), None),
                "{status:?}"
            );
        }
        assert_eq!(step(&member, &own(Active)), Step::Already);
        assert_eq!(
            step(&manager, &own(Active)),
            Step::Act(Verb::ChangeRole(Role::Manager), None)
        );
        assert_eq!(step(&member, &own(Pending)), Step::Act(Verb::Approve, None));
        assert_eq!(
            step(&manager, &own(Pending)),
            Step::Act(Verb::Approve, Some(Role::Manager))
        );
        assert_eq!(step(&member, &own(Left)), Step::Refuse(LEFT));
        for (status, verb) in [
            (Active, Verb::Remove),
            (Invited, Verb::Remove),
            (Pending, Verb::Reject),
        ] {
            assert_eq!(step(&Action::Remove, &own(status)), Step::Act(verb, None));
        }
        for rows in [vec![], own(Left), own(Removed), own(Rejected)] {
            assert_eq!(step(&Action::Remove, &rows), Step::Already);
        }
        let accept = Action::Accept { email: None };
        assert_eq!(step(&accept, &own(Pending)), Step::Act(Verb::Approve, None));
        assert_eq!(step(&accept, &own(Active)), Step::Already);
        for rows in [vec![], own(Invited), own(Removed)] {
            assert!(matches!(step(&accept, &rows), Step::Refuse(_)));
        }
    }

    #[test]
    fn implied_memberships_are_left_alone() {
        let below = vec![row(Status::Active, Role::Member, true)];
        let step = |action: &Action, rows: &[Row]| step(action, rows, &id(1), None);
        assert_eq!(step(&Action::Set(Role::Member), &below), Step::Already);
        assert_eq!(step(&Action::Set(Role::Admin), &below), Step::Refuse(BELOW));
        assert_eq!(step(&Action::Remove, &below), Step::Refuse(BELOW));
        assert_eq!(step(&Action::Accept { email: None }, &below), Step::Already);
        // One of their own beside it can be changed, in whatever order they come.
        let mut both = vec![
            row(Status::Active, Role::Member, true),
            row(Status::Active, Role::Manager, false),
        ];
        for _ in 0..2 {
            both.reverse();
            assert_eq!(step(&Action::Remove, &both), Step::Act(Verb::Remove, None));
            assert_eq!(step(&Action::Set(Role::Manager), &both), Step::Already);
        }
        // Somebody else's rows do not matter.
        let other = [Row {
            id: id(2),
            ..row(Status::Active, Role::Member, true)
        }];
        assert_eq!(step(&Action::Remove, &other), Step::Already);
    }

    #[test]
    fn an_address_is_accepted_if_it_is_theirs() {
        let accept = Action::Accept {
            email: Some("Ann@X.org".to_owned()),
        };
        let step = |rows: &[Row], address| step(&accept, rows, &id(1), address);
        assert_eq!(
            step(&own(Status::Pending), Some("ann@x.org")),
            Step::Act(Verb::Approve, None)
        );
        assert_eq!(
            step(&[], Some("ann@x.org")),
            Step::Act(Verb::Add(Role::Member), None)
        );
        let managing = [row(Status::Active, Role::Manager, false)];
        assert_eq!(step(&managing, Some("ann@x.org")), Step::Already);
        assert!(
            matches!(step(&[], Some("ann@y.org")), Step::Refuse(why) if why.contains("another address"))
        );
        assert!(matches!(step(&[], None), Step::Refuse(why) if why.contains("does not show")));
    }

    #[test]
    fn requests_are_written_as_the_service_wants_them() {
        let (one, two) = (id(1), id(2));
        assert_eq!(
            Verb::Add(Role::Manager).request(&[one.clone(), two]),
            json!({"add": [{"identity_id": id(1), "role": "manager"}, {"identity_id": id(2), "role": "manager"}]})
        );
        assert_eq!(
            Verb::Reject.request(&[one]),
            json!({"reject": [{"identity_id": id(1)}]})
        );
    }

    #[test]
    fn each_ones_fate_is_in_the_answer() {
        let error = |code: &str| RowError {
            code: Untrusted::new(code),
            detail: Some(Untrusted::new("Why.")),
        };
        let reply = |done: &[(u8, Option<Status>)], errors: &[(u8, &str)]| Reply {
            done: done.iter().map(|(n, status)| (id(*n), *status)).collect(),
            errors: errors
                .iter()
                .map(|(n, code)| (id(*n), error(code)))
                .collect::<BTreeMap<_, _>>(),
        };
        let fine = reply(&[(1, Some(Status::Active))], &[]);
        let add = Verb::Add(Role::Manager);
        assert_eq!(add.fate(None, &fine, &id(1)), Fate::Changed);
        assert_eq!(add.fate(None, &fine, &id(2)), Fate::Unsaid);
        assert_eq!(
            Verb::Approve.fate(Some(Role::Admin), &fine, &id(1)),
            Fate::Role(Role::Admin, true)
        );
        let active = reply(&[], &[(1, "ALREADY_ACTIVE")]);
        assert_eq!(
            add.fate(None, &active, &id(1)),
            Fate::Role(Role::Manager, false)
        );
        assert_eq!(Verb::Approve.fate(None, &active, &id(1)), Fate::Already);
        assert!(matches!(
            Verb::ChangeRole(Role::Admin).fate(None, &active, &id(1)),
            Fate::Refused(_)
        ));
        let nobody = reply(&[], &[(1, "NO_MEMBERSHIP")]);
        assert_eq!(Verb::Remove.fate(None, &nobody, &id(1)), Fate::Already);
        assert_eq!(
            Verb::Approve.fate(None, &nobody, &id(1)),
            Fate::Refused(Untrusted::new("Why. (NO_MEMBERSHIP)"))
        );
        // Done, but not what was wanted.
        for status in [Some(Status::Invited), None] {
            assert!(matches!(
                add.fate(None, &reply(&[(1, status)], &[]), &id(1)),
                Fate::Refused(_)
            ));
            assert_eq!(
                Verb::Remove.fate(None, &reply(&[(1, status)], &[]), &id(1)),
                Fate::Changed
            );
        }
    }
}
