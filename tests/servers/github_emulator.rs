//! The GitHub provider and emulate, which is somebody else's idea of GitHub's REST API, apps included. It has no GraphQL, so
//! that a server in front of it answers this one question, and hands it all others.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use gosync::testing::model::{Completeness, Snapshot};
use gosync::testing::providers::github::{Config, Github};
use gosync::testing::providers::http::Secrets;
use gosync::testing::providers::{FetchError, Provider as _, Scope};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::github_server::{KEY, query};
use crate::ldap_tools::{self, answers, free_port};
use crate::made_once::{made_once, run};
use crate::relay::relayed;
use crate::slapd::openssl;
use crate::web::{Asked, Reply, Web};

/// Later ones want a newer Node.js than Debian has.
const PACKAGE: &str = "emulate@0.11.2";
const TOKEN: &str = "token_of_an_owner";
/// How many people there are: more than a page of them.
const CROWD: usize = 230;

struct Emulator {
    child: Child,
    port: u16,
    front: Web,
    dir: TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        ldap_tools::end(&mut self.child);
    }
}

/// A server that answers GraphQL for those whose nodes the emulator has told, and hands on everything else.
fn front(port: u16) -> Web {
    let known: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
    Web::start(move |asked| {
        let mut known = known.lock().unwrap();
        if asked.path() == "/graphql" {
            let question: Value = serde_json::from_str(&asked.body).unwrap();
            let person = |node: &Value| {
                let id = known.get(node.as_str().unwrap())?;
                let keys = json!({"totalCount": 1, "nodes": [{"key": KEY}]});
                Some(json!({"databaseId": id, "name": format!("Person {id}"), "publicKeys": keys}))
            };
            let ids = question["variables"]["ids"].as_array().unwrap();
            let nodes: Vec<Option<Value>> = ids.iter().map(person).collect();
            return Reply::new(
                200,
                "application/json",
                json!({"data": {"nodes": nodes}}).to_string(),
            );
        }
        let (status, headers, body) = relayed(port, asked);
        let records: Value = serde_json::from_str(&body).unwrap_or_default();
        for record in records.as_array().into_iter().flatten() {
            if let (Some(node), Some(id)) = (record["node_id"].as_str(), record["id"].as_u64()) {
                known.insert(node.to_owned(), id);
            }
        }
        let mut reply = Reply::new(status, "application/json", body);
        let link = headers
            .into_iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("link"));
        reply.headers.extend(link);
        reply
    })
}

impl Emulator {
    fn start() -> Self {
        let package = made_once("emulate", PACKAGE, |dir| {
            let mut npm = Command::new("npm");
            npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]);
            run(
                npm.arg(dir).arg(PACKAGE),
                "npm is needed, with the registry that it is configured for: install the Debian package npm",
            );
        });
        let dir = tempfile::tempdir().unwrap();
        openssl(dir.path(), "genrsa -out @app.pem 2048");
        let key = fs::read_to_string(dir.path().join("app.pem")).unwrap();
        let logins: Vec<String> = (0..CROWD).map(|n| format!("Person-{n:03}")).collect();
        let users: Vec<Value> = ["owner".to_owned()]
            .iter()
            .chain(&logins)
            .map(|login| json!({"login": login}))
            .collect();
        let mut members = vec![json!({"login": "owner", "role": "admin"})];
        members.extend(
            logins
                .iter()
                .map(|login| json!({"login": login, "role": "member"})),
        );
        let installation = |id: u64, permissions: Value| json!([{"installation_id": id, "account": "octo", "permissions": permissions}]);
        let app = |id: u64, slug: &str, permissions: Value| {
            json!({"app_id": id, "slug": slug, "name": slug, "private_key": key, "permissions": permissions,
                "installations": installation(id + 1000, permissions.clone())})
        };
        let seed = json!({
            "tokens": {TOKEN: {"login": "owner", "scopes": ["read:org", "admin:org"]}},
            "github": {
                "users": users, "orgs": [{"login": "octo", "members": members}],
                "apps": [app(1, "sync", json!({"members": "read"})), app(2, "blind", json!({"metadata": "read"}))],
            },
        });
        fs::write(dir.path().join("seed.json"), seed.to_string()).unwrap();
        let port = free_port();
        let front = front(port);
        let script = package.join("node_modules/emulate/dist/index.js");
        let mut child = Command::new("node")
            .arg(script)
            .args(["start", "--service", "github", "--seed", "seed.json"])
            .args(["--port", &port.to_string(), "--base-url", &front.url("")])
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| {
                panic!("node cannot be run ({e}): install the Debian package nodejs")
            });
        assert!(answers(&mut child, port), "emulate does not start");
        Self {
            child,
            port,
            front,
            dir,
        }
    }

    fn ask(&self, method: &str, target: &str, body: &Value) {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let headers = [
            ("host", "localhost".to_owned()),
            ("authorization", format!("Bearer {TOKEN}")),
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
        ];
        let asked = Asked {
            number: 0,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body,
        };
        let (status, _, answer) = relayed(self.port, &asked);
        assert!(
            (200..300).contains(&status),
            "{method} {target}: {status} {answer}"
        );
    }

    fn config(&self) -> Config {
        Config {
            url: self.front.url(""),
            ..Config::new("octo")
        }
    }

    fn by_token(&self, token: &str) -> Github {
        let config = Config {
            token_file: Some("unused".into()),
            ..self.config()
        };
        let secrets = Secrets {
            token: Some(token.to_owned().into()),
            ..Secrets::default()
        };
        Github::new("octo", &config, secrets, None).unwrap()
    }

    fn by_app(&self, app: u64, key: &[u8]) -> Github {
        let config = Config {
            app_id: Some(app),
            installation_id: Some(app + 1000),
            key_file: Some("unused".into()),
            ..self.config()
        };
        Github::new("octo", &config, Secrets::default(), Some(key)).unwrap()
    }
}

fn read(github: &Github) -> Snapshot {
    let all = github.fetch(&query(Scope::Both), &|_| {}).unwrap();
    assert!(
        matches!(all.completeness, Completeness::Complete(_)),
        "{:?}",
        all.completeness
    );
    all
}

fn members(all: &Snapshot, slug: &str) -> usize {
    let mut groups = all.directory.groups.iter();
    groups
        .find(|group| group.name.raw() == slug)
        .unwrap()
        .members
        .len()
}

#[test]
fn an_emulator_of_somebody_elses_is_read_by_token_and_as_an_app() {
    let emulator = Emulator::start();
    emulator.ask(
        "POST",
        "/orgs/octo/teams",
        &json!({"name": "Big Team", "description": "Most"}),
    );
    emulator.ask("POST", "/orgs/octo/teams", &json!({"name": "Empty"}));
    for n in 0..150 {
        let target = format!("/orgs/octo/teams/big-team/memberships/Person-{n:03}");
        emulator.ask("PUT", &target, &json!({"role": "member"}));
    }
    let all = read(&emulator.by_token(TOKEN));
    assert_eq!(all.directory.users.len(), CROWD + 1);
    assert!(
        all.directory
            .users
            .iter()
            .all(|user| user.ssh_keys.len() == 1 && user.name.is_some())
    );
    assert_eq!(
        (members(&all, "big-team"), members(&all, "empty")),
        (150, 0)
    );

    let key = fs::read(emulator.dir.path().join("app.pem")).unwrap();
    assert_eq!(read(&emulator.by_app(1, &key)), all);
    let unauthorised = |github: &Github| {
        let error = github.fetch(&query(Scope::Both), &|_| {}).unwrap_err();
        assert!(matches!(&error, FetchError::Unauthorised { .. }), "{error}");
    };
    unauthorised(&emulator.by_app(2, &key));
    openssl(emulator.dir.path(), "genrsa -out @other.pem 2048");
    let other = fs::read(emulator.dir.path().join("other.pem")).unwrap();
    unauthorised(&emulator.by_app(1, &other));

    emulator.ask(
        "DELETE",
        "/orgs/octo/teams/big-team/memberships/Person-007",
        &Value::Null,
    );
    emulator.ask("DELETE", "/orgs/octo/members/Person-008", &Value::Null);
    let less = read(&emulator.by_token(TOKEN));
    assert_eq!(
        (less.directory.users.len(), members(&less, "big-team")),
        (CROWD, 148)
    );
    // By their numbers they are who they were.
    assert!(
        less.directory
            .users
            .iter()
            .all(|user| all.directory.users.contains(user))
    );
}
