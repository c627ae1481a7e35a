//! A run that reads nobody, since nothing has moved, may do so only if all that the last one read is in its stamp. By
//! strace(1), which knows nothing of the program: every file that was opened for reading.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up must stop"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::small_host::{Database, SmallHost, document, group, person};

/// The stamp that `sync users` leaves, as far as it names files.
fn stamped(tree: &SmallHost) -> BTreeSet<PathBuf> {
    let text = tree.read("var/lib/gosync/sync-users.stamp");
    let stamp: serde_json::Value = serde_json::from_str(text.split_once('\n').unwrap().1).unwrap();
    let inputs = stamp["inputs"].as_object().unwrap();
    let paths = inputs.keys().map(|path| tree.dir().join(path));
    paths
        .filter_map(|path| fs::canonicalize(path).ok())
        .collect()
}

/// The files that a run opens to read them, below the host's directory.
fn opened(tree: &SmallHost, arguments: &[&str]) -> BTreeSet<PathBuf> {
    let log = tree.dir().join("strace.log");
    let run = tree.command(arguments);
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-y",
            "-qq",
            "-e",
            "trace=open,openat,openat2",
            "-s",
            "4096",
            "-o",
        ])
        .arg(&log)
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .current_dir(tree.dir());
    let set = run
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    strace.envs(set);
    let output = strace
        .output()
        .expect("strace(1) cannot be run: install the Debian package strace");
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&log).unwrap();
    let read = text.lines().filter(|line| {
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_PATH"].iter();
        line.contains(" = ")
            && !line.contains(" = -1 ")
            && !writes.clone().any(|word| line.contains(word))
    });
    // What was opened stands behind the descriptor: 3</path>.
    let goal = |line: &str| {
        let (_, end) = line.rsplit_once(" = ")?;
        let path = end.split_once('<')?.1.rsplit_once('>')?.0;
        Some(PathBuf::from(path))
    };
    let here = fs::canonicalize(tree.dir()).unwrap();
    let paths = read
        .filter_map(goal)
        .filter(|path| path.starts_with(&here) && path.is_file());
    paths.collect()
}

/// Whether a file is the run's own affair, and no plan hangs on it.
fn is_own(tree: &SmallHost, path: &Path) -> bool {
    let names = ["last-runs.json", "sync-users.stamp", "lock", "gosync.toml"];
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    names.contains(&name) || path.starts_with(tree.root().join("var/lib/gosync/copies"))
}

fn everything_that_is_read_is_in_the_stamp(database: Database) {
    let mut tree = SmallHost::new(database);
    tree.leave_stamps();
    let people = [
        person("u-1", "alice", "Alice", true),
        person("u-2", "bob", "Bob", true),
        person("u-3", "gone", "Gone", false),
    ];
    tree.provide(&document(&people, &[group("g-1", "physics", &["u-1"])]));
    for what in ["users", "groups"] {
        tree.gosync(&["sync", what]).expect(0);
    }
    thread::sleep(Duration::from_secs(4));
    let mut read = opened(&tree, &["sync", "users"]);
    read.retain(|path| !is_own(&tree, path));
    assert!(read.len() > 6, "{read:?}");
    let stamped = stamped(&tree);
    let missing: Vec<_> = read.difference(&stamped).collect();
    assert!(
        missing.is_empty(),
        "read, and not in the stamp: {missing:?}"
    );
    // And the next one reads none of them.
    let mut read = opened(&tree, &["sync", "users"]);
    read.retain(|path| !is_own(&tree, path));
    assert!(read.is_empty(), "{read:?}");
}

#[test]
fn everything_that_is_read_is_in_the_stamp_in_etc() {
    everything_that_is_read_is_in_the_stamp(Database::Etc);
}

#[test]
fn everything_that_is_read_is_in_the_stamp_in_extrausers() {
    everything_that_is_read_is_in_the_stamp(Database::Extrausers);
}
