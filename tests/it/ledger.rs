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
const COMMANDS: [&str; 19] = [
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
    "accounts",
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
        (
            "damaged",
            "it is damaged: file is not a database",
            |world| {
                let path = world.dir().join(LEDGER);
                let garbage = b"this is no database".repeat(40);
                fs::write(path, garbage).unwrap();
            },
        ),
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
                // What a run notes of itself, also of one that was refused.
                let notes = [
                    "run/gosync/lock",
                    "run/gosync",
                    "lib/gosync/last-runs.json",
                    "lib/gosync",
                    "var/lib",
                ];
                !notes.iter().any(|note| path.ends_with(note))
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

const COPIES: &str = "root/var/lib/gosync/copies";

/// The copies of days.
fn copies(world: &ScratchHost) -> Vec<PathBuf> {
    let entries = fs::read_dir(world.dir().join(COPIES)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.to_str().unwrap().contains("replaced-"));
    paths.sort();
    paths
}

/// The uid of an account.
fn uid(world: &ScratchHost, name: &str) -> Option<String> {
    let passwd = fs::read_to_string(world.dir().join("root/etc/passwd")).unwrap();
    let line = passwd
        .lines()
        .find(|line| line.starts_with(&format!("{name}:")))?;
    Some(line.split(':').nth(2).unwrap().to_owned())
}

#[test]
fn what_the_message_proposes_leads_out_and_no_number_is_given_twice() {
    for (what, _, lose) in losses() {
        for way in ["restore", "new ledger"] {
            let world = host();
            // Somebody who left for good: the number is in no file any more.
            world.write("directory.json", &document(&["ann", "bob", "cy"]));
            world.ok("-q sync users");
            world.shell("mkdir -p root/run/gosync; rm -f backup");
            world.write("directory.json", &document(&["ann", "bob"]));
            world.ok("-q deluser cy --remove-home");
            let gone = "20002";
            world.ok("-q ledger backup backup");
            lose(&world);
            world.shell("mkdir -p root/var/lib/gosync; chmod 700 root/var/lib/gosync");
            world.write("directory.json", &document(&["ann", "bob", "dan"]));
            match way {
                "restore" => {
                    let dry = world
                        .gosync(&["ledger", "restore", "backup", "-n"])
                        .expect(0);
                    assert_eq!(dry.err, "", "{what}: the backup is the newest");
                    world.ok("ledger restore backup");
                    let said = world.gosync(&["sync", "users"]).expect(0);
                    assert!(
                        said.out.contains("1 created, 2 unchanged"),
                        "{what}: {said:?}"
                    );
                }
                _ => {
                    let dry = world.gosync(&["sync", "users", "--new-ledger", "-n"]);
                    let said = world.gosync(&["sync", "users", "--new-ledger"]);
                    assert_eq!(dry.code, said.code, "{what}");
                    assert!(dry.out.contains("uid=20003"), "{what}: {dry:?}");
                    world.gosync(&["sync", "users", "--new-ledger"]).expect(1);
                }
            }
            let dan = uid(&world, "dan").unwrap();
            assert_ne!(dan, gone, "{what}, {way}");
            assert_eq!(dan, "20003", "{what}, {way}");
            world.ok("sync users");
            let status = world.gosync(&["status"]);
            assert!(
                !status.out.contains("NOT USABLE"),
                "{what}, {way}: {status:?}"
            );
            world.ok("ledger verify");
        }
    }
}

#[test]
fn after_an_older_copy_what_happened_since_is_told_and_can_be_adopted() {
    let world = host();
    world.shell(&format!("cp {LEDGER} lost; cp old {LEDGER}"));
    let told = world.gosync(&["ledger", "restore", "old"]).expect(0);
    assert!(
        told.err.contains("on this host and not in the copy: bob"),
        "{told:?}"
    );
    assert!(
        told.err
            .contains("the copy is of transaction 2, and this host has seen 3"),
        "{told:?}"
    );
    world.write("directory.json", &document(&["ann", "bob", "cy"]));
    let said = world.gosync(&["sync", "users"]);
    assert!(
        said.out.contains("1 created, 1 unchanged, 1 refused"),
        "{said:?}"
    );
    assert_eq!(uid(&world, "cy").unwrap(), "20002", "20001 is bob's");
    world.ok("adopt bob");
    let said = world.ok("sync users");
    assert!(said.contains("nothing to do, 3 unchanged"), "{said}");
    // The ledger that was exchanged is older now itself.
    world.shell(&format!("cp lost {LEDGER}"));
    let refused = world.gosync(&["sync", "users"]).expect(1);
    assert!(refused.err.contains("it is older"), "{refused:?}");
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9Q1sFzLhM1H8r1uQ5lQ1q4T0sRk5zXo0mZb1c2d3e";

/// Accounts with and without keys; one that is no account of gosync's, and one whose number was given and is free.
fn evident() -> ScratchHost {
    let world = ScratchHost::new(&Tree::base());
    world.shell(
        "echo loc:x:1000:1000:Local:/home/loc:/bin/bash >> root/etc/passwd; echo 'loc:!:20000::::::' >> root/etc/shadow",
    );
    let people = |more: &str| {
        format!(
            r#"{{"users": [{{"id": "u-ann", "login": "ann", "ssh_keys": ["{KEY}"]}}, {{"id": "u-bob", "login": "bob"}},
                {{"id": "u-loc", "login": "loc"}}{more}],
              "groups": [{{"id": "g-1", "name": "lab", "members": [{{"user": "u-ann"}}]}}]}}"#
        )
    };
    let more = format!(
        r#", {{"id": "u-dan", "login": "dan", "ssh_keys": ["{KEY}"]}}, {{"id": "u-eve", "login": "eve"}},
             {{"id": "u-fay", "login": "fay"}}"#
    );
    world.write("directory.json", &people(&more));
    world.gosync(&["-q", "sync", "users"]);
    world.ok("-q sync groups");
    world.write("directory.json", &people(""));
    world.ok("-q deluser fay --remove-home");
    world
}

#[test]
fn a_ledger_is_made_anew_of_what_the_host_and_the_provider_say() {
    for (what, _, lose) in losses().into_iter().filter(|(what, _, _)| *what != "old") {
        let world = evident();
        let [ann, bob, dan, eve] =
            ["ann", "bob", "dan", "eve"].map(|name| uid(&world, name).unwrap());
        lose(&world);
        world.shell(&format!("rm -rf {COPIES}"));
        let databases = fs::read(world.dir().join("root/etc/passwd")).unwrap();
        let dry = world.gosync(&["ledger", "rebuild", "-n"]);
        world.gosync(&["sync", "users"]).expect(1);
        let done = world.gosync(&["ledger", "rebuild"]);
        assert_eq!(dry.code, done.code, "{what}: {dry:?} {done:?}");
        assert_eq!(
            fs::read(world.dir().join("root/etc/passwd")).unwrap(),
            databases,
            "{what}"
        );
        for name in ["ann", "bob", "dan", "lab"] {
            let taken = |text: &str| {
                text.lines().any(|line| {
                    line.contains(&format!("{name} uid")) || line.contains(&format!("{name} gid"))
                })
            };
            assert_eq!(
                taken(&dry.out),
                taken(&done.out),
                "{what}: {name}: {dry:?} {done:?}"
            );
        }
        let told = format!("{}{}", done.out, done.err);
        assert!(
            told.contains("eve") && !told.contains("refuse loc") && !told.contains("account loc"),
            "{what}: {done:?}"
        );
        world.ok("ledger verify");
        let status = world.gosync(&["status"]);
        assert!(status.out.contains("3 owned"), "{what}: {status:?}");
        // Whoever left is missing again; the others are as they were. Nobody gets a number that was given.
        let sync = world.gosync(&["sync", "users"]);
        assert!(
            sync.out.contains("unchanged") && !sync.out.contains("created"),
            "{what}: {sync:?}"
        );
        assert_eq!(
            [ann, bob, dan, eve],
            ["ann", "bob", "dan", "eve"].map(|name| uid(&world, name).unwrap())
        );
        let text = fs::read_to_string(world.dir().join("directory.json")).unwrap();
        world.write(
            "directory.json",
            &text.replace(
                r#""users": ["#,
                r#""users": [{"id": "a-new", "login": "new"}, "#,
            ),
        );
        world.gosync(&["-q", "sync", "users"]);
        assert_eq!(
            uid(&world, "new").unwrap(),
            "20005",
            "{what}: fay had 20004"
        );
        // Once more changes nothing.
        let again = world.gosync(&["ledger", "rebuild"]);
        assert!(again.out.contains("nothing to do"), "{what}: {again:?}");
    }
}

#[test]
fn a_name_that_somebody_else_has_by_now_is_not_taken_for_its_owner() {
    let world = evident();
    fs::remove_file(world.dir().join(LEDGER)).unwrap();
    // Others are called ann and bob now: ann's keys say who she was, and bob's new namesake brings another number.
    world.write(
        "directory.json",
        r#"{"users": [{"id": "n-ann", "login": "ann"}, {"id": "n-bob", "login": "bob", "uid": 20100}], "groups": []}"#,
    );
    let done = world.gosync(&["ledger", "rebuild"]);
    let told = format!("{}{}", done.out, done.err);
    assert!(told.contains("asks for another uid than"), "{done:?}");
    let why = world.gosync(&["drift", "ann"]).expect(0);
    assert_eq!(why.err, "");
    let sync = world.gosync(&["sync", "users"]);
    let told = format!("{}{}", sync.out, sync.err);
    assert!(
        told.contains("u-ann"),
        "the name ann is the old one's: {sync:?}"
    );
}

#[test]
fn a_copy_is_put_back_only_if_it_is_sound_and_meant() {
    let world = host();
    world.ok("-q ledger backup backup");
    let refused = |args: &[&str], said: &str| {
        let before = world.traces()[&world.dir().join(LEDGER)].clone();
        let answer = world.gosync(args).expect(1);
        assert!(answer.err.contains(said), "{args:?}: {answer:?}");
        assert_eq!(
            world.traces()[&world.dir().join(LEDGER)],
            before,
            "{args:?}"
        );
    };
    refused(
        &["ledger", "restore", "backup"],
        "the ledger of this host is there",
    );
    refused(&["ledger", "restore", "nowhere"], "there is no such file");
    world.write(
        "garbage",
        "this is no database, but it is long enough for one, as far as that goes",
    );
    refused(
        &["--force", "ledger", "restore", "garbage"],
        "file is not a database",
    );
    world.write("empty", "");
    refused(
        &["--force", "ledger", "restore", "empty"],
        "is not put back",
    );
    let other = host();
    other.ok("-q ledger backup backup");
    fs::copy(other.dir().join("backup"), world.dir().join("other")).unwrap();
    fs::remove_file(world.dir().join(LEDGER)).unwrap();
    let answer = world.gosync(&["ledger", "restore", "other"]).expect(1);
    assert!(
        answer.err.contains("it is a copy of another ledger"),
        "{answer:?}"
    );
    world.ok("--force ledger restore other");
    world.ok("sync users");
    // It is another ledger than that of the other host from now on.
    fs::copy(other.dir().join(LEDGER), world.dir().join(LEDGER)).unwrap();
    let answer = world.gosync(&["sync", "users"]).expect(1);
    assert!(answer.err.contains("it is another host's"), "{answer:?}");
}

#[test]
fn a_copy_of_each_day_is_kept_and_seven_of_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = host();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let first = copies(&world);
    assert_eq!((first.len(), mode(&first[0])), (1, 0o600));
    assert_eq!(mode(&world.dir().join(COPIES)), 0o700);
    let before = world.traces();
    world.ok("sync users");
    world.ok("sync users -n");
    assert_eq!(copies(&world), first);
    assert_eq!(world.traces()[&first[0]], before[&first[0]], "one a day");
    // Copies of days before, which are older than the ledger.
    for day in 1..10 {
        let old = world
            .dir()
            .join(COPIES)
            .join(format!("2020-01-0{day}.sqlite"));
        fs::rename(&copies(&world)[0], &old).unwrap();
        fs::copy(&old, world.dir().join(COPIES).join("2019-01-01.sqlite")).unwrap();
    }
    world.shell(&format!(
        "touch -d 2020-01-01 {COPIES}/*; touch {COPIES}/other"
    ));
    for day in 1..10 {
        let day = format!("2020-01-0{day}.sqlite");
        fs::copy(
            world.dir().join(LEDGER),
            world.dir().join(COPIES).join(&day),
        )
        .unwrap();
    }
    world.shell(&format!("touch -d 2020-01-01 {COPIES}/*.sqlite"));
    world.ok("sync users");
    let names: Vec<String> = (copies(&world).iter())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 8, "seven, and what is no copy: {names:?}");
    assert_eq!(&names[..2], ["2020-01-04.sqlite", "2020-01-05.sqlite"]);
    assert_eq!(names[7], "other");
    let newest = copies(&world)[6].clone();
    world.ok(&format!("ledger verify {}", newest.display()));
    fs::remove_file(world.dir().join(LEDGER)).unwrap();
    let answer = world.gosync(&["sync", "users"]).expect(1);
    let way = format!("`gosync ledger restore {}`", newest.display());
    assert!(answer.err.contains(&way), "{answer:?}");
}

#[test]
fn a_copy_that_cannot_be_made_is_told_and_holds_nothing_up() {
    let world = ScratchHost::new(&Tree::base());
    world.write("directory.json", &document(&["ann"]));
    world.shell(&format!(
        "mkdir -p root/var/lib/gosync; chmod 700 root/var/lib/gosync; ln -s /dev/null {COPIES}"
    ));
    let answer = world.gosync(&["sync", "users"]).expect(0);
    assert!(
        answer
            .err
            .contains("gosync WARNING: no copy of the ledger was made"),
        "{answer:?}"
    );
    assert!(uid(&world, "ann").is_some());
}

#[test]
fn a_ledger_whose_entries_do_not_fit_each_other_is_found_out() {
    let world = host();
    world.ok("ledger verify");
    for (sql, said) in [
        (
            "DELETE FROM applied_accounts WHERE id = 'u-bob'",
            "what was written of it is missing",
        ),
        (
            "DELETE FROM ids WHERE id = 'u-bob'",
            "and the account does not",
        ),
        (
            "UPDATE ids SET name = 'ann' WHERE id = 'u-bob'",
            "the name `ann` is that of 2 accounts",
        ),
        (
            "UPDATE ids SET subid = 100000 WHERE kind = 'account'",
            "the subordinate ids from 100000 on",
        ),
        ("UPDATE ids SET state = 'odd' WHERE id = 'u-bob'", "odd"),
    ] {
        world.ok("-q ledger backup backup");
        world.shell(&format!("chmod 600 backup; cp backup {LEDGER}.good"));
        let db = rusqlite::Connection::open(world.dir().join("backup")).unwrap();
        db.execute(sql, []).unwrap();
        drop(db);
        let answer = world.gosync(&["ledger", "verify", "backup"]).expect(1);
        assert!(answer.out.contains(said), "{sql}: {answer:?}");
    }
}

#[test]
fn a_ledger_is_reset_only_where_nothing_of_it_is_left() {
    let world = host();
    world.write(
        "gosync.toml",
        "[provider.sample]\nkind = \"file\"\npath = \"directory.json\"\n",
    );
    for (line, left) in [
        ("deluser ann", "the account ann (20000)"),
        ("deluser bob", "the account bob (20001)"),
        ("release lab", "the home /home/ann of ann"),
    ] {
        let answer = world.gosync(&["ledger", "reset"]).expect(1);
        assert!(answer.err.contains(left), "{answer:?}");
        world.ok(&format!("-q {line}"));
    }
    world.shell(
        "rm -rf root/home/ann root/home/bob; sed -i '/^lab:/d' root/etc/group root/etc/gshadow",
    );
    let before = world.traces();
    world.ok("ledger reset -n");
    let lock = |path: &PathBuf| path.to_str().unwrap().contains("run/gosync");
    let touched = difference(&before, &world.traces());
    assert!(
        touched.lines().all(|line| lock(&PathBuf::from(line))),
        "{touched}"
    );
    world.ok("ledger reset");
    // The numbers stay retired for those who bring none along, and are no obstacle for those who do.
    world.write(
        "directory.json",
        r#"{"users": [{"id": "n-1", "login": "new"}, {"id": "n-2", "login": "old", "uid": 20001}], "groups": []}"#,
    );
    world.ok("sync users");
    assert_eq!(uid(&world, "old").unwrap(), "20001");
    assert_eq!(uid(&world, "new").unwrap(), "20002");
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
