//! Which targets a command brings in step, and what a dry run says of those that are made of what the host has.

use std::fs;

use serde_json::{Value, json};

use crate::derived::{FLEET, GRIDMAP, host, manifest, say, sync};
use crate::schema;
use crate::scratch::ScratchHost;

const BOTH: &str = "\"gridmap\", \"fleet\"";

fn both() -> ScratchHost {
    host(BOTH, &format!("{GRIDMAP}{FLEET}"))
}

fn gridmap(host: &ScratchHost) -> usize {
    host.read("etc/grid-mapfile").lines().count()
}

/// What a program is told.
fn document(host: &ScratchHost, line: &str, code: i32) -> Value {
    let line = format!("{line} --format json");
    let words: Vec<&str> = line.split_whitespace().collect();
    schema::parse(&host.gosync(&words).expect(code).out)
}

/// What a program is told of each target, by this key.
fn each(document: &Value, key: &str) -> Vec<(String, Value)> {
    let targets = document["targets"].as_array().unwrap().iter();
    let of = |it: &Value| (it["target"].as_str().unwrap().to_owned(), it[key].clone());
    targets.map(of).collect()
}

fn settle(host: &ScratchHost) {
    std::thread::sleep(std::time::Duration::from_secs(3));
    sync(host, 0);
}

#[test]
fn derived_ones_alone_are_brought_without_provider_and_host() {
    let host = both();
    sync(&host, 0);
    let runs = host.read("var/lib/gosync/last-runs.json");
    let sequence = manifest(&host)["sequence"].clone();
    // Nobody could read this.
    host.write("directory.json", "{");
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    fs::write(host.root().join("srv/fleet/manifest.json"), "spoilt").unwrap();
    for (what, code) in [("sync", 0), ("sync users", 0), ("sync groups", 0)] {
        let line = format!("{what} --target gridmap");
        let words: Vec<&str> = line.split_whitespace().collect();
        host.gosync(&words).expect(code);
        assert_eq!(gridmap(&host), 2);
        fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    }
    assert_eq!(host.read("srv/fleet/manifest.json"), "spoilt");
    assert_eq!(host.read("var/lib/gosync/last-runs.json"), runs);
    let line = ["sync", "--target", "gridmap", "--target", "fleet"];
    let ran = host.gosync(&line).expect(0);
    assert!(!ran.out.contains("sync users"), "{ran:?}");
    assert_eq!(gridmap(&host), 2);
    assert!(manifest(&host)["sequence"].as_u64() >= sequence.as_u64());
    sync(&host, 12);
}

#[test]
fn the_host_alone_leaves_the_others_and_status_says_so_until_a_whole_run() {
    let mut host = both();
    host.leaves_stamps = true;
    sync(&host, 0);
    settle(&host);
    say(&host, &["ann", "bob", "cat"]);
    let line = ["sync", "--target", "host", "--target", "fleet"];
    let ran = host.gosync(&line).expect(0);
    assert!(!ran.out.contains("grid-mapfile"), "{ran:?}");
    assert!(host.read("etc/passwd").contains("\ncat:"));
    assert_eq!(manifest(&host)["users"], 3);
    assert_eq!(gridmap(&host), 2);
    let status = host.gosync(&["status"]);
    let lines: Vec<&str> = status
        .out
        .lines()
        .filter(|it| it.contains("target"))
        .collect();
    assert!(
        lines[1].contains("gridmap") && lines[1].contains("NOT IN STEP"),
        "{lines:?}"
    );
    assert!(lines[1].contains("left out by --target"), "{lines:?}");
    assert!(!lines[0].contains("NOT IN STEP"), "{lines:?}");
    // What was left out is not taken for done, though nothing has moved since.
    std::thread::sleep(std::time::Duration::from_secs(3));
    host.gosync(&["sync", "--target", "host"]).expect(0);
    host.gosync(&["sync", "--target", "fleet"]).expect(0);
    assert_eq!(gridmap(&host), 2);
    let ran = sync(&host, 0);
    assert!(ran.out.contains("grid-mapfile is written"), "{ran:?}");
    assert_eq!(gridmap(&host), 3);
    assert!(!host.gosync(&["status"]).out.contains("NOT IN STEP"));
}

#[test]
fn while_nothing_moves_leaving_one_out_leaves_it_in_step() {
    let mut host = both();
    host.leaves_stamps = true;
    sync(&host, 0);
    settle(&host);
    let document = document(&host, "sync --target host", 0);
    assert_eq!(
        each(&document, "outcome"),
        [
            ("gridmap".to_owned(), json!("left-out")),
            ("fleet".to_owned(), json!("left-out"))
        ]
    );
    assert!(!host.gosync(&["status"]).out.contains("NOT IN STEP"));
    // One that is named is looked at in any case.
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    host.gosync(&["sync", "--target", "gridmap"]).expect(0);
    assert_eq!(gridmap(&host), 2);
}

#[test]
fn what_cannot_be_meant_by_a_target_is_refused() {
    let host = both();
    let refused = |line: &str, code: i32, part: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ran = host.gosync(&words).expect(code);
        assert!(ran.err.contains(part), "{line}: {ran:?}");
        ran
    };
    let ran = refused("sync --target gridmpa", 2, "did you mean `gridmap`?");
    assert!(
        ran.err.contains("There are: host, gridmap, fleet"),
        "{ran:?}"
    );
    assert!(!host.root().join("etc/grid-mapfile").exists());
    refused("sync --target gridmap", 1, "no accounts on this host yet");
    assert!(!host.root().join("etc/grid-mapfile").exists());
    sync(&host, 0);
    for (line, part) in [
        (
            "sync users --only ann --target gridmap",
            "--only is for the host",
        ),
        ("sync groups team --target gridmap", "GROUP is for the host"),
        ("sync --new --target gridmap", "is for the host"),
        (
            "sync --new-ledger --target gridmap",
            "--new-ledger is for the host",
        ),
        (
            "plan -o p.json users --target host",
            "a plan in a file is for the host",
        ),
    ] {
        refused(line, 2, part);
    }
    // Nothing is made of a host that belongs to another ledger.
    let ledger = host.root().join("var/lib/gosync/ledger.sqlite");
    fs::remove_file(&ledger).unwrap();
    let before = host.read("etc/grid-mapfile");
    refused("sync --target gridmap", 1, "ledger");
    assert_eq!(host.read("etc/grid-mapfile"), before);
}

/// A dry run says of each target what the run does then, and writes nothing.
fn shows_what_is_done(host: &ScratchHost, line: &str, changes: usize) -> Vec<(String, Value)> {
    let state = || {
        let notes = fs::read(host.root().join("var/lib/gosync/targets.json")).ok();
        let map = fs::read(host.root().join("etc/grid-mapfile")).ok();
        let manifest = fs::read(host.root().join("srv/fleet/manifest.json")).ok();
        (notes, map, manifest)
    };
    let before = state();
    let pending = if changes > 0 { 4 } else { 0 };
    let dry = document(host, &format!("{line} -n --exit-code"), pending);
    assert_eq!(state(), before);
    let done = document(host, line, 0);
    assert_eq!(each(&dry, "changes"), each(&done, "changes"), "{line}");
    assert_eq!(each(&dry, "warnings").len(), each(&done, "warnings").len());
    let changed = each(&dry, "changes");
    let changed = changed.iter().map(|(_, it)| it.as_array().unwrap().len());
    assert_eq!(changed.sum::<usize>(), changes, "{line}: {dry:#}");
    each(&done, "changes")
}

#[test]
fn a_dry_run_shows_what_the_run_then_does() {
    let host = both();
    let lock = "[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\n";
    let config = fs::read_to_string(host.config()).unwrap();
    host.write("gosync.toml", &format!("{config}{lock}"));
    let all = shows_what_is_done(&host, "sync", 3);
    assert_eq!(
        all[0].1,
        json!([{"deed": "added", "path": "/etc/grid-mapfile",
            "names": ["\"/DC=org/CN=ann\" ann", "\"/DC=org/CN=bob\" bob"]}])
    );
    assert_eq!(all[1].1[0]["names"], json!(["ann", "bob", "team"]));
    shows_what_is_done(&host, "sync", 0);
    say(&host, &["ann", "cat", "dan"]);
    shows_what_is_done(&host, "sync users", 5);
    shows_what_is_done(&host, "sync groups", 2);
    shows_what_is_done(&host, "lock ann", 3);
    shows_what_is_done(&host, "unlock ann", 3);
    shows_what_is_done(&host, "deluser dan", 4);
    let config = fs::read_to_string(host.config()).unwrap();
    host.write("gosync.toml", &config.replace("{name}", "{name}@here"));
    shows_what_is_done(&host, "sync --target gridmap", 2);
}

#[test]
fn a_dry_run_says_in_words_what_would_become_of_a_file() {
    let host = both();
    let ran = host.gosync(&["sync", "-n"]).expect(0);
    for part in [
        "target gridmap: /etc/grid-mapfile would be written: 2 added (\"/DC=org/CN=ann\" ann, ",
        "target fleet: /srv/fleet/directory.json.gz would be written: 3 added (ann, bob, team)",
        " sync` carries it out",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    sync(&host, 0);
    fs::write(host.root().join("etc/grid-mapfile"), "by hand\n").unwrap();
    let ran = host.gosync(&["sync", "-n", "--exit-code"]).expect(4);
    assert!(
        ran.err
            .contains("would be kept as /etc/grid-mapfile.changed-by-hand"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("2 added") && ran.out.contains("1 removed (by hand)"),
        "{ran:?}"
    );
    assert_eq!(host.read("etc/grid-mapfile"), "by hand\n");
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    fs::create_dir(host.root().join("etc/grid-mapfile")).unwrap();
    let ran = host.gosync(&["sync", "-n", "--exit-code"]).expect(3);
    assert!(
        ran.err.contains("target gridmap would not be in step"),
        "{ran:?}"
    );
    assert!(
        !host.gosync(&["status"]).out.contains("NOT IN STEP"),
        "it was a dry run"
    );
}

#[test]
fn a_program_is_told_what_was_reported_of_targets() {
    let host = both();
    fs::write(host.root().join("etc/grid-mapfile"), "by hand\n").unwrap();
    let first = document(&host, "sync", 0);
    let warnings = each(&first, "warnings");
    assert!(
        warnings[0].1[0].as_str().unwrap().contains("before-gosync"),
        "{first:#}"
    );
    let passwd = host.read("etc/passwd").replace(":20000:", ":31000:");
    fs::write(host.root().join("etc/passwd"), passwd).unwrap();
    let second = document(&host, "sync", 0);
    let warnings = second["warnings"].to_string();
    assert!(warnings.contains("do not stand on this host"), "{second:#}");
    fs::remove_file(host.root().join("etc/grid-mapfile")).unwrap();
    fs::create_dir(host.root().join("etc/grid-mapfile")).unwrap();
    let third = document(&host, "sync", 3);
    let errors = each(&third, "error");
    assert!(
        errors[0].1.as_str().unwrap().contains("no regular file"),
        "{third:#}"
    );
    assert_eq!(errors[1].1, Value::Null);
    assert_eq!(third["behind"], json!(["gridmap"]));
}

#[test]
fn one_that_is_added_later_is_filled_without_a_new_number() {
    let host = host("\"gridmap\"", GRIDMAP);
    sync(&host, 0);
    let passwd = host.read("etc/passwd");
    let given = numbers(&host);
    let config = fs::read_to_string(host.config()).unwrap();
    host.write(
        "gosync.toml",
        &format!(
            "{}{FLEET}",
            config.replace("\"gridmap\"]", "\"gridmap\", \"fleet\"]")
        ),
    );
    sync(&host, 0);
    assert_eq!(manifest(&host)["users"], 2);
    assert_eq!(host.read("etc/passwd"), passwd);
    assert_eq!(numbers(&host), given);
}

/// The anchor, which says what numbers were given.
fn numbers(host: &ScratchHost) -> String {
    host.read("etc/gosync/anchor")
}
