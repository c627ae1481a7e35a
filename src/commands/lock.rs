//! `gosync lock`: an administrator shuts people out, whatever the provider says.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::model::owned::Hold;
use crate::run::Task;
use crate::system::process;
use crate::ui::Ui;

/// How long a reason may be.
const REASON_LENGTH: usize = 200;

pub(super) fn run(
    global: &Global,
    args: &cli::Lock,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let reason = args.reason.as_deref().map(str::trim);
    let reason = reason.filter(|reason| !reason.is_empty());
    let is_line = |text: &str| text.len() <= REASON_LENGTH && !text.chars().any(char::is_control);
    if reason.is_some_and(|reason| !is_line(reason)) {
        let message = format!("--reason is one line of at most {REASON_LENGTH} bytes");
        return Err(Error::usage(message));
    }
    let setup = Setup::new(global, ui)?
        .told_in(wanted)
        .of_owner(&args.names)?;
    let task = Task::Lock {
        names: args.names.clone(),
        hold: Hold {
            by: process::who_asks(),
            reason: reason.map(str::to_owned),
            at: setup.now.seconds(),
        },
    };
    let report = run_task(&setup, task, &args.plan)?;
    conclude(&report, &args.plan)
}
