//! The full sweeps: every kind of plan is interrupted by everything that can interrupt it, at each of its calls that
//! change something. `make torture` runs them and writes docs/torture.md of the rows that they leave in the directory of
//! temporary files of cargo; `make test` runs the selection in `kills`, `errors` and `departure_kills`.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::by_hand::{deleted, with_locals};
use crate::concurrent::beside_other_programs;
use crate::departure_kills::{
    ARCHIVE, MOVE, NO_LINK, REMOVE, by_an_administrator, leaving, locking_with_a_shell,
    losing_groups, renaming, renaming_groups, returning, undoing_groups, undoing_renames,
};
use crate::findings::Findings;
use crate::interruptions::{Interruption, kill, kill_in_the_middle, stop, sweep};
use crate::ledger_kills::{rebuilding as rebuilding_the_ledger, restoring as restoring_the_ledger};
use crate::scenarios::{
    ARCHIVE_HOME, KEEP, REMOVE_HOME, Scenario, adding, changing, grouping, keys, locking, prepare,
    rebinding, removing, removing_with_keys, undoing,
};
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

mod mixed_plan;
mod power;

/// Seconds for which other programs change the same files.
const BESIDE: u64 = 60;

/// A test for each plan, database, and thing that interrupts.
macro_rules! sweeps {
    ($($plan:ident: $prepare:expr $(, $more:ident)*;)*) => {
        $(mod $plan {
            use super::*;

            sweeps!(@databases $plan, $prepare, etc, extrausers $(, $more)*);
        })*
    };
    (@databases $plan:ident, $prepare:expr, $($database:ident),*) => {
        $(mod $database {
            use super::*;

            fn host() -> (SmallHost, Scenario) {
                let prepare: fn(Database) -> (SmallHost, Scenario) = $prepare;
                prepare(Database::named(stringify!($database)))
            }

            sweeps!(@faults $plan, killed, killed_in_recovery, eio, enospc, erofs, eintr, stopped);
        })*
    };
    (@faults $plan:ident, $($fault:ident),*) => {
        $(#[test]
        #[ignore = "one of the full sweeps, which take an hour: make torture"]
        fn $fault() {
            torture(stringify!($plan), stringify!($fault), host());
        })*
    };
}

sweeps! {
    adding: |on| prepared(adding(), on);
    changing: |on| prepared(changing(), on);
    locking: |on| prepared(locking(), on);
    locking_with_a_shell: locking_with_a_shell;
    locking_by_an_administrator: |on| by_an_administrator(on, &["lock", "alice", "bob"]);
    changing_keys: |on| prepared(keys(), on);
    changing_groups: |on| prepared(grouping(), on);
    deleting: |on| prepared(removing("deleting", KEEP), on);
    deleting_with_homes: |on| prepared(removing("deleting with homes", REMOVE_HOME), on);
    deleting_with_archives: |on| prepared(removing("deleting with archives", ARCHIVE_HOME), on);
    deleting_with_keys: |on| prepared(removing_with_keys(), on);
    renaming: |on| renaming(on, "");
    renaming_with_homes: |on| renaming(on, MOVE);
    renaming_with_homes_without_links: |on| renaming(on, NO_LINK);
    renaming_groups: renaming_groups;
    packing_homes: |on| leaving(on, "packing homes", ARCHIVE);
    removing_who_left: |on| leaving(on, "removing who left", REMOVE);
    bringing_back: returning;
    emptying_groups: |on| losing_groups(on, false);
    removing_groups: |on| losing_groups(on, true);
    adopting_accounts: |on| with_locals(on, &["adopt", "dora"], &[]);
    adopting_groups: |on| with_locals(on, &["adopt", "lab"], &[]);
    adopting_all: |on| with_locals(on, &["adopt", "--all"], &[]);
    rebinding: |on| prepared(rebinding(), on);
    releasing: |on| with_locals(on, &["release", "dora"], &["adopt", "dora"]);
    restoring: |on| deleted(on, false);
    restoring_the_ledger: restoring_the_ledger;
    rebuilding_the_ledger: rebuilding_the_ledger;
    undoing: |on| prepared(undoing(), on);
    undoing_renames: undoing_renames;
    undoing_groups: undoing_groups;
    mixed: mixed_plan::plan, nss_cache;
}

fn prepared(scenario: Scenario, database: Database) -> (SmallHost, Scenario) {
    (prepare(&scenario, database), scenario)
}

/// Interrupts the run of a scenario by a fault at each of its points.
fn torture(plan: &str, fault: &str, (tree, scenario): (SmallHost, Scenario)) {
    let began = Instant::now();
    let run = scenario.run;
    let fails_with = |error: &'static str| {
        move |point: &Point, tree: &SmallHost| Some(syscalls::fail_at(point, error, tree, run))
    };
    let errors = |error| sweep(&tree, &scenario, &Interruption::error(&fails_with(error)));
    let findings = match fault {
        "killed" => sweep(&tree, &scenario, &Interruption::kill(&kill(run))),
        "killed_in_recovery" => {
            kill_in_the_middle(&tree, &scenario);
            sweep(&tree, &scenario, &Interruption::kill(&kill(run)))
        }
        "eio" => errors("EIO"),
        "enospc" => errors("ENOSPC"),
        "erofs" => errors("EROFS"),
        "eintr" => errors("EINTR"),
        "stopped" => sweep(&tree, &scenario, &Interruption::error(&stop(run))),
        _ => panic!("no fault is called {fault}"),
    };
    judge(plan, tree.database.word(), fault, &findings, began);
}

/// Leaves a row for docs/torture.md, and stops the test if anything is wrong.
fn judge(plan: &str, database: &str, fault: &str, findings: &Findings, began: Instant) {
    let rows = Path::new(env!("CARGO_TARGET_TMPDIR")).join("torture");
    fs::create_dir_all(&rows).unwrap();
    let figures: Vec<String> = std::iter::once(findings.points)
        .chain(findings.counts())
        .map(|figure| figure.to_string())
        .collect();
    let row = format!("{plan}\t{database}\t{fault}\t{}\n", figures.join("\t"));
    fs::write(rows.join(format!("{plan}.{database}.{fault}")), row).unwrap();
    findings.judge(&format!("{plan} ({database}), {fault}"), began);
}

#[test]
#[ignore = "one of the full sweeps, which take an hour: make torture"]
fn beside() {
    let began = Instant::now();
    let mut findings = Findings::default();
    findings.points = beside_other_programs(BESIDE, true);
    judge("beside other programs", "etc", "60 s", &findings, began);
}
