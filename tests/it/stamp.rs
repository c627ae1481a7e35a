//! The stamp: a run that finds nothing moved since one that had nothing to do reads nobody; and each thing that a plan depends
//! on, changed alone, is noticed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::manifest::Tree;
use crate::scratch::{GOSYNC, Ran, ScratchHost};

const CONFIGURATION: &str = "[provider.p]\nkind = \"file\"\npath = \"directory.json\"\n\
    [provider.p.fields]\ncsv = \"keys.csv\"\n[keys]\nplace = \"directory\"\n";

const DOCUMENT: &str = r#"{"users": [{"id": "u-1", "login": "ann", "name": "Ann"},
    {"id": "u-2", "login": "bob"}, {"id": "u-4", "login": "c.d"}], "groups": [{"id": "g-1", "name": "lab", "members": [{"user": "u-1"}]}]}"#;

const KEYS: &str = "login,ssh_keys\n\
    ann,ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH1vOMgW5f4TfoW7cyl6tmWdgNQ0IypPzDRVu1pFvJk\n";

const MOVED: &str = "nothing has moved since all was read at";

/// A host with a program of its own, that leaves stamps.
fn host() -> ScratchHost {
    let mut world = ScratchHost::new(&Tree::base());
    world.leaves_stamps = true;
    world.write("gosync.toml", CONFIGURATION);
    world.write("directory.json", DOCUMENT);
    world.write("keys.csv", KEYS);
    let program = world.dir().join("gosync");
    // A program that this process had open for writing could not be started by another test's child.
    world.shell(&format!("cp {GOSYNC} gosync"));
    world.program = program;
    for line in ["sync users", "sync groups"] {
        run(&world, line).expect(0);
    }
    world
}

fn run(world: &ScratchHost, line: &str) -> Ran {
    world.gosync(&line.split(' ').collect::<Vec<_>>())
}

/// What changed just now is not believed in.
fn settle() {
    thread::sleep(Duration::from_secs(4));
}

fn is_saved(ran: &Ran) -> bool {
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
    ran.out.contains(MOVED)
}

fn append(path: &Path, text: &str) {
    let mut bytes = fs::read(path).unwrap_or_default();
    bytes.extend_from_slice(text.as_bytes());
    fs::write(path, bytes).unwrap();
}

/// Something that a plan depends on, and how it is changed.
type Input = (&'static str, Box<dyn Fn(&ScratchHost)>);

fn inputs() -> Vec<Input> {
    let line = |file: &'static str, line: &'static str| -> Input {
        let change = move |world: &ScratchHost| append(&world.root().join(file), line);
        (file, Box::new(change))
    };
    let text = |what: &'static str, file: &'static str, from: &'static str, to: &'static str| {
        let change = move |world: &ScratchHost| {
            let path = world.dir().join(file);
            let before = fs::read_to_string(&path).unwrap();
            assert!(before.contains(from), "{file}");
            fs::write(path, before.replace(from, to)).unwrap();
        };
        let input: Input = (what, Box::new(change));
        input
    };
    let touch = |what: &'static str, file: &'static str| -> Input {
        let change = move |world: &ScratchHost| {
            let path = world.dir().join(file);
            let mode = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, mode).unwrap();
        };
        (what, Box::new(change))
    };
    vec![
        line("etc/passwd", "eve:x:1500:100::/home/eve:/bin/sh\n"),
        line("etc/shadow", "eve:*:19000:0:99999:7:::\n"),
        line("etc/group", "eve:x:1500:\n"),
        line("etc/gshadow", "eve:!::\n"),
        line("etc/subuid", "eve:900000:65536\n"),
        line("etc/subgid", "eve:900000:65536\n"),
        line("etc/shells", "/usr/bin/fish\n"),
        text("a field of a person", "directory.json", "Ann", "Anna"),
        text(
            "somebody who leaves",
            "directory.json",
            "\"u-2\"",
            "\"u-3\"",
        ),
        text("the same size", "directory.json", "bob", "bop"),
        text("keys in a CSV", "keys.csv", "ann,", "bob,"),
        text(
            "a setting",
            "gosync.toml",
            "[keys]",
            "[limits]\nmax_additions = 7\n[keys]",
        ),
        text(
            "a file with keys",
            "root/etc/ssh/authorized_keys.d/ann",
            "JH1v",
            "JH1w",
        ),
        touch("the anchor", "root/etc/gosync/anchor"),
        touch("the ledger", "root/var/lib/gosync/ledger.sqlite"),
        touch("the program", "gosync"),
        (
            "a transaction that was broken off",
            Box::new(|world| fs::write(world.root().join("var/lib/gosync/journal"), "").unwrap()),
        ),
        (
            "a file that is there now",
            Box::new(|world| {
                fs::write(
                    world.root().join("var/lib/gosync/ledger.sqlite-journal"),
                    "",
                )
                .unwrap();
            }),
        ),
        (
            "a file that is gone",
            Box::new(|world| fs::remove_file(world.root().join("etc/shells")).unwrap()),
        ),
        (
            "a file that is another one with the same content",
            Box::new(|world| {
                let path = world.root().join("etc/shadow");
                let other = path.with_extension("other");
                fs::copy(&path, &other).unwrap();
                fs::set_permissions(&other, fs::Permissions::from_mode(0o640)).unwrap();
                fs::rename(other, path).unwrap();
            }),
        ),
        (
            "a stamp of another version",
            Box::new(|world| {
                let path = world.root().join("var/lib/gosync/sync-users.stamp");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replacen("gosync-stamp-", "gosync-stamp-9", 1)).unwrap();
            }),
        ),
        (
            "a stamp that others may write",
            Box::new(|world| {
                let path = world.root().join("var/lib/gosync/sync-users.stamp");
                fs::set_permissions(path, fs::Permissions::from_mode(0o620)).unwrap();
            }),
        ),
        (
            "a state directory that others may write",
            Box::new(|world| {
                let path = world.root().join("var/lib/gosync");
                fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            }),
        ),
        (
            "a date that has come",
            Box::new(|world| {
                edit(world, |stamp| stamp["until"] = 1.into());
            }),
        ),
        (
            "a clock that was set back",
            Box::new(|world| {
                edit(world, |stamp| {
                    stamp["read_at"] = "2126-01-01T00:00:00Z".into()
                });
            }),
        ),
    ]
}

/// Changes a stamp, and makes it whole again.
fn edit(world: &ScratchHost, change: impl FnOnce(&mut Value)) {
    use sha2::{Digest as _, Sha256};
    let path = world.root().join("var/lib/gosync/sync-users.stamp");
    let text = fs::read_to_string(&path).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    let magic = head.split(' ').next().unwrap();
    let mut stamp: Value = serde_json::from_str(body).unwrap();
    change(&mut stamp);
    let body = stamp.to_string();
    let digest: String = Sha256::digest(&body)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    fs::write(path, format!("{magic} {digest}\n{body}")).unwrap();
}

#[test]
fn each_thing_that_a_plan_depends_on_is_noticed_when_it_changes_alone() {
    let hosts: Vec<(Input, ScratchHost)> =
        inputs().into_iter().map(|input| (input, host())).collect();
    settle();
    for ((what, _), world) in &hosts {
        assert!(!is_saved(&run(world, "sync users")), "{what}");
        assert!(is_saved(&run(world, "sync users")), "{what}");
    }
    for ((what, change), world) in &hosts {
        change(world);
        let ran = run(world, "sync users");
        assert!(!ran.out.contains(MOVED), "{what}: {ran:?}");
    }
}

#[test]
fn what_is_asked_for_besides_is_always_done() {
    let world = host();
    settle();
    run(&world, "sync users").expect(0);
    assert!(is_saved(&run(&world, "sync users")));
    for line in [
        "sync users --full",
        "sync users --force",
        "sync users --strict",
        "sync users --dry-run",
        "sync users --only ann",
        "sync users --new",
        "sync users -v",
        "sync groups",
    ] {
        assert!(!is_saved(&run(&world, line)), "{line}");
    }
    // Each command has a stamp of its own, with the options that matter.
    assert!(is_saved(&run(&world, "sync groups")));
    assert!(is_saved(&run(&world, "sync users --new")));
    world.write(
        "gosync.toml",
        &format!("[gosync]\nfull_read_every = '0s'\n{CONFIGURATION}"),
    );
    for _ in 0..3 {
        assert!(!is_saved(&run(&world, "sync users")));
    }
}

#[test]
fn who_is_missing_or_refused_is_looked_for_as_before() {
    let world = host();
    let document = DOCUMENT.replace("{\"id\": \"u-2\", \"login\": \"bob\"}, ", "");
    world.write("directory.json", &document);
    settle();
    for _ in 0..3 {
        let ran = run(&world, "sync users");
        assert!(
            !is_saved(&ran) && ran.out.contains("1 missing, 1 refused"),
            "{ran:?}"
        );
    }
    // Who is refused, while nobody is missing, is told by the run that reads, and counted by those that do not.
    world.write("directory.json", DOCUMENT);
    settle();
    // It forgets the absence.
    assert!(!is_saved(&run(&world, "sync users")));
    settle();
    assert!(!is_saved(&run(&world, "sync users")));
    // The note tells seconds.
    settle();
    let ran = run(&world, "sync users");
    assert!(
        is_saved(&ran) && ran.out.contains("2 unchanged, 1 refused"),
        "{ran:?}"
    );
    let status: Value = serde_json::from_str(&run(&world, "status --format json").out).unwrap();
    assert!(
        status["last_confirmed_read"]["sync users"].as_str()
            > status["last_complete_read"]["sync users"].as_str(),
        "{status}"
    );
    let faults = status["verdict"]["faults"].to_string();
    assert!(faults.contains("people refused: 1"), "{faults}");
}

#[test]
fn a_run_that_is_saved_writes_its_note_and_nothing_else() {
    let world = host();
    settle();
    run(&world, "sync users").expect(0);
    let before = world.traces();
    assert!(is_saved(&run(&world, "sync users")));
    let touched = crate::host::difference(&before, &world.traces());
    let touched: Vec<&str> = touched.lines().collect();
    // The directory changes with what is replaced in it; the lock file says who held it last.
    let ends = [
        "run/gosync/lock has",
        "lib/gosync was",
        "last-runs.json has",
    ];
    assert_eq!(touched.len(), ends.len(), "{touched:?}");
    for end in ends {
        assert!(touched.iter().any(|line| line.contains(end)), "{touched:?}");
    }
}
