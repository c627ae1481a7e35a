//! `gosync ledger`: copies of the ledger, and the ways back where it is lost, old or another host's.

mod backup;
mod rebuild;
mod reset;
mod restore;
mod verify;

use super::Outcome;
use crate::cli::{Global, Ledger};
use crate::commands::run_document::Wanted;
use crate::error::Result;
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    command: &Ledger,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    match command {
        Ledger::Backup(args) => backup::run(global, args, ui),
        Ledger::Restore(args) => restore::run(global, args, ui),
        Ledger::Verify(args) => verify::run(global, args, ui),
        Ledger::Rebuild(args) => rebuild::run(global, args, ui, wanted),
        Ledger::Reset(args) => reset::run(global, args, ui),
    }
}
