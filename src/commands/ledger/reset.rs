//! `gosync ledger reset`: a ledger of which nothing is left on the host is taken off it.

use crate::cli::{Global, LedgerReset};
use crate::commands::Outcome;
use crate::commands::setup::Setup;
use crate::commands::watch::UiWatch;
use crate::error::Result;
use crate::run::reset;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &LedgerReset, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let kept = reset::reset(&setup, args.dry_run, &mut UiWatch::new(ui))?;
    ui.notice(match kept {
        Some(kept) => format!(
            "ledger reset: the ledger is empty now; the former one is kept as {}",
            kept.display()
        ),
        None => "ledger reset: nothing of the ledger is left on this host; it would be emptied"
            .to_owned(),
    });
    Ok(Outcome::Done)
}
