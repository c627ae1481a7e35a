//! gosync is killed before every call that changes something. Nobody is ever half there, no line is lost, and the next
//! plain run of the same command reaches what an undisturbed run reaches, and leaves nothing lying about.
//!
//! A kill before an fsync is left out: it leaves what a kill at the next change leaves. What a power cut does is not
//! shown here.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "figures, for those who ask by --nocapture"
)]

use std::time::Instant;

use serde_json::Value;

use crate::invariants::Frame;
use crate::picture::{Picture, differences};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost, document, group, person};
use crate::syscalls::{self, Point};

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

/// One is locked, one opened, and one comes.
pub fn locking() -> Scenario {
    let state = |alice, bob| {
        vec![
            person(ALICE, "alice", "Alice", alice),
            person(BOB, "bob", "Bob", bob),
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

/// What a sweep found.
#[derive(Default)]
pub struct Findings {
    pub points: usize,
    pub unsafe_states: Vec<String>,
    pub unhealed: Vec<String>,
    /// Runs that said they were done and were not, or failed without a word.
    pub lies: Vec<String>,
}

impl Findings {
    /// Stops the test if there is one.
    pub fn judge(&self, title: &str, began: Instant) {
        let Self {
            points,
            unsafe_states,
            unhealed,
            lies,
        } = self;
        println!(
            "{title}: {points} points, {} unsafe, {} unhealed, {} lies, {:.0} s",
            unsafe_states.len(),
            unhealed.len(),
            lies.len(),
            began.elapsed().as_secs_f64()
        );
        let all: Vec<&String> = unsafe_states.iter().chain(unhealed).chain(lies).collect();
        let shown: Vec<&str> = all.iter().take(12).map(|text| text.as_str()).collect();
        assert!(
            all.is_empty(),
            "{title}: of {points} points, {} are bad:\n{}",
            all.len(),
            shown.join("\n")
        );
    }
}

/// How a run is interrupted.
pub struct Interruption<'a> {
    /// The points of a run; it is carried out.
    pub points: fn(&SmallHost, &[&str]) -> Vec<Point>,
    /// At which of them.
    pub at: fn(&Point) -> bool,
    /// Runs the program. What it said counts, if it was not killed.
    pub by: &'a dyn Fn(&Point, &SmallHost) -> Option<Ran>,
    /// Whether another program adds an account of its own before the next run.
    pub overtaken: bool,
}

/// Interrupts a run, from what is saved as `before`, at each of its points, and runs it again.
pub fn sweep(tree: &SmallHost, scenario: &Scenario, how: &Interruption<'_>) -> Findings {
    let before = tree.picture();
    let points = (how.points)(tree, scenario.run);
    let goal = tree.picture();
    assert_ne!(
        before, goal,
        "{}: the undisturbed run does nothing",
        scenario.name
    );
    let frame = Frame {
        database: tree.database,
        before: &before,
        goal: &goal,
    };
    assert_eq!(
        frame.violations(&before),
        [""; 0],
        "{}: unsound to begin with",
        scenario.name
    );
    assert_eq!(
        frame.violations(&goal),
        [""; 0],
        "{}: the undisturbed run is unsound",
        scenario.name
    );
    let mut findings = Findings::default();
    for point in points.iter().filter(|point| (how.at)(point)) {
        tree.restore("before");
        findings.points += 1;
        let ended = (how.by)(point, tree);
        let picture = tree.picture();
        for violation in frame.violations(&picture) {
            findings
                .unsafe_states
                .push(format!("at {point}: {violation}"));
        }
        if let Some(lie) = ended.and_then(|ran| lie(&ran, differences(&picture, &goal))) {
            findings.lies.push(format!("at {point}: {lie}"));
        }
        if how.overtaken {
            add_foreign(tree);
        }
        let again = tree.gosync(scenario.run);
        let mut left = match how.overtaken {
            false => differences(&tree.picture(), &goal),
            true => differences(
                &without_foreign(tree, tree.picture()),
                &without_losses(goal.clone()),
            ),
        };
        if again.code != Some(0) {
            left.push(format!("{again:?}"));
        }
        if tree.generations() > 2 {
            left.push(format!("{} generations", tree.generations()));
        }
        if !left.is_empty() {
            findings
                .unhealed
                .push(format!("at {point}: {}", left.join("\n    ")));
        }
    }
    findings
}

/// Whether a run that met with an error says something else than what it did.
fn lie(ran: &Ran, missing: Vec<String>) -> Option<String> {
    match ran.code {
        Some(0) if !missing.is_empty() => Some(format!("exit 0, but {}", missing.join("\n    "))),
        Some(0) => None,
        _ if ran.err.contains("gosync ERROR: ") => None,
        _ => Some(format!("fails without a message: {ran:?}")),
    }
}

/// Kills the run of a scenario at each of its points.
fn kill_everywhere(scenario: &Scenario, database: Database) {
    kill_everywhere_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_everywhere_in(tree: &SmallHost, scenario: &Scenario) {
    kill_from(tree, scenario, scenario.name);
}

/// Kills the run of a scenario at each of its points, from what is saved as `before`.
pub fn kill_from(tree: &SmallHost, scenario: &Scenario, what: &str) {
    let began = Instant::now();
    let findings = sweep(
        tree,
        scenario,
        &Interruption {
            points: syscalls::of,
            at: Point::is_change,
            by: &kill(scenario.run),
            overtaken: false,
        },
    );
    findings.judge(
        &format!("killed while {what} ({})", tree.database.word()),
        began,
    );
}

/// A kill at each point.
fn kill(run: &'static [&'static str]) -> impl Fn(&Point, &SmallHost) -> Option<Ran> {
    move |point, tree| {
        assert!(
            syscalls::kill_at(point, tree, run),
            "the run never came to {point}"
        );
        None
    }
}

/// Kills the run of a scenario in the middle of its renames, then the run that makes up for it at each of its points.
fn kill_the_recovery(scenario: &Scenario, database: Database) {
    kill_the_recovery_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_the_recovery_in(tree: &SmallHost, scenario: &Scenario) {
    let (began, database) = (Instant::now(), tree.database);
    let points = syscalls::of(tree, scenario.run);
    let journal = points
        .iter()
        .position(|point| point.call == "rename" && point.text.contains("journal.new"));
    let renames: Vec<&Point> = points[journal.unwrap() + 1..]
        .iter()
        .filter(|p| p.call.starts_with("rename"))
        .collect();
    tree.restore("before");
    assert!(syscalls::kill_at(renames[2], tree, scenario.run));
    tree.save("before");
    let findings = sweep(
        tree,
        scenario,
        &Interruption {
            points: syscalls::of,
            at: Point::is_change,
            by: &kill(scenario.run),
            overtaken: false,
        },
    );
    findings.judge(
        &format!(
            "killed while it makes up for {} ({})",
            scenario.name,
            database.word()
        ),
        began,
    );
}

/// Kills the run of a scenario at each of its points; then another program adds an account of its own.
fn kill_and_overtake(scenario: &Scenario, database: Database) {
    kill_and_overtake_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_and_overtake_in(tree: &SmallHost, scenario: &Scenario) {
    let (began, database) = (Instant::now(), tree.database);
    let how = Interruption {
        points: syscalls::of,
        at: Point::is_change,
        by: &kill(scenario.run),
        overtaken: true,
    };
    let findings = sweep(tree, scenario, &how);
    findings.judge(
        &format!(
            "killed and overtaken while {} ({})",
            scenario.name,
            database.word()
        ),
        began,
    );
}

/// What another program does: lines for an account, in the files that it finds.
pub fn add_foreign(tree: &SmallHost) {
    for (name, line) in [
        ("passwd", "foreign:x:1700:1700::/home/foreign:/bin/sh\n"),
        ("shadow", "foreign:*:20000:0:99999:7:::\n"),
        ("group", "foreign:x:1700:\n"),
        ("gshadow", "foreign:!::\n"),
        ("subuid", "foreign:200000:65536\n"),
        ("subgid", "foreign:200000:65536\n"),
    ] {
        if tree.database.files().contains(&name) {
            let path = tree.path(&tree.database.file(name));
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.splice(0..0, line.bytes());
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

const KEEP: &[&str] = &["deluser", "alice", "bob"];
pub const REMOVE_HOME: &[&str] = &["deluser", "alice", "bob", "--remove-home"];
pub const ARCHIVE_HOME: &[&str] = &["deluser", "alice", "bob", "--archive-home", "/srv/archive"];

/// The host without what another program added; it must be there, all of it.
fn without_foreign(tree: &SmallHost, mut picture: Picture) -> Picture {
    for name in tree.database.files() {
        let content = &mut picture.get_mut(&tree.database.file(name)).unwrap().content;
        let rest = content
            .strip_prefix(b"foreign:")
            .unwrap_or_else(|| panic!("{name} has lost the foreign line"));
        let end = rest.iter().position(|&b| b == b'\n').unwrap();
        *content = rest[end + 1..].to_vec();
    }
    without_losses(picture)
}

/// A change that was overtaken when all of it was in place is not seen as a loss, which only the daily limit counts,
/// and it is in no history, or in it as the finishing of what was begun; what was made again by it changes no row then;
/// and the directory that the first generation replaced keeps what was written there.
fn without_losses(mut picture: Picture) -> Picture {
    let ledger = &mut picture
        .get_mut("var/lib/gosync/ledger.sqlite")
        .unwrap()
        .content;
    let text = String::from_utf8_lossy(ledger).into_owned();
    *ledger = text
        .split_inclusive('\n')
        .filter(|l| {
            !["\"loss\"", "\"history\"", "\"generation\""]
                .iter()
                .any(|word| l.contains(word))
        })
        .collect::<String>()
        .into_bytes();
    picture.retain(|path, _| !path.starts_with("var/lib/extrausers.gosync/original/"));
    picture
}

#[test]
fn killed_while_it_adds_accounts_to_etc() {
    kill_everywhere(&adding(), Database::Etc);
}

#[test]
fn killed_while_it_adds_accounts_to_extrausers() {
    kill_everywhere(&adding(), Database::Extrausers);
}

#[test]
fn killed_while_it_changes_fields_in_etc() {
    kill_everywhere(&changing(), Database::Etc);
}

#[test]
fn killed_while_it_changes_fields_in_extrausers() {
    kill_everywhere(&changing(), Database::Extrausers);
}

#[test]
fn killed_while_it_locks_and_opens_accounts_in_etc() {
    kill_everywhere(&locking(), Database::Etc);
}

#[test]
fn killed_while_it_locks_and_opens_accounts_in_extrausers() {
    kill_everywhere(&locking(), Database::Extrausers);
}

#[test]
fn killed_while_it_removes_accounts_from_etc() {
    kill_everywhere(&removing("removing", KEEP), Database::Etc);
}

#[test]
fn killed_while_it_removes_accounts_from_extrausers() {
    kill_everywhere(&removing("removing", KEEP), Database::Extrausers);
}

#[test]
fn killed_while_it_removes_accounts_and_homes_from_etc() {
    kill_everywhere(&removing("removing with homes", REMOVE_HOME), Database::Etc);
}

#[test]
fn killed_while_it_removes_accounts_and_homes_from_extrausers() {
    kill_everywhere(
        &removing("removing with homes", REMOVE_HOME),
        Database::Extrausers,
    );
}

#[test]
fn killed_while_it_archives_homes_of_accounts_in_etc() {
    kill_everywhere(&removing("archiving", ARCHIVE_HOME), Database::Etc);
}

#[test]
fn killed_while_it_archives_homes_of_accounts_in_extrausers() {
    kill_everywhere(&removing("archiving", ARCHIVE_HOME), Database::Extrausers);
}

#[test]
fn killed_while_it_makes_and_changes_groups_in_etc() {
    kill_everywhere(&grouping(), Database::Etc);
}

#[test]
fn killed_while_it_makes_and_changes_groups_in_extrausers() {
    kill_everywhere(&grouping(), Database::Extrausers);
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_addition_to_etc() {
    kill_the_recovery(&adding(), Database::Etc);
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_addition_to_extrausers() {
    kill_the_recovery(&adding(), Database::Extrausers);
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_removal_from_etc() {
    kill_the_recovery(&removing("removing with homes", REMOVE_HOME), Database::Etc);
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_removal_from_extrausers() {
    kill_the_recovery(
        &removing("removing with homes", REMOVE_HOME),
        Database::Extrausers,
    );
}

#[test]
fn a_copy_of_a_host_on_which_it_was_killed_leaves_the_original_alone() {
    for (scenario, database) in [
        (adding(), Database::Etc),
        (removing("removing", REMOVE_HOME), Database::Extrausers),
    ] {
        let tree = prepare(&scenario, database);
        let points = syscalls::of(&tree, scenario.run);
        let goal = tree.picture();
        let journal = points
            .iter()
            .position(|point| point.text.contains("journal.new\", "));
        let next = points[journal.unwrap() + 1..]
            .iter()
            .filter(|point| point.call.starts_with("rename"))
            .nth(1);
        tree.restore("before");
        assert!(syscalls::kill_at(next.unwrap(), &tree, scenario.run));
        let killed = tree.picture();
        let copy = SmallHost::new(database);
        let status = std::process::Command::new("sh")
            .args(["-ec", "rm -rf $1/root; cp -a $0/root $0/directory.json $1/"])
            .args([tree.dir(), copy.dir()])
            .status();
        assert!(status.unwrap().success());
        copy.gosync(scenario.run).expect(0);
        assert_eq!(
            differences(&tree.picture(), &killed),
            [""; 0],
            "the original"
        );
        assert_eq!(
            differences(&without_losses(copy.picture()), &without_losses(goal)),
            [""; 0],
            "the copy"
        );
    }
}

#[test]
fn killed_while_it_adds_accounts_and_overtaken_by_another_program_in_etc() {
    kill_and_overtake(&adding(), Database::Etc);
}

#[test]
fn killed_while_it_undoes_a_run_and_overtaken_by_another_program() {
    kill_and_overtake(&undoing(), Database::Etc);
}

#[test]
fn killed_while_it_adds_accounts_and_overtaken_by_another_program_in_extrausers() {
    kill_and_overtake(&adding(), Database::Extrausers);
}

#[test]
fn killed_while_it_removes_accounts_and_overtaken_by_another_program_in_etc() {
    kill_and_overtake(&removing("removing with homes", REMOVE_HOME), Database::Etc);
}

#[test]
fn killed_while_it_changes_groups_and_overtaken_by_another_program_in_etc() {
    kill_and_overtake(&grouping(), Database::Etc);
}

#[test]
fn killed_while_it_undoes_a_run() {
    kill_everywhere(&undoing(), Database::Etc);
}

#[test]
fn killed_while_it_carries_out_a_saved_plan() {
    let began = Instant::now();
    let mut scenario = locking();
    let tree = prepare(&scenario, Database::Etc);
    let file = tree.dir().join("plan.json").to_str().unwrap().to_owned();
    tree.gosync(&["plan", "-o", &file, "users"]).expect(0);
    scenario.run = vec!["apply", file.leak()].leak();
    let how = Interruption {
        points: syscalls::of,
        at: Point::is_change,
        by: &kill(scenario.run),
        overtaken: false,
    };
    sweep(&tree, &scenario, &how).judge("killed while it carries out a saved plan", began);
}

#[test]
fn killed_while_it_changes_keys_of_accounts_in_etc() {
    kill_everywhere(&keys(), Database::Etc);
}

#[test]
fn killed_while_it_changes_keys_of_accounts_in_extrausers() {
    kill_everywhere(&keys(), Database::Extrausers);
}

/// The first run on a root with hardly any directories: those that gosync makes are for everybody.
fn kill_on_a_bare_host(database: Database, missing: &[&str]) {
    let scenario = Scenario {
        name: "writing keys on a bare host",
        history: vec![],
        ..keys()
    };
    let tree = prepare(&scenario, database);
    missing
        .iter()
        .for_each(|dir| std::fs::remove_dir_all(tree.path(dir)).unwrap());
    tree.save("before");
    tree.gosync(scenario.run).expect(0);
    for dir in [
        "run",
        "home",
        "var",
        "var/lib",
        "etc/ssh",
        "etc/ssh/authorized_keys.d",
    ] {
        assert_eq!(tree.picture()[dir].mode, 0o040_755, "{dir}");
    }
    tree.restore("before");
    kill_everywhere_in(&tree, &scenario);
}

#[test]
fn killed_while_it_writes_keys_on_a_bare_host_in_etc() {
    kill_on_a_bare_host(Database::Etc, &["run", "home", "var"]);
}

#[test]
fn killed_while_it_writes_keys_on_a_bare_host_in_extrausers() {
    kill_on_a_bare_host(Database::Extrausers, &["run", "home"]);
}

#[test]
fn killed_while_it_removes_accounts_with_keys_from_etc() {
    kill_everywhere(&removing_with_keys(), Database::Etc);
}

#[test]
fn killed_while_it_makes_up_for_an_interrupted_change_of_keys_in_etc() {
    kill_the_recovery(&keys(), Database::Etc);
}

#[test]
fn killed_while_it_changes_keys_and_overtaken_by_another_program_in_etc() {
    kill_and_overtake(&keys(), Database::Etc);
}
