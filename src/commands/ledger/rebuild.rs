//! `gosync ledger rebuild`: a ledger from what the host and the provider say.

use crate::cli::{Global, LedgerRebuild, Witness};
use crate::commands::Outcome;
use crate::commands::request::{conclude, options, run_with};
use crate::commands::run_document::Wanted;
use crate::commands::setup::Setup;
use crate::error::Result;
use crate::run::{Adoptees, NewLedger, Options, Task, Witnesses};
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &LedgerRebuild,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let task = Task::Adopt {
        which: Adoptees::Evident(match args.from {
            None => Witnesses::Host,
            Some(Witness::Directory) => Witnesses::AndDirectory,
        }),
        kind: None,
    };
    let options = Options {
        new_ledger: NewLedger::Rebuilt,
        ..options(&setup, &args.plan)
    };
    conclude(&run_with(&setup, task, options, &args.plan)?, &args.plan)
}
