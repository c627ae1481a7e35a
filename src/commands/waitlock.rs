//! `gosync waitlock`: waits until no other run holds the lock.

use super::Outcome;
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::Global;
use crate::error::Result;
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, ui: Ui) -> Result<Outcome> {
    Setup::new(global, ui)?
        .lock(Purpose::Change("waitlock"), &mut UiWatch::new(ui))
        .map(|_lock| Outcome::Done)
}
