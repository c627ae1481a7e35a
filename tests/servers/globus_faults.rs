//! The Globus provider when something goes wrong: every way to end early ends as incomplete or as an error of its kind,
//! and no secret is ever told.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::{Duration, Instant};

use gosync::testing::model::{Completeness, Role, Snapshot};
use gosync::testing::providers::admin::{Action, AdminError, GroupAdmin as _};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use serde_json::{Value, json};

use crate::globus_admin::{admin, club, fates, managed, people};
use crate::globus_server::{CANARY, FakeGlobus, globus, group, id, member, person, query, world};
use crate::proxy::{Fault, Proxy};

/// Three groups with 150 people.
fn campus() -> Value {
    let people = (1..=150)
        .map(|n| person(n, &format!("u{n}@example.org")))
        .collect();
    let members = |range: std::ops::RangeInclusive<u32>| {
        range.map(|n| member(n, "member", "active")).collect()
    };
    let groups = [("connect", 1..=150), ("osg", 1..=50), ("duke", 51..=100)];
    let groups = (1000..)
        .zip(groups)
        .map(|(n, (name, range))| group(n, name, members(range)));
    world(people, groups.collect())
}

fn fetch(server: &FakeGlobus, scope: Scope) -> Result<Snapshot, FetchError> {
    fetch_within(server, scope, Duration::from_secs(4))
}

fn fetch_within(server: &FakeGlobus, scope: Scope, time: Duration) -> Result<Snapshot, FetchError> {
    let deadline = Instant::now() + time;
    let result = server.globus().fetch(
        &Query {
            deadline,
            ..query(scope)
        },
        &|_| {},
    );
    let said = format!(
        "{result:?} {}",
        result
            .as_ref()
            .err()
            .map(ToString::to_string)
            .unwrap_or_default()
    );
    assert!(!said.contains(CANARY), "{said}");
    result
}

/// Why a read is incomplete, with its number of people and of groups.
fn incomplete(server: &FakeGlobus, scope: Scope) -> (String, usize, usize) {
    let snapshot = fetch(server, scope).unwrap();
    match snapshot.completeness {
        Completeness::Incomplete(reason) => (
            reason,
            snapshot.directory.users.len(),
            snapshot.directory.groups.len(),
        ),
        other => panic!("{other:?}"),
    }
}

fn fault(matching: &str, skip: u32, kind: &Value) -> Value {
    let mut fault = json!({"match": matching, "skip": skip});
    fault
        .as_object_mut()
        .unwrap()
        .extend(kind.as_object().unwrap().clone());
    json!([fault])
}

#[test]
fn a_token_that_is_not_accepted_any_more_is_renewed_once() {
    let server = FakeGlobus::start(&campus());
    server.faults(&fault(
        "GET /v2/groups/000003e9",
        0,
        &json!({"kind": "revoke", "times": 1}),
    ));
    let snapshot = fetch(&server, Scope::Groups).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    let log = server.log();
    // Perhaps by several requests that were under way at once.
    assert!(
        (2..=4).contains(
            &log.iter()
                .filter(|line| line.contains("/oauth2/token"))
                .count()
        ),
        "{log:#?}"
    );
    // One provider asks for a token once, whatever it reads.
    let provider = server.globus();
    for scope in [Scope::Users, Scope::Groups, Scope::Users] {
        provider.fetch(&query(scope), &|_| {}).unwrap();
    }
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|line| line.contains("/oauth2/token"))
            .count(),
        1
    );
    // For ever: it is us.
    let body = json!({"code": "INVALID_TOKEN", "detail": "No.", "authorization_parameters": {"session_message": "x"}});
    server.faults(&fault(
        "GET /v2/groups",
        0,
        &json!({"kind": "status", "status": 401, "body": body}),
    ));
    let error = fetch(&server, Scope::Groups).unwrap_err();
    assert!(matches!(error, FetchError::Unauthorised { .. }), "{error}");
    assert!(server.log().len() < 6);
}

#[test]
fn each_server_gets_its_own_token_or_nothing() {
    let server = FakeGlobus::start(&campus());
    // A grant that leaves out one of them, and one that says a token of Auth's is for Groups.
    let granted = |server: &str| {
        json!({"access_token": "Ag-CANARY", "resource_server": server, "token_type": "Bearer", "expires_in": 172800,
            "scope": "x", "other_tokens": []})
        .to_string()
    };
    server.faults(&fault(
        "/oauth2/token",
        0,
        &json!({"kind": "text", "text": granted("auth.globus.org")}),
    ));
    let error = fetch(&server, Scope::Users).unwrap_err();
    assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("no token for groups.api.globus.org"),
        "{error}"
    );
    assert!(
        server
            .log()
            .iter()
            .all(|line| line.contains("/oauth2/token"))
    );
    for text in [
        "{}",
        r#"{"access_token": 7, "resource_server": "CANARY"}"#,
        "[]",
        "{\"access_token\": \"CANARY\"",
    ] {
        server.faults(&fault(
            "/oauth2/token",
            0,
            &json!({"kind": "text", "text": text}),
        ));
        let error = fetch(&server, Scope::Users).unwrap_err();
        assert!(matches!(&error, FetchError::Malformed { .. }), "{error}");
    }
}

#[test]
fn a_storm_of_429_ends_with_the_time_limit() {
    let server = FakeGlobus::start(&campus());
    server.faults(&fault(
        "my_groups",
        0,
        &json!({"kind": "status", "status": 429}),
    ));
    let began = Instant::now();
    let error = fetch(&server, Scope::Users).unwrap_err();
    assert!(matches!(error, FetchError::RateLimited { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(9));
    // One that passes is waited for, as long as the server says.
    let later =
        json!({"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 2});
    server.faults(&fault("memberships", 0, &later));
    let began = Instant::now();
    let snapshot = fetch_within(&server, Scope::Users, Duration::from_secs(20)).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert!(began.elapsed() >= Duration::from_secs(2));
}

#[test]
fn what_breaks_off_is_incomplete_and_keeps_what_came() {
    let server = FakeGlobus::start(&campus());
    let cut = json!({"kind": "cut", "bytes": 700});
    // The first group: nothing is usable.
    server.faults(&fault("memberships", 0, &cut));
    assert!(matches!(
        fetch(&server, Scope::Groups),
        Err(FetchError::Unreachable { .. })
    ));
    // All but one, whichever that is: the connection is given up.
    server.faults(&fault("memberships", 1, &cut));
    let (reason, _, groups) = incomplete(&server, Scope::Groups);
    assert!(reason.contains("broke off"), "{reason}");
    assert_eq!(groups, 1);
    // The second hundred of identities.
    server.faults(&fault(&format!("identities.*{}", id(120)), 0, &cut));
    let (reason, people, groups) = incomplete(&server, Scope::Users);
    assert!(reason.contains("/v2/api/identities"), "{reason}");
    assert_eq!((people, groups), (100, 1));
    // A group that may not be seen, or is gone: the others are read.
    for status in [403, 404, 500] {
        let body = json!({"code": "X", "detail": "Gone \u{1b}[31m."});
        let gone = json!({"kind": "status", "status": status, "body": body, "times": 1});
        server.faults(&fault("memberships", 1, &gone));
        let (reason, _, groups) = incomplete(&server, Scope::Groups);
        assert!(
            reason.contains(&status.to_string()) && !reason.contains('\u{1b}'),
            "{reason}"
        );
        assert_eq!(groups, 2);
    }
}

#[test]
fn a_cut_anywhere_is_never_taken_for_the_whole() {
    let server = FakeGlobus::start(&campus());
    let whole = Proxy::start(server.port, Fault::Pass);
    let mut config = server.config();
    let url = |proxy: &Proxy| format!("http://127.0.0.1:{}", proxy.port);
    (config.groups_url, config.auth_url) = (url(&whole), url(&whole));
    let all = globus(&config)
        .fetch(&query(Scope::Users), &|_| {})
        .unwrap();
    assert!(matches!(all.completeness, Completeness::Complete(_)));
    let bytes = whole.passed();
    for part in [1, 3, 5, 7, 9] {
        // Each connection ends after so much; the requests that may be repeated are, in vain.
        let proxy = Proxy::start(server.port, Fault::CutAfter(bytes * part / 10));
        (config.groups_url, config.auth_url) = (url(&proxy), url(&proxy));
        let deadline = Instant::now() + Duration::from_secs(2);
        match globus(&config).fetch(
            &Query {
                deadline,
                ..query(Scope::Users)
            },
            &|_| {},
        ) {
            Ok(snapshot) if snapshot == all => {}
            Ok(snapshot) => assert!(matches!(snapshot.completeness, Completeness::Incomplete(_))),
            Err(error) => assert!(matches!(error, FetchError::Unreachable { .. }), "{error}"),
        }
    }
}

#[test]
fn a_page_for_people_is_no_answer() {
    let server = FakeGlobus::start(&campus());
    for place in ["my_groups", "memberships", "identities", "oauth2"] {
        server.faults(&fault(place, 0, &json!({"kind": "html"})));
        let error = fetch(&server, Scope::Users).unwrap_err();
        assert!(
            matches!(error, FetchError::Malformed { .. }),
            "{place}: {error}"
        );
        assert!(!error.to_string().contains("sign in"), "{error}");
    }
}

#[test]
fn answers_that_do_not_fit_are_noticed() {
    let server = FakeGlobus::start(&campus());
    for (place, text) in [
        ("my_groups", "{}"),
        ("my_groups", ""),
        ("my_groups", "[{\"id\": \"x\"}"),
        (
            "memberships",
            r#"{"id": "000003e8-0000-4000-8000-000000000000", "name": "connect"}"#,
        ),
        (
            "memberships",
            r#"{"id": "000003e8-0000-4000-8000-000000000000", "name": "connect", "memberships": null}"#,
        ),
        (
            "memberships",
            r#"{"id": "000003e9-0000-4000-8000-000000000000", "name": "connect", "memberships": []}"#,
        ),
        ("identities", r#"{"identities": null}"#),
        (
            "identities",
            r#"{"identities": [{"id": "x", "username": "y"}]}"#,
        ),
    ] {
        server.faults(&fault(place, 0, &json!({"kind": "text", "text": text})));
        let error = fetch(&server, Scope::Users).unwrap_err();
        assert!(
            matches!(error, FetchError::Malformed { .. }),
            "{place} {text}: {error}"
        );
    }
    // Nobody is known to Auth: nobody is there for certain.
    server.faults(&fault(
        "identities",
        0,
        &json!({"kind": "text", "text": "{\"identities\": []}"}),
    ));
    let snapshot = fetch(&server, Scope::Users).unwrap();
    assert!(
        matches!(&snapshot.completeness, Completeness::Incomplete(why) if why.contains("knows none"))
    );
    assert_eq!(
        (snapshot.directory.users.len(), snapshot.rejected.len()),
        (0, 150)
    );
    // One who is not known is there all the same.
    let mut world = campus();
    world["identities"].as_array_mut().unwrap().remove(6);
    let server = FakeGlobus::start(&world);
    let snapshot = fetch(&server, Scope::Users).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert_eq!(snapshot.rejected[0].id.as_ref().unwrap().as_str(), id(7));
}

#[test]
fn records_that_cannot_be_used_are_not_dropped() {
    let server = FakeGlobus::start(&campus());
    let edit = |value: Value, path: Value| {
        server.faults(&fault(
            "memberships",
            0,
            &json!({"kind": "edit", "path": path, "value": value}),
        ));
        fetch(&server, Scope::Users).unwrap()
    };
    let reason = |snapshot: &Snapshot| match &snapshot.completeness {
        Completeness::Incomplete(reason) => reason.clone(),
        other => panic!("{other:?}"),
    };
    // Without an id it may be anybody.
    let snapshot = edit(json!("nobody"), json!(["memberships", 5, "identity_id"]));
    assert!(reason(&snapshot).contains("without a usable id"));
    assert_eq!(
        (snapshot.directory.users.len(), snapshot.rejected.len()),
        (149, 1)
    );
    let snapshot = edit(Value::Null, json!(["memberships", 5]));
    assert!(reason(&snapshot).contains("without a usable id"));
    let snapshot = edit(json!("frozen"), json!(["memberships", 5, "status"]));
    assert!(reason(&snapshot).contains("1 membership has a status"));
    // Roles that nobody knows are members, and a status may be left out.
    let snapshot = edit(json!("owner"), json!(["memberships", 5, "role"]));
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    let snapshot = edit(Value::Null, json!(["memberships", 5, "status"]));
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert!(snapshot.directory.users.iter().all(|user| user.active));
}

#[test]
fn what_fails_as_a_whole_is_everybodys_failure() {
    let mut world = club();
    // Here we only manage: others may do more.
    world["groups"][0]["memberships"][0]["role"] = json!("manager");
    let server = FakeGlobus::start(&world);
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let both = people(&admin, &["alice", "frank"]);
    let fates_of = |action: &Action| fates(admin.change(&group, action, &both).unwrap());
    let fates = fates_of(&Action::Set(Role::Admin));
    assert!(
        fates[0].contains("Only an administrator can change roles")
            && fates[0].contains("FORBIDDEN_ACTION")
    );
    assert!(
        fates[1].contains("Only an administrator can add"),
        "{fates:?}"
    );
    // What we may do is done, whatever else was asked for.
    assert_eq!(fates_of(&Action::Set(Role::Member))[1], "Changed");
    let twice = json!({"code": "AMBIGUOUS_IDENTITIES", "detail": "Twice.", "ambiguous_identities": [id(1)]});
    server.faults(&fault(
        "POST /v2/groups",
        0,
        &json!({"kind": "status", "status": 400, "body": twice}),
    ));
    for fate in fates_of(&Action::Remove) {
        assert!(
            fate.contains(&format!(
                "Twice. named twice: {} (AMBIGUOUS_IDENTITIES)",
                id(1)
            )),
            "{fate}"
        );
    }
    let strict = json!({"detail": [{"loc": ["body", "remove", 0], "msg": "\u{202e}wrong", "type": "value_error"}]});
    server.faults(&fault(
        "POST /v2/groups",
        0,
        &json!({"kind": "status", "status": 422, "body": strict}),
    ));
    let fate = fates_of(&Action::Remove).remove(0);
    assert!(fate.contains("body.remove.0: \\u{202e}wrong"), "{fate}");
    let error = admin.describe(&group, "x").unwrap_err();
    assert!(
        matches!(&error, AdminError::Refused(_)) && error.to_string().contains("role admin"),
        "{error}"
    );
}

#[test]
fn somebody_may_join_while_we_look() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let frank = people(&admin, &["frank"]);
    let join = json!({"kind": "join", "times": 1, "group": id(11), "membership": member(6, "member", "active")});
    server.faults(&fault("POST /v2/groups", 0, &join));
    let fates = fates(
        admin
            .change(&group, &Action::Set(Role::Manager), &frank)
            .unwrap(),
    );
    assert_eq!(fates, ["Changed"]);
    assert_eq!(server.standing(11, 6).unwrap().0, "manager");
}

#[test]
fn a_change_is_not_sent_twice() {
    let server = FakeGlobus::start(&club());
    let admin = admin(&server);
    let group = managed(&admin, "club");
    let both = people(&admin, &["bob", "frank"]);
    server.faults(&fault(
        "POST /v2/groups",
        0,
        &json!({"kind": "cut", "bytes": 20}),
    ));
    let results = admin
        .change(&group, &Action::Set(Role::Member), &both)
        .unwrap();
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(AdminError::Fetch(FetchError::Unreachable { .. }))))
    );
    let posts = server
        .log()
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    // One that approves, one that adds.
    assert_eq!(posts, 2);
    // The answer does not mention somebody.
    server.faults(&fault(
        "POST /v2/groups",
        0,
        &json!({"kind": "text", "text": "{\"remove\": [], \"errors\": {}}"}),
    ));
    let results = admin.change(&group, &Action::Remove, &both).unwrap();
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(AdminError::Incomplete { .. }))),
        "{results:?}"
    );
    // Who is in the group cannot be seen: nothing is done.
    server.faults(&fault("memberships", 0, &json!({"kind": "html"})));
    let error = admin.change(&group, &Action::Remove, &both).unwrap_err();
    assert!(
        matches!(error, AdminError::Fetch(FetchError::Malformed { .. })),
        "{error}"
    );
    assert!(!format!("{admin:?} {error:?}").contains(CANARY));
}
