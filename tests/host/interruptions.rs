//! Runs that are interrupted at each of their system calls in turn, and what must be true then and after the next run:
//! nobody is half there, no line is lost, and the next plain run of the same command reaches what an undisturbed run
//! reaches, and leaves nothing lying about.
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

use crate::invariants::Frame;
use crate::picture::{Picture, differences};
use crate::scenarios::{Scenario, prepare};
use crate::scratch::Ran;
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

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
        // What one person's home or keys held up comes later than everybody else's, and so stands behind it.
        let in_part = ended.as_ref().is_some_and(|ran| ran.code == Some(3));
        if let Some(lie) = ended.and_then(|ran| lie(&ran, differences(&picture, &goal))) {
            findings.lies.push(format!("at {point}: {lie}"));
        }
        if how.overtaken {
            add_foreign(tree);
        }
        let again = tree.gosync(scenario.run);
        let mut left = match how.overtaken {
            false if in_part => {
                let settled = |picture| without_losses(in_any_order(tree, picture));
                differences(&settled(tree.picture()), &settled(goal.clone()))
            }
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
pub fn kill(run: &'static [&'static str]) -> impl Fn(&Point, &SmallHost) -> Option<Ran> {
    move |point, tree| {
        assert!(
            syscalls::kill_at(point, tree, run),
            "the run never came to {point}"
        );
        None
    }
}

/// Kills the run of a scenario in the middle of its renames, then the run that makes up for it at each of its points.
pub fn kill_the_recovery(scenario: &Scenario, database: Database) {
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
pub fn kill_and_overtake(scenario: &Scenario, database: Database) {
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
    picture
}
