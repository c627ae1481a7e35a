//! How many hooks run at a time, for how long, where, and while which locks are held.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::{host, told, two};
use crate::hook_host::RECORD;
use crate::small_host::{document, person};

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
