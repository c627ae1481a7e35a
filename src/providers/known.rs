//! How a whole answer is known again: by a digest of all that it says. Pure.
//!
//! For providers that give no other sign. The digest is of what was made of the answer, and not of its bytes: so it covers
//! whatever a plan can depend on, a field that comes to be read later included, and nothing else, such as the order of a
//! server and what stands beside. Only an answer that is complete has one.

use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

use super::{Answers, Earlier, Query, Reading, Whole};
use crate::model::{Completeness, Details, Snapshot, hex};

/// What was read, unless it is what was read earlier.
pub(super) fn reading(mut snapshot: Snapshot, query: &Query, earlier: &Earlier) -> Reading {
    let digest = digest(&mut snapshot, &query.details);
    let answers = digest.map(|digest| Answers(format!("{} {digest}", asked(query))));
    if answers.is_some() && answers == earlier.answers {
        return Reading::Same;
    }
    Reading::Whole(Box::new(Whole {
        snapshot,
        answers,
        since: None,
    }))
}

/// What was asked for: of each query something else may be answered.
fn asked(query: &Query) -> String {
    let Query {
        scope,
        only,
        top_group,
        details,
        attribute,
        deadline: _,
    } = query;
    format!("{scope:?} {only:?} {top_group:?} {details:?} {attribute:?}")
}

/// What stands for all that was said, as far as these details are wanted; `None`: it is not complete.
pub(super) fn digest(snapshot: &mut Snapshot, wanted: &Details) -> Option<String> {
    // Findings are told, and nothing follows from them; how it is known that all has come may be another way each time.
    let Snapshot {
        directory,
        rejected,
        gaps,
        findings: _,
        completeness: Completeness::Complete(_),
        // The same under another number is the same.
        edition: _,
    } = snapshot
    else {
        return None;
    };
    let mut digest = Digest(Sha256::new());
    directory.users.len().hash(&mut digest);
    for user in &mut directory.users {
        // It moves with each log-in at some servers.
        let unasked = (!wanted.updated).then(|| user.updated.take()).flatten();
        user.hash(&mut digest);
        user.updated = user.updated.take().or(unasked);
    }
    directory.groups.hash(&mut digest);
    (rejected, gaps).hash(&mut digest);
    Some(hex(&digest.0.finalize()))
}

/// Takes whatever can be hashed: what differs gives other bytes.
struct Digest(Sha256);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let whole = self.0.clone().finalize();
        whole
            .first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::model::history::EntryKind;
    use crate::model::{
        Directory, Finding, Group, Membership, RecordSays, RejectedRecord, RemoteId, Role, Status,
        Untrusted, User,
    };
    use crate::providers::Scope;

    fn id(text: &str) -> RemoteId {
        RemoteId::new(text).unwrap()
    }

    fn query(scope: Scope) -> Query {
        Query {
            scope,
            only: None,
            top_group: None,
            details: Details::default(),
            attribute: None,
            deadline: Instant::now(),
        }
    }

    fn complete(directory: Directory, rejected: Vec<RejectedRecord>) -> Snapshot {
        Snapshot::new(directory, rejected, Completeness::Complete("x".to_owned()))
    }

    fn broken() -> RejectedRecord {
        let subject = Untrusted::new("odd");
        let record = RejectedRecord::new(EntryKind::Account, Some(id("u9")), subject, "it is odd");
        record.naming([Untrusted::new("20009")])
    }

    fn directory() -> Directory {
        let user = |n: u32| User::new(id(&format!("u{n}")), format!("login{n}"));
        let member = |n: u32| Membership {
            user: id(&format!("u{n}")),
            role: Role::Member,
            status: Status::Active,
        };
        let group = |n: u32| Group {
            id: id(&format!("g{n}")),
            name: Untrusted::new(format!("group{n}")),
            description: None,
            parent: None,
            gid: None,
            members: vec![member(1), member(2)],
        };
        Directory {
            users: (1..4).map(user).collect(),
            groups: (1..3).map(group).collect(),
        }
    }

    fn of(directory: Directory, rejected: Vec<RejectedRecord>) -> String {
        digest(&mut complete(directory, rejected), &Details::default()).unwrap()
    }

    #[test]
    fn the_order_of_a_server_and_what_is_not_used_make_no_difference() {
        let plain = of(directory(), vec![broken()]);
        let mut turned = directory();
        turned.users.reverse();
        turned.groups.reverse();
        turned.groups[0].members.reverse();
        assert_eq!(of(turned, vec![broken()]), plain);

        let mut moved = directory();
        moved.users[1].updated = Some(Untrusted::new("now"));
        assert_eq!(of(moved.clone(), vec![broken()]), plain);
        let of_asked = |directory| digest(&mut complete(directory, Vec::new()), &Details::ALL);
        assert_ne!(of_asked(moved.clone()), of_asked(directory()));

        let finding = Finding::NoPages {
            answer: "x".to_owned(),
        };
        let mut found = complete(moved.clone(), vec![broken()]).with_findings(vec![finding]);
        found.completeness = Completeness::Complete("in more pages".to_owned());
        let before = found.clone();
        assert_eq!(digest(&mut found, &Details::default()).unwrap(), plain);
        assert_eq!(found, before, "nothing is taken out");
    }

    /// Every field of every record by itself, and each has another digest than all others.
    #[test]
    fn whatever_a_plan_may_depend_on_makes_a_difference() {
        type Change = fn(&mut Directory, &mut Vec<RejectedRecord>);
        let changes: &[Change] = &[
            |_, _| {},
            |all, _| all.users[0].login = Untrusted::new("x"),
            |all, _| all.users[0].name = Some(Untrusted::new("x")),
            |all, _| all.users[0].email = Some(Untrusted::new("x")),
            |all, _| all.users[0].active = false,
            |all, _| all.users[0].uid = Some(Untrusted::new("x")),
            |all, _| all.users[0].gid = Some(Untrusted::new("x")),
            |all, _| all.users[0].home = Some(Untrusted::new("x")),
            |all, _| all.users[0].shell = Some(Untrusted::new("x")),
            |all, _| all.users[0].ssh_keys = vec![Untrusted::new("x")],
            |all, _| all.users[0].ssh_keys = vec![Untrusted::new("x"), Untrusted::new("")],
            |all, _| {
                drop(
                    all.users[0]
                        .attributes
                        .insert("x".to_owned(), Untrusted::new("y")),
                )
            },
            |all, _| drop(all.users.pop()),
            |all, _| all.users[0].id = id("u0"),
            |all, _| all.users.push(User::new(id("u4"), "login4")),
            |all, _| drop(all.groups.pop()),
            |all, _| all.groups[0].id = id("g0"),
            |all, _| all.groups[0].name = Untrusted::new("x"),
            |all, _| all.groups[0].description = Some(Untrusted::new("x")),
            |all, _| all.groups[0].parent = Some(id("g2")),
            |all, _| all.groups[0].gid = Some(Untrusted::new("x")),
            |all, _| drop(all.groups[0].members.pop()),
            |all, _| all.groups[0].members[0].user = id("u3"),
            |all, _| all.groups[0].members[0].role = Role::Admin,
            |all, _| all.groups[0].members[0].status = Status::Left,
            |_, rejected| drop(rejected.pop()),
            |_, rejected| rejected[0].id = Some(id("u8")),
            |_, rejected| rejected[0].subject = Untrusted::new("x"),
            |_, rejected| rejected[0].reason = "x".to_owned(),
            |_, rejected| rejected[0].kind = EntryKind::Group,
            |_, rejected| rejected[0].says = RecordSays::ShutOut,
            |_, rejected| rejected[0].numbers = vec![Untrusted::new("20008")],
        ];
        let mut seen = Vec::new();
        for (place, change) in changes.iter().enumerate() {
            let (mut all, mut rejected) = (directory(), vec![broken()]);
            change(&mut all, &mut rejected);
            let digest = of(all, rejected);
            assert!(!seen.contains(&digest), "change {place}");
            seen.push(digest);
        }
    }

    #[test]
    fn what_was_answered_to_another_question_or_not_in_full_is_not_the_same() {
        let earlier = |reading| {
            let Reading::Whole(whole) = reading else {
                panic!("{reading:?}")
            };
            Earlier {
                answers: whole.answers,
                ..Earlier::default()
            }
        };
        let read = |scope, earlier: &Earlier| {
            reading(complete(directory(), Vec::new()), &query(scope), earlier)
        };
        let first = earlier(read(Scope::Users, &Earlier::default()));
        assert!(matches!(read(Scope::Users, &first), Reading::Same));
        assert!(matches!(read(Scope::Both, &first), Reading::Whole(_)));
        for part in [
            Completeness::Narrowed,
            Completeness::Incomplete("x".to_owned()),
        ] {
            let part = Snapshot::new(directory(), Vec::new(), part);
            let again = reading(part, &query(Scope::Users), &first);
            assert_eq!(earlier(again).answers, None);
        }
    }
}
