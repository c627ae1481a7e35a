//! The SCIM provider against bad servers: whatever happens, a short list is never called complete, and no secret is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

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
fn an_answer_spoilt_anywhere_is_never_a_complete_read() {
    let web = Web::start(sound);
    assert!(whole(&fetch(&web, &query(Scope::Groups))));
    let requests = web.count();
    assert_eq!(requests, 6);
    for bad in 0..requests {
        for spoil in [
            Spoil::CutAfter(40),
            Spoil::CutAfter(110),
            Spoil::Corrupt(150),
            Spoil::Corrupt(9),
        ] {
            // From one request on all are spoilt, so that it does not help to try again.
            let web = Web::start(move |asked| {
                let reply = sound(asked);
                if asked.number >= bad {
                    reply.spoilt(spoil)
                } else {
                    reply
                }
            });
            let result = fetch(&web, &within(1, Scope::Groups));
            // A byte that is another one may change a name, which nobody can notice; the number has to be right.
            if !matches!(spoil, Spoil::Corrupt(_)) {
                assert!(!whole(&result), "{bad} {spoil:?}");
            }
        }
    }
}

#[test]
fn lists_without_end_are_ended() {
    let growing = |asked: &Asked| match asked.path() {
        "/v2/Users" => {
            let start = asked
                .parameter("startIndex")
                .and_then(|n| n.parse::<usize>().ok())
                .unwrap_or(1);
            Reply::json(
                200,
                &json!({"Resources": [person(start)], "startIndex": start}),
            )
        }
        _ => sound(asked),
    };
    let web = Web::start(growing);
    incomplete(fetch(&web, &within(1, Scope::Users)));
    let next = AtomicUsize::new(0);
    let web = Web::start(move |asked| match asked.path() {
        "/v2/Users" => {
            let n = next.fetch_add(1, Ordering::SeqCst);
            Reply::json(
                200,
                &json!({"Resources": [person(n)], "nextCursor": format!("c{n}")}),
            )
        }
        _ => sound(asked),
    });
    incomplete(fetch(&web, &within(1, Scope::Users)));
    let web = Web::start(|asked| match asked.path() {
        "/v2/Users" => Reply::json(
            200,
            &json!({"Resources": [person(1)], "nextCursor": "again"}),
        ),
        _ => sound(asked),
    });
    assert!(incomplete(fetch(&web, &query(Scope::Users))).contains("circles"));
    assert_eq!(web.count(), 3);
    assert_eq!(web.asked()[2].parameter("cursor").as_deref(), Some("again"));
}

#[test]
fn pages_that_do_not_fit_together_are_noticed() {
    let spoilt = |change: fn(&Asked, &mut Value)| {
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Users" => {
                let mut document = page(asked, 25);
                change(asked, &mut document);
                Reply::json(200, &document)
            }
            _ => sound(asked),
        });
        incomplete(fetch(&web, &query(Scope::Users)))
    };
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            d["totalResults"] = json!(24)
        })
        .contains("changed")
    );
    assert!(spoilt(|asked, d| d["totalResults"] = json!(25 + asked.number)).contains("changed"));
    assert!(
        spoilt(|_, d| d["Resources"] = json!((0..10).map(person).collect::<Vec<_>>()))
            .contains("repeats")
    );
    assert!(spoilt(|_, d| d["totalResults"] = json!(30)).contains("ended after 25 of 30"));
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            d["Resources"].as_array_mut().unwrap().remove(0);
        })
        .contains("changed")
    );
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            *d = json!({"schemas": ["x:Error"], "detail": "busy"})
        })
        .contains("busy")
    );
    assert!(
        spoilt(|asked, d| if asked.number > 1 {
            *d = json!({})
        })
        .contains("neither Resources nor totalResults")
    );
    assert!(
        spoilt(|_, d| d["Resources"][3] = json!({"userName": "nameless"}))
            .contains("without a usable id")
    );
}

#[test]
fn what_is_no_list_is_no_empty_directory() {
    for (status, media_type, body) in [
        (200, "text/html", "<html>log in</html>"),
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (200, "application/json", "null"),
        (200, "application/json", ""),
        (204, "application/json", ""),
        (404, "application/json", "{}"),
    ] {
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Users" => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        let error = fetch(&web, &query(Scope::Groups)).unwrap_err();
        assert!(
            matches!(error, FetchError::Malformed { .. }),
            "{status} {body}: {error:?}"
        );
        // And in the middle.
        let web = Web::start(move |asked| match (asked.path(), asked.number) {
            ("/v2/Users", 2..) => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        incomplete(fetch(&web, &query(Scope::Groups)));
        // The groups cannot be read at all: the people are no complete read either.
        let web = Web::start(move |asked| match asked.path() {
            "/v2/Groups" => Reply::new(status, media_type, body),
            _ => sound(asked),
        });
        assert!(!whole(&fetch(&web, &query(Scope::Groups))));
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
                "/v2/Groups" => Reply::json(200, &json!({"totalResults": 1, "Resources": [group]})),
                _ => Reply::json(200, &group),
            }
        }
        _ => sound(asked),
    };
    let web = Web::start(quiet);
    assert!(incomplete(fetch(&web, &query(Scope::Groups))).contains("request_attributes"));
    let config = Config {
        request_attributes: true,
        ..Config::new(web.url("/v2"))
    };
    let snapshot = scim(&config).fetch(&query(Scope::Groups), &|_| {}).unwrap();
    assert!(matches!(snapshot.completeness, Completeness::Complete(_)));
    assert_eq!(snapshot.directory.groups[0].members.len(), 1);
    // A group that is listed nowhere but in another one.
    let web = Web::start(|asked| match asked.path() {
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

/// Runs the program on a scratch host with a token in a file.
fn run(host: &ScratchHost, web: &Web, arguments: &[&str], proxy: &Web) -> Ran {
    let config = format!(
        "[gosync]\ntime_limit = \"3s\"\n[provider.cloud]\nkind = \"scim\"\nurl = \"{}\"\ntoken_file = \"token\"\n",
        web.url("/v2")
    );
    host.write_with_mode("gosync.toml", config, 0o644);
    let mut command = host.command(arguments);
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, proxy.url("/"));
        command.env(name.to_ascii_uppercase(), proxy.url("/"));
    }
    command.output().unwrap().into()
}

/// Every file below a folder.
fn files(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out)
        } else {
            out.push(path)
        }
    }
}

#[test]
fn the_program_tells_nobody_the_token_and_asks_no_proxy_of_the_environment() {
    let proxy = Web::start(sound);
    let echo = |asked: &Asked| {
        let header = asked.header("authorization").unwrap_or_default().to_owned();
        (asked.path() == "/v2/Users")
            .then(|| Reply::json(401, &json!({"detail": format!("who is {header}?")})))
    };
    type Server = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;
    let servers: [(i32, Server); 5] = [
        (0, Box::new(sound)),
        (
            12,
            Box::new(move |asked| echo(asked).unwrap_or_else(|| sound(asked))),
        ),
        (12, Box::new(|_| Reply::new(200, "text/html", "<html>"))),
        (
            12,
            Box::new(|asked| sound(asked).spoilt(Spoil::CutAfter(100))),
        ),
        (
            12,
            Box::new(|_| Reply::new(307, "text/plain", "").header("Location", "http://127.0.0.2/")),
        ),
    ];
    let host = ScratchHost::new_in(&std::env::temp_dir());
    for (name, text) in [
        ("root/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("root/etc/shadow", "root:*:20000:0:99999:7:::\n"),
        ("root/etc/group", "root:x:0:\nusers:x:100:\n"),
        ("root/etc/gshadow", "root:*::\nusers:!::\n"),
        ("root/etc/shells", "/bin/bash\n"),
        ("token", &format!("{CANARY}\n")),
    ] {
        host.write_with_mode(name, text, 0o600);
    }
    std::fs::create_dir(host.root().join("home")).unwrap();
    for (status, server) in servers {
        let web = Web::start(server);
        for arguments in [
            &["-vvv", "sync", "users"][..],
            &["-vvv", "sync", "groups", "connect"],
        ] {
            let ran = run(&host, &web, arguments, &proxy).expect(status);
            let said = ran.out + &ran.err;
            assert!(
                !said.contains("canary") && said.contains("asking"),
                "{said}"
            );
        }
        assert!(web.count() > 0);
    }
    assert_eq!(proxy.count(), 0);
    let passwd = host.read("etc/passwd");
    assert_eq!(
        passwd
            .lines()
            .filter(|line| line.starts_with("user"))
            .count(),
        25,
        "{passwd}"
    );
    let mut all = Vec::new();
    files(&host.root(), &mut all);
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        assert!(
            !bytes.windows(6).any(|window| window == b"canary"),
            "{}",
            file.display()
        );
    }
}
