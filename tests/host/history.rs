//! `undo` and `apply` on the real files, with the tools of the host looking on.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use crate::namespace::{check, sound_tree};
use crate::picture::differences;
use crate::small_host::{Database, SmallHost, document, group, person};

fn people(tree: &SmallHost, alice: &str, bob: bool) {
    let users = [
        person("u-1", "alice", alice, true),
        person("u-2", "bob", "Bob", bob),
    ];
    let both = if bob { vec!["u-1", "u-2"] } else { vec!["u-1"] };
    tree.provide(&document(&users, &[group("g-1", "physics", &both)]));
}

fn sync(tree: &SmallHost) {
    tree.gosync(&["sync", "users"]).expect(0);
    tree.gosync(&["sync", "groups"]).expect(0);
}

/// The lines of the databases that gosync writes, they and members without order, and without what a removal loses for
/// good.
fn lines(tree: &SmallHost) -> Vec<String> {
    let files = tree
        .database
        .files()
        .iter()
        .filter(|name| **name != "shadow");
    let mut lines: Vec<String> = files
        .flat_map(|name| {
            tree.read(&tree.database.file(name))
                .lines()
                .map(|l| format!("{name} {l}"))
                .collect::<Vec<_>>()
        })
        .collect();
    for line in &mut lines {
        let (head, members) = line.rsplit_once(':').unwrap();
        let mut members: Vec<&str> = members.split(',').collect();
        members.sort_unstable();
        *line = format!("{head}:{}", members.join(","));
    }
    lines.sort();
    lines
}

#[test]
fn a_run_is_undone_and_the_tools_find_no_fault() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = sound_tree(database);
        people(&tree, "Alice", true);
        sync(&tree);
        check(&tree);
        let shadow = tree
            .read(&database.file("shadow"))
            .replace("bob:*:", "bob:$6$salt$bobs:");
        fs::write(tree.path(&database.file("shadow")), &shadow).unwrap();
        let before = lines(&tree);

        people(&tree, "Alice Hargreaves", false);
        tree.gosync(&["sync", "users"]).expect(0);
        tree.gosync(&["sync", "groups"]).expect(0);
        assert_ne!(lines(&tree), before);
        tree.gosync(&["undo", "3"]).expect(0);
        tree.gosync(&["undo", "4"]).expect(0);
        check(&tree);
        assert_eq!(lines(&tree), before, "{}", database.word());
        assert_eq!(
            tree.read(&database.file("shadow")),
            shadow,
            "the password comes back with the account"
        );

        tree.gosync(&["deluser", "alice", "--archive-home", "/srv/archive"])
            .expect(0);
        assert!(!tree.path("home/alice").exists());
        let told = tree.gosync(&["undo", "7"]).expect(0);
        assert!(
            told.out.contains("in an archive in /srv/archive")
                && told.out.contains("password is gone"),
            "{told:?}"
        );
        check(&tree);
        assert_eq!(lines(&tree), before, "{}", database.word());
        let home = fs::metadata(tree.path("home/alice")).unwrap();
        assert_eq!(
            std::os::unix::fs::MetadataExt::uid(&home),
            20_000,
            "the same number again"
        );

        let again = tree.gosync(&["undo", "7"]).expect(0);
        assert!(again.out.contains("nothing to do"), "{again:?}");
    }
}

#[test]
fn names_and_groups_are_undone_and_the_tools_find_no_fault() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = sound_tree(database);
        let users = |login: &str| {
            [
                person("u-1", login, "Alice", true),
                person("u-2", "bob", "Bob", true),
            ]
        };
        tree.provide(&document(
            &users("alice"),
            &[group("g-1", "physics", &["u-1", "u-2"])],
        ));
        sync(&tree);
        let before = lines(&tree);
        let shadow = tree.read(&database.file("shadow"));
        tree.provide(&document(
            &users("alicia"),
            &[
                group("g-1", "chemistry", &["u-1"]),
                group("g-2", "climate", &["u-1", "u-2"]),
            ],
        ));
        sync(&tree);
        check(&tree);
        assert!(tree.read(&database.file("passwd")).contains("alicia:"));
        tree.gosync(&["undo", "4"]).expect(0);
        check(&tree);
        tree.gosync(&["undo", "3"]).expect(0);
        check(&tree);
        assert_eq!(lines(&tree), before, "{}", database.word());
        assert_eq!(tree.read(&database.file("shadow")), shadow);
        let again = tree.gosync(&["undo", "3"]).expect(0);
        assert!(again.out.contains("nothing to do"), "{again:?}");
    }
}

#[test]
fn a_saved_plan_is_carried_out_once_and_only_on_the_host_that_it_was_made_for() {
    for database in [Database::Etc, Database::Extrausers] {
        let tree = sound_tree(database);
        let file = tree.dir().join("plan.json");
        let file = file.to_str().unwrap();
        people(&tree, "Alice", true);
        let untouched = tree.picture();
        tree.gosync(&["plan", "-o", file, "users"]).expect(0);
        assert_eq!(
            differences(&tree.picture(), &untouched),
            [""; 0],
            "to plan is not to write"
        );
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o7777,
            0o600
        );

        for (owner, mode) in [(65_534, 0o600), (0, 0o620), (0, 0o602)] {
            chown(file, Some(owner), None).unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
            let ran = tree.gosync(&["apply", file]).expect(2);
            assert!(ran.err.contains("cannot trust"), "{ran:?}");
        }
        chown(file, Some(0), None).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(differences(&tree.picture(), &untouched), [""; 0]);

        let group = tree.path("etc/group");
        let old = fs::read_to_string(&group).unwrap();
        fs::write(&group, format!("{old}more:x:1700:\n")).unwrap();
        let ran = tree.gosync(&["apply", file]).expect(1);
        assert!(ran.err.contains("/etc/group"), "{ran:?}");
        fs::write(&group, old).unwrap();

        let dry = tree.gosync(&["apply", file, "--dry-run"]).expect(0);
        let ran = tree.gosync(&["apply", file]).expect(0);
        assert!(ran.out.contains("2 created"), "{dry:?} {ran:?}");
        check(&tree);
        let done = tree.picture();
        tree.gosync(&["apply", file]).expect(0);
        tree.gosync(&["sync", "users"]).expect(0);
        assert_eq!(
            differences(&tree.picture(), &done),
            [""; 0],
            "there is nothing left to do"
        );
    }
}

/// Who can write the file as root could as well be the provider: what a sync refuses, `apply` refuses, and what a limit
/// refuses, too, even if the whole file was forged.
#[test]
fn a_forged_plan_can_do_no_more_than_a_provider_that_lies() {
    let tree = sound_tree(Database::Etc);
    let file = tree.dir().join("plan.json");
    let path = file.to_str().unwrap();
    people(&tree, "Alice", true);
    sync(&tree);
    let before = tree.picture();
    let forge = |from: &str, to: &str| {
        people(&tree, "Alice Hargreaves", true);
        tree.gosync(&["plan", "-o", path, "users"]).expect(0);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&file, text.replace(from, to)).unwrap();
        tree.gosync(&["apply", path])
    };
    for (from, to) in [
        (
            "\"login\": \"bob\"",
            "\"login\": \"root\", \"fields\": {\"uid\": \"0\"}",
        ),
        ("\"active\": true", "\"active\": false"),
        ("Alice Hargreaves", "x\\nroot::0:0::/:/bin/sh"),
        ("\"gosync_plan\": 1", "\"gosync_plan\": 0"),
    ] {
        let ran = forge(from, to);
        assert!(ran.code.is_some_and(|code| code != 0), "{from}: {ran:?}");
        assert_eq!(differences(&tree.picture(), &before), [""; 0], "{from}");
    }
}
