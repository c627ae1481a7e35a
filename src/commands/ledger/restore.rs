//! `gosync ledger restore`: a copy takes the place of the ledger.

use crate::cli::{Global, LedgerRestore};
use crate::commands::Outcome;
use crate::commands::setup::Setup;
use crate::commands::watch::UiWatch;
use crate::error::Result;
use crate::run::restore;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &LedgerRestore, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let how = (args.dry_run, global.force);
    let done = restore::restore(&setup, &args.file, how, &mut UiWatch::new(ui))?;
    for text in &done.lost {
        ui.warn(text);
    }
    let file = args.file.display();
    ui.notice(match (args.dry_run, &done.kept) {
        (true, _) => format!("ledger restore: {file} would be the ledger of this host"),
        (false, Some(kept)) => format!(
            "ledger restore: {file} is the ledger of this host now; the former one is kept as {}",
            kept.display()
        ),
        (false, None) => format!("ledger restore: {file} is the ledger of this host now"),
    });
    Ok(Outcome::Done)
}
