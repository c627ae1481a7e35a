//! `gosync unlock`: what `gosync lock` shut is the provider's to say again.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::Result;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &cli::Unlock,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?
        .told_in(wanted)
        .of_owner(&args.names)?;
    let names = args.names.clone();
    let report = run_task(&setup, Task::Unlock { names }, &args.plan)?;
    conclude(&report, &args.plan)
}
