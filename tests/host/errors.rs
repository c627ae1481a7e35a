//! One call after the other fails with EIO or ENOSPC. The program says so and ends with a status that is not 0, or has
//! done all the same what it was to do; nobody is half there; the next plain run reaches the goal.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::Instant;

use crate::kills::{
    ARCHIVE_HOME, Interruption, REMOVE_HOME, Scenario, adding, grouping, locking, prepare,
    removing, sweep,
};
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

fn fail_everywhere(error: &str, scenario: &Scenario, database: Database) {
    fail_everywhere_in(error, &prepare(scenario, database), scenario);
}

fn fail_everywhere_in(error: &str, tree: &SmallHost, scenario: &Scenario) {
    let (began, database) = (Instant::now(), tree.database);
    let by =
        |point: &Point, tree: &SmallHost| Some(syscalls::fail_at(point, error, tree, scenario.run));
    let at = |point: &Point| point.call != "exit_group";
    let findings = sweep(
        tree,
        scenario,
        &Interruption {
            points: syscalls::of,
            at,
            by: &by,
            overtaken: false,
        },
    );
    findings.judge(
        &format!("{error} while {} ({})", scenario.name, database.word()),
        began,
    );
}

/// The same for calls that only ask: what cannot be seen is not taken for what is not there.
fn blind_everywhere(scenario: &Scenario, database: Database) {
    blind_everywhere_in(&prepare(scenario, database), scenario);
}

fn blind_everywhere_in(tree: &SmallHost, scenario: &Scenario) {
    let (began, database) = (Instant::now(), tree.database);
    let by =
        |point: &Point, tree: &SmallHost| Some(syscalls::fail_at(point, "EIO", tree, scenario.run));
    let findings = sweep(
        tree,
        scenario,
        &Interruption {
            points: syscalls::of_reads,
            at: |_| true,
            by: &by,
            overtaken: false,
        },
    );
    findings.judge(
        &format!(
            "EIO on reading while {} ({})",
            scenario.name,
            database.word()
        ),
        began,
    );
}

#[test]
fn unreadable_files_while_it_adds_accounts_to_etc() {
    blind_everywhere(&adding(), Database::Etc);
}

#[test]
fn unreadable_files_while_it_removes_accounts_and_homes_from_extrausers() {
    blind_everywhere(
        &removing("removing with homes", REMOVE_HOME),
        Database::Extrausers,
    );
}

#[test]
fn input_output_errors_while_it_adds_accounts_to_etc() {
    fail_everywhere("EIO", &adding(), Database::Etc);
}

#[test]
fn input_output_errors_while_it_adds_accounts_to_extrausers() {
    fail_everywhere("EIO", &adding(), Database::Extrausers);
}

#[test]
fn input_output_errors_while_it_locks_and_opens_accounts() {
    fail_everywhere("EIO", &locking(), Database::Etc);
}

#[test]
fn input_output_errors_while_it_changes_groups() {
    fail_everywhere("EIO", &grouping(), Database::Etc);
}

#[test]
fn input_output_errors_while_it_archives_homes_and_removes_accounts() {
    fail_everywhere("EIO", &removing("archiving", ARCHIVE_HOME), Database::Etc);
}

#[test]
fn no_space_while_it_adds_accounts_to_etc() {
    fail_everywhere("ENOSPC", &adding(), Database::Etc);
}

#[test]
fn no_space_while_it_archives_homes_and_removes_accounts_from_extrausers() {
    fail_everywhere(
        "ENOSPC",
        &removing("archiving", ARCHIVE_HOME),
        Database::Extrausers,
    );
}

#[test]
fn input_output_errors_while_it_renames_and_moves_homes() {
    let (tree, scenario) = crate::ladder_kills::renaming(Database::Etc, crate::ladder_kills::MOVE);
    fail_everywhere_in("EIO", &tree, &scenario);
}

#[test]
fn no_space_while_it_packs_the_homes_of_those_who_left() {
    let (tree, scenario) =
        crate::ladder_kills::leaving(Database::Etc, "packing homes", crate::ladder_kills::ARCHIVE);
    fail_everywhere_in("ENOSPC", &tree, &scenario);
}

#[test]
fn unreadable_files_while_it_renames_and_moves_homes() {
    let (tree, scenario) = crate::ladder_kills::renaming(Database::Etc, crate::ladder_kills::MOVE);
    blind_everywhere_in(&tree, &scenario);
}

#[test]
fn input_output_errors_while_it_changes_keys() {
    fail_everywhere("EIO", &crate::kills::keys(), Database::Etc);
}

#[test]
fn unreadable_files_while_it_changes_keys() {
    blind_everywhere(&crate::kills::keys(), Database::Etc);
}
