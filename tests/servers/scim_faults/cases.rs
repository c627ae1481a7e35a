//! What burned others: lists that are cut and say nothing of it, servers that cannot stand a page size, groups whose members
//! a list leaves out or nobody knows, odd media types and marks, odd forms of `active`.

use gosync::testing::model::{Examples, Finding, MemberHint, RecordSays};
use gosync::testing::providers::scim::Paging;

use super::*;

/// A server with these people and groups, of whom it lists what `part` gives for a start and a number.
fn listing(people: Vec<Value>, groups: Vec<Value>, part: Part) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let all = match asked.path() {
            "/v2/Users" => &people,
            "/v2/Groups" => &groups,
            path => {
                let id = path.rsplit('/').next().unwrap_or_default();
                let all = match path.starts_with("/v2/Users/") {
                    true => &people,
                    false => &groups,
                };
                return match all.iter().find(|resource| resource["id"] == id) {
                    Some(resource) => Reply::json(200, resource),
                    None => Reply::json(404, &json!({"status": "404"})),
                };
            }
        };
        part(asked, all)
    }
}

type Part = fn(&Asked, &[Value]) -> Reply;

fn list(resources: &[Value], total: usize) -> Reply {
    Reply::json(200, &json!({"totalResults": total, "Resources": resources}))
}

fn start(asked: &Asked) -> usize {
    let start = asked.parameter("startIndex");
    start.map_or(0, |start| start.parse::<usize>().unwrap() - 1)
}

/// As the standard has it.
fn paged(asked: &Asked, all: &[Value]) -> Reply {
    let count = asked
        .parameter("count")
        .map_or(all.len(), |n| n.parse().unwrap());
    let (from, to) = (
        start(asked).min(all.len()),
        (start(asked) + count).min(all.len()),
    );
    list(&all[from..to], all.len())
}

/// Never more than a hundred.
fn capped(all: &[Value], from: usize) -> &[Value] {
    &all[from.min(all.len())..(from + 100).min(all.len())]
}

fn crowd(count: usize) -> Vec<Value> {
    (0..count).map(person).collect()
}

fn group(id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    json!({"id": id, "displayName": id, "members": members})
}

fn read(web: &Web, config: Config, scope: Scope) -> Result<Snapshot, FetchError> {
    let url = web.url("/v2");
    scim(&Config { url, ..config }).fetch(&query(scope), &|_| {})
}

fn plain() -> Config {
    Config::new("http://localhost/")
}

fn complete(result: Result<Snapshot, FetchError>) -> Snapshot {
    let snapshot = result.unwrap();
    let whole = &snapshot.completeness;
    assert!(matches!(whole, Completeness::Complete(_)), "{whole:?}");
    snapshot
}

#[test]
fn a_list_that_is_cut_is_incomplete_whatever_it_says_of_its_number() {
    let ways: [(&str, Part); 6] = [
        // startIndex is ignored, and the number counts the page; or there is none, or it is true.
        ("startIndex", |_, all| list(capped(all, 0), 100)),
        ("repeats a page", |_, all| {
            Reply::json(200, &json!({"Resources": capped(all, 0)}))
        }),
        ("repeats a page", |_, all| list(capped(all, 0), all.len())),
        // A window of a search engine.
        ("refuses (400)", |asked, all| match start(asked) {
            0 => list(capped(all, 0), 100),
            _ => Reply::json(400, &json!({"detail": "startIndex too large"})),
        }),
        ("refuses (404)", |asked, all| match start(asked) {
            0 => list(capped(all, 0), 100),
            _ => Reply::json(404, &json!({"status": "404"})),
        }),
        // The number counts the page: what is not there is the end, or a window's.
        ("refuses (404)", |asked, all| {
            match capped(all, start(asked)) {
                [] => Reply::json(404, &json!({"status": "404"})),
                part => list(part, part.len()),
            }
        }),
    ];
    for (why, part) in ways {
        let web = Web::start(listing(crowd(104), Vec::new(), part));
        let reason = incomplete(read(&web, plain(), Scope::Users));
        assert!(reason.contains(why), "{reason}");
    }
    let whole: [Part; 2] = [
        // The number counts the page, and startIndex counts; the last page again behind the end.
        |asked, all| {
            let part = capped(all, start(asked));
            list(part, part.len())
        },
        |asked, all| match capped(all, start(asked)) {
            [] => list(&all[4..], all.len()),
            part => list(part, all.len()),
        },
    ];
    for part in whole {
        let web = Web::start(listing(crowd(104), Vec::new(), part));
        let snapshot = complete(read(&web, plain(), Scope::Users));
        assert_eq!(snapshot.directory.users.len(), 104);
    }
}

#[test]
fn a_server_that_cannot_stand_a_page_size_is_asked_without() {
    let all: Part = |asked, all| match asked.parameter("count") {
        Some(_) => Reply::json(500, &json!({"detail": "Internal Server Error"})),
        None => list(all, all.len()),
    };
    let web = Web::start(listing(crowd(300), vec![group("g1", &["u1"])], all));
    let snapshot = complete(read(&web, plain(), Scope::Groups));
    assert_eq!(snapshot.directory.users.len(), 300);
    let found = snapshot.findings.as_slice();
    assert!(matches!(found, [Finding::NoPages { .. }]), "{found:?}");
    // Said in the configuration, it is neither asked nor told.
    let none = Config {
        paging: Paging::None,
        ..plain()
    };
    let web = Web::start(listing(crowd(300), Vec::new(), all));
    let snapshot = complete(read(&web, none.clone(), Scope::Users));
    assert_eq!(
        (snapshot.directory.users.len(), snapshot.findings),
        (300, vec![])
    );
    assert!(
        web.asked()
            .iter()
            .all(|asked| asked.parameter("count").is_none())
    );
    // What gives a part only is no such server.
    let part: Part = |asked, all| list(capped(all, start(asked)), 100);
    let web = Web::start(listing(crowd(104), Vec::new(), part));
    incomplete(read(&web, none, Scope::Users));
    // One that is out of order is that, and is reached.
    let web = Web::start(|_| Reply::json(500, &json!({"detail": "no"})));
    let error = read(&web, plain(), Scope::Users).unwrap_err();
    assert!(matches!(error, FetchError::Failing { .. }), "{error}");
}

#[test]
fn members_that_a_list_leaves_out_are_asked_for_group_by_group() {
    let silent: Part = |asked, all| {
        let bare = |resource: &Value| {
            let mut resource = resource.clone();
            resource.as_object_mut().unwrap().remove("members");
            resource
        };
        let all: Vec<Value> = all.iter().map(bare).collect();
        paged(asked, &all)
    };
    let groups = vec![
        group("g0", &[]),
        group("g1", &["u1", "u2"]),
        group("g2", &["g1"]),
    ];
    let web = Web::start(listing(crowd(5), groups, silent));
    let snapshot = complete(read(&web, plain(), Scope::Groups));
    let members: Vec<usize> = {
        let groups = snapshot.directory.groups.iter();
        groups.map(|group| group.members.len()).collect()
    };
    assert_eq!(members, [0, 2, 2]);
}

#[test]
fn members_whom_nobody_knows_are_asked_for_and_told() {
    let web = |members: &[&str]| Web::start(listing(crowd(5), vec![group("g1", members)], paged));
    let snapshot = complete(read(&web(&["u1", "u2", "gone"]), plain(), Scope::Groups));
    let told = Finding::UnknownMembers {
        group: Untrusted::new("g1"),
        members: ["gone"].into_iter().collect::<Examples>(),
        hint: None,
    };
    assert_eq!(snapshot.findings, [told]);
    // Logins in place of ids: no group is emptied.
    let logins = web(&["user0", "user1", "user2"]);
    let reason = incomplete(read(&logins, plain(), Scope::Groups));
    assert!(reason.contains("`member_value = \"login\"`"), "{reason}");
    let snapshot = read(&logins, plain(), Scope::Groups).unwrap();
    let hint = match snapshot.findings.as_slice() {
        [Finding::UnknownMembers { hint, .. }] => *hint,
        other => panic!("{other:?}"),
    };
    assert_eq!(hint, Some(MemberHint::LoginForId));
    let by_login = Config {
        member_value: MemberValue::Login,
        ..plain()
    };
    let snapshot = complete(read(&logins, by_login, Scope::Groups));
    assert!(snapshot.findings.is_empty(), "{:?}", snapshot.findings);
    // What is neither.
    let odd = web(&["a@example.org", "b@example.org", "c@example.org"]);
    let reason = incomplete(read(&odd, plain(), Scope::Groups));
    assert!(reason.contains("hardly any member"), "{reason}");
    // Many, among many who are known.
    let strangers: Vec<String> = (0..65).map(|n| format!("gone{n}")).collect();
    let known: Vec<String> = (0..10).map(|n| format!("u{n}")).collect();
    let members: Vec<&str> = known.iter().chain(&strangers).map(String::as_str).collect();
    let many = Web::start(listing(crowd(10), vec![group("g1", &members)], paged));
    let reason = incomplete(read(&many, plain(), Scope::Groups));
    assert!(reason.contains("too many to ask for"), "{reason}");
}

#[test]
fn a_member_who_is_there_and_was_not_listed_shows_that_the_list_is_cut() {
    let cut: Part = |asked, all| match asked.path() {
        "/v2/Users" => paged(asked, &all[..4]),
        _ => paged(asked, all),
    };
    let members = vec![group("g1", &["u1", "u2", "u4"])];
    let web = Web::start(listing(crowd(5), members, cut));
    let reason = incomplete(read(&web, plain(), Scope::Groups));
    assert!(
        reason.contains("leaves out who is there") && reason.contains("u4"),
        "{reason}"
    );
}

#[test]
fn json_is_read_under_whatever_name_and_behind_a_mark() {
    for (media_type, is_told) in [
        ("application/scim+json", false),
        ("application/json+scim;charset=UTF-8", true),
        ("text/plain; charset=utf-8", true),
        ("application/vnd.scim", true),
    ] {
        let web = Web::start(move |asked| {
            let mut reply = listing(crowd(3), Vec::new(), paged)(asked);
            reply.headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
            reply.body.splice(0..0, *b"\xef\xbb\xbf");
            reply
        });
        let snapshot = complete(read(&web, plain(), Scope::Users));
        let told = match snapshot.findings.as_slice() {
            [] => false,
            [Finding::MediaType { said }] => said.raw() == media_type,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (snapshot.directory.users.len(), told),
            (3, is_told),
            "{media_type}"
        );
    }
    for page in ["<html>", "{\"Resources\": []}"] {
        let web = Web::start(move |_| Reply::new(200, "text/html", page));
        let error = read(&web, plain(), Scope::Users).unwrap_err();
        assert!(matches!(error, FetchError::Malformed { .. }), "{error}");
    }
}

#[test]
fn whether_somebody_is_active_is_read_in_odd_forms_or_told() {
    let forms = [
        (json!("False"), Some(false)),
        (json!([false]), Some(false)),
        (json!({"value": false}), Some(false)),
        (json!(null), Some(true)),
        (json!("true"), Some(true)),
    ];
    let odd = [
        (json!(0), RecordSays::ShutOut),
        (json!("no"), RecordSays::ShutOut),
        (json!("inactive"), RecordSays::ShutOut),
        (json!(""), RecordSays::Unclear),
        (json!("perhaps"), RecordSays::Unclear),
        (json!(1), RecordSays::Unclear),
    ];
    let with = |n: usize, active: &Value| {
        let mut person = person(n);
        person["active"] = active.clone();
        person
    };
    let values = forms
        .iter()
        .map(|form| &form.0)
        .chain(odd.iter().map(|form| &form.0));
    let people: Vec<Value> = values
        .enumerate()
        .map(|(n, value)| with(n, value))
        .collect();
    let web = Web::start(listing(people, Vec::new(), paged));
    let snapshot = complete(read(&web, plain(), Scope::Users));
    for (n, (value, expected)) in forms.iter().enumerate() {
        let mut users = snapshot.directory.users.iter();
        let user = users.find(|user| user.id.as_str() == format!("u{n}"));
        assert_eq!(user.map(|user| user.active), *expected, "{value}");
    }
    for (n, (value, expected)) in odd.iter().enumerate() {
        let id = format!("u{}", n + forms.len());
        let mut records = snapshot.rejected.iter();
        let record = records.find(|record| record.id.as_ref().is_some_and(|it| it.as_str() == id));
        assert_eq!(record.map(|record| record.says), Some(*expected), "{value}");
    }
}

#[test]
fn an_attribute_that_no_resource_has_is_told() {
    let attributes = Attributes {
        uid: Some("urn:example:2.0:User:uidNumbr".to_owned()),
        email: Some("emails".to_owned()),
        ..Attributes::default()
    };
    let mut people = crowd(3);
    people[1]["emails"] = json!([{"value": "b@example.org"}, {"value": "a@example.org"}]);
    let web = Web::start(listing(people, Vec::new(), paged));
    let snapshot = complete(read(
        &web,
        Config {
            attributes,
            ..plain()
        },
        Scope::Users,
    ));
    let told = Finding::UnusedAttribute {
        key: "attributes.uid".to_owned(),
        attribute: "urn:example:2.0:User:uidNumbr".to_owned(),
    };
    assert_eq!(snapshot.findings, [told]);
    let email = snapshot.directory.users[1].email.as_ref();
    assert_eq!(email.map(|email| email.raw()), Some("a@example.org"));
}

#[test]
fn who_is_a_member_through_an_inner_group_is_not_called_out() {
    let groups = vec![group("outer", &["inner"]), group("inner", &["u1"])];
    let web = Web::start(listing(crowd(3), groups, paged));
    let config = Config::new(web.url("/v2"));
    let deadline = Instant::now() + Duration::from_secs(20);
    let admin = scim(&config).admin(deadline).unwrap();
    let remove = |group: &str, user: usize| {
        let group = ManagedGroup {
            id: RemoteId::new(group).unwrap(),
            name: Untrusted::new(group),
            description: None,
            parent: None,
        };
        let person = Person {
            id: RemoteId::new(&format!("u{user}")).unwrap(),
            login: Untrusted::new(format!("user{user}")),
            email: None,
        };
        let mut fates = admin.change(&group, &Action::Remove, &[person]).unwrap();
        fates.pop().unwrap()
    };
    let error = remove("outer", 1).unwrap_err().to_string();
    assert!(error.contains("through a group in it"), "{error}");
    assert_eq!(remove("outer", 2).unwrap(), Done::Already);
}
