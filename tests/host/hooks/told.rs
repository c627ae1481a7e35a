//! What hooks are told, in which order, and of what.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use serde_json::{Value, json};

use super::{ALL_OF_TWO, host, told, two};
use crate::hook_host::RECORD;
use crate::picture::differences;
use crate::small_host::{document, group, person};

#[test]
fn they_run_in_order_around_and_for_each_with_update_for_a_known_one() {
    let host = host("jobs = 1");
    for name in [
        "around/user-pre",
        "user/20-b",
        "user/10-a",
        "around/user-post",
        "around/group-pre",
        "group/a",
    ] {
        host.hook(name, RECORD);
    }
    host.hook("around/group-post", RECORD);
    host.hook("user/old~", RECORD);
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(told(&host), ALL_OF_TWO);
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(told(&host), [""; 0], "nothing changed");
    let people = vec![
        person("u-1", "alice", "Alice Liddell", true),
        person("u-2", "bob", "Bob", false),
    ];
    host.tree.provide(&document(
        &people,
        &[group("g-1", "physics", &["u-1", "u-2"])],
    ));
    host.run(&["sync", "users"]).expect(0);
    let found = told(&host);
    // What closes comes first.
    assert_eq!(
        found[1..3],
        ["10-a locked bob  -update", "20-b locked bob  -update"]
    );
    assert_eq!(
        found[3..5],
        ["10-a updated alice  -update", "20-b updated alice  -update"]
    );
    host.run(&["sync", "groups"]).expect(0);
    assert_eq!(
        told(&host),
        ["group-pre", "a created  physics", "group-post"]
    );
    host.run(&["deluser", "bob"]).expect(0);
    assert_eq!(told(&host)[1], "10-a removed bob  -update");
}

#[test]
fn the_hooks_of_a_group_run_for_each_member_and_read_all_names_before_and_after() {
    let host = host("jobs = 1");
    host.hook("around/bygroup-pre", "echo pre $* $(cat) >> $LOG\n");
    host.hook(
        "bygroup/x",
        "echo $GR_NAME $PW_NAME $GOSYNC_MEMBER $PW_UID $POSIX_ETC_GROUP $* >> $LOG\n",
    );
    host.hook("around/bygroup-post", "echo post $* $(cat) >> $LOG\n");
    host.run(&["sync", "users"]).expect(0);
    host.run(&["sync", "groups"]).expect(0);
    let line = "physics:x:60000:alice,bob";
    let wanted = format!(
        "pre alice bob\nphysics alice added 20000 {line}\nphysics bob added 20001 {line}\npost alice bob\n"
    );
    assert_eq!(host.take(), wanted);
    let people = [two(), vec![person("u-3", "carol", "Carol", true)]].concat();
    host.tree.provide(&document(
        &people,
        &[group("g-1", "physics", &["u-2", "u-3"])],
    ));
    host.run(&["sync", "users"]).expect(0);
    host.run(&["sync", "groups"]).expect(0);
    let line = "physics:x:60000:bob,carol";
    let wanted = format!(
        "pre -update bob carol\nphysics bob kept 20001 {line} -update\nphysics carol added 20002 {line} -update\n\
         post -update bob carol\n"
    );
    assert_eq!(host.take(), wanted);
}

#[test]
fn the_whole_change_is_on_standard_input() {
    let host = host("");
    host.hook("user/x", "cat >> $LOG\n");
    host.hook("group/x", "cat >> $LOG\n");
    let mut people = two();
    people.truncate(1);
    people[0]["email"] = "alice@example.org".into();
    people[0]["ssh_keys"] = json!(["ssh-ed25519 AAAA alice", "ssh-rsa\nBBBB"]);
    host.tree
        .provide(&document(&people, &[group("g-1", "physics", &["u-1"])]));
    host.run(&["sync", "users"]).expect(0);
    let mut found: Value = serde_json::from_str(&host.take()).unwrap();
    assert!(found["at"].take().as_str().unwrap().ends_with('Z'));
    let changes = found["changes"].take();
    assert_eq!(
        (&changes[0]["change"], &changes[0]["uid"]),
        (&json!("create-account"), &json!(20_000))
    );
    let account = json!({
        "name": "alice", "uid": 20_000, "gid": 20_000, "gecos": "Alice", "home": "/home/alice", "shell": "/bin/bash",
        "email": "alice@example.org", "ssh_keys": ["ssh-ed25519 AAAA alice"], "attributes": {}, "groups": [],
    });
    let key = found["key"].take();
    assert!(key.as_str().unwrap().starts_with("1-"), "{key}");
    let wanted = json!({
        "version": 1, "key": null, "provider": "sample", "command": "sync users", "at": null, "name": "alice", "known": false,
        "kind": "user", "event": "created", "id": "u-1", "account": account, "reasons": [],
        "changes": null,
    });
    assert_eq!(found, wanted);
    host.run(&["sync", "groups"]).expect(0);
    let found: Value = serde_json::from_str(&host.take()).unwrap();
    let wanted = json!({"name": "physics", "gid": 60_000, "members": ["alice"], "added": ["alice"], "removed": []});
    assert_eq!(found["group"], wanted);
}

/// Two people whom hooks can reach.
fn reachable(alice: &str, keys: &[&str]) -> Value {
    let mut people = two();
    people[0]["email"] = alice.into();
    people[0]["ssh_keys"] = json!(keys);
    people[1]["email"] = "bob@example.org".into();
    document(&people, &[group("g-1", "physics", &["u-1", "u-2"])])
}

#[test]
fn another_address_or_key_alone_is_a_change_that_hooks_learn_of_once() {
    let host = host("jobs = 1");
    let config = fs::read_to_string(host.tree.config()).unwrap();
    fs::write(host.tree.config(), config + "[keys]\nplace = \"none\"\n").unwrap();
    let say = "echo $GOSYNC_EVENT $PW_NAME $EMAIL \"$SSH_KEYS\" $* >> $LOG\n";
    // Accounts that are there before the hooks are not told of.
    host.tree
        .provide(&reachable("old@example.org", &["ssh-ed25519 AAAA"]));
    host.run(&["sync", "users"]).expect(0);
    host.hook("user/x", say);
    let before = host.tree.picture();
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(
        (host.take(), differences(&host.tree.picture(), &before)),
        (String::new(), vec![])
    );
    host.tree
        .provide(&reachable("new@example.org", &["ssh-ed25519 AAAA"]));
    let line = "~ contact alice e-mail old@example.org -> new@example.org";
    let dry = host
        .run(&["sync", "users", "--dry-run", "--exit-code"])
        .expect(4);
    assert!(
        dry.out.contains(line) && dry.out.contains("1 changed, 1 unchanged"),
        "{dry:?}"
    );
    host.run(&["sync", "users", "--new"]).expect(0);
    assert_eq!(host.take(), "", "only who is new");
    let ran = host.run(&["sync", "users", "--updated"]).expect(0);
    assert!(ran.out.contains(line), "{ran:?}");
    assert_eq!(
        host.take(),
        "updated alice new@example.org ssh-ed25519 AAAA -update\n"
    );
    let before = host.tree.picture();
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(
        (host.take(), differences(&host.tree.picture(), &before)),
        (String::new(), vec![])
    );
    host.tree
        .provide(&reachable("new@example.org", &["ssh-ed25519 BBBB"]));
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(
        ran.out.contains("~ contact alice SSH keys at the provider"),
        "{ran:?}"
    );
    assert_eq!(
        host.take(),
        "updated alice new@example.org ssh-ed25519 BBBB -update\n"
    );
}

#[test]
fn members_and_accounts_that_go_are_told_with_what_the_provider_said_last() {
    let host = host("jobs = 1");
    let say = "echo $GOSYNC_KIND $GOSYNC_EVENT $PW_NAME $EMAIL $SSH_KEYS >> $LOG\n";
    host.hook("bygroup/x", say);
    host.hook("user/x", say);
    host.tree
        .provide(&reachable("alice@example.org", &["ssh-ed25519 AAAA"]));
    host.run(&["sync", "users"]).expect(0);
    host.take();
    host.run(&["sync", "groups"]).expect(0);
    let wanted = "bygroup created alice alice@example.org ssh-ed25519 AAAA\nbygroup created bob bob@example.org\n";
    assert_eq!(host.take(), wanted);
    host.run(&["deluser", "alice"]).expect(0);
    assert_eq!(
        host.take(),
        "user removed alice alice@example.org ssh-ed25519 AAAA\n"
    );
    host.tree
        .provide(&document(&[person("u-3", "carol", "Carol", true)], &[]));
    let aged = "[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n";
    let config = fs::read_to_string(host.tree.config()).unwrap();
    fs::write(host.tree.config(), config + aged).unwrap();
    host.run(&["sync", "users", "--new"]).expect(0);
    host.run(&["sync", "users"]).expect(0);
    let told = host.take();
    assert!(told.contains("user locked bob bob@example.org\n"), "{told}");
    let db = rusqlite::Connection::open(host.tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    let kept: String = db
        .query_row("SELECT group_concat(id) FROM contacts", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(kept, "u-2,u-3", "who is removed is forgotten");
}

#[test]
fn long_member_lists_are_read_and_do_not_block() {
    let host = host("time_limit = \"300s\"\noutput_limit = \"1MiB\"");
    let people: Vec<Value> = (0..3_000)
        .map(|n| {
            person(
                &format!("u-{n}"),
                &format!("somebody-with-a-long-name-{n:04}"),
                "U",
                true,
            )
        })
        .collect();
    let ids: Vec<&str> = people
        .iter()
        .map(|person| person["id"].as_str().unwrap())
        .collect();
    host.tree
        .provide(&document(&people, &[group("g-1", "physics", &ids)]));
    let config = fs::read_to_string(host.tree.config()).unwrap();
    let config = config.replace("[accounts]", "[accounts]\ncreate_home = false");
    fs::write(
        host.tree.config(),
        config.replace("[hooks.bygroup]", "[hooks.bygroup]\nmembers = \"added\""),
    )
    .unwrap();
    // It says everything before it reads anything.
    host.hook(
        "around/bygroup-pre",
        "head -c 500000 /dev/zero; wc -l >> $LOG\n",
    );
    host.hook(
        "around/bygroup-post",
        "exec < /dev/null; echo \"${GR_MEM-none}\" | cut -c 1-100 >> $LOG\n",
    );
    host.run(&["sync", "users"]).expect(0);
    host.run(&["sync", "groups"]).expect(0);
    let first: Vec<String> = (0..4)
        .map(|n| format!("somebody-with-a-long-name-{n:04}"))
        .collect();
    assert_eq!(host.take(), format!("3000\n{}\n", &first.join(",")[..100]));
    assert_eq!(host.status()["queued"], json!(0));
}
