//! gosync is killed before every call that changes something while it renames, archives and removes, and while the next
//! run makes up for it; and others change the files between the two. See `interruptions`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use serde_json::Value;

use crate::interruptions::{
    add_foreign, kill_and_overtake_in, kill_everywhere_in, kill_the_recovery_in,
};
use crate::scenarios::Scenario;
use crate::small_host::{Database, SmallHost, document, group, person};
use crate::syscalls;

/// When people were locked, in every test: a month passes in the ledger and not on the clock.
const LONG_AGO: i64 = 1_700_000_000;

const USERS: &[&str] = &["sync", "users"];
const GROUPS: &[&str] = &["sync", "groups"];

/// Puts keys into sections of the configuration.
fn configure(tree: &SmallHost, accounts: &str, more: &str) {
    tree.configure(more);
    let text = std::fs::read_to_string(tree.config()).unwrap();
    std::fs::write(
        tree.config(),
        text.replace("[target.host]", &format!("{accounts}\n[target.host]")),
    )
    .unwrap();
}

fn sync(tree: &SmallHost, document: &Value) {
    tree.provide(document);
    tree.gosync(USERS).expect(0);
    tree.gosync(GROUPS).expect(0);
}

/// Puts the beginning of every time that is counted far into the past.
fn age(tree: &SmallHost) {
    let db = rusqlite::Connection::open(tree.path("var/lib/gosync/ledger.sqlite")).unwrap();
    let sql = "UPDATE departures SET since = ?1";
    assert!(db.execute(sql, [LONG_AGO]).unwrap() > 0, "nobody left");
}

fn people(alice: &str, bob: &str, active: bool) -> Vec<Value> {
    vec![
        person("u-1", alice, "Alice", active),
        person("u-2", bob, "Bob", active),
        person("u-3", "carol", "Carol", true),
    ]
}

fn physics(users: &[Value]) -> Value {
    document(users, &[group("g-1", "physics", &["u-1", "u-2", "u-3"])])
}

/// Two have other logins now; what is named after them is there, and people put one of them into a group by hand.
pub fn renaming(database: Database, keys: &str) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    configure(&tree, keys, "");
    sync(&tree, &physics(&people("alice", "bob", true)));
    for path in [
        "home/alice/thesis",
        "home/bob/thesis",
        "etc/ssh/authorized_keys.d/alice",
        "var/mail/alice",
    ] {
        tree.write(path, "the work of years", 0o600, 0);
    }
    std::os::unix::fs::chown(tree.path("var/mail/alice"), Some(20_000), Some(8)).unwrap();
    let now = document(&people("alicia", "bobby", true), &[]);
    tree.provide(&now);
    tree.save("before");
    (
        tree,
        Scenario {
            name: "renaming",
            history: vec![],
            now,
            run: USERS,
        },
    )
}

pub const MOVE: &str = "rename_home = true";
pub const NO_LINK: &str = "rename_home = true\nrename_home_link = false";

const LOCK_SHELL: &str = "[departed]\nlock_shell = \"/usr/sbin/nologin\"\n";

/// One is locked and gets the shell of a lock, one is opened and gets the own one back.
pub fn locking_with_a_shell(database: Database) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    configure(&tree, "", LOCK_SHELL);
    let state = |alice: bool, bob: bool| {
        let mut all = people("alice", "bob", true);
        all[0]["active"] = alice.into();
        all[1]["active"] = bob.into();
        document(&all, &[])
    };
    sync(&tree, &state(true, true));
    sync(&tree, &state(true, false));
    let now = state(false, true);
    tree.provide(&now);
    tree.save("before");
    (
        tree,
        Scenario {
            name: "locking with a shell",
            history: vec![],
            now,
            run: USERS,
        },
    )
}

/// An administrator locks two; or lets one in again.
pub fn by_an_administrator(
    database: Database,
    run: &'static [&'static str],
) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    configure(&tree, "", LOCK_SHELL);
    let now = document(&people("alice", "bob", true), &[]);
    sync(&tree, &now);
    if run[0] == "unlock" {
        tree.gosync(&["lock", "alice", "bob"]).expect(0);
    }
    tree.save("before");
    (
        tree,
        Scenario {
            name: "locking by an administrator",
            history: vec![],
            now,
            run,
        },
    )
}

/// They get their old names back.
pub fn undoing_renames(database: Database) -> (SmallHost, Scenario) {
    let (tree, scenario) = renaming(database, MOVE);
    tree.gosync(USERS).expect(0);
    assert!(tree.path("home/alicia/thesis").exists());
    tree.save("before");
    (
        tree,
        Scenario {
            name: "undoing renames",
            run: &["undo", "3"],
            ..scenario
        },
    )
}

/// A group goes that was made with members, and one gets its old name and members back.
pub fn undoing_groups(database: Database) -> (SmallHost, Scenario) {
    let (tree, mut scenario) = renaming_groups(database);
    scenario.now["groups"]
        .as_array_mut()
        .unwrap()
        .push(group("g-2", "biology", &["u-1", "u-2"]));
    tree.provide(&scenario.now);
    tree.gosync(GROUPS).expect(0);
    tree.save("before");
    (
        tree,
        Scenario {
            name: "undoing groups",
            run: &["undo", "3"],
            ..scenario
        },
    )
}

/// A group has another name now, and another member.
pub fn renaming_groups(database: Database) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    let all = people("alice", "bob", true);
    sync(&tree, &physics(&all));
    let now = document(&all, &[group("g-1", "chemistry", &["u-2", "u-3"])]);
    tree.provide(&now);
    tree.save("before");
    (
        tree,
        Scenario {
            name: "renaming groups",
            history: vec![],
            now,
            run: GROUPS,
        },
    )
}

/// Two were locked long ago.
pub fn leaving(database: Database, name: &'static str, departed: &str) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    configure(&tree, "", &format!("[departed]\n{departed}\n"));
    sync(&tree, &physics(&people("alice", "bob", true)));
    for path in ["home/alice/thesis", "home/bob/thesis"] {
        tree.write(path, "the work of years", 0o600, 0);
    }
    let now = document(&people("alice", "bob", false), &[]);
    tree.provide(&now);
    tree.gosync(USERS).expect(0);
    age(&tree);
    tree.save("before");
    (
        tree,
        Scenario {
            name,
            history: vec![],
            now,
            run: USERS,
        },
    )
}

pub const ARCHIVE: &str = "archive_after = \"30d\"";
pub const REMOVE: &str = "remove_after = \"90d\"";

/// One comes back whose home was packed, one whose account was removed.
pub fn returning(database: Database) -> (SmallHost, Scenario) {
    let (tree, mut scenario) = leaving(database, "bringing people back", ARCHIVE);
    tree.gosync(USERS).expect(0);
    assert!(!tree.path("home/alice").exists());
    scenario.now = document(&people("alice", "bob", true), &[]);
    tree.provide(&scenario.now);
    tree.save("before");
    (tree, scenario)
}

/// A group is gone: its members are taken out in the first run, and it is removed in the second.
pub fn losing_groups(database: Database, emptied: bool) -> (SmallHost, Scenario) {
    let tree = SmallHost::new(database);
    configure(
        &tree,
        "",
        "[departed]\nabsent_runs = 1\nabsent_for = \"0s\"\nremove_after = \"90d\"\n",
    );
    let all = people("alice", "bob", true);
    sync(
        &tree,
        &document(
            &all,
            &[
                group("g-1", "physics", &["u-1", "u-2"]),
                group("g-2", "rest", &["u-3"]),
            ],
        ),
    );
    let now = document(&all, &[group("g-2", "rest", &["u-3"])]);
    tree.provide(&now);
    if emptied {
        tree.gosync(GROUPS).expect(0);
        age(&tree);
    }
    tree.save("before");
    let name = if emptied {
        "removing groups"
    } else {
        "emptying groups"
    };
    (
        tree,
        Scenario {
            name,
            history: vec![],
            now,
            run: GROUPS,
        },
    )
}

/// Kills a run that renames at each of its points from the journal on; another program changes the files; then the
/// provider wants the names that `now` has. `names`: those that people end with.
fn ends_with(tree: &SmallHost, run: &'static [&'static str], now: &Value, names: [&str; 2]) {
    let points = syscalls::of(tree, run);
    let journal = points
        .iter()
        .position(|p| p.call == "rename" && p.text.contains("journal.new"))
        .unwrap();
    let passwd = tree.database.file("passwd");
    let mut begun = 0;
    for point in points[journal + 1..]
        .iter()
        .filter(|point| point.call.starts_with("rename"))
    {
        tree.restore("before");
        let before = tree.read(&passwd);
        assert!(
            syscalls::kill_at(point, tree, run),
            "the run never came to {point}"
        );
        begun += usize::from(tree.read(&passwd) != before);
        add_foreign(tree);
        tree.provide(now);
        for _ in 0..3 {
            let ran = tree.gosync(USERS).expect(0);
            assert!(
                !ran.out.contains("by hand") && ran.err.lines().count() <= 1,
                "at {point}: {ran:?}"
            );
        }
        let last = tree.gosync(USERS).expect(0);
        assert!(last.out.contains("nothing to do"), "at {point}: {last:?}");
        let text = tree.read(&passwd);
        for (name, uid) in names.iter().zip([20_000, 20_001]) {
            let line = text
                .lines()
                .filter(|line| line.contains(&format!(":{uid}:")))
                .collect::<Vec<_>>();
            assert!(
                matches!(line[..], [line] if line.starts_with(&format!("{name}:"))),
                "at {point}: {line:?}"
            );
            assert!(
                tree.path(&format!("home/{name}/thesis")).exists(),
                "at {point}: {name} has lost the home"
            );
        }
    }
    assert!(begun > 0, "no run was killed after passwd had changed");
}

#[test]
fn who_got_the_old_name_back_by_an_undo_that_was_overtaken_is_still_there() {
    for database in [Database::Etc, Database::Extrausers] {
        let (tree, scenario) = undoing_renames(database);
        ends_with(&tree, scenario.run, &scenario.now, ["alicia", "bobby"]);
    }
}

#[test]
fn who_gets_the_old_name_back_after_a_rename_that_was_overtaken_is_still_there() {
    let (tree, scenario) = renaming(Database::Etc, MOVE);
    ends_with(
        &tree,
        scenario.run,
        &document(&people("alice", "bob", true), &[]),
        ["alice", "bob"],
    );
}

/// Interrupts the run of a scenario on its host.
fn in_turn(how: fn(&SmallHost, &Scenario), (tree, scenario): (SmallHost, Scenario)) {
    how(&tree, &scenario);
}

cases! {
    killed_while_it_renames_and_moves_homes:
        |on| in_turn(kill_everywhere_in, renaming(on, MOVE)), etc, extrausers;
    killed_while_it_renames_and_moves_homes_without_a_link:
        |on| in_turn(kill_everywhere_in, renaming(on, NO_LINK)), etc;
    killed_while_it_renames_and_leaves_homes:
        |on| in_turn(kill_everywhere_in, renaming(on, "")), etc;
    killed_while_it_locks_with_a_shell:
        |on| in_turn(kill_everywhere_in, locking_with_a_shell(on)), etc, extrausers;
    killed_while_an_administrator_locks:
        |on| in_turn(kill_everywhere_in, by_an_administrator(on, &["lock", "alice", "bob"])), etc, extrausers;
    killed_while_an_administrator_unlocks:
        |on| in_turn(kill_everywhere_in, by_an_administrator(on, &["unlock", "alice"])), etc;
    killed_while_it_renames_groups:
        |on| in_turn(kill_everywhere_in, renaming_groups(on)), etc, extrausers;
    killed_while_it_gives_names_back:
        |on| in_turn(kill_everywhere_in, undoing_renames(on)), etc, extrausers;
    killed_while_it_undoes_groups:
        |on| in_turn(kill_everywhere_in, undoing_groups(on)), etc, extrausers;
    killed_while_it_packs_the_homes_of_those_who_left:
        |on| in_turn(kill_everywhere_in, leaving(on, "packing homes", ARCHIVE)), etc;
    killed_while_it_removes_those_who_left:
        |on| in_turn(kill_everywhere_in, leaving(on, "removing who left", REMOVE)), etc, extrausers;
    killed_while_it_brings_people_back:
        |on| in_turn(kill_everywhere_in, returning(on)), etc;
    killed_while_it_empties_groups:
        |on| in_turn(kill_everywhere_in, losing_groups(on, false)), etc;
    killed_while_it_removes_groups:
        |on| in_turn(kill_everywhere_in, losing_groups(on, true)), etc, extrausers;
    killed_while_it_makes_up_for_an_interrupted_rename:
        |on| in_turn(kill_the_recovery_in, renaming(on, MOVE)), etc, extrausers;
    killed_while_it_renames_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, renaming(on, MOVE)), etc, extrausers;
    killed_while_it_renames_without_a_link_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, renaming(on, NO_LINK)), etc;
    killed_while_it_renames_groups_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, renaming_groups(on)), etc;
    killed_while_it_gives_names_back_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, undoing_renames(on)), etc;
    killed_while_it_undoes_groups_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, undoing_groups(on)), etc;
    killed_while_it_packs_homes_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, leaving(on, "packing homes", ARCHIVE)), etc;
    killed_while_it_removes_those_who_left_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, leaving(on, "removing who left", REMOVE)), etc;
    killed_while_it_removes_groups_and_overtaken_by_another_program:
        |on| in_turn(kill_and_overtake_in, losing_groups(on, true)), etc;
}
