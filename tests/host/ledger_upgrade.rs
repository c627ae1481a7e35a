//! A ledger of gosync 0.1.0 becomes a new one, and gosync is killed before every call that changes something on the
//! way: what is left is the old one or the new one, and the next run sees what an undisturbed one sees.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::path::Path;

use crate::small_host::{Database, SmallHost, document, person};
use crate::syscalls;

const LEDGER: &str = "var/lib/gosync/ledger.sqlite";

/// A run that has nothing to do but to bring the ledger up: the only person is new and shut out.
const RUN: &[&str] = &["sync", "users", "--new"];

/// The ledger that is checked in.
fn old_ledger(path: &Path) {
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ledger-0.1.0/ledger.sql");
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(&std::fs::read_to_string(sql).unwrap())
        .unwrap();
}

/// Everything that a ledger holds, table by table, and its version.
fn dump(path: &Path) -> String {
    let db = rusqlite::Connection::open(path).unwrap();
    let version: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    let mut text = format!("version {version}\n");
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let mut names = db.prepare(sql).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for name in names.map(Result::unwrap) {
        // Which ledger it is, is made up.
        let but = if name == "meta" {
            "WHERE key <> 'ledger'"
        } else {
            ""
        };
        let mut statement = db.prepare(&format!("SELECT * FROM {name} {but}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at).unwrap());
            text.push_str(&format!("{name} {:?}\n", values.collect::<Vec<_>>()));
        }
    }
    text
}

#[test]
fn a_kill_while_the_ledger_is_brought_up_leaves_the_old_one_or_the_new_one() {
    let tree = SmallHost::new(Database::Etc);
    tree.provide(&document(&[person("u-99", "zed", "Zed", false)], &[]));
    tree.gosync(RUN).expect(0);
    std::fs::remove_file(tree.path(LEDGER)).unwrap();
    old_ledger(&tree.path(LEDGER));
    let old = dump(&tree.path(LEDGER));
    tree.save("old");
    let points = syscalls::of(&tree, RUN);
    let new = dump(&tree.path(LEDGER));
    assert!(old.starts_with("version 7\n") && !new.starts_with("version 7\n"));
    let (mut stayed, mut went) = (0, 0);
    for point in points.iter().filter(|point| point.is_change()) {
        tree.restore("old");
        syscalls::kill_at(point, &tree, RUN);
        // Reading it is what the next run does first: SQLite takes back what had only begun.
        let left = dump(&tree.path(LEDGER));
        match left == old {
            true => stayed += 1,
            false => went += 1,
        }
        assert!(left == old || left == new, "{point}:\n{left}");
        tree.gosync(RUN).expect(0);
        assert_eq!(dump(&tree.path(LEDGER)), new, "{point}");
    }
    assert!(stayed > 5 && went > 0, "{stayed} {went} of {points:?}");
}
