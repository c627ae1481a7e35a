//! The SCIM provider against a real server: people, groups, pages, cursors, and groups changed.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gosync::testing::model::Details;
use gosync::testing::model::{Completeness, RemoteId, Role, Snapshot, User};
use gosync::testing::providers::admin::{
    Ability, Action, AdminError, Done, GroupAdmin as _, NewGroup, Person,
};
use gosync::testing::providers::scim::{Attributes, Config, Paging, Scim, ScimAdmin, Secrets};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::scim_server::{POSIX, Server, TOKEN};

/// A query for everything, to be answered within some seconds.
pub fn query(scope: Scope) -> Query {
    Query {
        scope,
        only: None,
        top_group: None,
        details: Details::ALL,
        attribute: None,
        deadline: Instant::now() + Duration::from_secs(60),
    }
}

fn only(scope: Scope, names: &[&str]) -> Query {
    Query {
        only: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..query(scope)
    }
}

fn scim(config: &Config) -> Scim {
    let secrets = Secrets {
        token: Some(SecretString::from(TOKEN)),
        ..Secrets::default()
    };
    Scim::new("test", config, secrets).unwrap()
}

fn fetch(config: &Config, query: &Query) -> Snapshot {
    scim(config).fetch(query, &|_| {}).unwrap()
}

fn complete(snapshot: &Snapshot) -> &str {
    match &snapshot.completeness {
        Completeness::Complete(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn user<'a>(snapshot: &'a Snapshot, login: &str) -> &'a User {
    snapshot
        .directory
        .users
        .iter()
        .find(|user| user.login.raw() == login)
        .unwrap_or_else(|| panic!("no {login}"))
}

/// The logins of a group's members, or their ids, in order.
fn members(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let logins: BTreeMap<&RemoteId, &str> = snapshot
        .directory
        .users
        .iter()
        .map(|user| (&user.id, user.login.raw()))
        .collect();
    let group = snapshot
        .directory
        .groups
        .iter()
        .find(|group| group.name.raw() == name)
        .unwrap();
    let name = |id: &RemoteId| {
        logins
            .get(id)
            .map_or_else(|| id.to_string(), |login| (*login).to_owned())
    };
    let mut found: Vec<String> = group
        .members
        .iter()
        .map(|member| name(&member.user))
        .collect();
    found.sort();
    found
}

#[test]
fn people_come_with_all_their_fields() {
    let server = Server::start(false);
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:User", POSIX];
    let alice = json!({
        "schemas": schemas, "userName": "alice", "displayName": "Alice Liddell", "active": true,
        "emails": [{"value": "old@example.org"}, {"value": "alice@example.org", "primary": true}],
        POSIX: {"uidNumber": 20001, "gidNumber": 100, "homeDirectory": "/home/alice", "loginShell": "/bin/zsh",
                "sshPublicKeys": ["ssh-ed25519 AAAA one", "ssh-rsa BBBB two"]},
    });
    let id = server.make("/Users", &alice);
    server.make(
        "/Users",
        &json!({
            "schemas": [schemas[0]], "userName": "bob@example.org", "active": false,
            "name": {"formatted": "Bob \"the builder\" <b>"},
        }),
    );
    let path = |name: &str| Some(format!("{POSIX}:{name}"));
    let attributes = Attributes {
        uid: path("uidNumber"),
        gid: path("gidNumber"),
        home: path("homeDirectory"),
        shell: path("loginShell"),
        ssh_key: path("sshPublicKeys"),
        ..Attributes::default()
    };
    for request_attributes in [false, true] {
        let config = Config {
            request_attributes,
            attributes: attributes.clone(),
            ..Config::new(server.url())
        };
        let snapshot = fetch(&config, &query(Scope::Users));
        assert_eq!(
            complete(&snapshot),
            "2 people in 2 answers, as many as the server says"
        );
        assert!(snapshot.rejected.is_empty() && snapshot.directory.groups.is_empty());
        let alice = user(&snapshot, "alice");
        let raw = |text: &Option<gosync::testing::model::Untrusted>| {
            text.as_ref().map(|text| text.raw().to_owned())
        };
        assert_eq!(alice.id.as_str(), id);
        assert_eq!(raw(&alice.name).as_deref(), Some("Alice Liddell"));
        assert_eq!(raw(&alice.email).as_deref(), Some("alice@example.org"));
        assert_eq!(raw(&alice.uid).as_deref(), Some("20001"));
        assert_eq!(raw(&alice.gid).as_deref(), Some("100"));
        assert_eq!(raw(&alice.home).as_deref(), Some("/home/alice"));
        assert_eq!(raw(&alice.shell).as_deref(), Some("/bin/zsh"));
        assert!(raw(&alice.updated).is_some());
        let keys: Vec<&str> = alice.ssh_keys.iter().map(|key| key.raw()).collect();
        assert_eq!(keys, ["ssh-ed25519 AAAA one", "ssh-rsa BBBB two"]);
        let bob = user(&snapshot, "bob@example.org");
        assert_eq!(
            (raw(&bob.name).as_deref(), bob.active),
            (Some("Bob \"the builder\" <b>"), false)
        );
        assert!(bob.uid.is_none() && bob.ssh_keys.is_empty());
    }
}

#[test]
fn every_way_of_paging_gives_the_same() {
    let server = Server::start(true);
    server.people(230);
    let ids: Vec<String> = {
        let config = Config {
            paging: Paging::Index,
            page_size: 1000,
            ..Config::new(server.url())
        };
        fetch(&config, &query(Scope::Users))
            .directory
            .users
            .iter()
            .map(|user| user.id.to_string())
            .collect()
    };
    server.group("all", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut snapshots = Vec::new();
    for (paging, page_size, proof) in [
        (
            Paging::Auto,
            200,
            "230 people in 2 answers and 1 group in 1 answer",
        ),
        (
            Paging::Auto,
            20,
            "230 people in 12 answers and 1 group in 1 answer",
        ),
        (
            Paging::Cursor,
            1000,
            "230 people in 2 answers and 1 group in 1 answer",
        ),
        (
            Paging::Index,
            50,
            "230 people in 5 answers and 1 group in 2 answers",
        ),
        (
            Paging::Index,
            1000,
            "230 people in 2 answers and 1 group in 2 answers",
        ),
    ] {
        let config = Config {
            paging,
            page_size,
            ..Config::new(server.url())
        };
        let snapshot = fetch(&config, &query(Scope::Groups));
        assert_eq!(
            complete(&snapshot),
            format!("{proof}, as many as the server says"),
            "{paging:?} {page_size}"
        );
        assert_eq!(members(&snapshot, "all").len(), 230);
        snapshots.push(snapshot.directory);
    }
    assert!(snapshots.iter().all(|directory| *directory == snapshots[0]));
}

#[test]
fn a_server_without_cursors_that_is_asked_for_one_says_no() {
    let server = Server::start(false);
    let config = Config {
        paging: Paging::Cursor,
        ..Config::new(server.url())
    };
    let error = scim(&config)
        .fetch(&query(Scope::Users), &|_| {})
        .unwrap_err();
    assert!(error.to_string().contains("501"), "{error}");
}

#[test]
fn an_empty_server_is_complete_and_empty() {
    for cursors in [false, true] {
        let server = Server::start(cursors);
        let snapshot = fetch(&Config::new(server.url()), &query(Scope::Groups));
        assert!(complete(&snapshot).starts_with("0 people in 1 answer and 0 groups in 1 answer"));
    }
}

#[test]
fn a_wrong_token_is_refused_without_being_told() {
    let server = Server::start(false);
    let secrets = Secrets {
        token: Some(SecretString::from("canary-wrong")),
        ..Secrets::default()
    };
    let wrong = Scim::new("test", &Config::new(server.url()), secrets).unwrap();
    let error = wrong.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
    assert!(
        matches!(error, FetchError::Unauthorised { .. }),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?} {wrong:?}").contains("canary"));
}

/// alice, bob, carol; connect has alice and the group inner, which has bob and a circle; gone is deleted.
fn people_and_groups() -> (Server, BTreeMap<&'static str, String>) {
    let server = Server::start(false);
    let mut ids: BTreeMap<&str, String> = ["alice", "bob", "carol", "gone"]
        .into_iter()
        .map(|login| (login, server.person(login)))
        .collect();
    let inner = server.group("inner", &[&ids["bob"], &ids["gone"]]);
    let connect = server.group("connect", &[&ids["alice"], &inner]);
    let add = json!([{"op": "add", "path": "members", "value": [{"value": connect}]}]);
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let (status, answer) = server.ask(
        "PATCH",
        &format!("/Groups/{inner}"),
        &json!({"schemas": schemas, "Operations": add}),
    );
    assert!(status == 200 || status == 204, "{answer}");
    server.group("quotes \" and \\", &[&ids["carol"]]);
    assert_eq!(
        server
            .ask("DELETE", &format!("/Users/{}", ids["gone"]), &Value::Null)
            .0,
        204
    );
    ids.extend([("inner", inner), ("connect", connect)]);
    (server, ids)
}

#[test]
fn members_of_groups_in_groups_and_of_the_deleted() {
    let (server, ids) = people_and_groups();
    let snapshot = fetch(&Config::new(server.url()), &query(Scope::Groups));
    let proof = complete(&snapshot);
    assert!(proof.ends_with("; 1 member whom nobody knows"), "{proof}");
    let mut all = vec!["alice".to_owned(), "bob".to_owned(), ids["gone"].clone()];
    all.sort();
    assert_eq!(members(&snapshot, "connect"), all);
    assert_eq!(members(&snapshot, "inner"), all);
    assert_eq!(members(&snapshot, "quotes \" and \\"), ["carol"]);
    assert!(user(&snapshot, "alice").active);
    let shallow = fetch(
        &Config {
            nested_depth: 0,
            ..Config::new(server.url())
        },
        &query(Scope::Groups),
    );
    assert_eq!(
        (shallow.rejected.len(), shallow.directory.groups.len()),
        (2, 1)
    );
}

#[test]
fn the_top_group_comes_with_the_people() {
    let (server, ids) = people_and_groups();
    let query = Query {
        top_group: Some("Connect".to_owned()),
        ..query(Scope::Users)
    };
    let snapshot = fetch(&Config::new(server.url()), &query);
    complete(&snapshot);
    assert_eq!(
        (
            snapshot.directory.users.len(),
            snapshot.directory.groups.len()
        ),
        (3, 1)
    );
    assert_eq!(members(&snapshot, "connect").len(), 3);
    assert!(members(&snapshot, "connect").contains(&ids["gone"]));
    let nobody = Query {
        top_group: Some("no such group".to_owned()),
        ..query
    };
    assert!(
        fetch(&Config::new(server.url()), &nobody)
            .directory
            .groups
            .is_empty()
    );
}

#[test]
fn a_part_is_a_part() {
    let (server, _) = people_and_groups();
    let config = Config::new(server.url());
    let snapshot = fetch(
        &config,
        &only(
            Scope::Users,
            &["ALICE", "nobody", "a\" or userName pr or \""],
        ),
    );
    assert_eq!(snapshot.completeness, Completeness::Narrowed);
    assert_eq!(snapshot.directory.users.len(), 1);
    let snapshot = fetch(
        &config,
        &only(Scope::Groups, &["connect", "quotes \" and \\"]),
    );
    assert_eq!(snapshot.completeness, Completeness::Narrowed);
    assert_eq!(
        (
            snapshot.directory.users.len(),
            snapshot.directory.groups.len()
        ),
        (3, 2)
    );
    assert_eq!(members(&snapshot, "connect").len(), 3);
}

fn admin(server: &Server) -> ScimAdmin {
    scim(&Config::new(server.url()))
        .admin(Instant::now() + Duration::from_secs(60))
        .unwrap()
}

fn who(admin: &ScimAdmin, group: &RemoteId) -> Vec<(String, bool)> {
    let mut all: Vec<_> = admin
        .members(group)
        .unwrap()
        .into_iter()
        .map(|m| (m.person.login.raw().to_owned(), m.implied))
        .collect();
    all.sort();
    all
}

fn fates(results: Vec<Result<Done, AdminError>>) -> Vec<Done> {
    results.into_iter().map(Result::unwrap).collect()
}

#[test]
fn members_are_added_and_removed_and_groups_made() {
    let (server, ids) = people_and_groups();
    let admin = admin(&server);
    let group = admin
        .groups(false)
        .unwrap()
        .into_iter()
        .find(|group| group.name.raw() == "connect")
        .unwrap();
    assert_eq!(group.id.as_str(), ids["connect"]);
    let yes = |login: &str, implied: bool| (login.to_owned(), implied);
    let mut before = vec![
        yes("alice", false),
        yes("bob", true),
        yes(&ids["gone"], true),
    ];
    before.sort();
    assert_eq!(who(&admin, &group.id), before);
    let logins = ["carol".to_owned(), "Alice".to_owned(), "nobody".to_owned()];
    let mut people = admin.people(&logins).unwrap();
    people.sort_by(|a, b| b.login.cmp(&a.login));
    assert_eq!(
        people
            .iter()
            .map(|person| person.login.raw())
            .collect::<Vec<_>>(),
        ["carol", "alice"]
    );
    let set = Action::Set(Role::Member);
    assert_eq!(
        fates(admin.change(&group, &set, &people).unwrap()),
        [Done::Changed, Done::Already]
    );
    assert!(who(&admin, &group.id).contains(&yes("carol", false)));
    assert_eq!(
        fates(admin.change(&group, &Action::Remove, &people).unwrap()),
        [Done::Changed, Done::Changed]
    );
    assert_eq!(
        fates(admin.change(&group, &Action::Remove, &people).unwrap()),
        [Done::Already, Done::Already]
    );
    assert!(
        !who(&admin, &group.id)
            .iter()
            .any(|(login, _)| login == "alice" || login == "carol")
    );
    let new = NewGroup {
        name: "new, \"and\" <odd>".to_owned(),
        description: String::new(),
        parent: None,
    };
    let made = admin.create(&new).unwrap();
    assert_eq!(
        fates(admin.change(&made, &set, &people).unwrap()),
        [Done::Changed, Done::Changed]
    );
    assert_eq!(
        who(&admin, &made.id),
        [yes("alice", false), yes("carol", false)]
    );
}

#[test]
fn what_scim_does_not_know_is_said_before() {
    let (server, _) = people_and_groups();
    let admin = admin(&server);
    use Ability::{Accept, AcceptAddress, Create, CreateBelow, Describe, Policy};
    for ability in [
        Ability::Role(Role::Manager),
        Ability::Role(Role::Admin),
        Accept,
        AcceptAddress,
        CreateBelow,
        Describe,
        Policy,
    ] {
        assert!(admin.lacks(ability), "{ability:?}");
    }
    assert!(!admin.lacks(Ability::Role(Role::Member)) && !admin.lacks(Create));
    let group = admin.groups(true).unwrap().remove(0);
    let nobody = Person {
        id: group.id.clone(),
        login: gosync::testing::model::Untrusted::new("x"),
        email: None,
    };
    for action in [Action::Set(Role::Admin), Action::Accept { email: None }] {
        let fate = admin
            .change(&group, &action, std::slice::from_ref(&nobody))
            .unwrap()
            .remove(0);
        assert!(matches!(fate, Err(AdminError::Unable { .. })));
    }
    assert!(matches!(
        admin.describe(&group, "x"),
        Err(AdminError::Unable { .. })
    ));
    let missing = gosync::testing::providers::admin::ManagedGroup {
        id: RemoteId::new("no-such").unwrap(),
        ..group
    };
    let fate = admin
        .change(&missing, &Action::Set(Role::Member), &[nobody])
        .unwrap()
        .remove(0);
    assert!(matches!(fate, Err(AdminError::Refused(_))), "{fate:?}");
}
