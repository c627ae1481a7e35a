//! Hooks, run by the program: what they are told, in which order, and what becomes of those that fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::hook_host::{HookHost, RECORD, set_mode};
use crate::picture::differences;
use crate::scratch::{GOSYNC, Ran};
use crate::small_host::{Database, document, group, person};
use crate::web::{Asked, Reply, Web};

fn two() -> Vec<Value> {
    vec![
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
    ]
}

/// A host with people to come.
fn host(keys: &str) -> HookHost {
    let host = HookHost::new(Database::Etc);
    host.configure(keys);
    host.tree.provide(&document(
        &two(),
        &[group("g-1", "physics", &["u-1", "u-2"])],
    ));
    host
}

/// Name of the hook, event, account, group and arguments of each call.
fn told(host: &HookHost) -> Vec<String> {
    let calls = host.calls().into_iter();
    calls
        .map(|c| {
            [c.hook, c.event, c.user, c.group, c.args]
                .join(" ")
                .trim_end()
                .to_owned()
        })
        .collect()
}

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
    let all = [
        "user-pre",
        "10-a created alice",
        "20-b created alice",
        "10-a created bob",
        "20-b created bob",
        "user-post",
    ];
    assert_eq!(told(&host), all);
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
        "email": "alice@example.org", "ssh_keys": ["ssh-ed25519 AAAA alice"],
    });
    let key = found["key"].take();
    assert!(key.as_str().unwrap().starts_with("1-"), "{key}");
    let wanted = json!({
        "key": null, "provider": "sample", "command": "sync users", "at": null, "name": "alice", "known": false,
        "kind": "user", "event": "created", "id": "u-1", "account": account, "changes": null,
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
fn a_failure_is_told_kept_and_made_up_for_with_the_same_key() {
    let host = host("jobs = 1");
    host.hook("user/10-a", RECORD);
    host.hook(
        "user/20-b",
        &format!(
            "{RECORD}[ \"$PW_NAME\" = bob ] || [ -e $DIR/mended ] || {{ echo no disk; exit 4; }}\n"
        ),
    );
    host.hook("user/30-c", RECORD);
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(
        ran.err.contains("hook for alice (key 1-")
            && ran.err.contains("exit code 4: no disk; tried"),
        "{ran:?}"
    );
    let first = host.calls();
    let names: Vec<String> = first
        .iter()
        .map(|c| format!("{} {}", c.hook, c.user))
        .collect();
    assert_eq!(
        names,
        [
            "10-a alice",
            "20-b alice",
            "10-a bob",
            "20-b bob",
            "30-c bob"
        ]
    );
    let status = host.status();
    assert_eq!(
        (&status["queued"], &status["due"], &status["given_up"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert_eq!(
        (
            &status["failing"][0]["name"],
            &status["failing"][0]["attempts"]
        ),
        (&json!("alice"), &json!(1))
    );
    assert!(
        status["failing"][0]["error"]
            .as_str()
            .unwrap()
            .ends_with("20-b: exit code 4: no disk"),
        "{status}"
    );
    let text = host.tree.gosync(&["status"]).expect(0).out;
    assert!(
        text.contains("1 queued, 0 of them due") && text.contains("no disk"),
        "{text}"
    );
    host.run(&["sync", "users"]).expect(0);
    assert!(host.calls().is_empty(), "not before its time");
    host.run(&["sync", "users", "--retry-hooks", "--strict"])
        .expect(3);
    fs::write(host.path("mended"), "").unwrap();
    host.take();
    host.run(&["sync", "users", "--retry-hooks", "--strict"])
        .expect(0);
    let last = host.calls();
    let names: Vec<String> = last
        .iter()
        .map(|c| format!("{} {} {}", c.hook, c.user, c.event))
        .collect();
    assert_eq!(
        names,
        ["20-b alice created", "30-c alice created"],
        "what ended well does not run again"
    );
    assert_eq!(last[0].key, first[0].key);
    assert_eq!(
        host.status(),
        json!({"queued": 0, "due": 0, "given_up": 0, "failing": []})
    );
}

#[test]
fn after_so_many_failures_it_is_given_up_and_can_be_revived() {
    let host = host("attempts = 2\nretry_after = \"0s\"");
    host.hook("user/x", &format!("{RECORD}[ -e $DIR/mended ]\n"));
    let ran = host.run(&["sync", "users", "--strict"]).expect(3);
    assert!(ran.err.contains("hooks failed for 2 changes"), "{ran:?}");
    // The next attempt is due in a second; nothing else tells when that is over.
    while host.status()["given_up"] != json!(2) {
        host.run(&["sync", "users"]).expect(0);
    }
    let text = host.tree.gosync(&["status"]).expect(0).out;
    let way_out =
        "0 queued, 0 of them due; 2 given up: `gosync sync users --retry-hooks` tries them again";
    assert!(
        text.contains(way_out) && text.contains(": failed 2 times, given up: "),
        "{text}"
    );
    let told = doctor(&host, "hooks that were given up: 2 (alice, bob)");
    assert!(
        told[0]["fix"]
            .as_str()
            .unwrap()
            .ends_with("then gosync sync users --retry-hooks"),
        "{told:?}"
    );
    host.take();
    host.run(&["sync", "users"]).expect(0);
    assert!(host.calls().is_empty());
    fs::write(host.path("mended"), "").unwrap();
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(
        (host.calls().len(), host.status()["given_up"].clone()),
        (2, json!(0))
    );
}

#[test]
fn a_run_that_cannot_go_on_works_on_the_queue_all_the_same() {
    let host = host("jobs = 1");
    host.hook("user/x", &format!("{RECORD}[ -e $DIR/mended ]\n"));
    host.run(&["sync", "users"]).expect(0);
    host.take();
    // Nothing is due, or asked for; and a dry run, or one without hooks, does nothing ever.
    let document = fs::read_to_string(host.tree.dir().join("directory.json")).unwrap();
    fs::remove_file(host.tree.dir().join("directory.json")).unwrap();
    let before = host.tree.picture();
    host.run(&["sync", "users"]).expect(12);
    host.run(&["sync", "users", "--dry-run"]).expect(12);
    host.tree
        .gosync(&["sync", "users", "--retry-hooks"])
        .expect(12);
    assert_eq!(
        (host.take(), differences(&host.tree.picture(), &before)),
        (String::new(), vec![])
    );
    // The provider is not there; then a limit refuses the plan.
    let ran = host
        .run(&["sync", "groups", "--retry-hooks", "--strict"])
        .expect(12);
    assert_eq!(told(&host), ["x created alice", "x created bob"]);
    assert!(
        ran.err.contains("hook for alice") && ran.err.contains("gosync ERROR: cannot reach"),
        "{ran:?}"
    );
    fs::write(
        host.tree.dir().join("directory.json"),
        document.replace("true", "false"),
    )
    .unwrap();
    assert_eq!(
        host.status()["failing"][0]["attempts"],
        json!(1),
        "--retry-hooks counts anew"
    );
    fs::write(host.path("mended"), "").unwrap();
    let config = fs::read_to_string(host.tree.config()).unwrap();
    fs::write(
        host.tree.config(),
        format!("{config}[limits]\nmax_removals = 0\n"),
    )
    .unwrap();
    let ran = host.run(&["sync", "users", "--retry-hooks"]).expect(10);
    assert!(
        ran.out.contains("hooks: 2 done") && ran.err.contains("limits refuse the plan"),
        "{ran:?}"
    );
    assert_eq!(
        (told(&host).len(), host.status()["queued"].clone()),
        (2, json!(0))
    );
}

#[test]
fn exit_code_75_is_no_failure() {
    let host = host("attempts = 1");
    host.hook("user/x", "exit 75\n");
    let ran = host.run(&["sync", "users", "--strict"]).expect(0);
    assert!(
        ran.out.contains("2 later") && ran.err.contains("asks to be called later"),
        "{ran:?}"
    );
    let status = host.status();
    assert_eq!(
        (&status["queued"], &status["given_up"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(status["failing"][0]["attempts"], json!(0));
}

#[test]
fn what_a_failure_holds_back_is_configured() {
    let record =
        |host: &HookHost| ["around/user-post", "user/20-b"].map(|name| host.hook(name, RECORD));
    let fail = format!("{RECORD}exit 1\n");
    // The hook of before fails.
    let before = host("jobs = 1");
    record(&before);
    before.hook("around/user-pre", &fail);
    before.run(&["sync", "users"]).expect(0);
    assert_eq!(told(&before), ["user-pre"]);
    assert_eq!(
        before.status()["queued"],
        json!(3),
        "the accounts, and what is around them"
    );
    before.hook("around/user-pre", RECORD);
    before.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(
        told(&before),
        [
            "user-pre",
            "20-b created alice",
            "20-b created bob",
            "user-post"
        ]
    );
    let relaxed = host("jobs = 1\nstop = []");
    record(&relaxed);
    relaxed.hook("around/user-pre", &fail);
    relaxed.hook("user/10-a", &fail);
    relaxed.run(&["sync", "users"]).expect(0);
    let all = [
        "user-pre",
        "10-a created alice",
        "20-b created alice",
        "10-a created bob",
        "20-b created bob",
        "user-post",
    ];
    assert_eq!(told(&relaxed), all);
    let strict = host("jobs = 1\nstop = [\"hook\", \"all\"]");
    record(&strict);
    strict.hook("user/10-a", &fail);
    strict.run(&["sync", "users"]).expect(0);
    assert_eq!(told(&strict), ["10-a created alice"]);
    assert_eq!(
        strict.status()["due"],
        json!(2),
        "what was not begun is due: bob, and what is around"
    );
}

#[test]
fn what_is_held_back_has_not_failed_itself() {
    let host = host("attempts = 2\nretry_after = \"0s\"\njobs = 1");
    let until = |name: &str| format!("{RECORD}[ -e $DIR/{name} ]\n");
    host.hook("around/user-pre", &until("pre"));
    host.hook("user/x", &until("run"));
    let ran = host.run(&["sync", "users", "--strict"]).expect(3);
    assert!(
        ran.err.contains("hooks failed for 1 change"),
        "one hook failed: {ran:?}"
    );
    assert!(
        ran.out.contains("hooks: 0 done, 1 failed, 3 waiting"),
        "{ran:?}"
    );
    let attempts = |host: &HookHost| {
        let failing = host.status()["failing"].as_array().unwrap().clone();
        failing
            .iter()
            .map(|hook| (hook["name"].to_string(), hook["attempts"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let names = |alice, bob| vec![("\"alice\"".to_owned(), alice), ("\"bob\"".to_owned(), bob)];
    let held = attempts(&host);
    assert!(
        names(0, 0).iter().all(|name| held.contains(name))
            && held.contains(&("\"\"".to_owned(), 1)),
        "{held:?}"
    );
    fs::write(host.path("pre"), "").unwrap();
    host.take();
    while host.calls().is_empty() {
        host.run(&["sync", "users"]).expect(0);
    }
    assert_eq!(
        (attempts(&host), host.status()["given_up"].clone()),
        (names(1, 1), json!(0)),
        "the first of their own"
    );
    // What fails before all others so often is given up with what it holds back, and comes back with it.
    fs::remove_file(host.path("pre")).unwrap();
    while host.status()["given_up"] != json!(3) {
        host.run(&["sync", "users"]).expect(0);
    }
    assert!(
        names(1, 1)
            .iter()
            .all(|name| attempts(&host).contains(name))
    );
    host.take();
    let quiet = host.run(&["sync", "users"]).expect(0);
    assert_eq!(
        (host.take(), quiet.out.contains("hooks:")),
        (String::new(), false),
        "{quiet:?}"
    );
    fs::write(host.path("pre"), "").unwrap();
    fs::write(host.path("run"), "").unwrap();
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(
        (host.calls().len(), host.status()["queued"].clone()),
        (3, json!(0))
    );
}

#[test]
fn a_run_says_nothing_of_hooks_that_had_nothing_to_do() {
    let host = host("retry_after = \"1h\"");
    host.hook("user/x", "exit 1\n");
    host.run(&["sync", "users"]).expect(0);
    let mut people = two();
    for (n, name) in ["Alice L", "Alice P"].iter().enumerate() {
        // Another event of somebody of whom one waits already.
        people[0]["name"] = (*name).into();
        host.tree
            .provide(&document(&people, &[group("g-1", "physics", &["u-1"])]));
        let ran = host.run(&["sync", "users"]).expect(0);
        assert!(!ran.out.contains("hooks:"), "{n}: {ran:?}");
    }
    let before = host.tree.picture();
    fs::remove_file(host.tree.dir().join("directory.json")).unwrap();
    host.run(&["sync", "users"]).expect(12);
    assert_eq!(
        differences(&host.tree.picture(), &before),
        [""; 0],
        "nothing is due"
    );
    let ran = host
        .tree
        .gosync(&["sync", "groups", "--retry-hooks"])
        .expect(12);
    assert!(
        ran.err.contains(
            "--retry-hooks did nothing: hooks do not run under --root without --root-hooks"
        ),
        "{ran:?}"
    );
}

/// The problems with hooks, and what else the doctor says of them, that have these words.
fn doctor(host: &HookHost, words: &str) -> Vec<Value> {
    let ran = host.tree.gosync(&["doctor", "--format", "json"]);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let of_hooks = said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["area"] == "hooks");
    of_hooks
        .filter(|found| found["what"].as_str().unwrap().contains(words))
        .cloned()
        .collect()
}

#[test]
fn a_hook_that_others_may_write_does_not_run_until_that_is_mended() {
    let host = host("");
    host.hook("user/x", RECORD);
    for (what, bad, good) in [
        ("hooks/user/x", 0o775, 0o755),
        ("hooks/user", 0o777, 0o755),
        ("hooks", 0o775, 0o755),
    ] {
        set_mode(&host.path(what), bad);
        let ran = host.run(&["sync", "users", "--retry-hooks"]).expect(0);
        assert!(
            ran.err.contains("others may write") && ran.err.contains("chmod go-w"),
            "{what}: {ran:?}"
        );
        assert_eq!(host.take(), "", "{what}");
        // The doctor says the same, and what it says mends it.
        let reason = ran
            .err
            .split_once("hooks/user/x: ")
            .unwrap()
            .1
            .split_once("; `chmod")
            .unwrap()
            .0;
        let told = doctor(&host, "cannot trust it");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0]["what"].as_str().unwrap().contains(reason),
            "{reason}: {told:?}"
        );
        assert_eq!(
            told[0]["fix"],
            format!("chmod go-w {}", host.path(what).display())
        );
        set_mode(&host.path(what), good);
        assert_eq!(doctor(&host, "cannot trust it"), [Value::Null; 0]);
    }
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(host.calls().len(), 2);
}

#[test]
fn a_link_into_a_folder_of_somebody_else_is_not_followed() {
    let host = host("");
    host.hook("around/good", RECORD);
    let (theirs, hook) = (host.path("theirs"), host.path("hooks/user/x"));
    fs::create_dir(&theirs).unwrap();
    set_mode(&theirs, 0o755);
    std::os::unix::fs::symlink("../hooks/around/good", theirs.join("link")).unwrap();
    std::os::unix::fs::symlink(theirs.join("link"), &hook).unwrap();
    std::os::unix::fs::chown(&theirs, Some(4_242), None).unwrap();
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(ran.err.contains("belongs to the uid 4242"), "{ran:?}");
    // They swap the link for another one, owned by them; and the folder is root's by now.
    std::os::unix::fs::chown(&theirs, Some(0), None).unwrap();
    std::os::unix::fs::lchown(theirs.join("link"), Some(4_242), None).unwrap();
    let ran = host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert!(ran.err.contains("belongs to the uid 4242"), "{ran:?}");
    assert_eq!(host.take(), "");
    std::os::unix::fs::lchown(theirs.join("link"), Some(0), None).unwrap();
    host.run(&["sync", "users", "--retry-hooks"]).expect(0);
    assert_eq!(host.calls().len(), 2);
}

#[test]
fn a_hook_that_is_named_and_missing_is_a_failure() {
    let host = host("");
    let dir = host.path("hooks").display().to_string();
    host.tree
        .configure(&format!("[hooks.user]\nrun = [\"{dir}/none\"]\n"));
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(
        ran.err.contains("none: cannot trust") && ran.err.contains("No such file"),
        "{ran:?}"
    );
    assert_eq!(host.status()["queued"], json!(2));
}

#[test]
fn a_hook_that_hangs_is_killed_with_its_children() {
    let host = host("time_limit = \"1s\"");
    host.hook(
        "user/x",
        "(sleep 1000 & echo $! >> $LOG; wait) & sleep 1000 & echo $! >> $LOG; wait\n",
    );
    let ran = host.run(&["sync", "users"]).expect(0);
    assert!(ran.err.contains("did not end within 1 s"), "{ran:?}");
    let pids = host.take();
    assert_eq!(pids.lines().count(), 4, "{pids}");
    for pid in pids.lines() {
        let stat = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let lives = || {
            stat()
                .rsplit(") ")
                .next()
                .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
        };
        for _ in 0..6_000 {
            if !lives() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(!lives(), "{pid} is still there");
    }
}

#[test]
fn what_a_hook_says_is_cut_and_never_printed_raw() {
    let host = host("output_limit = \"2KiB\"");
    host.hook("user/x", "head -c 5000000 /dev/zero | tr '\\0' '\\033'; echo; printf 'root::0:0\\033[2J\\n'; exit 1\n");
    let ran = Ran::from(
        host.tree
            .command(&["-vvv", "sync", "users", "--root-hooks"])
            .output()
            .unwrap(),
    )
    .expect(0);
    assert!(
        ran.err.contains("exit code 1") && !ran.err.contains("root::0:0"),
        "{}",
        ran.err.len()
    );
    assert!(
        !ran.err.contains('\u{1b}') && ran.err.len() < 40_000,
        "{} bytes",
        ran.err.len()
    );
    let ledger = fs::read(host.tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    let raw = |window: &[u8]| window == b"\x1b[2J" || window == b"\x1b\x1b\x1b\x1b";
    assert!(
        !ledger.windows(4).any(raw),
        "an escape sequence in the ledger"
    );
}

#[test]
fn hundreds_run_at_the_same_time() {
    let host = host("jobs = 200\ntime_limit = \"300s\"");
    let people: Vec<Value> = (0..300)
        .map(|n| person(&format!("u-{n}"), &format!("user{n}"), "U", true))
        .collect();
    host.tree.provide(&document(&people, &[]));
    // The first ones end only when a hundred are there.
    let wait = "while [ $(wc -l < $LOG) -lt 100 ]; do sleep 0.2; done\n";
    host.hook("user/x", &format!("{RECORD}{wait}"));
    host.run(&["sync", "users"]).expect(0);
    let calls = host.calls();
    let keys: BTreeSet<&String> = calls.iter().map(|call| &call.key).collect();
    let users: BTreeSet<&String> = calls.iter().map(|call| &call.user).collect();
    assert_eq!((calls.len(), keys.len(), users.len()), (300, 300, 300));
    assert_eq!(host.status()["queued"], json!(0));
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

#[test]
fn nothing_runs_or_waits_on_another_tree_unless_asked_nor_in_a_dry_run() {
    let host = host("");
    host.hook("user/x", RECORD);
    host.tree.gosync(&["sync", "users"]).expect(0);
    assert_eq!(
        (host.take(), host.status()["queued"].clone()),
        (String::new(), json!(0))
    );
    host.tree.provide(&document(
        &[two(), vec![person("u-3", "carol", "Carol", true)]].concat(),
        &[],
    ));
    let before = host.tree.picture();
    host.run(&["sync", "users", "--dry-run"]).expect(0);
    assert!(host.tree.picture() == before && host.take().is_empty());
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(told(&host), ["x created carol"]);
}

#[test]
fn the_password_lock_is_free_while_they_run_and_the_run_lock_is_not() {
    let host = host("jobs = 1");
    let lock = "grep -q \":$(stat -c %i $DIR/root/$1) \" /proc/locks && echo $1 >> $LOG\n";
    host.hook(
        "user/x",
        &format!("set -- run/gosync/lock\n{lock}set -- etc/.pwd.lock\n{lock}[ -e $DIR/root/$1 ]\n"),
    );
    host.run(&["sync", "users", "--strict"]).expect(0);
    assert_eq!(host.take(), "run/gosync/lock\nrun/gosync/lock\n");
}

#[test]
fn the_time_of_a_run_ends_and_the_next_one_goes_on() {
    let host = host("run_limit = \"0s\"");
    host.hook("user/x", RECORD);
    let ran = host.run(&["sync", "users", "--strict"]).expect(0);
    assert!(ran.out.contains("hooks: 0 done, 3 waiting"), "{ran:?}");
    assert!(host.calls().is_empty());
    assert_eq!(host.status()["due"], json!(3));
    host.configure("");
    host.run(&["sync", "users"]).expect(0);
    assert_eq!(
        (host.calls().len(), host.status()["queued"].clone()),
        (2, json!(0))
    );
}

/// A SCIM server with one person.
fn scim(asked: &Asked) -> Reply {
    let users = json!({"totalResults": 1, "Resources": [{"id": "u-1", "userName": "alice"}]});
    match asked.path() {
        "/v2/Users" => Reply::json(200, &users),
        "/v2/ServiceProviderConfig" => Reply::json(200, &json!({})),
        _ => Reply::json(404, &json!({"detail": "not here", "status": "404"})),
    }
}

#[test]
fn it_sees_no_secret_and_nothing_that_was_open() {
    let host = HookHost::new(Database::Etc);
    let web = Web::start(scim);
    let canary = "canary-hook-7f31";
    fs::write(host.path("token"), format!("{canary}-token\n")).unwrap();
    set_mode(&host.path("token"), 0o600);
    fs::write(host.path("open"), format!("{canary}-open\n")).unwrap();
    let hooks = host.path("hooks/user").display().to_string();
    let config = format!(
        "[provider.cloud]\nkind = \"scim\"\nurl = \"{}\"\ntoken_file = \"token\"\n[hooks.user]\nrun = [\"{hooks}/*\"]\n\
         pre = [\"{hooks}/*\"]\n",
        web.url("/v2")
    );
    fs::write(host.tree.config(), config).unwrap();
    // Its environment, arguments and input; which files are open, and what can be read from them.
    let look = "{ cat; env; tr '\\0' ' ' < /proc/$$/cmdline; ls -l /proc/$$/fd /proc/self/fd; cat /proc/$$/fd/[3-9]* \
                /proc/$$/fd/1[1-9]*; umask; pwd; } 2>&1 | tee -a $LOG; exit 1\n";
    host.hook("user/x", look);
    let output = Command::new("sh")
        .args(["-c", "exec 7<\"$0/open\" 8>>\"$0/open\"; exec \"$@\""])
        .arg(host.tree.dir())
        .arg(GOSYNC)
        .args(
            host.tree
                .arguments(&["-vvv", "sync", "users", "--root-hooks"]),
        )
        .env("SECRET", format!("{canary}-variable"))
        .env("LD_PRELOAD", "")
        .stdin(Stdio::null())
        .output();
    let ran = Ran::from(output.unwrap()).expect(0);
    assert!(
        web.count() > 0 && ran.err.contains("exit code 1"),
        "{ran:?}"
    );
    let seen = host.take();
    assert!(
        seen.contains("GOSYNC_KEY=")
            && seen.contains("/proc/self/fd:")
            && seen.contains("\n0077\n/\n"),
        "{seen}"
    );
    assert!(
        !seen.contains("canary") && !seen.contains("/open") && !seen.contains("LD_PRELOAD"),
        "{seen}"
    );
    assert!(
        !seen.contains("ledger.sqlite") && !seen.contains("gosync/lock"),
        "{seen}"
    );
    assert!(!format!("{}{}", ran.out, ran.err).contains("canary"));
    let mut names: BTreeSet<&str> = seen
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    names.retain(|name| {
        name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            && !["PWD", "_", "OLDPWD"].contains(name)
    });
    let wanted = [
        "EMAIL",
        "GOSYNC_EVENT",
        "GOSYNC_KEY",
        "GOSYNC_KIND",
        "GOSYNC_ROOT",
        "LC_ALL",
        "PATH",
        "POSIX_ETC_PASSWD",
        "PW_DIR",
        "PW_GECOS",
        "PW_GID",
        "PW_NAME",
        "PW_PASSWD",
        "PW_SHELL",
        "PW_UID",
        "SSH_KEYS",
    ];
    let around = ["GOSYNC_KEY", "GOSYNC_KIND", "GOSYNC_ROOT", "LC_ALL", "PATH"];
    assert!(
        names.iter().eq(&wanted) || names.iter().eq(&around),
        "{names:?}"
    );
}

/// Runs the hook for welcome mails with a sendmail that writes down what it is given.
fn welcome(host: &HookHost, more: &[(&str, &str)]) -> (i32, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks/welcome");
    welcome_by(&script, host, more)
}

fn welcome_by(script: &Path, host: &HookHost, more: &[(&str, &str)]) -> (i32, String) {
    let bin = host.path("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        let log = host.path("log").display().to_string();
        fs::write(
            bin.join("sendmail"),
            format!("#!/bin/sh\n{{ echo \"$@\"; cat; }} >> {log}\n"),
        )
        .unwrap();
        set_mode(&bin.join("sendmail"), 0o755);
    }
    let env = [
        ("GOSYNC_KIND", "user"),
        ("GOSYNC_EVENT", "created"),
        ("GOSYNC_KEY", "3-4"),
        ("PW_NAME", "alice"),
        ("PW_GECOS", "Alice & \\1 @LOGIN@"),
        ("PW_DIR", "/home/alice"),
        ("PW_SHELL", "/bin/sh"),
        ("EMAIL", "alice@example.org"),
    ];
    let mut command = Command::new(script);
    command
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .stdin(Stdio::null());
    let output = command
        .envs(env)
        .envs(more.iter().copied())
        .output()
        .unwrap();
    (output.status.code().unwrap(), host.take())
}

#[test]
fn the_welcome_mail_goes_to_new_people_with_a_plain_address_alone() {
    let host = HookHost::new(Database::Etc);
    let (code, mail) = welcome(&host, &[]);
    assert_eq!(code, 0);
    let (head, body) = mail.split_once("\n\n").unwrap();
    let head: Vec<&str> = head.lines().collect();
    assert_eq!(
        head[..2],
        ["-oi -- alice@example.org", "To: alice@example.org"]
    );
    assert!(
        head.contains(&"Subject: Your account is ready")
            && head[2].starts_with("Message-ID: <gosync-3-4@")
    );
    assert!(
        body.starts_with("Hello Alice & \\1 @LOGIN@,\n") && body.contains("Your login is alice,"),
        "{body}"
    );
    for (name, value) in [
        ("EMAIL", ""),
        ("EMAIL", "alice"),
        ("EMAIL", "-oQ/tmp@example.org"),
        ("EMAIL", "a@example.org\nBcc: b@example.org"),
        ("EMAIL", "a@example.org,b@example.org"),
        ("EMAIL", "a b@example.org"),
        ("EMAIL", "a@b@example.org"),
        ("GOSYNC_EVENT", "updated"),
        ("GOSYNC_KIND", "bygroup"),
    ] {
        assert_eq!(
            welcome(&host, &[(name, value)]),
            (0, String::new()),
            "{name}={value}"
        );
    }
    for value in [
        "Eve\nBcc: eve@example.org",
        "Eve\r\n.\r\nQUIT\r\n",
        "\u{1b}[2J",
    ] {
        let (code, mail) = welcome(
            &host,
            &[
                ("PW_GECOS", value),
                ("GOSYNC_KEY", "1\nBcc: eve@example.org"),
            ],
        );
        assert_eq!(code, 0);
        assert!(
            !mail.lines().any(|l| l.starts_with("Bcc") || l == ".") && !mail.contains('\r'),
            "{mail}"
        );
        assert!(!mail.contains('\u{1b}'));
    }
    fs::write(host.path("bin/sendmail"), "#!/bin/sh\nexit 1\n").unwrap();
    assert_eq!(welcome(&host, &[]).0, 75);
}

#[test]
fn a_welcome_text_that_others_may_write_is_not_sent() {
    let host = HookHost::new(Database::Etc);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks");
    let dir = host.path("copy");
    fs::create_dir(&dir).unwrap();
    for name in ["welcome", "welcome.txt"] {
        fs::copy(shared.join(name), dir.join(name)).unwrap();
    }
    let text = dir.join("welcome.txt");
    for (mode, uid, sent) in [
        (0o644, 0, true),
        (0o664, 0, false),
        (0o646, 0, false),
        (0o644, 1001, false),
    ] {
        set_mode(&text, mode);
        std::os::unix::fs::chown(&text, Some(uid), None).unwrap();
        let (code, mail) = welcome_by(&dir.join("welcome"), &host, &[]);
        assert_eq!(
            (code, !mail.is_empty()),
            (i32::from(!sent), sent),
            "{mode:o} {uid}"
        );
    }
}

#[test]
fn the_welcome_mail_is_sent_by_a_run() {
    let host = host("");
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/hooks");
    for name in ["welcome", "welcome.txt"] {
        fs::copy(hook.join(name), host.path("hooks").join(name)).unwrap();
    }
    let named = host.path("hooks/welcome").display().to_string();
    host.tree
        .configure(&format!("[hooks.user]\nrun = [\"{named}\"]\n"));
    let mut people = two();
    people[0]["email"] = "alice@example.org".into();
    host.tree.provide(&document(&people, &[]));
    fs::create_dir(host.path("sbin")).unwrap();
    let log = host.path("log").display().to_string();
    fs::write(
        host.path("sbin/sendmail"),
        format!("#!/bin/sh\n{{ echo \"$@\"; cat; }} >> {log}\n"),
    )
    .unwrap();
    set_mode(&host.path("sbin/sendmail"), 0o755);
    let script =
        "set -e; mount --bind $ROOT/../sbin /usr/sbin; $GOSYNC sync users --root-hooks --strict";
    Ran::from(
        crate::namespace::with_own_mounts(&host.tree, script)
            .output()
            .unwrap(),
    )
    .expect(0);
    let mails = host.take();
    assert_eq!(mails.matches("\nTo: ").count(), 1, "{mails}");
    assert!(
        mails.starts_with("-oi -- alice@example.org\n") && mails.contains("\nHello Alice,\n"),
        "{mails}"
    );
}
