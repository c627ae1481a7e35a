//! The GitHub provider, reading: people, teams, who is in them, keys; the app; and GraphQL's own schema about our question.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use gosync::testing::model::{Completeness, Details, Snapshot, User};
use gosync::testing::providers::github::{Config, Github};
use gosync::testing::providers::http::Secrets;
use gosync::testing::providers::{FetchError, Provider as _, Query, Scope};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::github_server::{
    FakeGithub, KEY, OF_APP, TOKEN, World, account, github, octo, query, team,
};
use crate::made_once::{made_once, run};
use crate::slapd::openssl;
use crate::venv;
use crate::web::Reply;

fn fetch(server: &FakeGithub, scope: Scope) -> Snapshot {
    server.github().fetch(&query(scope), &|_| {}).unwrap()
}

/// A read that lets in whom these teams name.
fn of_teams(server: &FakeGithub, teams: &[&str], asked: &Query) -> Snapshot {
    let config = Config {
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        ..server.config()
    };
    github(&config, TOKEN).fetch(asked, &|_| {}).unwrap()
}

fn user<'a>(snapshot: &'a Snapshot, login: &str) -> &'a User {
    let mut users = snapshot.directory.users.iter();
    users.find(|user| user.login.raw() == login).unwrap()
}

/// Logins, and whether they are let in.
fn active(snapshot: &Snapshot) -> Vec<(&str, bool)> {
    let users = snapshot.directory.users.iter();
    users.map(|user| (user.login.raw(), user.active)).collect()
}

/// The ids of the members of each team.
fn teams(snapshot: &Snapshot) -> BTreeMap<&str, Vec<&str>> {
    let groups = snapshot.directory.groups.iter();
    let members = groups.map(|group| group.members.iter().map(|m| m.user.as_str()).collect());
    let names = snapshot
        .directory
        .groups
        .iter()
        .map(|group| group.name.raw());
    names.zip(members).collect()
}

fn is_complete(snapshot: &Snapshot) -> bool {
    matches!(snapshot.completeness, Completeness::Complete(_))
}

fn incomplete(snapshot: &Snapshot) -> &str {
    match &snapshot.completeness {
        Completeness::Incomplete(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_people_are_those_of_the_organisation_and_the_groups_its_teams() {
    let mut world = octo();
    // Who works here and belongs to nothing is in no list.
    world.accounts.push(gosync_outsider());
    let server = FakeGithub::start(world);
    let all = fetch(&server, Scope::Both);
    let proof = "4 people and 3 teams, each list to its last page (5 pages)";
    assert_eq!(all.completeness, Completeness::Complete(proof.to_owned()));
    let let_in = [
        ("ann", true),
        ("Bob-By", true),
        ("carol", true),
        ("dave", true),
    ];
    assert_eq!(active(&all), let_in);
    let ann = user(&all, "ann");
    assert_eq!((ann.id.as_str(), ann.ssh_keys[0].raw()), ("1", KEY));
    assert_eq!(ann.name.as_ref().unwrap().raw(), "ann Ü");
    assert_eq!(ann.email.as_ref().unwrap().raw(), "ann@example.org");
    assert!(ann.uid.is_none() && ann.gid.is_none());
    // carol is in the team below.
    let wanted = [
        ("ops", vec!["1", "2", "3"]),
        ("ops-night", vec!["3"]),
        ("web", vec!["1"]),
    ];
    assert_eq!(teams(&all), wanted.into());
    let below = &all.directory.groups[1];
    assert_eq!(below.parent.as_ref().unwrap().as_str(), "71");
    assert_eq!(below.description.as_ref().unwrap().raw(), "About ops-night");
    // One request for each list, and one for all keys: none for a person.
    let lists = [
        "GET /orgs/Octo-Org/teams?per_page=100",
        "GET /orgs/Octo-Org/members?per_page=100",
        "GET /organizations/1/team/71/members?per_page=100",
        "GET /organizations/1/team/72/members?per_page=100",
        "GET /organizations/1/team/73/members?per_page=100",
        "GET /orgs/Octo-Org/teams?per_page=100",
        "POST /graphql",
    ];
    assert_eq!(server.log(0), lists);
}

/// An outside collaborator.
fn gosync_outsider() -> crate::github_server::Account {
    crate::github_server::Account {
        is_member: false,
        ..account(9, "outsider")
    }
}

#[test]
fn of_a_thousand_people_all_keys_come_in_ten_requests() {
    let people: Vec<u64> = (1..=1000).collect();
    let server = FakeGithub::start(World {
        accounts: people
            .iter()
            .map(|n| account(*n, &format!("u{n}")))
            .collect(),
        teams: vec![team(7001, "all", &people)],
        permissions: Value::Null,
    });
    let all = fetch(&server, Scope::Both);
    assert!(is_complete(&all) && all.directory.users.len() == 1000);
    assert!(
        all.directory
            .users
            .iter()
            .all(|user| user.ssh_keys.len() == 1)
    );
    assert_eq!(all.directory.groups[0].members.len(), 1000);
    let log = server.log(0);
    let of = |method: &str| log.iter().filter(|line| line.starts_with(method)).count();
    // Two lists of ten pages, nine of which are looked at again; the teams twice.
    assert_eq!((of("POST"), of("GET")), (10, 2 * (10 + 9) + 2), "{log:#?}");
}

#[test]
fn what_nobody_wants_is_not_asked_for() {
    let server = FakeGithub::start(octo());
    let question = |asked: &Query| {
        server.github().fetch(asked, &|_| {}).unwrap();
        let asked = server.asked();
        asked
            .iter()
            .rfind(|asked| asked.method == "POST")
            .unwrap()
            .body
            .clone()
    };
    let plain = Query {
        details: Details::default(),
        ..query(Scope::Users)
    };
    let body = question(&plain);
    assert!(
        !body.contains("publicKeys") && !body.contains("email"),
        "{body}"
    );
    let body = question(&query(Scope::Users));
    assert!(
        body.contains("publicKeys") && !body.contains("suspendedAt"),
        "{body}"
    );
    // Groups need nobody's keys.
    let first = server.asked().len();
    fetch(&server, Scope::Groups);
    assert!(
        server
            .log(first)
            .iter()
            .all(|line| line.starts_with("GET "))
    );
}

#[test]
fn only_members_of_the_named_teams_are_let_in() {
    let server = FakeGithub::start(octo());
    let all = of_teams(&server, &["OPS"], &query(Scope::Both));
    assert!(is_complete(&all), "{:?}", all.completeness);
    let let_in = [
        ("ann", true),
        ("Bob-By", true),
        ("carol", true),
        ("dave", false),
    ];
    assert_eq!(active(&all), let_in);
    assert_eq!(teams(&all), [("ops", vec!["1", "2", "3"])].into());
    // Of those who are not let in nothing is asked.
    let asked = server.asked();
    let body = &asked
        .iter()
        .rfind(|asked| asked.method == "POST")
        .unwrap()
        .body;
    assert!(body.contains("U_1") && !body.contains("U_4"), "{body}");
    // A part of the teams is not enough to shut anybody out.
    let all = of_teams(&server, &["ops", "gone"], &query(Scope::Users));
    assert!(incomplete(&all).contains("the slug `gone`"));
    assert!(all.directory.users.iter().all(|user| user.active));
    assert_eq!(all.directory.users.len(), 3);
    server.fault(|asked, reply| match asked.path().contains("/team/72/") {
        true => Reply::new(404, "application/json", "{}"),
        false => reply,
    });
    let all = of_teams(&server, &["web", "ops-night"], &query(Scope::Users));
    assert!(incomplete(&all).contains("404"));
    assert_eq!(active(&all), [("ann", true)]);
}

#[test]
fn with_a_top_group_only_its_members_are_asked_about() {
    let server = FakeGithub::start(octo());
    let top = |slug: &str| Query {
        top_group: Some(slug.to_owned()),
        ..query(Scope::Users)
    };
    let some = server.github().fetch(&top("ops"), &|_| {}).unwrap();
    assert!(is_complete(&some));
    assert_eq!(teams(&some), [("ops", vec!["1", "2", "3"])].into());
    assert!(user(&some, "dave").ssh_keys.is_empty() && !user(&some, "carol").ssh_keys.is_empty());
    for (teams, slug) in [(vec![], "gone"), (vec!["web"], "ops")] {
        let some = of_teams(&server, &teams, &top(slug));
        assert!(incomplete(&some).contains(slug), "{some:?}");
    }
}

#[test]
fn suspended_people_of_an_enterprise_server_are_shut_out() {
    let mut world = octo();
    world.accounts[1].suspended = true;
    let server = FakeGithub::enterprise(world);
    let all = fetch(&server, Scope::Both);
    assert!(is_complete(&all));
    assert!(!user(&all, "Bob-By").active && user(&all, "ann").active);
    assert!(server.log(0).contains(&"POST /api/graphql".to_owned()));
}

/// A private key, and the public one beside it.
fn app_key(dir: &TempDir, kind: &str) -> Vec<u8> {
    openssl(dir.path(), kind);
    openssl(dir.path(), "rsa -in @app.pem -pubout -out @app.pub");
    fs::read(dir.path().join("app.pem")).unwrap()
}

fn of_app(server: &FakeGithub, key: &[u8]) -> Result<Github, String> {
    let config = Config {
        token_file: None,
        app_id: Some(4711),
        installation_id: Some(8),
        key_file: Some("unused".into()),
        ..server.config()
    };
    Github::new("octo", &config, Secrets::default(), Some(key))
}

fn decoded(text: &str) -> Vec<u8> {
    let program = "import base64, sys; t = sys.argv[1]; sys.stdout.buffer.write(base64.urlsafe_b64decode(t + '=' * (-len(t) % 4)))";
    let output = Command::new("python3")
        .args(["-c", program, text])
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn an_app_signs_for_its_token_and_renews_it_once() {
    let dir = tempfile::tempdir().unwrap();
    for kind in [
        "genrsa -traditional -out @app.pem 2048",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out @app.pem",
    ] {
        let key = app_key(&dir, kind);
        let server = FakeGithub::start(octo());
        let github = of_app(&server, &key).unwrap();
        assert!(is_complete(
            &github.fetch(&query(Scope::Both), &|_| {}).unwrap()
        ));
        let asked = server.asked();
        let mine = asked
            .iter()
            .filter(|asked| asked.path().starts_with("/app/"));
        let mine: Vec<_> = mine.collect();
        assert_eq!(mine.len(), 1, "one token for all requests");
        assert!(
            asked
                .iter()
                .filter(|a| a.header("authorization") == Some(&format!("Bearer {OF_APP}")))
                .count()
                > 5
        );
        let jwt = mine[0]
            .header("authorization")
            .unwrap()
            .trim_start_matches("Bearer ");
        let (text, signature) = jwt.rsplit_once('.').unwrap();
        let (head, claims) = text.split_once('.').unwrap();
        assert_eq!(decoded(head), br#"{"alg":"RS256","typ":"JWT"}"#);
        let claims: Value = serde_json::from_slice(&decoded(claims)).unwrap();
        assert_eq!(claims["iss"], "4711");
        let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert!(lasts <= 600, "{claims}");
        fs::write(dir.path().join("text"), text).unwrap();
        fs::write(dir.path().join("signature"), decoded(signature)).unwrap();
        openssl(
            dir.path(),
            "dgst -sha256 -verify @app.pub -signature @signature @text",
        );

        // A token that is not accepted any more.
        let first = server.asked().len();
        server.fault({
            let left = std::sync::atomic::AtomicBool::new(true);
            move |asked, reply| match asked.method == "GET"
                && left.swap(false, std::sync::atomic::Ordering::Relaxed)
            {
                true => Reply::new(401, "application/json", r#"{"message": "Bad credentials"}"#),
                false => reply,
            }
        });
        assert!(is_complete(
            &github.fetch(&query(Scope::Users), &|_| {}).unwrap()
        ));
        assert_eq!(
            server
                .log(first)
                .iter()
                .filter(|line| line.contains("/access_tokens"))
                .count(),
            1
        );
    }
}

#[test]
fn an_app_that_may_not_see_members_reads_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let key = app_key(&dir, "genrsa -out @app.pem 2048");
    let server = FakeGithub::start(World {
        permissions: json!({"metadata": "read"}),
        ..octo()
    });
    let github = of_app(&server, &key).unwrap();
    let error = github.fetch(&query(Scope::Users), &|_| {}).unwrap_err();
    assert!(matches!(error, FetchError::Unauthorised { .. }), "{error}");
    assert!(error.to_string().contains("`Members`"), "{error}");
    assert!(
        server
            .log(0)
            .iter()
            .all(|line| line.contains("/access_tokens"))
    );
    openssl(
        dir.path(),
        "ecparam -genkey -name prime256v1 -noout -out @ec.pem",
    );
    let ec = fs::read(dir.path().join("ec.pem")).unwrap();
    for key in [&ec[..], b"", b"CANARY"] {
        let reason = of_app(&server, key).err().unwrap();
        assert!(
            reason.starts_with("key_file: ") && !reason.contains("CANARY"),
            "{reason}"
        );
    }
}

#[test]
fn the_question_fits_the_schema_that_github_publishes() {
    let server = FakeGithub::start(octo());
    fetch(&server, Scope::Users);
    let asked = server.asked();
    let body = &asked
        .iter()
        .find(|asked| asked.method == "POST")
        .unwrap()
        .body;
    let schema = made_once("github-schema", "@octokit/graphql-schema@15", |dir| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
        npm.arg(dir).arg("@octokit/graphql-schema@15");
        run(
            &mut npm,
            "npm is needed, with the registry that it is configured for: install the Debian package npm",
        );
    });
    let schema = schema.join("node_modules/@octokit/graphql-schema/schema.graphql");
    let python = venv::programs("graphql", &["graphql-core>=3.2,<3.3"]).join("python");
    let program = "import json, sys\nfrom graphql import build_schema, parse, validate\n\
                   schema = build_schema(open(sys.argv[1]).read(), assume_valid=True)\n\
                   check = lambda text: [e.message for e in validate(schema, parse(text))]\n\
                   query = json.loads(sys.argv[2])['query']\n\
                   assert check(query) == [], check(query)\n\
                   assert check(query.replace('databaseId', 'databaseIdd')) != []\n";
    let output = Command::new(python)
        .args(["-c", program])
        .arg(schema)
        .arg(body)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
