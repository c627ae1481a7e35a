//! Servers that give no sign of whether anything has changed are read in full, and the run ends there if they say what they said
//! before: whatever moves besides makes no difference, and every change does.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bare_host::bare_host;
use crate::globus_server::{self, FakeGlobus, MAPPING, OWN, SECRET};
use crate::scim_server::{POSIX, Server, TOKEN};
use crate::scratch::ScratchHost;

const ALL_READ: &str = "all was read, and nothing has moved since";

/// A host without accounts, which may leave stamps.
fn host(section: &str, files: &[(&str, &str)]) -> ScratchHost {
    let mut host = bare_host();
    host.leaves_stamps = true;
    host.write_with_mode("root/etc/shells", "/bin/bash\n/bin/sh\n", 0o600);
    for (name, text) in files {
        host.write_with_mode(name, *text, 0o600);
    }
    let rules = "[accounts]\ncreate_home = false\n[groups]\ngid_range = [60000, 64999]\n\
        [departed]\nabsent_runs = 1\nabsent_for = '0s'\n[limits]\nmax_removals = 1000\nmax_removals_percent = 100\n";
    host.write_with_mode("gosync.toml", format!("{section}{rules}"), 0o600);
    host
}

/// Whether a run of both commands ended since nothing has changed.
fn are_saved(host: &ScratchHost) -> [bool; 2] {
    ["users", "groups"].map(|what| {
        host.gosync(&["sync", what])
            .expect(0)
            .out
            .contains(ALL_READ)
    })
}

/// Runs until nothing is left to be done; what changed on the host just now is not believed in.
fn settle(host: &ScratchHost) {
    for what in ["users", "groups"] {
        host.gosync(&["sync", what]).expect(0);
    }
    thread::sleep(Duration::from_secs(4));
    are_saved(host);
    assert_eq!(are_saved(host), [true, true]);
}

fn scim(server: &Server) -> ScratchHost {
    let section = format!(
        "[provider.cloud]\nkind = 'scim'\nurl = '{}'\ntoken_file = 'token'\nattributes.shell = '{POSIX}:loginShell'\n",
        server.url()
    );
    host(&section, &[("token", TOKEN)])
}

fn patch(path: &str, value: Value) -> Value {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let operation = json!({"op": "replace", "path": path, "value": value});
    json!({"schemas": schemas, "Operations": [operation]})
}

#[test]
fn every_change_at_a_scim_server_is_seen() {
    let server = Server::start(false);
    server.people(4);
    let ids: Vec<String> = {
        let (_, all) = server.ask("GET", "/Users", &Value::Null);
        let all = all["Resources"].as_array().unwrap();
        all.iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect()
    };
    server.group("staff", &[&ids[0]]);
    let lab = server.group("lab", &[&ids[0]]);
    let host = scim(&server);
    let of = |n: usize| format!("/Users/{}", ids[n]);
    let (lab, shell) = (format!("/Groups/{lab}"), format!("{POSIX}:loginShell"));
    settle(&host);

    // It moves whenever a resource is written, and says nothing by itself.
    let moved =
        |path: &str| server.ask("GET", path, &Value::Null).1["meta"]["lastModified"].clone();
    let before = moved(&of(1));
    thread::sleep(Duration::from_millis(1_100));
    let (status, told) = server.ask("PATCH", &of(1), &patch("nickName", json!("x")));
    assert!(matches!(status, 200 | 204), "{told}");
    assert_ne!(moved(&of(1)), before);
    assert_eq!(are_saved(&host), [true, true]);

    let of_lab = |n: &[usize]| {
        n.iter()
            .map(|n| json!({"value": ids[*n]}))
            .collect::<Value>()
    };
    for (what, method, path, body, is_of_people) in [
        (
            "shell",
            "PATCH",
            of(1),
            patch(&shell, json!("/bin/sh")),
            true,
        ),
        (
            "name",
            "PATCH",
            of(1),
            patch("displayName", json!("Another")),
            true,
        ),
        (
            "rename",
            "PATCH",
            of(1),
            patch("userName", json!("other")),
            true,
        ),
        (
            "inactive",
            "PATCH",
            of(2),
            patch("active", json!(false)),
            true,
        ),
        (
            "member",
            "PATCH",
            lab.clone(),
            patch("members", of_lab(&[0, 1])),
            false,
        ),
        (
            "fewer",
            "PATCH",
            lab.clone(),
            patch("members", of_lab(&[1])),
            false,
        ),
        ("gone", "DELETE", of(3), Value::Null, true),
        ("no group", "DELETE", lab.clone(), Value::Null, false),
    ] {
        let (status, told) = server.ask(method, &path, &body);
        assert!(matches!(status, 200 | 204), "{what}: {told}");
        let [users, groups] = are_saved(&host);
        assert_eq!(users, !is_of_people, "{what}");
        // Who is there, and whether they are let in, is asked with the groups.
        assert!(!groups || matches!(what, "shell" | "name"), "{what}");
        are_saved(&host);
        thread::sleep(Duration::from_secs(3));
        are_saved(&host);
    }
    let passwd = host.read("etc/passwd");
    let other = passwd
        .lines()
        .find(|line| line.starts_with("other:"))
        .unwrap();
    let fields: Vec<&str> = other.split(':').collect();
    assert_eq!((fields[4], fields[6]), ("Another", "/bin/sh"));
    let shadow = host.read("etc/shadow");
    assert_eq!(shadow.lines().filter(|line| line.contains(":!")).count(), 2);
}

#[test]
fn one_read_of_a_scim_server_is_known_again_for_both() {
    let server = Server::start(true);
    server.people(3);
    let host = scim(&server);
    host.gosync(&["sync"]).expect(0);
    thread::sleep(Duration::from_secs(4));
    host.gosync(&["sync"]).expect(0);
    let ran = host.gosync(&["sync"]).expect(0);
    assert_eq!(ran.out.matches(ALL_READ).count(), 2, "{ran:?}");
    // All is read for a plan where somebody wants it.
    let ran = host.gosync(&["sync", "--full"]).expect(0);
    assert!(!ran.out.contains(ALL_READ), "{ran:?}");
}

#[test]
fn every_change_at_globus_is_seen() {
    let world = |people: &[(u32, &str)], members: &[(u32, &str)]| {
        let people = people
            .iter()
            .map(|(n, name)| globus_server::person(*n, name));
        let members = members
            .iter()
            .map(|(n, status)| globus_server::member(*n, "member", status));
        let group = globus_server::group(101, "connect", members.collect());
        globus_server::world(people.collect(), vec![group])
    };
    let (ann, bob) = ((1, "ann@example.org"), (2, "bob@example.org"));
    let all = [(1, "active"), (2, "active")];
    let server = FakeGlobus::start(&world(&[ann, bob], &all));
    let url = server.url();
    let section = format!(
        "[provider.globus]\nkind = 'globus'\nclient_id = '{OWN}'\nclient_secret_file = 'secret'\n\
         identity_mapping = 'mapping.json'\ngroups_url = '{url}'\nauth_url = '{url}'\n"
    );
    let host = host(&section, &[("secret", SECRET), ("mapping.json", MAPPING)]);
    settle(&host);
    server.control(&json!({"world": world(&[bob, ann], &[(2, "active"), (1, "active")])}));
    assert_eq!(are_saved(&host), [true, true], "the order alone");
    for (what, people, members, is_saved) in [
        (
            "login",
            [(1, "eve@example.org"), bob],
            all.to_vec(),
            [false, false],
        ),
        (
            "status",
            [(1, "eve@example.org"), bob],
            vec![(1, "active"), (2, "left")],
            [false, false],
        ),
        (
            "gone",
            [(1, "eve@example.org"), bob],
            vec![(1, "active")],
            [false, false],
        ),
    ] {
        server.control(&json!({"world": world(&people, &members)}));
        assert_eq!(are_saved(&host), is_saved, "{what}");
        are_saved(&host);
        thread::sleep(Duration::from_secs(3));
        are_saved(&host);
    }
    assert!(host.read("etc/passwd").contains("\neve:"));
}
