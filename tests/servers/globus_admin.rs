//! The Globus provider, changing groups.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::{Duration, Instant};

use gosync::testing::model::group_policy::{GroupPolicy, GroupVisibility};
use gosync::testing::model::{Role, Status, Untrusted};
use gosync::testing::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin, ManagedGroup, NewGroup, Person,
};
use gosync::testing::providers::globus::GlobusAdmin;
use serde_json::{Value, json};

use crate::globus_server::{FakeGlobus, OWN, group, id, member, person, world};

pub fn admin(server: &FakeGlobus) -> GlobusAdmin {
    server
        .globus()
        .admin(Instant::now() + Duration::from_secs(20))
}

pub fn managed(admin: &GlobusAdmin, name: &str) -> ManagedGroup {
    admin
        .groups(false)
        .unwrap()
        .into_iter()
        .find(|group| group.name.raw() == name)
        .unwrap()
}

pub fn people(admin: &GlobusAdmin, logins: &[&str]) -> Vec<Person> {
    let logins: Vec<String> = logins.iter().map(|login| (*login).to_owned()).collect();
    let people = admin.people(&logins).unwrap();
    assert_eq!(people.len(), logins.len(), "{people:?}");
    people
}

/// What became of each, in short words.
pub fn fates(results: Vec<Result<Done, AdminError>>) -> Vec<String> {
    let fate = |result: Result<Done, AdminError>| match result {
        Ok(done) => format!("{done:?}"),
        Err(error) => error.to_string(),
    };
    results.into_iter().map(fate).collect()
}

fn standing(server: &FakeGlobus, who: u32) -> String {
    let (role, status) = server.standing(11, who).unwrap_or_default();
    format!("{role} {status}")
}

/// alice manages, bob asked to join, carol left, dave is only below, erin is invited, frank is nobody yet.
pub fn club() -> Value {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank"];
    let people = (1..)
        .zip(names)
        .map(|(n, name)| person(n, &format!("{name}@example.org")))
        .collect();
    let members = vec![
        member(1, "manager", "active"),
        member(2, "member", "pending"),
        member(3, "member", "left"),
        member(5, "member", "invited"),
    ];
    let mut below = group(12, "club.below", vec![member(4, "member", "active")]);
    below["parent_id"] = json!(id(11));
    let mut club = group(11, "club", members);
    club["description"] = json!("A club");
    club["terms_and_conditions"] = json!("Be kind.");
    world(people, vec![club, below])
}

#[test]
fn groups_come_with_descriptions_if_that_is_asked_for() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let groups = admin.groups(false).unwrap();
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|group| group.description.is_none()));
    let groups = admin.groups(true).unwrap();
    let found: Vec<_> = groups
        .iter()
        .map(|g| (g.name.raw(), g.description.as_ref().map(Untrusted::raw)))
        .collect();
    assert_eq!(found, [("club", Some("A club")), ("club.below", None)]);
    assert_eq!(groups[1].parent.as_ref().unwrap().as_str(), id(11));
    for ability in [
        Ability::Role(Role::Admin),
        Ability::Accept,
        Ability::AcceptAddress,
        Ability::Policy,
    ] {
        assert!(!admin.lacks(ability));
    }
}

#[test]
fn members_are_told_once_with_whether_they_are_implied() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let members = admin.members(&managed(&admin, "club").id).unwrap();
    let found: Vec<_> = members
        .iter()
        .map(|m| (m.person.login.raw(), m.role, m.status, m.implied))
        .collect();
    assert_eq!(
        found,
        [
            ("alice@example.org", Role::Manager, Status::Active, false),
            ("bob@example.org", Role::Member, Status::Pending, false),
            ("carol@example.org", Role::Member, Status::Left, false),
            ("dave@example.org", Role::Member, Status::Active, true),
            ("erin@example.org", Role::Member, Status::Invited, false),
            (
                format!("{OWN}@clients.auth.globus.org").as_str(),
                Role::Admin,
                Status::Active,
                false
            ),
        ]
    );
}

#[test]
fn people_are_named_by_username_by_login_or_by_id() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let logins = [
        "Alice@Example.org",
        "bob",
        &id(3),
        "nobody",
        "nobody@example.org",
        "a,b@example.org",
        "x y@z",
    ];
    let logins = logins.map(str::to_owned);
    let found = admin.people(&logins).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|p| (p.login.raw().to_owned(), p.id.to_string()))
        .collect();
    // Called as Globus spells it, and as they were asked for where that is not by username.
    let wanted = [
        (logins[0].to_ascii_lowercase(), id(1)),
        (logins[1].clone(), id(2)),
        (logins[2].clone(), id(3)),
    ];
    assert_eq!(found, wanted);
    assert_eq!(
        admin.people(&["bob".to_owned()]).unwrap()[0]
            .email
            .as_ref()
            .unwrap()
            .raw(),
        "bob@mail.org"
    );
    assert!(admin.people(&[]).unwrap().is_empty());
    // Many names go into several requests.
    server.log();
    let many: Vec<String> = (0..250)
        .map(|n| format!("{}{n}@example.org", "x".repeat(60)))
        .collect();
    assert!(admin.people(&many).unwrap().is_empty());
    let log = server.log();
    assert!(
        log.len() > 5 && log.iter().all(|line| line.len() < 4000),
        "{}",
        log.len()
    );
}

#[test]
fn roles_are_given_in_one_request_or_two() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let everybody = people(&admin, &["alice", "bob", "carol", "dave", "erin", "frank"]);
    server.log();
    let results = admin
        .change(&group, &Action::Set(Role::Manager), &everybody)
        .unwrap();
    let fates = fates(results);
    assert_eq!(
        (fates[0].as_str(), fates[1].as_str()),
        ("Already", "Changed")
    );
    assert!(
        fates[2].contains("left this group themselves"),
        "{}",
        fates[2]
    );
    assert!(fates[3].contains("below"), "{}", fates[3]);
    assert_eq!(fates[4..], ["Changed", "Changed"]);
    // Add, approve, and the role of the one who was approved.
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count(),
        3
    );
    for who in [1, 2, 5, 6] {
        assert_eq!(standing(&server, who), "manager active");
    }
    assert_eq!(standing(&server, 3), "member left");
    let back = admin
        .change(&group, &Action::Set(Role::Member), &everybody[..1])
        .unwrap();
    assert_eq!(self::fates(back), ["Changed"]);
    assert_eq!(standing(&server, 1), "member active");
}

#[test]
fn somebody_who_is_named_twice_stands_in_a_request_once() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let frank = people(&admin, &["frank"]).remove(0);
    let results = admin
        .change(
            &group,
            &Action::Set(Role::Member),
            &[frank.clone(), frank.clone(), frank],
        )
        .unwrap();
    assert_eq!(fates(results), ["Changed", "Changed", "Changed"]);
}

#[test]
fn members_are_removed_and_applicants_rejected() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let everybody = people(&admin, &["alice", "bob", "carol", "dave", "erin", "frank"]);
    let fates = fates(admin.change(&group, &Action::Remove, &everybody).unwrap());
    assert_eq!(fates[..3], ["Changed", "Changed", "Already"]);
    assert!(fates[3].contains("below"), "{}", fates[3]);
    assert_eq!(fates[4..], ["Changed", "Already"]);
    let now: Vec<String> = [1, 2, 3, 5].map(|who| standing(&server, who)).to_vec();
    assert_eq!(
        now,
        [
            "manager removed",
            "member rejected",
            "member left",
            "member removed"
        ]
    );
    // Not ourselves: the last administrator has to stay.
    let own = people(&admin, &[OWN]);
    let fates = self::fates(admin.change(&group, &Action::Remove, &own).unwrap());
    assert!(fates[0].contains("last administrator"), "{}", fates[0]);
}

#[test]
fn applicants_are_accepted() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let everybody = people(&admin, &["alice", "bob", "erin", "frank"]);
    let fates = fates(
        admin
            .change(&group, &Action::Accept { email: None }, &everybody)
            .unwrap(),
    );
    assert_eq!(fates[..2], ["Already", "Changed"]);
    assert!(
        fates[2].contains("only they can accept") && fates[3].contains("not asked"),
        "{fates:?}"
    );
    assert_eq!(standing(&server, 2), "member active");
}

#[test]
fn with_an_address_it_has_to_be_theirs() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let with = |email: &str, login| {
        let accept = Action::Accept {
            email: Some(email.to_owned()),
        };
        fates(
            admin
                .change(&group, &accept, &people(&admin, &[login]))
                .unwrap(),
        )
        .remove(0)
    };
    assert!(with("frank@other.org", "frank").contains("another address"));
    assert_eq!(server.standing(11, 6), None);
    assert_eq!(with("Frank@Mail.org", "frank"), "Changed");
    assert_eq!(with("bob@mail.org", "bob"), "Changed");
    assert_eq!(
        (standing(&server, 6), standing(&server, 2)),
        ("member active".to_owned(), "member active".to_owned())
    );
}

#[test]
fn groups_are_made_described_and_given_a_policy() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let parent = Some(managed(&admin, "club").id);
    let wish = NewGroup {
        name: "club.new".to_owned(),
        description: "Neu & <b>fett</b>".to_owned(),
        parent,
    };
    let made = admin.create(&wish).unwrap();
    assert_eq!(
        (made.name.raw(), made.parent.as_ref().unwrap().as_str()),
        ("club.new", id(11).as_str())
    );
    assert_eq!(server.known("club.new")["description"], wish.description);
    let nameless = NewGroup {
        name: String::new(),
        description: String::new(),
        parent: None,
    };
    let error = admin.create(&nameless).unwrap_err();
    assert!(
        matches!(&error, AdminError::Refused(_)) && error.to_string().contains("body.name"),
        "{error}"
    );

    let club = managed(&admin, "club");
    assert_eq!(admin.describe(&club, "New").unwrap(), Done::Changed);
    assert_eq!(admin.describe(&club, "New").unwrap(), Done::Already);
    let known = server.known("club");
    // Writing replaces: the rest has to go back.
    assert_eq!(
        (&known["description"], &known["terms_and_conditions"]),
        (&json!("New"), &json!("Be kind."))
    );

    let policy = GroupPolicy {
        group_visibility: Some(GroupVisibility::Authenticated),
        signup_fields: Some(vec!["institution".to_owned()]),
        ..GroupPolicy::default()
    };
    assert_eq!(admin.set_policy(&club, &policy).unwrap(), Done::Changed);
    assert_eq!(admin.set_policy(&club, &policy).unwrap(), Done::Already);
    let wanted = json!({"is_high_assurance": false, "authentication_assurance_timeout": 28800,
        "group_visibility": "authenticated", "group_members_visibility": "managers", "join_requests": false,
        "signup_fields": ["institution"]});
    assert_eq!(server.known("club")["policies"], wanted);
    let wrong = GroupPolicy {
        signup_fields: Some(vec!["shoe_size".to_owned()]),
        ..GroupPolicy::default()
    };
    let error = admin.set_policy(&club, &wrong).unwrap_err();
    assert!(matches!(&error, AdminError::Refused(_)), "{error}");
}

#[test]
fn many_people_go_into_several_requests() {
    let people = (1..=230)
        .map(|n| person(n, &format!("u{n}@example.org")))
        .collect();
    let server = FakeGlobus::start(&world(people, vec![group(1000, "big", vec![])]));
    let admin = admin(&server);
    let group = managed(&admin, "big");
    let logins: Vec<String> = (1..=230).map(|n| format!("u{n}")).collect();
    let found = admin.people(&logins).unwrap();
    server.log();
    let results = admin
        .change(&group, &Action::Set(Role::Member), &found)
        .unwrap();
    assert!(results.len() == 230 && results.iter().all(|r| matches!(r, Ok(Done::Changed))));
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count(),
        3
    );
}
