//! Changes that runs are interrupted in: how the host came to where each begins, and the command that makes it.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::Value;

use crate::small_host::{Database, SmallHost, document, group, person};

/// A change, and how the host came to where it begins.
pub struct Scenario {
    pub name: &'static str,
    /// Each is synced, people and groups, before the change.
    pub history: Vec<Value>,
    /// What the provider says during the change.
    pub now: Value,
    /// The command that makes the change.
    pub run: &'static [&'static str],
}

const ALICE: &str = "u-1";
const BOB: &str = "u-2";

fn people(alice: &str, bob: &str) -> Vec<Value> {
    vec![
        person(ALICE, "alice", alice, true),
        person(BOB, "bob", bob, true),
    ]
}

/// On a host on which gosync never ran.
pub fn adding() -> Scenario {
    let now = document(&people("Alice", "Bob"), &[]);
    Scenario {
        name: "adding",
        history: vec![],
        now,
        run: &["sync", "users"],
    }
}

pub fn changing() -> Scenario {
    let mut after = people("Alice Liddell", "Robert");
    after[1]["shell"] = "/bin/sh".into();
    let history = vec![document(&people("Alice", "Bob"), &[])];
    Scenario {
        name: "changing",
        history,
        now: document(&after, &[]),
        run: &["sync", "users"],
    }
}

/// The provider has other ids for everybody, and for a group.
pub fn rebinding() -> Scenario {
    let of = |prefix: &str| {
        let id = |n: u32| format!("{prefix}-{n}");
        let all = [
            person(&id(1), "alice", "Alice", true),
            person(&id(2), "bob", "Bob", true),
        ];
        document(&all, &[group(&id(9), "lab", &[&id(1), &id(2)])])
    };
    Scenario {
        name: "tying to other records",
        history: vec![of("old")],
        now: of("new"),
        run: &["rebind", "--all", "--by", "login"],
    }
}

/// One is locked, one opened, one comes, and one stays.
pub fn locking() -> Scenario {
    let state = |alice, bob| {
        vec![
            person(ALICE, "alice", "Alice", alice),
            person(BOB, "bob", "Bob", bob),
            person("u-4", "dan", "Dan", true),
        ]
    };
    let mut after = state(false, true);
    after.push(person("u-3", "carol", "Carol", true));
    let history = vec![
        document(&state(true, true), &[]),
        document(&state(true, false), &[]),
    ];
    Scenario {
        name: "locking",
        history,
        now: document(&after, &[]),
        run: &["sync", "users"],
    }
}

/// Two go, who are members of a group and have things in their homes.
pub fn removing(name: &'static str, run: &'static [&'static str]) -> Scenario {
    let mut all = people("Alice", "Bob");
    all.push(person("u-3", "carol", "Carol", true));
    let history = vec![document(
        &all,
        &[group("g-1", "physics", &[ALICE, BOB, "u-3"])],
    )];
    let now = document(&[], &[]);
    Scenario {
        name,
        history,
        now,
        run,
    }
}

/// One group comes; of another, one member comes and one goes.
pub fn grouping() -> Scenario {
    let all = people("Alice", "Bob");
    let history = vec![document(&all, &[group("g-1", "physics", &[ALICE])])];
    let now = document(
        &all,
        &[
            group("g-1", "physics", &[BOB]),
            group("g-2", "climate", &[ALICE, BOB]),
        ],
    );
    Scenario {
        name: "grouping",
        history,
        now,
        run: &["sync", "groups"],
    }
}

/// The third run changed one, locked one and made one.
pub fn undoing() -> Scenario {
    let mut after = vec![
        person(ALICE, "alice", "Alice Liddell", true),
        person(BOB, "bob", "Bob", false),
    ];
    after.push(person("u-3", "carol", "Carol", true));
    let team = [group("g-1", "physics", &[ALICE])];
    let now = document(&after, &team);
    let history = vec![document(&people("Alice", "Bob"), &team), now.clone()];
    Scenario {
        name: "undoing",
        history,
        now,
        run: &["undo", "3"],
    }
}

/// Keys come, change and go: with a new account, with a lock, with the lock's end, and alone.
pub fn keys() -> Scenario {
    let person = |id: &str, login: &str, active, keys: &[&str]| {
        let mut person = person(id, login, login, active);
        person["ssh_keys"] = keys.into();
        person
    };
    let all = |alice: &[&str], bob, carol, dan: &[&str]| {
        vec![
            person(ALICE, "alice", true, alice),
            person(BOB, "bob", bob, &[KEYS[0]]),
            person("u-3", "carol", carol, &[KEYS[1]]),
            person("u-4", "dan", true, dan),
        ]
    };
    let mut after = all(&[KEYS[1], KEYS[2]], false, true, &[]);
    after.push(person("u-5", "eve", true, &[KEYS[2]]));
    let history =
        [true, false].map(|carol| document(&all(&KEYS[..1], true, carol, &[KEYS[2]]), &[]));
    Scenario {
        name: "changing keys",
        history: history.into(),
        now: document(&after, &[]),
        run: &["sync", "users"],
    }
}

/// Accounts with keys go.
pub fn removing_with_keys() -> Scenario {
    let mut scenario = removing("removing with keys", REMOVE_HOME);
    for person in scenario.history[0]["users"].as_array_mut().unwrap() {
        person["ssh_keys"] = KEYS.into();
    }
    scenario
}

pub const KEYS: [&str; 3] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH9Wg6oyZlrUC7qhImBVnoLAYFeqPpqy5VrX4v+/LjgD",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICBoeMU7O8Q6egsBM/w0AJSn8u6vNqpdjRlMheAgLWGA",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEp4kh9n0mcPhbYpQzkwix1/qaKM/E1jziUpiuM6xhdx",
];

/// The host where a scenario begins, saved as `before`.
pub fn prepare(scenario: &Scenario, database: Database) -> SmallHost {
    let tree = SmallHost::new(database);
    for document in &scenario.history {
        tree.provide(document);
        tree.gosync(&["sync", "users"]).expect(0);
        tree.gosync(&["sync", "groups"]).expect(0);
    }
    for name in ["alice", "bob"]
        .into_iter()
        .filter(|_| !scenario.history.is_empty())
    {
        std::fs::write(
            tree.path(&format!("home/{name}/thesis")),
            "the work of years",
        )
        .unwrap();
    }
    tree.provide(&scenario.now);
    tree.save("before");
    tree
}

pub const KEEP: &[&str] = &["deluser", "alice", "bob"];
pub const REMOVE_HOME: &[&str] = &["deluser", "alice", "bob", "--remove-home"];
pub const ARCHIVE_HOME: &[&str] = &["deluser", "alice", "bob", "--archive-home", "/srv/archive"];
