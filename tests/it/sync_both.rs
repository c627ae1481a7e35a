//! `gosync sync` does what `sync users` and `sync groups` do one after the other, from one read.

use serde_json::{Value, json};

use crate::manifest::Tree;
use crate::scratch::{Ran, ScratchHost};

const MOVED: &str = "nothing has moved since all was read at";

fn host(document: &Value) -> ScratchHost {
    let host = ScratchHost::new(&Tree::base());
    host.write(
        "gosync.toml",
        "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n[limits]\nmax_removals = 1\nmax_removals_percent = 1\n\
         [departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n",
    );
    say(&host, document);
    host
}

fn say(host: &ScratchHost, document: &Value) {
    host.write("directory.json", &document.to_string());
}

fn sync(host: &ScratchHost) -> Ran {
    host.gosync(&["sync"])
}

fn person(n: usize) -> Value {
    json!({"id": format!("u-{n}"), "login": format!("user{n}"), "name": "A Person"})
}

fn group(n: usize, members: &[usize]) -> Value {
    let member = |n: &usize| json!({"user": format!("u-{n}")});
    let members: Vec<Value> = members.iter().map(member).collect();
    json!({"id": format!("g-{n}"), "name": format!("team{n}"), "members": members})
}

fn document(people: &[usize], groups: &[(usize, &[usize])]) -> Value {
    let people: Vec<Value> = people.iter().copied().map(person).collect();
    let groups: Vec<Value> = groups
        .iter()
        .map(|(n, members)| group(*n, members))
        .collect();
    json!({"users": people, "groups": groups})
}

/// What both have made of a host.
fn face(host: &ScratchHost) -> Vec<String> {
    let files = ["passwd", "shadow", "group", "gshadow"];
    files.map(|file| host.read(&format!("etc/{file}"))).to_vec()
}

/// The lines that say what is changed, or would be.
fn changes(out: &str) -> Vec<&str> {
    let lines = out
        .lines()
        .map(|line| line.trim_start_matches("gosync NOTICE: "));
    lines
        .filter(|line| line.starts_with(['+', '-', '~', '!', '>']))
        .collect()
}

#[test]
fn one_command_makes_the_host_that_two_make() {
    let mut renamed = document(&[1, 2, 3, 5], &[(1, &[1, 2, 5]), (3, &[3])]);
    renamed["users"][0]["login"] = "other".into();
    renamed["users"][1]["active"] = false.into();
    let history = [
        document(&[1, 2, 3], &[(1, &[1, 2]), (2, &[3])]),
        document(&[1, 2, 3, 4], &[(1, &[2, 4]), (2, &[]), (3, &[1, 9])]),
        renamed,
        document(&[1, 2, 3, 4, 5], &[]),
    ];
    let (one, two) = (host(&history[0]), host(&history[0]));
    for said in &history {
        say(&one, said);
        say(&two, said);
        let dry = one.gosync(&["sync", "-n"]);
        let ran = sync(&one);
        assert_eq!(changes(&dry.out), changes(&ran.out), "{dry:?} {ran:?}");
        let users = two.gosync(&["sync", "users"]);
        let groups = two.gosync(&["sync", "groups"]);
        assert_eq!(face(&one), face(&two), "{said}");
        let worst = [users.code, groups.code].into_iter().max().flatten();
        assert_eq!(ran.code, worst, "{ran:?} {users:?} {groups:?}");
        assert_eq!(ran.out, format!("{}{}", users.out, groups.out));
        assert_eq!(ran.err, format!("{}{}", users.err, groups.err));
    }
}

#[test]
fn the_next_run_reads_nobody_and_each_sync_has_its_note() {
    let mut host = host(&document(&[1], &[(1, &[1])]));
    host.leaves_stamps = true;
    sync(&host).expect(0);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let idle = sync(&host).expect(0);
    assert!(!idle.out.contains(MOVED), "{idle:?}");
    let saved = sync(&host).expect(0);
    assert_eq!(saved.out.matches(MOVED).count(), 2, "{saved:?}");
    // What one command knows, the others know, too.
    for what in ["users", "groups"] {
        let saved = host.gosync(&["sync", what]).expect(0);
        assert!(saved.out.contains(MOVED), "{saved:?}");
    }
    let full = host.gosync(&["sync", "--full"]).expect(0);
    assert!(!full.out.contains(MOVED), "{full:?}");
    let status = host.gosync(&["status"]);
    for what in ["sync users", "sync groups"] {
        assert!(status.out.contains(what), "{status:?}");
    }
    // The document is among what the sync of groups was made from, though that of people has read it.
    say(&host, &document(&[1], &[(1, &[])]));
    let moved = sync(&host).expect(0);
    assert!(
        moved.out.contains("team1") && !moved.out.contains(MOVED),
        "{moved:?}"
    );
}

/// What gosync.service and cron run: groups must not wait for people who cannot be had.
#[test]
fn people_of_whom_none_can_be_used_do_not_hold_groups_up() {
    for what in [&["sync"][..], &["sync", "--new"]] {
        let host = host(&document(&[1], &[(1, &[1])]));
        sync(&host).expect(0);
        let mut said = document(&[1], &[(1, &[1]), (2, &[])]);
        said["users"][0]["odd"] = 1.into();
        say(&host, &said);
        let ran = host.gosync(what).expect(12);
        assert!(host.read("etc/group").contains("team2"), "{ran:?}");
    }
}

#[test]
fn new_people_and_all_groups_come_by_one_command() {
    let host = host(&document(&[1, 2], &[(1, &[1])]));
    sync(&host).expect(0);
    let mut said = document(&[1, 2, 3], &[(1, &[2, 3])]);
    said["users"][0]["active"] = false.into();
    say(&host, &said);
    let locked = |host: &ScratchHost| host.read("etc/shadow").contains("user1:!");
    let before = locked(&host);
    let ran = host.gosync(&["sync", "--new"]).expect(0);
    assert!(host.read("etc/passwd").contains("user3"), "{ran:?}");
    assert!(host.read("etc/group").contains("user2,user3"), "{ran:?}");
    assert_eq!(locked(&host), before, "known ones are not looked at");
    assert!(
        !changes(&ran.out)
            .iter()
            .any(|line| line.contains("user1 ") && line.contains("lock"))
    );
    let all = sync(&host).expect(0);
    assert!(
        changes(&all.out).iter().any(|line| line.contains("user1")),
        "{all:?}"
    );
}

#[test]
fn a_limit_for_accounts_does_not_hold_groups_up() {
    let host = host(&document(&[1, 2, 3, 4, 5], &[(1, &[1])]));
    sync(&host).expect(0);
    say(&host, &document(&[1], &[(1, &[]), (2, &[1])]));
    let ran = sync(&host).expect(10);
    assert!(host.read("etc/group").contains("team2"), "{ran:?}");
    assert!(host.read("etc/passwd").contains("user5"), "{ran:?}");
}

#[test]
fn what_breaks_both_off_is_said_once_and_noted_twice() {
    let host = host(&document(&[1], &[]));
    host.write("directory.json", "{");
    let ran = sync(&host).expect(12);
    assert_eq!(ran.err.matches("gosync ERROR").count(), 1, "{ran:?}");
    let notes: Value = serde_json::from_str(&host.read("var/lib/gosync/last-runs.json")).unwrap();
    for what in ["sync users", "sync groups"] {
        assert_eq!(notes["runs"][what]["code"], 12, "{notes}");
    }
}

#[test]
fn a_dry_run_of_both_writes_nothing_and_has_a_plan_for_each() {
    let host = host(&document(&[1], &[(1, &[1])]));
    let before = face(&host);
    let ran = host.gosync(&["sync", "-n", "--exit-code"]).expect(4);
    assert!(
        ran.out.contains("user1") && ran.out.contains("team1"),
        "{ran:?}"
    );
    assert_eq!(face(&host), before);
    let json = host.gosync(&["sync", "-n", "--format", "json"]).expect(0);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let names = |run: usize| document["runs"][run]["changes"][0]["name"].clone();
    assert_eq!((names(0), names(1)), ("user1".into(), "team1".into()));
    assert_eq!(face(&host), before);
}
