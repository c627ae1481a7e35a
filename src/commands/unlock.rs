//! `gosync unlock`: what `gosync lock` shut is the provider's to say again.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::Result;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Unlock, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?.of_owner(&args.names)?;
    let names = args.names.clone();
    let report = run_task(&setup, Task::Unlock { names }, &args.plan)?;
    conclude(&report, &args.plan)
}
