//! What a host exports makes the same accounts and groups on another one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

fn configure(host: &ScratchHost, provider: &str, more: &str) {
    let text = format!(
        "[gosync]\nprovider = \"{provider}\"\n[provider.{provider}]\nkind = \"file\"\npath = \"directory.json\"\n{more}"
    );
    host.write("gosync.toml", &text);
}

fn host(more: &str) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    configure(&host, "hub", more);
    host
}

fn say(host: &ScratchHost, document: &Value) {
    host.write("directory.json", &document.to_string());
    host.gosync(&["-q", "sync"]).expect(0);
}

fn export(host: &ScratchHost) -> Value {
    let ran = host.gosync(&["export"]).expect(0);
    serde_json::from_str(&ran.out).unwrap()
}

/// The other host after it has read what this one exports.
fn follow(hub: &ScratchHost, spoke: &ScratchHost) -> Ran {
    spoke.write("directory.json", &hub.gosync(&["export"]).expect(0).out);
    spoke.gosync(&["sync"]).expect(0)
}

/// The lines of a file, and the members of a group, without their order.
fn sorted(host: &ScratchHost, file: &str) -> Vec<String> {
    let text = host.read(file);
    let in_order = |line: &str| {
        let (before, members) = line.rsplit_once(':').unwrap();
        let mut members: Vec<&str> = members.split(',').collect();
        members.sort_unstable();
        format!("{before}:{}", members.join(","))
    };
    let mut lines: Vec<String> = text.lines().map(in_order).collect();
    lines.sort();
    lines
}

fn document() -> Value {
    json!({
        "users": [
            {"id": "u-1", "login": "ann", "name": "Ann A.", "ssh_keys": [KEY]},
            {"id": "u-2", "login": "bob", "shell": "/bin/sh"},
            {"id": "u-3", "login": "cem", "uid": 20500},
        ],
        "groups": [
            {"id": "g-1", "name": "lab", "members": [{"user": "u-1"}, {"user": "u-2"}]},
            {"id": "g-2", "name": "chem", "parent": "g-1", "members": [{"user": "u-3"}]},
        ],
    })
}

#[test]
fn another_host_gets_the_same_accounts_and_groups_and_follows() {
    let more = "[keys]\nplace = \"directory\"\n[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n";
    let (hub, spoke) = (host(more), host(more));
    // Numbers are given here in another order than the other host would.
    let mut said = document();
    let late = said["users"].as_array_mut().unwrap().remove(0);
    say(&hub, &said);
    said["users"].as_array_mut().unwrap().push(late);
    say(&hub, &said);
    let same = || {
        for file in ["etc/passwd", "etc/group"] {
            assert_eq!(sorted(&hub, file), sorted(&spoke, file));
        }
        let keys = "etc/ssh/authorized_keys.d/ann";
        assert_eq!(hub.read(keys), spoke.read(keys));
    };
    follow(&hub, &spoke);
    same();
    assert!(hub.read("etc/passwd").contains("ann:x:20001:"));
    said["users"][1]["login"] = "cemal".into();
    said["groups"][0]["members"] = json!([{"user": "u-2"}]);
    say(&hub, &said);
    let ran = follow(&hub, &spoke);
    assert!(ran.out.contains("cemal"), "{ran:?}");
    same();
}

#[test]
fn who_is_locked_is_let_in_nowhere() {
    let (hub, spoke) = (host(""), host(""));
    say(&hub, &document());
    follow(&hub, &spoke);
    hub.gosync(&["lock", "ann"]).expect(0);
    // Somebody locks with usermod -L -e 1.
    let shadow = hub.read("etc/shadow");
    let shadow: Vec<String> = shadow
        .lines()
        .map(|line| match line.strip_prefix("bob:") {
            Some(rest) => {
                let mut fields: Vec<&str> = rest.split(':').collect();
                (fields[0], fields[6]) = ("!", "1");
                format!("bob:{}", fields.join(":"))
            }
            None => line.to_owned(),
        })
        .collect();
    fs::write(hub.root().join("etc/shadow"), shadow.join("\n") + "\n").unwrap();
    let active = |id: &str| {
        let users = export(&hub)["users"].clone();
        let users = users.as_array().unwrap().clone();
        users.into_iter().find(|user| user["id"] == id).unwrap()["active"].clone()
    };
    assert_eq!(
        ["u-1", "u-2", "u-3"].map(active),
        [false, false, true].map(Value::from)
    );
    follow(&hub, &spoke);
    let shadow = spoke.read("etc/shadow");
    for name in ["ann", "bob"] {
        let line = shadow
            .lines()
            .find(|line| line.starts_with(&format!("{name}:")));
        assert!(line.unwrap().contains(":!"), "{shadow}");
    }
}

#[test]
fn a_file_is_replaced_whole_and_keeps_its_owner_and_mode() {
    let hub = host("[keys]\nplace = \"directory\"\n");
    say(&hub, &document());
    let path = hub.dir().join("hub.json");
    let name = path.to_str().unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    hub.gosync(&["export", "-o", name]).expect(0);
    assert_eq!(mode(), 0o640, "there are keys in it");
    fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
    hub.gosync(&["export", "-o", name]).expect(0);
    assert_eq!(mode(), 0o604);
    let lines = hub.dir().join("lines");
    hub.gosync(&[
        "export",
        "--format",
        "passwd",
        "-o",
        lines.to_str().unwrap(),
    ])
    .expect(0);
    assert_eq!(
        fs::metadata(&lines).unwrap().permissions().mode() & 0o7777,
        0o644
    );
    let beside = fs::read_dir(hub.dir()).unwrap();
    let mut beside = beside.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!beside.any(|name| name.starts_with(".hub") || name.starts_with(".lines")));
}

#[test]
fn nothing_is_exported_that_would_be_taken_for_the_end_of_everybody() {
    let hub = host("");
    let ran = hub.gosync(&["export"]).expect(1);
    assert!(
        ran.out.is_empty() && ran.err.contains("nothing to export"),
        "{ran:?}"
    );
    say(&hub, &document());
    fs::remove_file(hub.root().join("var/lib/gosync/ledger.sqlite")).unwrap();
    let ran = hub.gosync(&["export"]).expect(1);
    assert!(ran.out.is_empty(), "{ran:?}");
}

#[test]
fn what_is_not_as_gosync_made_it_is_left_out_and_told() {
    let hub = host("");
    say(&hub, &document());
    let passwd = hub.read("etc/passwd").replace("bob:x:20001:", "bob:x:777:");
    fs::write(hub.root().join("etc/passwd"), passwd).unwrap();
    let ran = hub.gosync(&["export"]).expect(0);
    assert!(
        ran.err.contains("left out") && ran.err.contains("bob"),
        "{ran:?}"
    );
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["counts"], json!({"users": 2, "groups": 2}));
    assert_eq!(document["groups"][0]["members"], json!([{"user": "u-1"}]));
}

#[test]
fn one_id_of_two_providers_is_refused() {
    let hub = host("");
    say(&hub, &document());
    configure(
        &hub,
        "other",
        "[provider.hub]\nkind = \"file\"\npath = \"hub.json\"\n",
    );
    let other = json!({"users": [{"id": "u-1", "login": "someone"}], "groups": []});
    hub.write("directory.json", &other.to_string());
    hub.gosync(&["-q", "sync", "users"]).expect(0);
    let ran = hub.gosync(&["export"]).expect(1);
    assert!(
        ran.out.is_empty() && ran.err.contains("`ann`") && ran.err.contains("`someone`"),
        "{ran:?}"
    );
}

#[test]
fn a_spoke_that_gives_out_nothing_itself_refuses_who_has_no_number() {
    let more = "[accounts]\nids = \"provider\"\nprimary_group = \"private\"\n";
    let (hub, spoke) = (
        host("[accounts]\nprimary_group = \"private\"\n"),
        host(more),
    );
    say(&hub, &document());
    follow(&hub, &spoke);
    for file in ["etc/passwd", "etc/group"] {
        assert_eq!(sorted(&hub, file), sorted(&spoke, file));
    }
    let mut said = export(&hub);
    said["counts"] = json!({});
    let users = said["users"].as_array_mut().unwrap();
    users.push(json!({"id": "u-9", "login": "zed"}));
    users.push(json!({"id": "u-8", "login": "yan", "uid": 20600}));
    let groups = said["groups"].as_array_mut().unwrap();
    groups.push(json!({"id": "g-9", "name": "bio", "members": [{"user": "u-8"}]}));
    groups.push(json!({"id": "g-8", "name": "geo", "gid": 60100, "members": []}));
    spoke.write("directory.json", &said.to_string());
    let ran = spoke.gosync(&["sync"]).expect(0);
    let passwd = spoke.read("etc/passwd");
    assert!(
        passwd.contains("yan:x:20600:20600:") && !passwd.contains("zed:"),
        "{ran:?}"
    );
    assert!(!spoke.read("etc/group").contains("bio:"), "{ran:?}");
    let told = |name: &str, what: &str| {
        let line = format!("x refuse {name}");
        let mut lines = ran.err.lines().chain(ran.out.lines());
        assert!(
            lines.any(|it| it.contains(&line) && it.contains(what)),
            "{ran:?}"
        );
    };
    told("zed", "names no uid for it");
    told("bio", "names no gid for it");
    // Who has a number here keeps it, though the provider names none any more.
    let users = said["users"].as_array_mut().unwrap();
    users[0].as_object_mut().unwrap().remove("uid");
    spoke.write("directory.json", &said.to_string());
    spoke.gosync(&["sync"]).expect(0);
    assert!(spoke.read("etc/passwd").contains("ann:x:20000:"));
}
