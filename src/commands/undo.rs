//! `gosync undo`: what a run changed, as it was before.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::Result;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Undo, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let report = run_task(&setup, Task::Undo { run: args.run }, &args.plan)?;
    conclude(&report, &args.plan)
}
