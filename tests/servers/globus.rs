//! The Globus provider, reading: people, groups, who is in them; and the stand-in itself, driven by the real SDK.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::process::Command;

use gosync::testing::model::{Completeness, Group, Role, Snapshot, Status, Untrusted, User};
use gosync::testing::providers::globus::{Config, Globus};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use serde_json::{Value, json};

use crate::globus_server::{
    FakeGlobus, OTHER, OWN, SECRET, globus, group, id, member, person, query, script, sdk_python,
    secrets, world,
};

fn fetch(server: &FakeGlobus, query: &Query) -> Snapshot {
    server.globus().fetch(query, &|_| {}).unwrap()
}

fn user<'a>(snapshot: &'a Snapshot, login: &str) -> &'a User {
    snapshot
        .directory
        .users
        .iter()
        .find(|user| user.login.raw() == login)
        .unwrap_or_else(|| panic!("no {login}"))
}

fn found<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Group {
    snapshot
        .directory
        .groups
        .iter()
        .find(|group| group.name.raw() == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

/// The logins of a group's active members.
fn active(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let members = found(snapshot, name)
        .members
        .iter()
        .filter(|m| m.status == Status::Active);
    let login = |m: &gosync::testing::model::Membership| {
        let user = snapshot
            .directory
            .users
            .iter()
            .find(|user| user.id == m.user);
        user.map_or_else(|| m.user.to_string(), |user| user.login.raw().to_owned())
    };
    members.map(login).collect()
}

fn logins(snapshot: &Snapshot) -> Vec<&str> {
    snapshot
        .directory
        .users
        .iter()
        .map(|user| user.login.raw())
        .collect()
}

/// Seven people in a group with one below it, and a group that is not ours.
fn campus() -> Value {
    let mut people = vec![
        person(1, "alice@example.org"),
        person(2, "bob@example.org"),
        person(3, "carol@elsewhere.org"),
        person(4, "sirosen@example.org@accounts.example.com"),
        person(5, "erin@example.org"),
        person(6, "frank@example.org"),
        person(7, "grace@example.org"),
    ];
    people[4]["status"] = json!("unused");
    people[4]["name"] = Value::Null;
    people[4]["email"] = Value::Null;
    people[5]["status"] = json!("closed");
    people[1]["organization"] = json!("Example");
    let mut below = group(
        12,
        "connect.physics",
        vec![
            member(2, "manager", "active"),
            member(7, "member", "active"),
        ],
    );
    below["parent_id"] = json!(id(11));
    let mut everybody = vec![
        member(1, "admin", "active"),
        member(2, "member", "pending"),
        member(3, "member", "active"),
        member(4, "member", "active"),
        member(5, "member", "active"),
        member(6, "member", "active"),
    ];
    everybody[0]["updated"] = json!("2026-11-20T10:00:00Z");
    let mut foreign = group(13, "foreign", vec![member(1, "admin", "active")]);
    foreign["memberships"][0]["role"] = json!("member");
    let mut connect = group(11, "connect", everybody);
    connect["description"] = json!("Everybody <b>here</b>");
    world(people, vec![connect, below, foreign])
}

#[test]
fn the_real_sdk_agrees_with_the_stand_in() {
    let server = FakeGlobus::start(&world(
        vec![person(1, "alice@example.org"), person(2, "bob@x.org")],
        vec![],
    ));
    let mut command = Command::new(sdk_python());
    command.arg(script("globus_sdk_check.py"));
    command.args([
        &server.url(),
        OWN,
        SECRET,
        OTHER,
        "other",
        &id(1),
        &id(2),
        "bob@x.org",
    ]);
    // Nothing of this machine's may steer the SDK elsewhere.
    let output = command
        .env_remove("HTTP_PROXY")
        .env_remove("http_proxy")
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && output.stdout.ends_with(b"agrees\n"),
        "{said}"
    );
}

#[test]
fn the_people_are_those_of_the_top_group() {
    let server = FakeGlobus::start(&campus());
    let snapshot = fetch(&server, &query(Scope::Users));
    let proof =
        "1 group, each with all its members in one answer, and Globus Auth was asked for 7 people";
    assert_eq!(
        snapshot.completeness,
        Completeness::Complete(proof.to_owned())
    );
    // In the order of their ids, and without ourselves.
    assert_eq!(
        logins(&snapshot),
        ["alice", "bob", "erin", "frank", "grace"]
    );
    let alice = user(&snapshot, "alice");
    let raw = |text: &Option<Untrusted>| text.as_ref().map(|text| text.raw().to_owned());
    assert_eq!(
        (alice.id.as_str(), raw(&alice.name).as_deref()),
        (id(1).as_str(), Some("alice Ü"))
    );
    assert_eq!(raw(&alice.email).as_deref(), Some("alice@mail.org"));
    assert_eq!(raw(&alice.updated).as_deref(), Some("2026-11-20T10:00:00Z"));
    assert_eq!(alice.attributes["username"].raw(), "alice@example.org");
    assert!(alice.active && alice.ssh_keys.is_empty() && alice.uid.is_none());
    let erin = user(&snapshot, "erin");
    assert_eq!(
        (erin.active, raw(&erin.name), raw(&erin.email)),
        (false, None, None)
    );
    assert!(!user(&snapshot, "frank").active && user(&snapshot, "grace").active);
    // Two who cannot be called anything.
    let rejected: Vec<_> = snapshot
        .rejected
        .iter()
        .map(|r| (r.subject.raw(), r.id.as_ref().unwrap().as_str()))
        .collect();
    assert_eq!(
        rejected,
        [
            ("carol@elsewhere.org", id(3).as_str()),
            ("sirosen@example.org@accounts.example.com", id(4).as_str())
        ]
    );
    assert_eq!(snapshot.rejected[0].reason, "no mapping matches it");
    let connect = found(&snapshot, "connect");
    assert_eq!(connect.id.as_str(), id(11));
    // bob waits here, but is a member below, and so is grace.
    assert_eq!(active(&snapshot, "connect").len(), 7);
    assert!(
        connect
            .members
            .iter()
            .any(|m| m.user.as_str() == id(1) && m.role == Role::Admin)
    );
    assert!(connect.members.iter().all(|m| m.user.as_str() != OWN));
    assert_eq!(snapshot.directory.groups.len(), 1);
}

#[test]
fn implied_members_can_be_left_out() {
    let server = FakeGlobus::start(&campus());
    let provider = globus(&Config {
        implied_members: false,
        ..server.config()
    });
    let snapshot = provider.fetch(&query(Scope::Users), &|_| {}).unwrap();
    let connect = found(&snapshot, "connect");
    assert!(!active(&snapshot, "connect").contains(&"grace".to_owned()));
    let bob = connect
        .members
        .iter()
        .find(|m| m.user.as_str() == id(2))
        .unwrap();
    assert_eq!(bob.status, Status::Pending);
}

#[test]
fn groups_are_those_that_we_manage() {
    let server = FakeGlobus::start(&campus());
    let snapshot = fetch(&server, &query(Scope::Groups));
    assert!(
        matches!(&snapshot.completeness, Completeness::Complete(proof) if proof.starts_with("2 groups"))
    );
    let names: Vec<&str> = snapshot
        .directory
        .groups
        .iter()
        .map(|g| g.name.raw())
        .collect();
    assert_eq!(names, ["connect", "connect.physics"]);
    assert_eq!(
        found(&snapshot, "connect.physics")
            .parent
            .as_ref()
            .unwrap()
            .as_str(),
        id(11)
    );
    assert_eq!(
        found(&snapshot, "connect")
            .description
            .as_ref()
            .unwrap()
            .raw(),
        "Everybody <b>here</b>"
    );
    assert_eq!(active(&snapshot, "connect.physics"), ["bob", "grace"]);
    // People without a login are members all the same.
    assert_eq!(user(&snapshot, "carol@elsewhere.org").id.as_str(), id(3));
    assert!(snapshot.rejected.is_empty());
    // Nobody had to be asked who they are.
    assert!(
        server
            .log()
            .iter()
            .all(|line| !line.contains("/identities"))
    );
}

#[test]
fn named_groups_are_all_that_is_read() {
    let server = FakeGlobus::start(&campus());
    let only = Some(vec![
        "connect.PHYSICS".to_owned(),
        "foreign".to_owned(),
        "nothing".to_owned(),
    ]);
    let snapshot = fetch(
        &server,
        &Query {
            only,
            ..query(Scope::Groups)
        },
    );
    assert_eq!(snapshot.completeness, Completeness::Narrowed);
    assert_eq!(snapshot.directory.groups.len(), 1);
    assert!(server.log().iter().all(|line| !line.contains(&id(11))));
}

#[test]
fn named_people_are_all_that_is_asked_for() {
    let server = FakeGlobus::start(&campus());
    let only = Some(vec![
        "Alice".to_owned(),
        "carol@elsewhere.org".to_owned(),
        "nobody".to_owned(),
    ]);
    let snapshot = fetch(
        &server,
        &Query {
            only,
            ..query(Scope::Users)
        },
    );
    assert_eq!(snapshot.completeness, Completeness::Narrowed);
    assert_eq!(logins(&snapshot), ["alice"]);
    assert_eq!(snapshot.rejected.len(), 1);
    let asked: Vec<String> = server
        .log()
        .into_iter()
        .filter(|line| line.contains("/identities"))
        .collect();
    assert_eq!(
        asked,
        [format!("GET /v2/api/identities?ids={},{}", id(1), id(3))]
    );
}

#[test]
fn identities_are_asked_for_by_the_hundred() {
    let people = (1..=250)
        .map(|n| person(n, &format!("u{n}@example.org")))
        .collect();
    let members = (1..=250).map(|n| member(n, "member", "active")).collect();
    let server = FakeGlobus::start(&world(people, vec![group(1000, "connect", members)]));
    let counted = std::cell::Cell::new(0);
    let snapshot = server
        .globus()
        .fetch(&query(Scope::Users), &|n| counted.set(n))
        .unwrap();
    assert_eq!(
        (snapshot.directory.users.len(), counted.get()),
        (250, 1 + 251 + 250)
    );
    let mut sizes: Vec<usize> = server
        .log()
        .iter()
        .filter(|line| line.contains("/identities"))
        .map(|line| line.matches("-4000-").count())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}

#[test]
fn hundreds_of_groups_come_several_at_a_time() {
    let people = (1..=40)
        .map(|n| person(n, &format!("u{n}@example.org")))
        .collect();
    let members = |n: u32| {
        (1..=n % 40)
            .map(|n| member(n, "member", "active"))
            .collect()
    };
    let groups = (0..300)
        .map(|n| group(1000 + n, &format!("osg.g{n}"), members(n)))
        .collect();
    let server = FakeGlobus::start(&world(people, groups));
    let snapshot = fetch(&server, &query(Scope::Groups));
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert_eq!(snapshot.directory.groups.len(), 300);
    for (n, group) in (0..).zip(&snapshot.directory.groups) {
        assert_eq!(
            (group.id.as_str(), group.members.len()),
            (id(1000 + n).as_str(), (n % 40) as usize)
        );
    }
    // Each once.
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|line| line.contains("memberships"))
            .count(),
        300
    );
}

#[test]
fn the_order_of_the_answers_does_not_matter() {
    let mut one = campus();
    let mut snapshots = Vec::new();
    for _ in 0..2 {
        let server = FakeGlobus::start(&one);
        snapshots.push([
            fetch(&server, &query(Scope::Users)),
            fetch(&server, &query(Scope::Groups)),
        ]);
        for list in ["identities", "groups"] {
            one[list].as_array_mut().unwrap().reverse();
        }
        for group in one["groups"].as_array_mut().unwrap() {
            group["memberships"].as_array_mut().unwrap().reverse();
        }
    }
    assert_eq!(snapshots[0], snapshots[1]);
}

#[test]
fn a_top_group_is_found_by_its_exact_name_among_ours() {
    let mut two = campus();
    two["groups"][1]["name"] = json!("connect");
    let server = FakeGlobus::start(&two);
    assert_eq!(
        fetch(&server, &query(Scope::Users)).directory.groups.len(),
        2
    );
    for name in ["Connect", "foreign", "nothing"] {
        let snapshot = fetch(
            &server,
            &Query {
                top_group: Some(name.to_owned()),
                ..query(Scope::Users)
            },
        );
        assert!(
            snapshot.directory.groups.is_empty() && snapshot.directory.users.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn without_a_top_group_members_of_any_group_are_in() {
    let mut campus = campus();
    campus["groups"][1]["memberships"][1]["status"] = json!("removed");
    let server = FakeGlobus::start(&campus);
    let snapshot = fetch(
        &server,
        &Query {
            top_group: None,
            ..query(Scope::Users)
        },
    );
    assert_eq!(snapshot.directory.groups.len(), 2);
    let open: Vec<&str> = snapshot
        .directory
        .users
        .iter()
        .filter(|user| user.active)
        .map(|user| user.login.raw())
        .collect();
    assert_eq!(open, ["alice", "grace"]);
    assert!(!user(&snapshot, "bob").active);
}

#[test]
fn without_a_mapping_nobody_has_a_login_and_everybody_knows_why() {
    let server = FakeGlobus::start(&campus());
    let provider = Globus::new("research", &server.config(), secrets(SECRET), None).unwrap();
    let snapshot = provider.fetch(&query(Scope::Users), &|_| {}).unwrap();
    assert!(snapshot.directory.users.iter().all(|user| !user.active));
    let reasons: Vec<&str> = snapshot
        .rejected
        .iter()
        .map(|record| record.reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 5);
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("`identity_mapping` is not set")),
        "{reasons:?}"
    );
}

#[test]
fn a_group_that_changed_meanwhile_is_read_again() {
    let server = FakeGlobus::start(&campus());
    // bob joins after the first group was read.
    let join = json!({"match": format!("GET /v2/groups/{}", id(12)), "times": 1, "kind": "join", "group": id(11),
        "membership": member(2, "manager", "active")});
    server.faults(&json!([join]));
    let snapshot = fetch(&server, &query(Scope::Groups));
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    let bob = found(&snapshot, "connect")
        .members
        .iter()
        .find(|m| m.user.as_str() == id(2))
        .unwrap();
    assert_eq!((bob.role, bob.status), (Role::Manager, Status::Active));
    let reads = |log: &[String], n| {
        log.iter()
            .filter(|line| line.contains(&format!("/groups/{}", id(n))))
            .count()
    };
    let log = server.log();
    assert_eq!((reads(&log, 11), reads(&log, 12)), (2, 1));
    // The numbers are a hint: without them nothing is missing.
    server.faults(&json!([{"match": "/statuses", "kind": "status", "status": 404}]));
    assert!(matches!(
        fetch(&server, &query(Scope::Groups)).completeness,
        Completeness::Complete(_)
    ));
}

#[test]
fn what_is_wrong_with_a_section_is_said_before_anything_is_asked() {
    let server = FakeGlobus::start(&campus());
    let new = |config: &Config, secret: &str, mapping: &str| {
        Globus::new(
            "research",
            config,
            secrets(secret),
            Some(mapping.as_bytes()),
        )
        .unwrap_err()
    };
    let fine = server.config();
    assert!(
        new(
            &Config {
                client_id: "gosync".to_owned(),
                ..fine.clone()
            },
            SECRET,
            "{}"
        )
        .contains("client_id")
    );
    assert!(new(&fine, "", "{}").contains("client_secret_file"));
    assert!(new(&fine, SECRET, "{}").contains("identity_mapping: its DATA_TYPE"));
    assert!(server.log().is_empty());
    // A wrong secret is told apart.
    let wrong = Globus::new("research", &fine, secrets("wrong"), None).unwrap();
    let error = wrong.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
    assert!(matches!(error, FetchError::Unauthorised { .. }), "{error}");
    assert!(error.to_string().contains("invalid_client"), "{error}");
}
