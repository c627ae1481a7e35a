//! What becomes of hooks that fail: they are told of, kept, held back, made up for, and given up.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use serde_json::json;

use super::{ALL_OF_TWO, doctor, host, told, two};
use crate::hook_host::{HookHost, RECORD};
use crate::picture::differences;
use crate::small_host::{document, group};

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
    let text = host.tree.gosync(&["status"]).out;
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
    let text = host.tree.gosync(&["status"]).out;
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
        ran.out.contains("hooks: 2 done") && ran.err.contains("the plan exceeds limits"),
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
    assert_eq!(told(&relaxed), ALL_OF_TWO);
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
