//! Homes that cannot be taken away, packed, looked at or made: trouble of one person, which holds up nobody else.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;

use crate::namespace::with_own_mounts;
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, person};
use crate::unwritable::host_with_attributes;

fn mounted(tree: &SmallHost, script: &str) -> Ran {
    with_own_mounts(tree, script).output().unwrap().into()
}

fn people(names: &[&str]) -> serde_json::Value {
    let users: Vec<_> = names
        .iter()
        .map(|name| person(&format!("u-{name}"), name, "Somebody", true))
        .collect();
    document(&users, &[])
}

/// A chain of directories.
fn dig(tree: &SmallHost, below: &str, depth: usize) {
    let script = format!(
        "cd $ROOT/{below} && exec python3 -c 'import os\nfor n in range({depth}): os.mkdir(\"d\"); os.chdir(\"d\")'"
    );
    assert_eq!(mounted(tree, &script).code, Some(0));
}

#[test]
fn a_home_deeper_than_there_may_be_open_files_is_removed() {
    let tree = SmallHost::new(Database::Etc);
    tree.provide(&people(&["alice", "bob", "carol"]));
    tree.gosync(&["sync", "users"]).expect(0);
    dig(&tree, "home/alice", 2_000);
    dig(&tree, "home/bob", 2_000);
    for (name, option) in [
        ("alice", "--remove-home"),
        ("bob", "--archive-home /srv/archive"),
    ] {
        let script = format!("ulimit -n 64; exec $GOSYNC deluser {name} {option}");
        let ran = mounted(&tree, &script).expect(0);
        assert!(!ran.err.contains("stays"), "{name}: {ran:?}");
        assert!(!tree.path(&format!("home/{name}")).exists());
        assert!(!tree.path("home/.gosync").exists(), "{name}");
    }
}

#[test]
fn what_cannot_be_removed_though_it_is_out_of_sight_holds_nothing_up() {
    let tree = host_with_attributes();
    tree.provide(&people(&["alice", "bob"]));
    tree.gosync(&["sync", "users"]).expect(0);
    let stays = "what is not needed any more stays, and takes up room: cannot remove ";
    for round in 1..=3 {
        fs::write(tree.path("home/alice/kept"), "").unwrap();
        let flags = mounted(&tree, "chattr +i $ROOT/home/alice/kept");
        assert_eq!(flags.code, Some(0), "{flags:?}");
        let ran = tree
            .gosync(&["deluser", "alice", "--remove-home"])
            .expect(0);
        assert_eq!(ran.err.matches(stays).count(), 1, "round {round}: {ran:?}");
        assert!(ran.err.contains("kept: Operation not permitted"), "{ran:?}");
        assert!(!tree.path("home/alice").exists());
        // The same name again: nothing collides with what is left.
        let ran = tree.gosync(&["sync", "users"]).expect(0);
        assert_eq!(ran.err.matches(stays).count(), 1, "round {round}: {ran:?}");
        assert!(tree.path("home/alice/.profile").exists(), "{ran:?}");
    }
    assert_eq!(
        mounted(&tree, "chattr -R -i $ROOT/home/.gosync").code,
        Some(0)
    );
    let ran = tree.gosync(&["sync", "users"]).expect(0);
    assert_eq!(ran.err, "");
    assert!(!tree.path("home/.gosync").exists());
}

#[test]
fn a_file_system_in_what_is_removed_is_not_entered() {
    // Without /proc nobody knows beforehand.
    for before in ["true", "mount -t tmpfs none /proc"] {
        let tree = SmallHost::new(Database::Etc);
        tree.provide(&people(&["alice"]));
        fs::write(tree.path("srv/precious"), "").unwrap();
        fs::create_dir_all(tree.path("home/.gosync/removed-x/a/b/mnt")).unwrap();
        let script = format!(
            "chmod 700 $ROOT/home/.gosync; mount --bind $ROOT/srv $ROOT/home/.gosync/removed-x/a/b/mnt; \
             {before}; exec $GOSYNC sync users"
        );
        let ran = mounted(&tree, &script).expect(0);
        assert!(
            ran.err.contains("a file system is mounted on or below"),
            "{ran:?}"
        );
        assert!(tree.path("srv/precious").exists() && tree.path("home/alice").exists());
    }
}
