//! One plan of fifty changes of every kind: accounts made, changed, renamed, locked, opened, packed and removed, with keys
//! and subordinate ids.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::os::unix::fs::chown;

use serde_json::Value;

use crate::scenarios::{KEYS, Scenario};
use crate::small_host::{Database, SmallHost, document, person};

const RUN: &[&str] = &["sync", "users"];

/// When those left whose homes are due to be packed, and whose accounts to be removed, in days before the test.
const LEFT: [(&str, i64); 4] = [("18", 40), ("19", 40), ("20", 400), ("21", 400)];

/// The first uid that gosync gives.
const FIRST_UID: u32 = 20_000;

fn somebody(n: usize, login: &str, active: bool, keys: &[&str]) -> Value {
    let mut person = person(&format!("u-{n:02}"), login, &format!("Person {n}"), active);
    person["ssh_keys"] = keys.into();
    person
}

fn nobody_left(n: usize) -> Value {
    somebody(n, &format!("p{n:02}"), true, &KEYS[..1])
}

/// Forty people are there. Six come; of the others four are renamed, six locked, two opened, two homes packed, two
/// accounts removed, three have other names, and nineteen other keys.
pub fn plan(database: Database) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    tree.configure(
        "[departed]\narchive_after = \"30d\"\nremove_after = \"90d\"\n\
         [limits]\nmax_removals = 100\nmax_removals_percent = 100\nmax_removals_percent_in_30d = 100\n",
    );
    let text = fs::read_to_string(tree.config()).unwrap();
    let text = text.replace("[target.host]", "rename_home = true\n[target.host]");
    fs::write(tree.config(), text).unwrap();
    let all: Vec<Value> = (0..40).map(nobody_left).collect();
    tree.provide(&document(&all, &[]));
    tree.gosync(RUN).expect(0);
    let mut left = all;
    for n in [16, 17, 18, 19, 20, 21] {
        left[n]["active"] = false.into();
    }
    tree.provide(&document(&left, &[]));
    tree.gosync(RUN).expect(0);
    // Who is to be removed was packed by a run before.
    let (packed, due) = LEFT.split_at(2);
    age(&tree, due);
    tree.gosync(RUN).expect(0);
    age(&tree, packed);
    for n in (0..40).filter(|n| !(20..22).contains(n)) {
        tree.write(
            &format!("home/p{n:02}/thesis"),
            "the work of years",
            0o600,
            0,
        );
    }
    for n in 6..10 {
        let path = format!("var/mail/p{n:02}");
        tree.write(&path, "letters", 0o600, 0);
        chown(tree.path(&path), Some(FIRST_UID + n), Some(8)).unwrap();
    }
    let now = document(&changed(left), &[]);
    tree.provide(&now);
    tree.save("before");
    let scenario = Scenario {
        name: "a mixed plan",
        history: vec![],
        now,
        run: RUN,
    };
    (tree, scenario)
}

/// What the provider says at the end.
fn changed(mut people: Vec<Value>) -> Vec<Value> {
    for (n, person) in people.iter_mut().enumerate() {
        match n {
            6..10 => person["login"] = format!("new{n:02}").into(),
            10..16 => person["active"] = false.into(),
            16..18 => person["active"] = true.into(),
            22..25 => person["name"] = format!("Doctor {n}").into(),
            _ => {}
        }
        if n > 20 {
            person["ssh_keys"] = KEYS[1..].into();
        }
    }
    people.extend((40..46).map(nobody_left));
    people
}

/// Puts the beginning of the departure of some into the past.
fn age(tree: &SmallHost, left: &[(&str, i64)]) {
    let db = rusqlite::Connection::open(tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    for (n, days) in left {
        let sql = "UPDATE departures SET since = since - ?1 WHERE id = ?2";
        let rows = db.execute(sql, (days * 86_400, format!("u-{n}"))).unwrap();
        assert_eq!(rows, 1, "u-{n} did not leave");
    }
}
