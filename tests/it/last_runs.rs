//! The note that runs leave of themselves: what it outlives, and that nothing else is written.

use std::fs;

use serde_json::Value;

use crate::host::difference;
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const NOTE: &str = "var/lib/gosync/last-runs.json";

const CONFIGURATION: &str = "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n";

fn host(people: usize) -> ScratchHost {
    let world = ScratchHost::new(&Tree::base());
    world.write("gosync.toml", CONFIGURATION);
    provide(&world, people);
    world
}

fn provide(world: &ScratchHost, people: usize) {
    let users: Vec<Value> = (0..people)
        .map(|n| serde_json::json!({"id": format!("u-{n}"), "login": format!("p{n}")}))
        .chain([serde_json::json!({"id": "dotted", "login": "a.b"})])
        .collect();
    let document = serde_json::json!({"users": users, "groups": [{"id": "g-1", "name": "lab"}]});
    world.write("directory.json", &document.to_string());
}

fn run(world: &ScratchHost, line: &str) -> crate::scratch::Ran {
    world.gosync(&line.split(' ').collect::<Vec<_>>())
}

fn note(world: &ScratchHost) -> Value {
    serde_json::from_str(&world.read(NOTE)).unwrap()
}

fn faults(world: &ScratchHost, more: &str) -> Vec<String> {
    let line = format!("status --format json{more}");
    let status: Value = serde_json::from_str(&run(world, &line).out).unwrap();
    let faults = status["verdict"]["faults"].as_array().unwrap();
    let word = |fault: &Value| fault["fault"].as_str().unwrap().to_owned();
    faults.iter().map(word).collect()
}

/// Every moment in the note becomes one that is so many days earlier.
fn age(world: &ScratchHost, days: i64) {
    let path = world.root().join(NOTE);
    let text = fs::read_to_string(&path).unwrap();
    let moment = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    let earlier = |found: &regex::Captures<'_>| {
        let at: jiff::Timestamp = found[0].parse().unwrap();
        let at = at.as_second() - days * 86_400;
        jiff::Timestamp::from_second(at).unwrap().to_string()
    };
    fs::write(&path, moment.replace_all(&text, earlier).as_bytes()).unwrap();
}

#[test]
fn a_run_without_changes_writes_its_note_and_nothing_else() {
    let world = host(3);
    for line in ["-q sync users", "-q sync groups"] {
        run(&world, line).expect(0);
    }
    for line in [
        "sync users",
        "-q sync users --new",
        "-q sync users --updated",
        "-q sync groups",
    ] {
        let before = world.traces();
        run(&world, line).expect(0);
        let touched = difference(&before, &world.traces());
        // The directory changes with what is replaced in it; the lock file says who held it last.
        let root = world.root();
        let allowed = [NOTE, "var/lib/gosync", "run/gosync", "run/gosync/lock"];
        let allowed: Vec<String> = allowed
            .iter()
            .map(|path| root.join(path).display().to_string())
            .collect();
        for wrote in touched.lines() {
            let is_allowed = allowed.iter().any(|path| {
                let rest = wrote.split(path.as_str()).nth(1);
                rest.is_some_and(|rest| !rest.starts_with('/') && !rest.starts_with('-'))
            });
            assert!(is_allowed, "{line} wrote {wrote}");
        }
        assert!(touched.contains("last-runs.json"), "{line}: {touched}");
    }
}

#[test]
fn a_dry_run_leaves_no_note() {
    let world = host(3);
    run(&world, "sync users --dry-run").expect(0);
    assert!(!world.root().join("var/lib/gosync").exists());
    run(&world, "-q sync users").expect(0);
    let before = world.read(NOTE);
    run(&world, "sync users --dry-run").expect(0);
    run(&world, "status");
    assert_eq!(world.read(NOTE), before);
}

#[test]
fn what_is_known_of_the_last_runs_outlives_a_boot() {
    let world = host(3);
    run(&world, "-q sync users").expect(0);
    run(&world, "-q sync groups").expect(0);
    fs::remove_dir_all(world.root().join("run/gosync")).unwrap();
    let status = run(&world, "status").expect(1);
    assert!(status.out.contains("sync users 20"), "{status:?}");
    assert_eq!(faults(&world, ""), ["refused"]);
    assert_eq!(
        run(&world, "-q sync users").expect(0).err,
        "",
        "what was told is not told again"
    );
}

#[test]
fn a_month_without_a_run_is_told_by_status() {
    let world = host(3);
    run(&world, "-q sync users").expect(0);
    run(&world, "-q sync groups").expect(0);
    assert_eq!(faults(&world, " --max-age 1h"), ["refused"]);
    age(&world, 31);
    assert_eq!(faults(&world, ""), ["stale", "stale", "refused"]);
    assert_eq!(faults(&world, " --max-age 40d"), ["refused"]);
    run(&world, "-q sync users").expect(0);
    assert_eq!(faults(&world, ""), ["stale", "refused"]);
}

#[test]
fn a_limit_that_refuses_each_run_is_told_with_its_digest() {
    let world = host(3);
    run(&world, "-q sync users").expect(0);
    provide(&world, 400);
    run(&world, "-q sync users --new").expect(10);
    age(&world, 1);
    let refused = run(&world, "-q sync users --new").expect(10);
    let status = run(&world, "status").expect(1);
    let note = note(&world);
    let run_of = &note["runs"]["sync users --new"];
    let digest = run_of["digest"].as_str().unwrap();
    assert!(
        refused.err.contains(digest) && status.out.contains(digest),
        "{status:?}"
    );
    assert_ne!(run_of["since"], run_of["ended"], "since when it is so");
    assert_eq!(faults(&world, ""), ["limit", "refused"]);
    run(&world, &format!("-q sync users --new --approve {digest}")).expect(0);
    assert_eq!(faults(&world, ""), ["refused"]);
}

#[test]
fn a_run_that_reads_nothing_is_noted_and_forgets_nothing() {
    let world = host(3);
    run(&world, "-q sync users").expect(0);
    fs::rename(world.dir().join("directory.json"), world.dir().join("away")).unwrap();
    run(&world, "-q sync users").expect(12);
    assert_eq!(note(&world)["runs"]["sync users"]["code"], 12);
    // A configuration that cannot be read is noted where the ledger is by default.
    world.write("gosync.toml", "[provider.p]\nkind = \"file\"\n");
    run(&world, "-q sync users").expect(2);
    assert_eq!(note(&world)["runs"]["sync users"]["code"], 2);
    world.write("gosync.toml", CONFIGURATION);
    assert_eq!(faults(&world, ""), ["failed", "unreachable"]);
    fs::rename(world.dir().join("away"), world.dir().join("directory.json")).unwrap();
    assert_eq!(
        run(&world, "-q sync users").expect(0).err,
        "",
        "who was told stays told"
    );
    assert_eq!(faults(&world, ""), ["refused"]);
}

#[test]
fn a_run_that_finds_another_at_work_leaves_no_note() {
    let world = host(3);
    run(&world, "-q sync users").expect(0);
    let before = world.read(NOTE);
    let path = world.root().join("run/gosync/lock");
    use gosync::testing::system::lock::{Purpose, RunLock, Wait};
    let held = RunLock::take(&path, Purpose::Change("test"), Wait::No, &mut |_| {}).unwrap();
    run(&world, "-q --nw sync users").expect(11);
    assert_eq!(world.read(NOTE), before);
    drop(held);
}
