//! `gosync undo`: what a run changed, as it was before.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &cli::Undo,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let setup = match provider(&setup, args.run) {
        Some(name) => setup.with_env(setup.of_named(&name)),
        None => setup,
    };
    let report = run_task(&setup, Task::Undo { run: args.run }, &args.plan)?;
    conclude(&report, &args.plan)
}

/// For which provider a run was; `None`: nobody knows. What is wrong with the ledger, the run says.
fn provider(setup: &Setup<'_>, run: u64) -> Option<String> {
    let ledger = Ledger::open_read_only(&setup.state_dir()).ok()??;
    Some(ledger.past_run(run).ok()??.provider)
}
