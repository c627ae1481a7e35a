//! The GitHub provider when something goes wrong: every way to end early ends as incomplete or as an error of its kind,
//! nobody is missing without a word, and no secret is ever told.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gosync::testing::model::{Completeness, Snapshot};
use gosync::testing::providers::github::Config;
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use serde_json::{Value, json};

use crate::github_server::{FakeGithub, TOKEN, github, octo, query};
use crate::web::{Asked, Reply, Spoil, Web};

/// Reads in pages of two.
fn read(server: &FakeGithub, scope: Scope) -> Result<Snapshot, FetchError> {
    let config = Config {
        page_size: 2,
        ..server.config()
    };
    let asked = Query {
        deadline: Instant::now() + Duration::from_secs(4),
        ..query(scope)
    };
    let result = github(&config, TOKEN).fetch(&asked, &|_| {});
    let said = format!(
        "{result:?} {}",
        result
            .as_ref()
            .err()
            .map(ToString::to_string)
            .unwrap_or_default()
    );
    assert!(!said.contains("CANARY"), "{said}");
    result
}

/// Why a read is incomplete, with its number of people and of groups.
fn incomplete(server: &FakeGithub, scope: Scope) -> (String, usize, usize) {
    let snapshot = read(server, scope).unwrap();
    match snapshot.completeness {
        Completeness::Incomplete(reason) => {
            let all = snapshot.directory;
            (reason, all.users.len(), all.groups.len())
        }
        other => panic!("{other:?}"),
    }
}

fn document(value: &Value) -> Reply {
    Reply::new(200, "application/json", value.to_string())
}

fn rows(ids: &[(u64, &str)]) -> Value {
    let row =
        |(id, login): &(u64, &str)| json!({"id": id, "login": login, "node_id": format!("U_{id}")});
    ids.iter().map(row).collect()
}

/// Whether a page of the organisation's members is asked for, and which.
fn members(asked: &Asked) -> Option<usize> {
    let page = asked
        .parameter("page")
        .map_or(Some(1), |page| page.parse().ok());
    page.filter(|_| asked.path().ends_with("/orgs/Octo-Org/members"))
}

#[test]
fn pages_are_followed_to_the_last_with_links_and_without() {
    let server = FakeGithub::start(octo());
    let all = read(&server, Scope::Both).unwrap();
    assert!(
        matches!(all.completeness, Completeness::Complete(_)),
        "{all:?}"
    );
    assert_eq!(
        (all.directory.users.len(), all.directory.groups.len()),
        (4, 3)
    );
    // Something on the way takes the links away.
    server.fault(|_, mut reply| {
        reply
            .headers
            .retain(|(name, _)| name != "Link" && name != "ETag");
        reply
    });
    assert_eq!(read(&server, Scope::Both).unwrap().directory, all.directory);
    // And something that knows no pages.
    server.fault(|asked, reply| match members(asked) {
        Some(_) => document(&rows(&[(1, "ann"), (2, "bob")])),
        None => reply,
    });
    let (reason, ..) = incomplete(&server, Scope::Users);
    assert!(reason.contains("twice"), "{reason}");
}

#[test]
fn who_falls_between_two_pages_is_noticed() {
    let server = FakeGithub::start(octo());
    // ann leaves after the first page came, and everybody moves one place forward: carol is on no page.
    let gone = AtomicUsize::new(0);
    server.fault(move |asked, reply| match members(asked) {
        Some(2) => {
            gone.store(1, Ordering::Relaxed);
            document(&rows(&[(4, "dave")]))
        }
        Some(1) if gone.load(Ordering::Relaxed) == 1 => {
            document(&rows(&[(2, "Bob-By"), (3, "carol")]))
        }
        _ => reply,
    });
    let (reason, people, _) = incomplete(&server, Scope::Users);
    assert!(reason.contains("changed while it was read"), "{reason}");
    assert_eq!(people, 3);
    // A team is renamed, another gets its slug, or comes.
    let asked_for = AtomicUsize::new(0);
    server.fault(move |asked, mut reply| {
        if asked.path().ends_with("/teams") && asked_for.fetch_add(1, Ordering::Relaxed) > 1 {
            reply.status = 200;
            reply.body = json!([{"id": 71, "slug": "other", "members_url": "http://x/{/member}"}])
                .to_string()
                .into();
            reply.headers.retain(|(name, _)| name != "Link");
        }
        reply
    });
    let (reason, ..) = incomplete(&server, Scope::Groups);
    assert!(reason.contains("changed while"), "{reason}");
}

#[test]
fn nobody_stands_twice() {
    let server = FakeGithub::start(octo());
    server.fault(|asked, reply| match members(asked) {
        Some(2) => document(&rows(&[(1, "ann")])),
        _ => reply,
    });
    let (reason, people, _) = incomplete(&server, Scope::Users);
    assert!(reason.contains("twice"), "{reason}");
    assert_eq!(people, 2);
    // A login that one gave up and another took while we read.
    server.fault(|asked, reply| match members(asked) {
        Some(2) => document(&rows(&[(4, "ANN")])),
        _ => reply,
    });
    let (reason, people, _) = incomplete(&server, Scope::Users);
    assert!(reason.contains("two people are called `ANN`"), "{reason}");
    assert_eq!(people, 3);
}

#[test]
fn no_link_and_no_redirect_leads_elsewhere() {
    let elsewhere = Web::start(|_| document(&json!([])));
    let server = FakeGithub::start(octo());
    let url = elsewhere.url("/orgs/Octo-Org/members?page=2");
    let link = format!("<{url}>; rel=\"next\"");
    server.fault(move |asked, mut reply| {
        if members(asked) == Some(1) {
            reply.headers.retain(|(name, _)| name != "Link");
            reply = reply.header("Link", link.clone());
        }
        reply
    });
    let (reason, people, _) = incomplete(&server, Scope::Users);
    assert!(reason.contains("another place"), "{reason}");
    assert_eq!(people, 2);
    let to = url.clone();
    server.fault(move |_, _| Reply::new(302, "text/plain", "").header("Location", to.clone()));
    let error = read(&server, Scope::Users).unwrap_err();
    assert!(matches!(&error, FetchError::Malformed { .. }), "{error}");
    // Nor where a team says that its members are.
    server.fault(move |asked, reply| match asked.path().ends_with("/teams") {
        true => document(&json!([{"id": 71, "slug": "ops", "members_url": url}])),
        false => reply,
    });
    let (reason, _, groups) = incomplete(&server, Scope::Both);
    assert!(reason.contains("another place"), "{reason}");
    assert_eq!((groups, elsewhere.count()), (0, 0));
}

#[test]
fn circles_end() {
    let server = FakeGithub::start(octo());
    let url = server.url();
    server.fault(move |asked, mut reply| {
        if let Some(page) = members(asked) {
            reply = document(&rows(&[(page as u64, &format!("u{page}"))]));
            let next = 1 + page % 3;
            reply = reply.header(
                "Link",
                format!("<{url}/orgs/Octo-Org/members?per_page=2&page={next}>; rel=next"),
            );
        }
        reply
    });
    let (reason, ..) = incomplete(&server, Scope::Users);
    assert!(
        reason.contains("twice") || reason.contains("circles"),
        "{reason}"
    );
}

fn limited(after: Duration) -> Reply {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let message = r#"{"message": "API rate limit exceeded"}"#;
    Reply::new(403, "application/json", message)
        .header("X-RateLimit-Remaining", "0")
        .header("X-RateLimit-Reset", (now + after).as_secs().to_string())
}

#[test]
fn limits_are_told_apart_from_missing_rights() {
    let hour = Duration::from_secs(3600);
    let server = FakeGithub::start(octo());
    for scope in [Scope::Users, Scope::Groups, Scope::Both] {
        server.fault(move |_, _| limited(hour));
        let first = server.asked().len();
        let error = read(&server, scope).unwrap_err();
        assert!(matches!(&error, FetchError::RateLimited { .. }), "{error}");
        assert!(error.to_string().contains("rate limit exceeded"), "{error}");
        assert_eq!(
            server.asked().len(),
            first + 1,
            "it is not asked again before its time"
        );
        // The second limit has requests left, and says how long to wait or nothing.
        server.fault(|_, _| {
            let message =
                r#"{"message": "You have exceeded a secondary rate limit. Please wait."}"#;
            Reply::new(403, "application/json", message)
        });
        let error = read(&server, scope).unwrap_err();
        assert!(matches!(&error, FetchError::RateLimited { .. }), "{error}");
        server.fault(|_, _| {
            let message = r#"{"message": "You have exceeded a secondary rate limit"}"#;
            let reply = Reply::new(403, "application/json", message);
            reply
                .header("Retry-After", "3600")
                .header("X-RateLimit-Remaining", "4000")
        });
        let error = read(&server, scope).unwrap_err();
        assert!(matches!(&error, FetchError::RateLimited { .. }), "{error}");
        server.fault(|_, _| {
            let message = r#"{"message": "Resource not accessible by personal access token"}"#;
            Reply::new(403, "application/json", message).header("X-RateLimit-Remaining", "4000")
        });
        let error = read(&server, scope).unwrap_err();
        assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
    }
    // In the middle, and at GraphQL, which says it with 200.
    server.fault(move |asked, reply| match members(asked) {
        Some(2) => limited(hour),
        _ => reply,
    });
    let error = read(&server, Scope::Users).unwrap_err();
    assert!(matches!(&error, FetchError::RateLimited { .. }), "{error}");
    for (kind, is_limit) in [("RATE_LIMITED", true), ("INSUFFICIENT_SCOPES", false)] {
        server.fault(move |asked, reply| match asked.method == "POST" {
            true => document(
                &json!({"data": null, "errors": [{"type": kind, "message": "read:org is needed"}]}),
            ),
            false => reply,
        });
        let error = read(&server, Scope::Both).unwrap_err();
        match is_limit {
            true => assert!(matches!(&error, FetchError::RateLimited { .. }), "{error}"),
            false => assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}"),
        }
        assert!(error.to_string().contains("read:org is needed"), "{error}");
    }
    // A limit that ends soon is waited for.
    let left = AtomicUsize::new(1);
    server.fault(move |_, reply| match left.swap(0, Ordering::Relaxed) {
        1 => limited(Duration::from_secs(1)),
        _ => reply,
    });
    let all = read(&server, Scope::Both).unwrap();
    assert!(
        matches!(all.completeness, Completeness::Complete(_)),
        "{all:?}"
    );
}

#[test]
fn who_sees_public_members_only_reads_nobody() {
    let server = FakeGithub::start(octo());
    // As GitHub does with a token that lacks the right: a short list of members, and no teams.
    server.fault(|asked, reply| match members(asked) {
        Some(_) => document(&rows(&[(1, "ann")])),
        None if asked.path().contains("team") => {
            Reply::new(404, "application/json", r#"{"message": "Not Found"}"#)
        }
        None => reply,
    });
    for scope in [Scope::Users, Scope::Groups, Scope::Both] {
        read(&server, scope).unwrap_err();
    }
    server
        .github()
        .identity(Instant::now() + Duration::from_secs(4))
        .unwrap_err();
    assert!(server.log(0).iter().all(|line| line.contains("/teams")));
}

#[test]
fn a_page_that_is_cut_slow_huge_or_none_is_noticed() {
    type Spoilt = fn() -> Reply;
    let kinds: [Spoilt; 7] = [
        || document(&json!({"message": "x"})),
        || document(&Value::Null),
        || document(&json!("people")),
        || Reply::new(200, "text/html", "<html>Please sign in</html>"),
        || document(&rows(&[(3, "carol")])).spoilt(Spoil::CutAfter(120)),
        || document(&rows(&[(3, "carol")])).spoilt(Spoil::StallAfter(120)),
        || document(&json!([{"id": 3, "login": "x".repeat(17 << 20)}])),
    ];
    let server = FakeGithub::start(octo());
    for (place, kind) in kinds.into_iter().enumerate() {
        server.fault(move |asked, reply| match members(asked) {
            Some(2) => kind(),
            _ => reply,
        });
        match read(&server, Scope::Both) {
            Ok(snapshot) => {
                assert!(
                    matches!(snapshot.completeness, Completeness::Incomplete(_)),
                    "{place}"
                );
                assert!(
                    snapshot
                        .directory
                        .users
                        .iter()
                        .all(|user| user.ssh_keys.len() == 1)
                );
            }
            Err(error) => assert!(
                matches!(&error, FetchError::Unreachable { .. }),
                "{place}: {error}"
            ),
        }
        server.fault(move |asked, reply| match asked.path().ends_with("/teams") {
            true => kind(),
            false => reply,
        });
        let error = read(&server, Scope::Groups).unwrap_err();
        let is_fit = matches!(
            &error,
            FetchError::Malformed { .. } | FetchError::Unreachable { .. }
        );
        assert!(is_fit, "{place}: {error}");
    }
}

#[test]
fn what_graphql_leaves_out_is_nobodys_loss() {
    let server = FakeGithub::start(octo());
    let answering = |edit: fn(&mut Value)| {
        server.fault(move |asked, mut reply| {
            if asked.method == "POST" {
                let mut answer: Value = serde_json::from_slice(&reply.body).unwrap();
                edit(&mut answer["data"]["nodes"]);
                reply.body = answer.to_string().into();
            }
            reply
        });
        read(&server, Scope::Users)
    };
    // Somebody whom it does not show, or not wholly, is there all the same.
    let edits: [fn(&mut Value); 2] = [
        |nodes| nodes[1] = Value::Null,
        |nodes| nodes[1]["publicKeys"]["totalCount"] = json!(2),
    ];
    for edit in edits {
        let all = answering(edit).unwrap();
        assert!(matches!(all.completeness, Completeness::Complete(_)));
        let rejected = &all.rejected[0];
        assert_eq!(
            (
                rejected.id.as_ref().unwrap().as_str(),
                rejected.subject.raw()
            ),
            ("2", "Bob-By")
        );
        assert_eq!((all.directory.users.len(), all.rejected.len()), (3, 1));
    }
    // Others than were asked for, fewer, and what fits nothing.
    let edits: [fn(&mut Value); 5] = [
        |nodes| nodes.as_array_mut().unwrap().swap(0, 1),
        |nodes| drop(nodes.as_array_mut().unwrap().pop()),
        |nodes| nodes[0]["databaseId"] = json!("1"),
        |nodes| nodes[0]["publicKeys"]["nodes"] = json!("keys"),
        |nodes| *nodes = json!({}),
    ];
    for edit in edits {
        let error = answering(edit).unwrap_err();
        assert!(matches!(&error, FetchError::Malformed { .. }), "{error}");
    }
}
