//! A ledger that is lost, emptied, exchanged or old, under each command: none works with it, none makes a new one, and no
//! number is given twice. And the anchor, by which that is known.

use std::fs;
use std::path::PathBuf;

use crate::host::difference;
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const LEDGER: &str = "root/var/lib/gosync/ledger.sqlite";
const ANCHOR: &str = "root/etc/gosync/anchor";

/// People by name, each with the id `u-NAME`, and a group of all of them.
fn document(names: &[&str]) -> String {
    let person = |name: &&str| format!(r#"{{"id": "u-{name}", "login": "{name}"}}"#);
    let member = |name: &&str| format!(r#"{{"user": "u-{name}"}}"#);
    let people: Vec<String> = names.iter().map(person).collect();
    let members: Vec<String> = names.iter().map(member).collect();
    format!(
        r#"{{"users": [{}], "groups": [{{"id": "g-1", "name": "lab", "members": [{}]}}]}}"#,
        people.join(", "),
        members.join(", ")
    )
}

/// A host with ann and bob, and with a plan that was saved; a copy of its ledger from before the last change is in `old`.
fn host() -> ScratchHost {
    let world = ScratchHost::new(&Tree::base());
    world.write("directory.json", &document(&["ann"]));
    world.ok("-q sync users");
    world.ok("-q sync groups");
    fs::copy(world.dir().join(LEDGER), world.dir().join("old")).unwrap();
    world.write("directory.json", &document(&["ann", "bob"]));
    world.ok("-q sync users");
    world.ok("-q plan -o plan.json groups");
    world
}

/// The commands that rely on the ledger.
const COMMANDS: [&str; 18] = [
    "sync users",
    "sync groups",
    "sync users --new",
    "sync users --only ann",
    "sync users -n",
    "deluser bob",
    "adopt ann",
    "release ann",
    "lock ann",
    "unlock ann",
    "undo 1",
    "plan -o other.json users",
    "apply plan.json",
    "apply --fresh plan.json",
    "drift",
    "why ann",
    "status",
    "status --format json",
];

/// What has become of a ledger, what is said of it, and how it came about.
type Loss = (&'static str, &'static str, fn(&ScratchHost));

/// What may become of a ledger.
fn losses() -> Vec<Loss> {
    vec![
        ("lost", "it is missing", |world| {
            fs::remove_file(world.dir().join(LEDGER)).unwrap();
        }),
        ("lost with its directory", "it is missing", |world| {
            fs::remove_dir_all(world.dir().join("root/var/lib/gosync")).unwrap();
        }),
        ("emptied", "it is empty", |world| {
            world.write(LEDGER, "");
        }),
        ("old", "it is older than this host's accounts", |world| {
            world.shell(&format!("cp old {LEDGER}"));
        }),
        ("another host's", "it is another host's", |world| {
            let other = host();
            fs::copy(other.dir().join(LEDGER), world.dir().join(LEDGER)).unwrap();
        }),
    ]
}

#[test]
fn no_command_works_with_a_ledger_that_is_not_the_hosts() {
    for (what, said, lose) in losses() {
        let world = host();
        lose(&world);
        world.shell("mkdir -p root/run/gosync; touch root/run/gosync/lock");
        let databases = || {
            let mut traces = world.traces();
            traces.retain(|path, _| {
                !path.ends_with("run/gosync/lock") && !path.ends_with("run/gosync")
            });
            traces
        };
        let before = databases();
        for line in COMMANDS {
            let answer = world.gosync(&line.split_whitespace().collect::<Vec<_>>());
            assert_eq!(answer.code, Some(1), "{what}: {line}: {answer:?}");
            let told = answer.err.matches("gosync ERROR: ").count();
            assert_eq!(told, 1, "{what}: {line}: {answer:?}");
            assert!(answer.err.contains(said), "{what}: {line}: {answer:?}");
            assert_eq!(difference(&before, &databases()), "", "{what}: {line}");
        }
        let history = world.gosync(&["history"]);
        assert!(
            history.code == Some(0) && history.err.contains(said),
            "{what}: {history:?}"
        );
        let doctor = world.gosync(&["doctor", "--offline"]);
        assert!(
            doctor.code == Some(1) && doctor.out.contains(said),
            "{what}: {doctor:?}"
        );
    }
}

#[test]
fn a_ledger_that_is_put_back_works_again() {
    for (what, _, lose) in losses() {
        let world = host();
        let ledger = fs::read(world.dir().join(LEDGER)).unwrap();
        lose(&world);
        world.shell("mkdir -p root/var/lib/gosync; chmod 700 root/var/lib/gosync");
        fs::write(world.dir().join(LEDGER), ledger).unwrap();
        let said = world.ok("sync users");
        assert!(
            said.contains("nothing to do, 2 unchanged"),
            "{what}: {said}"
        );
    }
}

#[test]
fn a_dry_run_and_one_with_nothing_to_do_leave_the_anchor_alone() {
    let world = ScratchHost::new(&Tree::base());
    world.write("directory.json", &document(&["ann"]));
    world.ok("sync users -n");
    assert!(!world.dir().join(ANCHOR).exists());
    world.ok("sync users");
    let before = world.traces()[&world.dir().join(ANCHOR)].clone();
    assert_eq!(before.mode & 0o7777, 0o644);
    world.ok("sync users");
    world.write("directory.json", &document(&["ann", "bob"]));
    world.ok("sync users -n");
    assert_eq!(world.traces()[&world.dir().join(ANCHOR)], before);
    world.ok("sync users");
    assert_ne!(world.traces()[&world.dir().join(ANCHOR)], before);
}

#[test]
fn a_host_from_before_the_anchor_is_anchored_by_its_next_run_and_by_no_dry_one() {
    let world = host();
    fs::remove_file(world.dir().join(ANCHOR)).unwrap();
    for line in ["sync users -n", "status", "drift", "history"] {
        world.ok(line);
        assert!(!world.dir().join(ANCHOR).exists(), "{line}");
    }
    let said = world.gosync(&["sync", "users"]).expect(0);
    assert!(
        said.out.contains("nothing to do") && said.err.is_empty(),
        "{said:?}"
    );
    fs::remove_file(world.dir().join(LEDGER)).unwrap();
    world.gosync(&["sync", "users"]).expect(1);
}

#[test]
fn an_anchor_that_is_older_than_the_ledger_is_told_once_and_brought_up_to_date() {
    let world = host();
    world.shell(&format!("cp {ANCHOR} anchor"));
    world.write("directory.json", &document(&["ann", "bob", "cy"]));
    world.ok("-q sync users");
    world.shell(&format!("cp anchor {ANCHOR}"));
    world.ok("status");
    let told = world.gosync(&["sync", "users"]).expect(0);
    assert_eq!(told.err.matches("gosync WARNING: ").count(), 1, "{told:?}");
    assert!(
        told.err
            .contains("etc/gosync/anchor was older than the ledger"),
        "{told:?}"
    );
    assert_eq!(world.gosync(&["sync", "users"]).expect(0).err, "");
}

#[test]
fn an_anchor_that_says_nothing_stops_everything_until_it_is_removed() {
    for garbage in ["", "what\n", "ledger = \"12\"\n"] {
        let world = host();
        world.write(ANCHOR, garbage);
        for line in ["sync users", "sync users -n", "status", "drift"] {
            let answer = world
                .gosync(&line.split_whitespace().collect::<Vec<_>>())
                .expect(1);
            assert!(
                answer.err.contains("etc/gosync/anchor cannot be used"),
                "{answer:?}"
            );
            assert!(answer.err.contains("remove the file"), "{answer:?}");
        }
        fs::remove_file(world.dir().join(ANCHOR)).unwrap();
        world.ok("sync users");
        assert!(world.dir().join(ANCHOR).exists());
    }
}

#[test]
fn key_files_tell_that_a_ledger_was_there_before_anchors_were() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9Q1sFzLhM1H8r1uQ5lQ1q4T0sRk5zXo0mZb1c2d3e";
    let world = ScratchHost::new(&Tree::base());
    world.write("directory.json", &document(&["ann"]));
    world.shell("mkdir -p root/etc/ssh/authorized_keys.d");
    let file: PathBuf = world.dir().join("root/etc/ssh/authorized_keys.d/ann");
    fs::write(&file, format!("{key} of somebody else's tool\n")).unwrap();
    world.ok("sync users -n");
    fs::write(&file, format!("{key} gosync:u-ann\n")).unwrap();
    for line in ["sync users -n", "sync users"] {
        let answer = world
            .gosync(&line.split_whitespace().collect::<Vec<_>>())
            .expect(1);
        assert!(answer.err.contains("it is missing"), "{answer:?}");
    }
}
