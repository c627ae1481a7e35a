//! Runs that are interrupted at each of their system calls in turn, and what must be true then and after the next run:
//! nobody is half there, no line is lost, and the next plain run of the same command reaches what an undisturbed run
//! reaches, and leaves nothing lying about.
//!
//! A kill before an fsync is left out: it leaves what a kill at the next change leaves. What a power cut does is not
//! shown here.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::Instant;

use crate::findings::{Findings, Wrong};
use crate::invariants::Frame;
use crate::picture::{Picture, differences};
use crate::scenarios::{Scenario, prepare};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

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

impl<'a> Interruption<'a> {
    /// By a kill, see [`kill`]: at each call that changes something.
    pub fn kill(by: &'a dyn Fn(&Point, &SmallHost) -> Option<Ran>) -> Self {
        Self {
            points: syscalls::of,
            at: Point::is_change,
            by,
            overtaken: false,
        }
    }

    /// By whatever leaves the program to its end: at each call that changes something or writes it to disk.
    pub fn error(by: &'a dyn Fn(&Point, &SmallHost) -> Option<Ran>) -> Self {
        Self {
            at: |point| point.call != "exit_group",
            ..Self::kill(by)
        }
    }
}

/// Interrupts a run, from what is saved as `before`, at each of its points, and runs it again.
pub fn sweep(tree: &SmallHost, scenario: &Scenario, how: &Interruption<'_>) -> Findings {
    let before = tree.picture();
    let points = (how.points)(tree, scenario.run);
    let goal = tree.picture();
    let name = scenario.name;
    assert_ne!(before, goal, "{name}: the undisturbed run does nothing");
    let frame = Frame {
        database: tree.database,
        before: &before,
        goal: &goal,
    };
    assert_eq!(
        frame.violations(&before),
        [],
        "{name}: unsound to begin with"
    );
    assert_eq!(
        frame.violations(&goal),
        [],
        "{name}: the undisturbed run is unsound"
    );
    let mut findings = Findings::default();
    for point in points.iter().filter(|point| (how.at)(point)) {
        tree.restore("before");
        findings.points += 1;
        let ended = (how.by)(point, tree);
        let picture = tree.picture();
        for (wrong, text) in frame.violations(&picture) {
            findings.add(wrong, format!("at {point}: {text}"));
        }
        // What one person's home or keys held up comes later than everybody else's, and so stands behind it.
        let in_part = ended
            .as_ref()
            .is_some_and(|ran| matches!(ran.code, Some(3 | 5)));
        if let Some(lie) = ended.and_then(|ran| lie(&ran, differences(&picture, &goal))) {
            findings.add(Wrong::Silent, format!("at {point}: {lie}"));
        }
        if how.overtaken {
            add_foreign(tree);
        }
        let again = tree.gosync(scenario.run);
        let left = match how.overtaken {
            false if in_part => {
                let settled = |picture| without_losses(in_any_order(tree, picture));
                Left::between(&settled(tree.picture()), &settled(goal.clone()))
            }
            false => Left::between(&tree.picture(), &goal),
            true => Left::between(
                &without_foreign(tree, tree.picture()),
                &without_losses(goal.clone()),
            ),
        };
        left.tell(point, &again, tree.generations(), &mut findings);
    }
    findings
}

/// What the run after an interrupted one left to be desired.
struct Left {
    /// What is not as it should be.
    differs: Vec<String>,
    /// What should not be there.
    litter: Vec<String>,
}

impl Left {
    fn between(found: &Picture, goal: &Picture) -> Self {
        let more = |path: &str| !goal.contains_key(path);
        let (litter, differs) = differences(found, goal)
            .into_iter()
            .partition(|text| text.split_once(": ").is_some_and(|(path, _)| more(path)));
        Self { differs, litter }
    }

    fn tell(mut self, point: &Point, again: &Ran, generations: usize, findings: &mut Findings) {
        if again.code != Some(0) {
            self.differs.push(format!("{again:?}"));
        }
        if generations > 2 {
            self.litter.push(format!("{generations} generations"));
        }
        for (wrong, texts) in [
            (Wrong::Unhealed, self.differs),
            (Wrong::Litter, self.litter),
        ] {
            if !texts.is_empty() {
                findings.add(wrong, format!("at {point}: {}", texts.join("\n    ")));
            }
        }
    }
}

/// Whether a run that met with an error says something else than what it did.
fn lie(ran: &Ran, missing: Vec<String>) -> Option<String> {
    match ran.code {
        Some(0) => {
            // What is out of sight and could not be removed was told, and is removed by the next run.
            let is_told = ran.err.contains("gosync WARNING: ");
            let is_litter = |path: &String| is_told && path.contains(".gosync");
            let missing: Vec<String> = missing.into_iter().filter(|it| !is_litter(it)).collect();
            (!missing.is_empty()).then(|| format!("exit 0, but {}", missing.join("\n    ")))
        }
        _ if ran.err.contains("gosync ERROR: ") => None,
        _ => Some(format!("fails without a message: {ran:?}")),
    }
}

/// Kills the run of a scenario at each of its points.
pub fn kill_everywhere(scenario: &Scenario, database: Database) {
    kill_everywhere_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_everywhere_in(tree: &SmallHost, scenario: &Scenario) {
    kill_from(tree, scenario, scenario.name);
}

/// Kills the run of a scenario at each of its points, from what is saved as `before`.
pub fn kill_from(tree: &SmallHost, scenario: &Scenario, what: &str) {
    let began = Instant::now();
    let by = kill(scenario.run);
    let how = Interruption::kill(&by);
    let title = format!("killed while {what} ({})", tree.database.word());
    sweep(tree, scenario, &how).judge(&title, began);
}

/// A kill at each point.
pub fn kill(run: &'static [&'static str]) -> impl Fn(&Point, &SmallHost) -> Option<Ran> {
    move |point, tree| {
        assert!(
            syscalls::kill_at(point, tree, run),
            "the run never came to {point}"
        );
        None
    }
}

/// The program stands still after each point while another run of the same command is tried.
pub fn stop(run: &'static [&'static str]) -> impl Fn(&Point, &SmallHost) -> Option<Ran> {
    let second: Vec<&str> = ["--nowait"].iter().chain(run).copied().collect();
    move |point, tree| {
        let ran = syscalls::stop_at(point, tree, run, &|| {
            let ran = tree.gosync(&second);
            // Before the first holds the run lock, and after it has given it back, the second does its work.
            assert!(matches!(ran.code, Some(0 | 11)), "at {point}: {ran:?}");
        });
        Some(ran)
    }
}

/// Kills the run of a scenario in the middle of its renames, then the run that makes up for it at each of its points.
pub fn kill_the_recovery(scenario: &Scenario, database: Database) {
    kill_the_recovery_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_the_recovery_in(tree: &SmallHost, scenario: &Scenario) {
    let began = Instant::now();
    kill_in_the_middle(tree, scenario);
    let by = kill(scenario.run);
    let how = Interruption::kill(&by);
    let title = format!(
        "killed while it makes up for {} ({})",
        scenario.name,
        tree.database.word()
    );
    sweep(tree, scenario, &how).judge(&title, began);
}

/// Kills the run of a scenario before the third rename of its commit, and saves what is there then as `before`.
pub fn kill_in_the_middle(tree: &SmallHost, scenario: &Scenario) {
    let points = syscalls::of(tree, scenario.run);
    let journal = points
        .iter()
        .position(|point| point.call == "rename" && point.text.contains("journal.new"));
    let renames: Vec<&Point> = points[journal.unwrap() + 1..]
        .iter()
        .filter(|point| point.call.starts_with("rename"))
        .collect();
    let point = renames.get(2).or(renames.last()).unwrap();
    tree.restore("before");
    assert!(syscalls::kill_at(point, tree, scenario.run));
    tree.save("before");
}

/// Kills the run of a scenario at each of its points; then another program adds an account of its own.
pub fn kill_and_overtake(scenario: &Scenario, database: Database) {
    kill_and_overtake_in(&prepare(scenario, database), scenario);
}

/// The same on this host.
pub fn kill_and_overtake_in(tree: &SmallHost, scenario: &Scenario) {
    let began = Instant::now();
    let by = kill(scenario.run);
    let how = Interruption {
        overtaken: true,
        ..Interruption::kill(&by)
    };
    let title = format!(
        "killed and overtaken while {} ({})",
        scenario.name,
        tree.database.word()
    );
    sweep(tree, scenario, &how).judge(&title, began);
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

/// The host with the lines of its databases and of the ledger, and the members of its groups, in alphabetical order.
fn in_any_order(tree: &SmallHost, mut picture: Picture) -> Picture {
    for name in tree.database.files() {
        let Some(entry) = picture.get_mut(&tree.database.file(name)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&entry.content).into_owned();
        let mut lines: Vec<String> = text.lines().map(with_sorted_members).collect();
        lines.sort();
        entry.content = lines.join("\n").into_bytes();
    }
    if let Some(ledger) = picture.get_mut("var/lib/gosync/ledger.sqlite") {
        let text = String::from_utf8_lossy(&ledger.content).into_owned();
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        lines.sort_unstable();
        ledger.content = lines.concat().into_bytes();
    }
    picture
}

fn with_sorted_members(line: &str) -> String {
    let (rest, members) = line.rsplit_once(':').unwrap_or(("", line));
    let mut members: Vec<&str> = members.split(',').collect();
    members.sort_unstable();
    format!("{rest}:{}", members.join(","))
}

/// A change that was overtaken when all of it was in place is not seen as a loss, which only the daily limit counts,
/// and it is in no history, or in it as the finishing of what was begun; what was made again by it changes no row then;
/// and the directory that the first generation replaced keeps what was written there.
pub fn without_losses(mut picture: Picture) -> Picture {
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
    // Who writes a file of libnss-cache and not its indexes leaves old ones, which readers pass over; the next change of
    // gosync's makes new ones.
    picture.retain(|path, _| !path.contains(".cache.ix"));
    picture
}
