//! `gosync sync users` and `gosync sync groups`.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::setup::Setup;
use crate::cli::{Global, Sync};
use crate::error::Result;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Sync, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let report = run_task(&setup, Task::from(args), args.plan())?;
    conclude(&report, args.plan())
}
