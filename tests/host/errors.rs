//! One call after the other fails with EIO, ENOSPC or EROFS, or stands still. The program says so and ends with a status that is not 0, or has
//! done all the same what it was to do; nobody is half there; the next plain run reaches the goal.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up must stop")]

use std::time::Instant;

use crate::departure_kills::{ARCHIVE, MOVE, leaving, renaming};
use crate::interruptions::{Interruption, stop, sweep};
use crate::ledger_kills::restoring;
use crate::scenarios::{
    ARCHIVE_HOME, REMOVE_HOME, Scenario, adding, grouping, keys, locking, prepare, removing,
    removing_with_keys,
};
use crate::small_host::{Database, SmallHost};
use crate::syscalls::{self, Point};

fn fail_everywhere(error: &str, scenario: &Scenario, database: Database) {
    fail_everywhere_in(error, &prepare(scenario, database), scenario);
}

fn fail_everywhere_in(error: &str, tree: &SmallHost, scenario: &Scenario) {
    let began = Instant::now();
    let by =
        |point: &Point, tree: &SmallHost| Some(syscalls::fail_at(point, error, tree, scenario.run));
    let title = format!("{error} while {} ({})", scenario.name, tree.database.word());
    sweep(tree, scenario, &Interruption::error(&by)).judge(&title, began);
}

/// The same for calls that only ask: what cannot be seen is not taken for what is not there.
fn blind_everywhere(scenario: &Scenario, database: Database) {
    blind_everywhere_in(&prepare(scenario, database), scenario);
}

fn blind_everywhere_in(tree: &SmallHost, scenario: &Scenario) {
    let began = Instant::now();
    let by =
        |point: &Point, tree: &SmallHost| Some(syscalls::fail_at(point, "EIO", tree, scenario.run));
    let how = Interruption {
        points: syscalls::of_reads,
        at: |_| true,
        ..Interruption::error(&by)
    };
    let title = format!(
        "EIO on reading while {} ({})",
        scenario.name,
        tree.database.word()
    );
    sweep(tree, scenario, &how).judge(&title, began);
}

/// Another run comes while this one stands still, at each point.
fn stop_everywhere(scenario: &Scenario, database: Database) {
    let began = Instant::now();
    let by = stop(scenario.run);
    let title = format!("stopped while {} ({})", scenario.name, database.word());
    let tree = prepare(scenario, database);
    sweep(&tree, scenario, &Interruption::error(&by)).judge(&title, began);
}

cases! {
    eio_while_it_restores_the_ledger: |on| {
        let (tree, scenario) = restoring(on);
        fail_everywhere_in("EIO", &tree, &scenario);
    }, etc;
    stopped_while_it_locks_and_opens_accounts: |on| stop_everywhere(&locking(), on), etc;

    unreadable_files_while_it_adds_accounts: |on| blind_everywhere(&adding(), on), etc;
    unreadable_files_while_it_removes_accounts_and_homes:
        |on| blind_everywhere(&removing("removing with homes", REMOVE_HOME), on), extrausers;
    unreadable_files_while_it_changes_keys: |on| blind_everywhere(&keys(), on), etc;
    unreadable_files_while_it_renames_and_moves_homes: |on| {
        let (tree, scenario) = renaming(on, MOVE);
        blind_everywhere_in(&tree, &scenario);
    }, etc;

    input_output_errors_while_it_adds_accounts:
        |on| fail_everywhere("EIO", &adding(), on), etc, extrausers;
    input_output_errors_while_it_locks_and_opens_accounts:
        |on| fail_everywhere("EIO", &locking(), on), etc;
    input_output_errors_while_it_changes_groups:
        |on| fail_everywhere("EIO", &grouping(), on), etc;
    input_output_errors_while_it_archives_homes_and_removes_accounts:
        |on| fail_everywhere("EIO", &removing("archiving", ARCHIVE_HOME), on), etc;
    read_only_files_while_it_removes_accounts_with_keys:
        |on| fail_everywhere("EROFS", &removing_with_keys(), on), etc;
    input_output_errors_while_it_changes_keys: |on| fail_everywhere("EIO", &keys(), on), etc;
    input_output_errors_while_it_renames_and_moves_homes: |on| {
        let (tree, scenario) = renaming(on, MOVE);
        fail_everywhere_in("EIO", &tree, &scenario);
    }, etc;

    no_space_while_it_adds_accounts: |on| fail_everywhere("ENOSPC", &adding(), on), etc;
    no_space_while_it_archives_homes_and_removes_accounts:
        |on| fail_everywhere("ENOSPC", &removing("archiving", ARCHIVE_HOME), on), extrausers;
    no_space_while_it_packs_the_homes_of_those_who_left: |on| {
        let (tree, scenario) = leaving(on, "packing homes", ARCHIVE);
        fail_everywhere_in("ENOSPC", &tree, &scenario);
    }, etc;
}
