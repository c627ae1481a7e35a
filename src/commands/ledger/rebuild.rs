//! `gosync ledger rebuild`: a ledger from what the host and the provider say.

use crate::cli::{Global, PlanArgs};
use crate::commands::Outcome;
use crate::commands::request::{conclude, options, run_with};
use crate::commands::run_document::Wanted;
use crate::commands::setup::Setup;
use crate::error::Result;
use crate::run::{Adoptees, NewLedger, Options, Task};
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &PlanArgs, ui: Ui, wanted: Wanted<'_>) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let task = Task::Adopt {
        which: Adoptees::Evident,
        kind: None,
    };
    let options = Options {
        new_ledger: NewLedger::Rebuilt,
        ..options(&setup, args)
    };
    conclude(&run_with(&setup, task, options, args)?, args)
}
