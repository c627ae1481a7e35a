//! The SCIM provider against bad servers: whatever happens, a short list is never called complete, and no secret is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

mod cases;
mod pages;
mod program;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gosync::testing::model::{Completeness, RemoteId, Role, Snapshot, Untrusted};
use gosync::testing::providers::admin::{Action, Done, GroupAdmin as _, ManagedGroup, Person};
use gosync::testing::providers::scim::{Attributes, Config, MemberValue, Scim, Secrets};
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::scim::query;
use crate::scratch::{Ran, ScratchHost};
use crate::web::{Asked, Reply, Spoil, Web};

const CANARY: &str = "canary-71ab-token";

fn within(seconds: u64, scope: Scope) -> Query {
    Query {
        deadline: Instant::now() + Duration::from_secs(seconds),
        ..query(scope)
    }
}

fn scim(config: &Config) -> Scim {
    let secrets = Secrets {
        token: Some(SecretString::from(CANARY)),
        ..Secrets::default()
    };
    Scim::new("test", config, secrets).unwrap()
}

fn fetch(web: &Web, query: &Query) -> Result<Snapshot, FetchError> {
    scim(&Config {
        page_size: 10,
        ..Config::new(web.url("/v2"))
    })
    .fetch(query, &|_| {})
}

fn incomplete(result: Result<Snapshot, FetchError>) -> String {
    match result.unwrap().completeness {
        Completeness::Incomplete(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn person(n: usize) -> Value {
    json!({"id": format!("u{n}"), "userName": format!("user{n}")})
}

/// A page of people; the servers here give what `count` asks for.
fn page(asked: &Asked, people: usize) -> Value {
    let start = asked
        .parameter("startIndex")
        .and_then(|n| n.parse::<usize>().ok())
        .unwrap_or(1)
        - 1;
    let count: usize = asked.parameter("count").unwrap().parse().unwrap();
    let resources: Vec<Value> = (start.min(people)..(start + count).min(people))
        .map(person)
        .collect();
    json!({"totalResults": people, "startIndex": start + 1, "itemsPerPage": resources.len(), "Resources": resources})
}

/// A sound server with 25 people and one group with all of them.
pub fn sound(asked: &Asked) -> Reply {
    match asked.path() {
        "/v2/ServiceProviderConfig" => Reply::json(
            200,
            &json!({"filter": {"supported": true, "maxResults": 100}}),
        ),
        "/v2/Users" => Reply::json(200, &page(asked, 25)),
        "/v2/Groups" => {
            let start: usize = asked.parameter("startIndex").unwrap().parse().unwrap();
            let members: Vec<Value> = (0..25).map(|n| json!({"value": format!("u{n}")})).collect();
            let group = json!({"id": "g1", "displayName": "connect", "members": members});
            let resources = if start == 1 { vec![group] } else { Vec::new() };
            Reply::json(200, &json!({"totalResults": 1, "Resources": resources}))
        }
        _ => Reply::json(404, &json!({"detail": "not here", "status": "404"})),
    }
}

/// Whether somebody asks for what is behind the first page.
fn is_behind(asked: &Asked) -> bool {
    asked
        .parameter("startIndex")
        .is_some_and(|start| start != "1")
}

/// An empty page of so many.
fn nothing(total: usize) -> Reply {
    Reply::json(200, &json!({"totalResults": total, "Resources": []}))
}

/// Whether a result is whole; anything else must not claim to be.
fn whole(result: &Result<Snapshot, FetchError>) -> bool {
    match result {
        Ok(Snapshot {
            completeness: Completeness::Complete(_),
            directory,
            ..
        }) => {
            assert_eq!((directory.users.len(), directory.groups.len()), (25, 1));
            assert_eq!(directory.groups[0].members.len(), 25);
            true
        }
        Ok(snapshot) => {
            assert!(matches!(snapshot.completeness, Completeness::Incomplete(_)));
            false
        }
        Err(error) => {
            assert!(!format!("{error} {error:?}").contains("canary"));
            false
        }
    }
}

#[test]
fn a_busy_server_is_told_from_one_that_is_down() {
    for from in [0, 2] {
        let web = Web::start(move |asked| match asked.number >= from {
            true => Reply::new(429, "text/plain", "").header("Retry-After", "1"),
            false => sound(asked),
        });
        let result = fetch(&web, &within(3, Scope::Users));
        match from {
            0 => assert!(matches!(
                result.unwrap_err(),
                FetchError::RateLimited { .. }
            )),
            _ => assert!(incomplete(result).contains("429")),
        }
        assert!(web.count() >= 2 + from && web.count() < 6 + from);
    }
    let once = Web::start(|asked| match asked.number {
        2 => {
            Reply::new(503, "text/plain", "").header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")
        }
        _ => sound(asked),
    });
    assert!(whole(&fetch(&once, &query(Scope::Groups))));
}

#[test]
fn no_header_reaches_another_place() {
    let thief = Web::start(sound);
    for path in ["/v2/ServiceProviderConfig", "/v2/Users", "/v2/Groups"] {
        let to = thief.port;
        let web = Web::start(move |asked| match asked.path() == path {
            true => Reply::new(307, "text/plain", "")
                .header("Location", format!("http://127.0.0.1:{to}{}", asked.target)),
            false => sound(asked),
        });
        assert!(!whole(&fetch(&web, &query(Scope::Groups))));
    }
    assert_eq!(thief.count(), 0);
}

#[test]
fn members_that_are_kept_back_are_noticed() {
    let quiet = |asked: &Asked| match asked.path() {
        "/v2/Groups" | "/v2/Groups/g1" => {
            let mut group = json!({"id": "g1", "displayName": "connect"});
            if asked
                .parameter("attributes")
                .is_some_and(|names| names.contains("members"))
            {
                group["members"] = json!([{"value": "u1"}]);
            }
            match asked.path() {
                "/v2/Groups" if is_behind(asked) => nothing(1),
                "/v2/Groups" => Reply::json(200, &json!({"totalResults": 1, "Resources": [group]})),
                _ => Reply::json(200, &group),
            }
        }
        _ => sound(asked),
    };
    let web = Web::start(quiet);
    // Asked for alone, with what is wanted by name, the group tells its members.
    let snapshot = fetch(&web, &query(Scope::Groups)).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert_eq!(snapshot.directory.groups[0].members.len(), 1);
    let config = Config {
        request_attributes: true,
        ..Config::new(web.url("/v2"))
    };
    let snapshot = scim(&config).fetch(&query(Scope::Groups), &|_| {}).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert_eq!(snapshot.directory.groups[0].members.len(), 1);
    // A group that is listed nowhere but in another one.
    let web = Web::start(|asked| match asked.path() {
        "/v2/Groups" if is_behind(asked) => nothing(1),
        "/v2/Groups" => {
            let group = json!({"id": "g1", "displayName": "x", "members": [{"value": "hidden", "type": "Group"}]});
            Reply::json(200, &json!({"totalResults": 1, "Resources": [group]}))
        }
        "/v2/Groups/hidden" => Reply::json(
            200,
            &json!({"id": "hidden", "displayName": "y", "members": []}),
        ),
        _ => sound(asked),
    });
    assert!(incomplete(fetch(&web, &query(Scope::Groups))).contains("not in the list"));
}

#[test]
fn a_group_that_cannot_be_read_is_not_left_out_of_those_that_we_manage() {
    let web = Web::start(|asked| match asked.path() {
        "/v2/Groups" if is_behind(asked) => nothing(2),
        "/v2/Groups" => {
            let groups = json!([{"id": "g1", "displayName": "twin"}, {"id": "g2"}]);
            Reply::json(200, &json!({"totalResults": 2, "Resources": groups}))
        }
        _ => sound(asked),
    });
    let admin = scim(&Config::new(web.url("/v2")))
        .admin(Instant::now() + Duration::from_secs(20))
        .unwrap();
    let error = admin.groups(false).unwrap_err().to_string();
    assert!(error.contains("g2: it has no name"), "{error}");
}

#[test]
fn logins_as_members_and_names_elsewhere() {
    let web = Web::start(|asked| match asked.path() {
        "/v2/Groups" => {
            let group = json!({"id": "g1", "groupName": "x", "members": [{"value": "USER3"}, {"value": "u4"}]});
            Reply::json(200, &json!({"totalResults": 1, "Resources": [group]}))
        }
        _ => sound(asked),
    });
    let attributes = Attributes {
        group_name: Some("groupName".to_owned()),
        ..Attributes::default()
    };
    let config = Config {
        member_value: MemberValue::Login,
        attributes,
        ..Config::new(web.url("/v2"))
    };
    let snapshot = scim(&config).fetch(&query(Scope::Groups), &|_| {}).unwrap();
    let members: Vec<String> = snapshot.directory.groups[0]
        .members
        .iter()
        .map(|m| m.user.to_string())
        .collect();
    assert_eq!(members, ["login:u4", "u3"]);
}

#[test]
fn a_server_that_knows_no_filters_is_read_whole() {
    for status in [400, 501] {
        let web = Web::start(move |asked| match asked.parameter("filter") {
            Some(_) => Reply::json(status, &json!({"scimType": "invalidFilter"})),
            None => sound(asked),
        });
        let query = Query {
            only: Some(vec!["user3".to_owned()]),
            ..query(Scope::Users)
        };
        let snapshot = fetch(&web, &query).unwrap();
        assert_eq!(
            (snapshot.directory.users.len(), snapshot.completeness),
            (1, Completeness::Narrowed)
        );
    }
    // One that ignores them.
    let web = Web::start(sound);
    let snapshot = fetch(
        &web,
        &Query {
            top_group: Some("other".to_owned()),
            ..query(Scope::Users)
        },
    )
    .unwrap();
    assert!(snapshot.directory.groups.is_empty());
}

#[test]
fn a_change_names_its_version_and_is_made_again() {
    let version = AtomicUsize::new(1);
    let web = Web::start(move |asked| {
        let now = format!("W/\"{}\"", version.load(Ordering::SeqCst));
        let group =
            json!({"id": "g1", "displayName": "connect", "members": [], "meta": {"version": now}});
        match (asked.method.as_str(), asked.path()) {
            ("GET", "/v2/Groups/g1") => Reply::json(200, &group),
            ("PATCH", "/v2/Groups/g1") if version.fetch_add(1, Ordering::SeqCst) == 1 => {
                Reply::json(412, &json!({"detail": "somebody was faster"}))
            }
            ("PATCH", "/v2/Groups/g1") if asked.header("if-match") == Some("W/\"2\"") => Reply {
                status: 204,
                ..Reply::new(204, "text/plain", "")
            },
            _ => sound(asked),
        }
    });
    let admin = scim(&Config::new(web.url("/v2")))
        .admin(Instant::now() + Duration::from_secs(20))
        .unwrap();
    let id = RemoteId::new("g1").unwrap();
    let group = ManagedGroup {
        id,
        name: Untrusted::new("connect"),
        description: None,
        parent: None,
    };
    let alice = Person {
        id: RemoteId::new("u1").unwrap(),
        login: Untrusted::new("user1"),
        email: None,
    };
    let fates = admin
        .change(&group, &Action::Set(Role::Member), &[alice])
        .unwrap();
    assert_eq!(
        fates.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
        [Done::Changed]
    );
    let asked = web.asked();
    let patches: Vec<&Asked> = asked
        .iter()
        .filter(|asked| asked.method == "PATCH")
        .collect();
    assert_eq!(
        patches
            .iter()
            .map(|p| p.header("if-match").unwrap())
            .collect::<Vec<_>>(),
        ["W/\"1\"", "W/\"2\""]
    );
    let body: Value = serde_json::from_str(&patches[0].body).unwrap();
    assert_eq!(
        body["Operations"],
        json!([{"op": "add", "path": "members", "value": [{"value": "u1"}]}])
    );
    assert_eq!(
        patches[0].header("content-type"),
        Some("application/scim+json")
    );
}

#[test]
fn tokens_are_had_by_client_credentials() {
    let web = Web::start(|asked| match asked.path() {
        "/token" => Reply::json(
            200,
            &json!({"access_token": "canary-t", "token_type": "bearer", "expires_in": 60}),
        ),
        _ if asked.header("authorization") == Some("Bearer canary-t") => sound(asked),
        _ => Reply::new(401, "text/plain", ""),
    });
    let config = Config {
        client_id: Some("gosync".to_owned()),
        token_url: Some(web.url("/token")),
        scope: Some("scim".to_owned()),
        ..Config::new(web.url("/v2"))
    };
    let secrets = Secrets {
        client_secret: Some(SecretString::from(CANARY)),
        ..Secrets::default()
    };
    let result = Scim::new("test", &config, secrets)
        .unwrap()
        .fetch(&query(Scope::Groups), &|_| {});
    assert!(whole(&result));
    assert_eq!(
        web.asked()
            .iter()
            .filter(|asked| asked.path() == "/token")
            .count(),
        1
    );
}
