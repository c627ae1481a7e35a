//! `gosync sync users` and `gosync sync groups` on a root of their own, with people from (a stand-in for) Globus.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::globus_server::{
    CANARY, FakeGlobus, MAPPING, OWN, SECRET, group, member, person, world,
};
use crate::scratch::{Ran, ScratchHost};

/// A scratch root with a configuration for a server.
struct Host {
    host: ScratchHost,
}

impl Host {
    fn new(server: &FakeGlobus) -> Self {
        let host = Self { host: bare_host() };
        host.write("secret", &format!("{SECRET}\n"));
        host.write("mapping.json", MAPPING);
        host.write(
            "gosync.toml",
            &format!(
                "[provider.research]\nkind = \"globus\"\nclient_id = \"{OWN}\"\nclient_secret_file = \"secret\"\n\
                 identity_mapping = \"mapping.json\"\ngroups_url = \"{url}\"\nauth_url = \"{url}\"\n\
                 [accounts]\ntop_group = \"connect\"\n[groups]\nprefix = \"@\"\n\
                 [departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n",
                url = server.url()
            ),
        );
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.host.dir().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        self.host.write_with_mode(name, text, 0o600);
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a command with all that can be logged, and looks for secrets in what it says and in what it leaves.
    fn gosync(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.host.command(&[&["-vvv"], arguments].concat());
        // A proxy of the environment's would see everything.
        command
            .env("http_proxy", "http://127.0.0.1:9")
            .env("HTTP_PROXY", "http://127.0.0.1:9");
        let ran = Ran::from(command.output().unwrap());
        let said = ran.out + &ran.err;
        assert!(!said.contains(CANARY), "{said}");
        let kept = Command::new("grep")
            .arg("-rlF")
            .arg(CANARY)
            .arg(self.path("root"))
            .output()
            .unwrap();
        assert!(
            kept.stdout.is_empty(),
            "{}",
            String::from_utf8_lossy(&kept.stdout)
        );
        (ran.code.unwrap(), said)
    }
}

fn campus() -> Value {
    let people = vec![
        person(1, "alice@example.org"),
        person(2, "bob@example.org"),
        person(3, "mallory@elsewhere.org"),
        person(4, "root@example.org"),
        person(5, "eve:0:0@example.org"),
    ];
    let everybody = (1..=5).map(|n| member(n, "member", "active")).collect();
    let physics = vec![
        member(1, "manager", "active"),
        member(2, "member", "active"),
        member(3, "member", "active"),
    ];
    world(
        people,
        vec![
            group(11, "connect", everybody),
            group(12, "osg.physics", physics),
        ],
    )
}

/// The names in a file of accounts, but for those that were there.
fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.split(':').next())
        .filter(|name| !["root", "users"].contains(name))
        .collect()
}

#[test]
fn people_of_globus_get_accounts_and_groups_and_lose_them() {
    let mut campus = campus();
    let server = FakeGlobus::start(&campus);
    let host = Host::new(&server);
    let (code, said) = host.gosync(&["sync", "users", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(names(&host.read("root/etc/passwd")).is_empty());
    let (code, said) = host.gosync(&["sync", "users"]);
    assert_eq!(code, 0, "{said}");
    let passwd = host.read("root/etc/passwd");
    assert_eq!(names(&passwd), ["alice", "bob"]);
    assert!(
        passwd.contains(":alice Ü:/home/alice:/bin/bash\n"),
        "{passwd}"
    );
    // Three get none, and it is said why.
    assert!(
        said.contains("mallory@elsewhere.org") && said.contains("no mapping matches it"),
        "{said}"
    );
    assert!(said.contains("root") && said.contains("eve:0:0"), "{said}");
    let (code, said) = host.gosync(&["sync", "groups"]);
    assert_eq!(code, 0, "{said}");
    let groups = host.read("root/etc/group");
    assert!(groups.contains("@connect:x:60000:alice,bob\n"), "{groups}");
    assert!(
        groups.contains("@osg.physics:x:60001:alice,bob\n"),
        "{groups}"
    );
    // A second run changes nothing.
    let before = (passwd, groups);
    for what in ["users", "groups"] {
        assert_eq!(host.gosync(&["sync", what]).0, 0);
    }
    assert_eq!(
        (host.read("root/etc/passwd"), host.read("root/etc/group")),
        before
    );

    // bob is removed from one group, then from the top group.
    campus["groups"][1]["memberships"][2]["status"] = json!("removed");
    server.control(&json!({ "world": campus }));
    assert_eq!(host.gosync(&["sync", "groups"]).0, 0);
    assert!(
        host.read("root/etc/group")
            .contains("@osg.physics:x:60001:alice\n"),
        "{}",
        host.read("root/etc/group")
    );
    campus["groups"][0]["memberships"][2]["status"] = json!("left");
    // Whatever he is called meanwhile.
    campus["identities"][1]["username"] = json!("bob@elsewhere.org");
    server.control(&json!({ "world": campus }));
    let (code, said) = host.gosync(&["sync", "users"]);
    assert_eq!(code, 0, "{said}");
    let shadow = host.read("root/etc/shadow");
    let bob = shadow
        .lines()
        .find(|line| line.starts_with("bob:"))
        .unwrap();
    assert!(bob.starts_with("bob:!"), "{bob}");
    assert!(
        shadow
            .lines()
            .any(|line| line.starts_with("alice:") && !line.starts_with("alice:!")),
        "{shadow}"
    );
}

#[test]
fn only_one_person_can_be_brought_in_step() {
    let server = FakeGlobus::start(&campus());
    let host = Host::new(&server);
    let (code, said) = host.gosync(&["sync", "users", "--only", "bob"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(names(&host.read("root/etc/passwd")), ["bob"]);
}

#[test]
fn a_broken_read_changes_nothing_and_says_so() {
    let server = FakeGlobus::start(&campus());
    let host = Host::new(&server);
    for (fault, kind) in [
        (json!({"match": "my_groups", "kind": "html"}), "unusable"),
        (
            json!({"match": "identities", "kind": "cut", "bytes": 30}),
            "cannot reach",
        ),
        (
            json!({"match": "oauth2", "kind": "status", "status": 400, "body": {"error": "invalid_grant"}}),
            "refused us",
        ),
        (
            json!({"match": "memberships", "kind": "status", "status": 403, "body": {"code": "X", "detail": "No"}}),
            "refused us",
        ),
    ] {
        server.faults(&json!([fault]));
        let (code, said) = host.gosync(&["sync", "users"]);
        assert_eq!(code, 12, "{said}");
        assert!(said.contains(kind), "{kind}: {said}");
        assert!(names(&host.read("root/etc/passwd")).is_empty());
    }
    // The top group is not among ours.
    server.faults(&json!([]));
    let (code, said) = host.gosync(&["-g", "nothing", "sync", "users"]);
    assert_eq!(code, 12, "{said}");
}

#[test]
fn an_incomplete_read_takes_nothing_away() {
    let mut campus = campus();
    let server = FakeGlobus::start(&campus);
    let host = Host::new(&server);
    assert_eq!(host.gosync(&["sync", "users"]).0, 0);
    campus["groups"][0]["memberships"]
        .as_array_mut()
        .unwrap()
        .remove(2);
    server.control(&json!({ "world": campus }));
    let nameless = json!({"match": "memberships", "kind": "edit", "path": ["memberships", 2, "identity_id"], "value": "?"});
    server.faults(&json!([nameless]));
    let (code, said) = host.gosync(&["sync", "users"]);
    assert_eq!(code, 12, "{said}");
    assert!(
        host.read("root/etc/shadow")
            .lines()
            .all(|line| !line.starts_with("bob:!"))
    );
    server.faults(&json!([]));
    let (code, said) = host.gosync(&["sync", "users"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let server = FakeGlobus::start(&campus());
    let host = Host::new(&server);
    for (name, mode) in [("secret", 0o644), ("mapping.json", 0o666)] {
        fs::set_permissions(host.path(name), fs::Permissions::from_mode(mode)).unwrap();
        let (code, said) = host.gosync(&["sync", "users"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("others may"), "{said}");
        fs::set_permissions(host.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    host.write(
        "mapping.json",
        "{\"DATA_TYPE\": \"external_identity_mapping#1.0.0\"}",
    );
    let (code, said) = host.gosync(&["sync", "users"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("[provider.research]: identity_mapping: its DATA_TYPE"),
        "{said}"
    );
}
