//! Decoding and members, without a server.

use serde_json::{Value, json};

use super::decode::{Extent, Features, GroupEntry, features, group, page, user};
use super::members::{People, Resolved, resolve};
use super::settings::{Attributes, Config, MemberValue, Settings};
use crate::model::{Details, RemoteId, WantedAttributes};

fn settings(attributes: Attributes) -> Settings {
    Settings::new(&Config {
        attributes,
        ..Config::new("http://localhost/")
    })
    .unwrap()
}

fn id(text: &str) -> RemoteId {
    RemoteId::new(text).unwrap()
}

#[test]
fn further_attributes_are_asked_for_and_taken_only_if_somebody_wants_them() {
    let text = "url = 'http://localhost/'\n\
        extra_attributes = { quota = 'urn:example:storage:User:quota', kind = 'userType', none = '' }";
    let names = Settings::new(&toml::from_str(text).unwrap()).unwrap().names;
    let full = json!({"id": "u1", "userName": "a", "userType": "staff",
        "urn:example:storage:User": {"quota": 10}});
    let wanted = |names: &[&str]| Details {
        attributes: WantedAttributes::These(names.iter().map(|it| (*it).to_owned()).collect()),
        ..Details::default()
    };
    for (details, expected) in [
        (wanted(&[]), None),
        (wanted(&["quota", "none", "unknown"]), Some("10")),
    ] {
        let extent = Extent::Full(&details, None);
        let asked = super::client::user_attributes(&names, extent);
        assert_eq!(asked.contains("quota"), expected.is_some(), "{asked}");
        assert!(!asked.contains("userType"), "{asked}");
        let said = user(&full, &names, extent).unwrap().attributes;
        let said: Vec<_> = said.values().map(|value| value.raw()).collect();
        assert_eq!(said, expected.into_iter().collect::<Vec<_>>());
    }
    let bad = toml::from_str("url = 'http://localhost/'\nextra_attributes = {a = 'a b'}").unwrap();
    assert!(
        Settings::new(&bad)
            .unwrap_err()
            .contains("extra_attributes.a")
    );
}

#[test]
fn a_person_may_come_in_many_forms() {
    let path = |text: &str| Some(format!("urn:example:posix:2.0:User:{text}"));
    let names = settings(Attributes {
        uid: path("uidNumber"),
        shell: path("loginShell"),
        ssh_key: path("keys"),
        ..Attributes::default()
    })
    .names;
    let full = json!({
        "id": "u1", "userName": "alice", "displayName": "", "name": {"formatted": "Alice"},
        "emails": {"value": "a@x"}, "active": "True", "meta": {"lastModified": "2026-01-01T00:00:00+02:00"},
        "urn:example:posix:2.0:User": {"uidNumber": 20001, "loginShell": "/bin/sh", "keys": ["ssh-rsa A\nssh-rsa B", {"value": "ssh-rsa C"}]},
    });
    let alice = user(&full, &names, Extent::ALL).unwrap();
    let raw =
        |text: &Option<crate::model::Untrusted>| text.as_ref().map(|text| text.raw().to_owned());
    assert_eq!(
        (raw(&alice.name).as_deref(), raw(&alice.email).as_deref()),
        (Some("Alice"), Some("a@x"))
    );
    assert_eq!(
        (raw(&alice.uid).as_deref(), raw(&alice.shell).as_deref()),
        (Some("20001"), Some("/bin/sh"))
    );
    assert_eq!(
        alice
            .ssh_keys
            .iter()
            .map(|key| key.raw())
            .collect::<Vec<_>>(),
        ["ssh-rsa A", "ssh-rsa B", "ssh-rsa C"]
    );
    assert!(alice.active && alice.updated.is_some() && alice.home.is_none());
    let slim = user(&full, &names, Extent::Slim).unwrap();
    assert!(slim.uid.is_none() && slim.active);
    for (active, expected) in [
        (json!(false), Some(false)),
        (json!("FALSE"), Some(false)),
        (json!("true"), Some(true)),
        (Value::Null, Some(true)),
        (json!("no"), None),
        (json!(0), None),
    ] {
        let got = user(
            &json!({"id": "u1", "userName": "x", "active": active}),
            &names,
            Extent::Slim,
        );
        assert_eq!(got.ok().map(|user| user.active), expected, "{active}");
    }
}

#[test]
fn whoever_is_shut_out_needs_no_usable_record() {
    let when = "url = 'http://localhost/'\n[inactive_when]\nuserType = ['alumnus']\n\
                'urn:example:2.0:User:state.code' = ['9', 'x']";
    let names = Settings::new(&toml::from_str(when).unwrap()).unwrap().names;
    let read = |mut more: Value| {
        let resource = more.as_object_mut().unwrap();
        resource.insert("id".to_owned(), json!("u1"));
        match user(&more, &names, Extent::Slim) {
            Ok(user) => (true, !user.active),
            Err(record) => (record.id.is_none(), record.is_shut_out()),
        }
    };
    let urn = "urn:example:2.0:User";
    for (more, is_usable, is_shut_out) in [
        (json!({"userName": "a", "active": "false "}), true, true),
        (
            json!({"userName": "a", "active": [true, false]}),
            true,
            true,
        ),
        (
            json!({"userName": "a", "active": {"value": false}}),
            true,
            true,
        ),
        (json!({"userName": "a", "active": null}), true, false),
        (json!({"active": false}), false, true),
        (json!({"userName": "", "active": "False"}), false, true),
        (json!({"userName": "a", "active": 0}), false, true),
        (json!({"userName": "a", "active": "no"}), false, true),
        (json!({"userName": "a", "active": "inactive"}), false, true),
        (json!({"userName": "a", "active": 1}), false, false),
        (json!({"userName": "a", "active": ""}), false, false),
        (json!({"userName": "a", "active": "perhaps"}), false, false),
        (
            json!({"userName": "a", "active": true, "UserType": "Alumnus"}),
            true,
            true,
        ),
        (json!({"userName": "a", "userType": "staff"}), true, false),
        (
            json!({"userName": "a", urn: {"state": {"code": 9}}}),
            true,
            true,
        ),
        (
            json!({"userName": "a", urn: {"state": [{"code": "y"}, {"code": "X"}]}}),
            true,
            true,
        ),
        (json!({"userType": ["staff", "alumnus"]}), false, true),
    ] {
        let text = more.to_string();
        assert_eq!(read(more), (is_usable, is_shut_out), "{text}");
    }
    assert!(super::client::user_attributes(&names, Extent::Slim).contains("userType"));
    let asked =
        |details: &Details| super::client::user_attributes(&names, Extent::Full(details, None));
    assert!(asked(&Details::ALL).contains("emails"));
    assert!(!asked(&Details::default()).contains("emails"));
    let bad = toml::from_str("url = 'http://localhost/'\ninactive_when = {'a b' = ['x']}").unwrap();
    assert!(Settings::new(&bad).unwrap_err().contains("inactive_when"));
}

#[test]
fn a_person_who_cannot_be_used_is_somebody_all_the_same() {
    let names = settings(Attributes::default()).names;
    let record = user(&json!({"id": "u1"}), &names, Extent::ALL).unwrap_err();
    assert_eq!((record.id, record.subject.raw()), (Some(id("u1")), "u1"));
    for nobody in [
        json!({"userName": "x"}),
        json!({"id": "a\tb", "userName": "x"}),
        json!("x"),
        json!({"id": {}}),
    ] {
        assert!(
            user(&nobody, &names, Extent::ALL).unwrap_err().id.is_none(),
            "{nobody}"
        );
    }
    assert_eq!(
        user(&json!({"id": 7, "userName": "x"}), &names, Extent::ALL)
            .unwrap()
            .id,
        id("7")
    );
}

#[test]
fn a_list_without_resources_must_say_so() {
    assert!(
        page(json!({"totalResults": 0}))
            .unwrap()
            .resources
            .is_empty()
    );
    assert_eq!(
        page(json!({"totalresults": "2", "resources": [{}, {}]}))
            .unwrap()
            .total,
        Some(2)
    );
    assert_eq!(
        page(json!({"Resources": [], "nextCursor": "x"}))
            .unwrap()
            .next_cursor
            .as_deref(),
        Some("x")
    );
    let error = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "500", "detail": "boom"});
    assert!(page(error).unwrap_err().contains("boom"));
    for bad in [
        json!({}),
        json!([]),
        json!(null),
        json!({"Resources": {}}),
        json!({"Resources": []}),
        json!({"users": []}),
    ] {
        assert!(page(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn what_a_server_does_not_say_is_what_most_can() {
    assert_eq!(features(&json!({})), Features::default());
    assert_eq!(features(&json!([])), Features::default());
    let said = json!({
        "patch": {"supported": false}, "filter": {"supported": "true", "maxResults": 500},
        "pagination": {"cursor": true, "maxPageSize": 200}, "securityEvents": {},
    });
    assert_eq!(
        features(&said),
        Features {
            patch: false,
            filter: true,
            cursor: true,
            max_page: Some(200)
        }
    );
    assert_eq!(
        features(&json!({"filter": {"maxResults": 0}})).max_page,
        None
    );
}

/// Groups from what a server sends, with the people u1 (alice), u2 (bob) and u3 (of whom only the
/// id is known).
fn members(groups: &[Value], meaning: MemberValue, depth: usize) -> Resolved {
    let names = settings(Attributes::default()).names;
    let mut people = People::default();
    people.add(&id("u1"), Some("Alice"));
    people.add(&id("u2"), Some("bob"));
    people.add(&id("u3"), None);
    let raws: Vec<GroupEntry> = groups
        .iter()
        .map(|resource| group(resource, &names))
        .collect();
    resolve(raws, &people, meaning, depth, &|| true)
}

fn of(resolved: &Resolved, group: &str) -> Vec<String> {
    let group = resolved
        .groups
        .iter()
        .find(|found| found.id.as_str() == group)
        .expect("no such group");
    group
        .members
        .iter()
        .map(|member| member.user.to_string())
        .collect()
}

fn named(id: &str, members: Value) -> Value {
    json!({"id": id, "displayName": id, "members": members})
}

#[test]
fn members_come_by_value_or_by_reference() {
    let listed = json!([
        {"value": "u1", "type": "User"},
        {"$ref": "https://x/v2/Users/u2"},
        {"value": "u3", "$ref": "../Users/u3", "display": "x"},
        "u1",
    ]);
    let got = members(
        &[
            named("g1", listed),
            named("g2", Value::Null),
            json!({"id": "g3", "displayName": "x"}),
        ],
        MemberValue::Id,
        8,
    );
    assert_eq!(of(&got, "g1"), ["u1", "u2", "u3"]);
    assert!(of(&got, "g2").is_empty() && of(&got, "g3").is_empty());
    assert_eq!((got.strangers, got.rejected.len()), (0, 0));
    let single = members(&[named("g1", json!({"value": "u1"}))], MemberValue::Id, 8);
    assert_eq!(of(&single, "g1"), ["u1"]);
}

#[test]
fn strangers_stay_and_are_counted() {
    let got = members(
        &[named(
            "g1",
            json!([{"value": "gone"}, {"value": "u1"}, {"value": "g9", "type": "Group"}]),
        )],
        MemberValue::Id,
        8,
    );
    assert_eq!(of(&got, "g1"), ["gone", "u1"]);
    assert_eq!((got.strangers, got.missing.len()), (1, 1));
}

#[test]
fn a_login_is_never_taken_for_an_id_nor_an_id_for_a_login() {
    let group = [named("g1", json!([{"value": "alice"}, {"value": "u2"}]))];
    let by_id = members(&group, MemberValue::Id, 8);
    assert_eq!(of(&by_id, "g1"), ["alice", "u2"]);
    assert_eq!(by_id.strangers, 1);
    let by_login = members(&group, MemberValue::Login, 8);
    assert_eq!(of(&by_login, "g1"), ["login:u2", "u1"]);
    assert_eq!(by_login.strangers, 1);
}

#[test]
fn a_group_whose_members_cannot_be_told_is_rejected() {
    for listed in [
        json!([{"display": "x"}]),
        json!([{"value": "a\tb"}]),
        json!([{}]),
        json!([{"value": "u1"}, 1.5, {"value": ""}]),
    ] {
        let got = members(
            &[named("g1", listed.clone()), named("g2", json!(["u1"]))],
            MemberValue::Id,
            8,
        );
        assert_eq!(
            (got.rejected.len(), of(&got, "g2").len()),
            (1, 1),
            "{listed}"
        );
        assert_eq!(got.rejected[0].id, Some(id("g1")));
    }
    // A group in another one that cannot be used: the other one would be shortened.
    let inner = json!({"id": "g2", "members": ["u1"]});
    let got = members(
        &[named("g1", json!([{"value": "g2"}])), inner],
        MemberValue::Id,
        8,
    );
    assert_eq!(got.rejected.len(), 2);
    // Both a person and a group have the id.
    let got = members(
        &[named("u1", json!([])), named("g2", json!(["u1"]))],
        MemberValue::Id,
        8,
    );
    assert_eq!(got.rejected.len(), 1);
    let got = members(
        &[
            named("u1", json!([])),
            named("g2", json!([{"value": "u1", "type": "User"}])),
        ],
        MemberValue::Id,
        8,
    );
    assert_eq!(of(&got, "g2"), ["u1"]);
}

#[test]
fn groups_in_groups_are_followed_in_circles_and_not_too_deep() {
    let group = |n: usize, inside: usize| {
        named(
            &format!("g{n}"),
            json!([{"value": format!("g{inside}")}, {"value": format!("m{n}")}]),
        )
    };
    let circle: Vec<Value> = (0..4).map(|n| group(n, (n + 1) % 4)).collect();
    let got = members(&circle, MemberValue::Id, 3);
    for n in 0..4 {
        assert_eq!(of(&got, &format!("g{n}")), ["m0", "m1", "m2", "m3"]);
    }
    let got = members(&circle, MemberValue::Id, 2);
    assert_eq!((got.groups.len(), got.rejected.len()), (0, 4));
    assert!(got.rejected[0].reason.contains("more than 2 levels"));
}
