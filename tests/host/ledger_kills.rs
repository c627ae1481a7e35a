//! gosync is killed before every call that changes something while another ledger is put in place: a copy, or a new one. What
//! is left is the former one, which is refused as before, or the other one with its anchor; and the next run goes on.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use crate::scenarios::{Scenario, changing, prepare};
use crate::small_host::{Database, SmallHost, document, person};
use crate::syscalls;

const LEDGER: &str = "var/lib/gosync/ledger.sqlite";
const SYNC: &[&str] = &["sync", "users"];

/// A host whose ledger is lost, and a copy of it.
pub fn restoring(database: Database) -> (SmallHost, Scenario) {
    let mut scenario = changing();
    let tree = prepare(&scenario, database);
    let copy = tree.dir().join("copy").to_str().unwrap().to_owned();
    tree.gosync(SYNC).expect(0);
    tree.gosync(&["ledger", "backup", &copy]).expect(0);
    std::fs::remove_file(tree.path(LEDGER)).unwrap();
    tree.save("before");
    scenario.name = "restoring the ledger";
    scenario.run = vec!["--force", "ledger", "restore", copy.leak()].leak();
    (tree, scenario)
}

/// A host whose ledger is lost, without a copy.
pub fn rebuilding(database: Database) -> (SmallHost, Scenario) {
    let (tree, mut scenario) = restoring(database);
    std::fs::remove_dir_all(tree.path("var/lib/gosync/copies")).unwrap();
    tree.save("before");
    scenario.name = "rebuilding the ledger";
    scenario.run = &["ledger", "rebuild"];
    (tree, scenario)
}

/// How an administrator goes on after a kill.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// By the same command again, if the ledger is refused still.
    IfRefused,
    /// By the same command in any case: it goes on where it was.
    Always,
}

/// Kills `run` everywhere, and then goes on as an administrator would.
fn killed(tree: &SmallHost, run: &[&str], then: Then) {
    let points = syscalls::of(tree, run);
    let undisturbed = tree.gosync(SYNC);
    let goal = std::fs::read(tree.path("etc/passwd")).unwrap();
    let (mut stayed, mut went) = (0, 0);
    for point in points.iter().filter(|point| point.is_change()) {
        tree.restore("before");
        syscalls::kill_at(point, tree, run);
        // Who only looks is refused, or sees what is whole.
        let looked = tree.gosync(&["drift"]);
        assert!(matches!(looked.code, Some(0 | 1)), "{point}: {looked:?}");
        let next = tree.gosync(SYNC);
        if next.code == Some(1) {
            assert!(
                next.err.contains("cannot be used: it is "),
                "{point}: {next:?}"
            );
            tree.gosync(run);
            stayed += 1;
        } else {
            if then == Then::Always {
                tree.gosync(run).expect(0);
            }
            went += 1;
        }
        let last = tree.gosync(SYNC);
        assert_eq!(last.code, undisturbed.code, "{point}: {last:?}");
        assert_eq!(last.out, undisturbed.out, "{point}");
        tree.gosync(&["ledger", "verify"]).expect(0);
        // People whose accounts are the host's own now are refused, and that is all that is wrong.
        let status = tree.gosync(&["status"]);
        let is_sound = status.out.starts_with("verdict             ok\n")
            || status
                .out
                .starts_with("verdict             people refused: ");
        assert!(is_sound, "{point}: {status:?}");
        assert_eq!(
            std::fs::read(tree.path("etc/passwd")).unwrap(),
            goal,
            "{point}"
        );
        for litter in ["var/lib/gosync/exchange", "etc/gosync/.gosync"] {
            assert!(!tree.path(litter).exists(), "{point}: {litter}");
        }
    }
    assert!(stayed > 3 && went > 3, "{stayed} and {went}");
}

cases! {
    killed_while_it_restores_the_ledger: |on| {
        let (tree, scenario) = restoring(on);
        killed(&tree, scenario.run, Then::IfRefused);
    }, etc, extrausers;
    killed_while_it_begins_a_new_ledger: |on| {
        let (tree, _) = restoring(on);
        // Somebody is new: that all who come are here already would be an error.
        let users = [
            person("u-1", "alice", "Alice", true),
            person("u-2", "bob", "Bob", true),
            person("u-3", "carol", "Carol", true),
        ];
        tree.provide(&document(&users, &[]));
        tree.save("before");
        killed(&tree, &["sync", "users", "--new-ledger"], Then::IfRefused);
    }, etc;
    killed_while_it_rebuilds_the_ledger: |on| {
        let (tree, scenario) = rebuilding(on);
        killed(&tree, scenario.run, Then::Always);
    }, etc, extrausers;
}
