//! A ledger that gosync 0.1.0 wrote is read, shown, and carried on by this one, as 0.1.0 did.
//!
//! In `ledger-0.1.0`: `make.md` is what was done on a scratch host; `host` the databases and homes that came of it, in
//! the form that `manifest` describes; `ledger.sql` the ledger, as `sqlite3 ledger.sqlite .dump` prints it, since a
//! text can be read in a review, and SQLite makes the same rows of it; `look.md` and `go_on.md` what 0.1.0 says of it
//! and goes on to do. All of it was written by 0.1.0 itself: `GOSYNC_BLESS=1 GOSYNC_0_1_0=PROGRAM cargo test --test it
//! ledger_0_1_0 -- --ignored`, as root. Its times were put 40 days back, so that nothing in it is of the last day.

use std::path::PathBuf;

use crate::console;
use crate::host::{difference, set_mode};
use crate::manifest::Tree;
use crate::scratch::ScratchHost;

const LEDGER: &str = "var/lib/gosync/ledger.sqlite";

/// The schema that gosync 0.1.0 wrote.
const OLD: i64 = 7;

/// Where the times of a ledger of 0.1.0 are.
const TIMES: [(&str, &str); 8] = [
    ("accounts", "absent_since"),
    ("rungs", "absent_since"),
    ("rungs", "since"),
    ("losses", "at"),
    ("runs", "at"),
    ("archives", "at"),
    ("hook_queue", "at"),
    ("hook_queue", "due"),
];

fn file(name: &str) -> String {
    format!("tests/it/ledger-0.1.0/{name}")
}

/// The host with the ledger of 0.1.0.
fn old_host() -> ScratchHost {
    let world = ScratchHost::new(&Tree::parse(&crate::text(&file("host"))));
    let made = crate::text(&file("make.md"));
    for name in [
        "gosync.toml",
        "hooks/user.d/10-note",
        "hooks/user.d/20-quota",
        "hooks/bygroup.d/10-note",
        "directory.json",
    ] {
        world.write(name, &in_world(&world, &last_write(&made, name)));
    }
    let state = world.root().join("var/lib/gosync");
    std::fs::create_dir_all(&state).unwrap();
    set_mode(&state, 0o700);
    let db = rusqlite::Connection::open(world.root().join(LEDGER)).unwrap();
    let sql = in_world(&world, &crate::text(&file("ledger.sql")));
    db.execute_batch(&sql).unwrap();
    set_mode(&world.root().join(LEDGER), 0o600);
    world
}

fn in_world(world: &ScratchHost, text: &str) -> String {
    text.replace("[SCRATCH]", world.dir().to_str().unwrap())
}

/// What a text writes into a file last.
fn last_write(text: &str, name: &str) -> String {
    let begin = format!("```write {name}\n");
    let (_, rest) = text.rsplit_once(&begin).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn version(world: &ScratchHost) -> i64 {
    let db = rusqlite::Connection::open(world.root().join(LEDGER)).unwrap();
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

/// What is said is what 0.1.0 said.
fn says_the_same(world: &ScratchHost, name: &str) {
    let found = console::run(world, &crate::text(&file(name)), &mut ());
    console::compare(&file(name), &found);
}

#[test]
fn who_only_looks_sees_what_was_seen_and_writes_nothing() {
    let world = old_host();
    let before = world.traces();
    says_the_same(&world, "look.md");
    let changed = difference(&before, &world.traces());
    let wrong: Vec<&str> = changed
        .lines()
        .filter(|line| !line.contains("/run/gosync"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(version(&world), OLD);
}

#[test]
fn who_writes_brings_it_up_and_goes_on_as_before() {
    let world = old_host();
    says_the_same(&world, "go_on.md");
    assert!(version(&world) > OLD);
    // And it still says the same of what was there before.
    let world = old_host();
    drop(gosync::testing::ledger::Ledger::open(&world.root().join("var/lib/gosync")).unwrap());
    assert!(version(&world) > OLD);
    says_the_same(&world, "look.md");
}

/// Makes everything anew, by the program of 0.1.0 alone.
#[test]
#[ignore = "needs the program of gosync 0.1.0"]
fn made_by_0_1_0() {
    let program =
        PathBuf::from(std::env::var_os("GOSYNC_0_1_0").expect("GOSYNC_0_1_0 names the program"));
    let mut world = ScratchHost::new(&Tree::base());
    world.program = program.clone();
    let made = console::run(&world, &crate::text(&file("make.md")), &mut ());
    console::compare(&file("make.md"), &made);
    let path = world.root().join(LEDGER);
    let db = rusqlite::Connection::open(&path).unwrap();
    for (table, column) in TIMES {
        let sql = format!("UPDATE {table} SET {column} = {column} - 40 * 86400");
        db.execute(&sql, []).unwrap();
    }
    drop(db);
    world.shell(&format!(
        "{{ sqlite3 root/{LEDGER} .dump; echo 'PRAGMA user_version={OLD};'; }} > ledger.sql"
    ));
    let sql = std::fs::read_to_string(world.dir().join("ledger.sql")).unwrap();
    console::compare(
        &file("ledger.sql"),
        &sql.replace(world.dir().to_str().unwrap(), "[SCRATCH]"),
    );
    let mut tree = Tree::read(&world.root());
    let is_host = |path: &String| {
        ["/var/lib/gosync", "/run/gosync", "/srv/archive/"]
            .iter()
            .all(|other| !path.starts_with(other))
    };
    tree.0.retain(|path, _| is_host(path));
    console::compare(&file("host"), &tree.changes(&Tree::default()));
    for name in ["look.md", "go_on.md"] {
        let mut world = old_host();
        world.program = program.clone();
        says_the_same(&world, name);
    }
}
