//! `gosync sync users` and `gosync sync groups`.

use super::Outcome;
use super::request::{conclude, options, run_with};
use super::run_note;
use super::setup::Setup;
use crate::cli::{Global, Sync};
use crate::error::Result;
use crate::run::{NewLedger, Options, Task};
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Sync, ui: Ui) -> Result<Outcome> {
    let task = Task::from(args);
    let setup = Setup::new(global, ui).inspect_err(|error| {
        if !args.plan().dry_run {
            run_note::unusable(global, &task, error);
        }
    })?;
    let options = options(&setup, args.plan());
    let options = Options {
        full: args.full() || options.full,
        new_ledger: match args.new_ledger() {
            true => NewLedger::Begun,
            false => NewLedger::No,
        },
        ..options
    };
    let report = run_with(&setup, task, options, args.plan())?;
    conclude(&report, args.plan())
}
