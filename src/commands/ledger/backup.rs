//! `gosync ledger backup`: a copy of the ledger in a file.

use crate::cli::{Global, LedgerFile};
use crate::commands::Outcome;
use crate::commands::setup::Setup;
use crate::commands::watch::UiWatch;
use crate::error::{Error, Result};
use crate::run::anchored;
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &LedgerFile, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let _lock = setup.lock(Purpose::Look, &mut UiWatch::new(ui))?;
    let Some(ledger) = anchored::read(&setup)? else {
        return Err(Error::failed("there is no ledger yet"));
    };
    ledger.copy_to(&args.file).map_err(Error::failed)?;
    ui.notice(format!(
        "ledger backup: {} is a copy of the ledger; it says who has which account, and belongs to this host alone",
        args.file.display()
    ));
    Ok(Outcome::Done)
}
