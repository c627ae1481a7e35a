//! `gosync adopt` and `gosync release`: accounts and groups of the host's become gosync's, and the
//! host's again.

use super::Outcome;
use super::request::{conclude, run, run_asked};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{Adopt, Global, Release};
use crate::error::{Error, Result};
use crate::run::{Adoptees, Task};
use crate::ui::Ui;

pub(super) fn adopt(global: &Global, args: &Adopt, ui: Ui, wanted: Wanted<'_>) -> Result<Outcome> {
    if args.remote.is_some() && args.names.len() > 1 {
        let message = "--as names the record of one account or group, and there are several names";
        return Err(Error::usage(message).hint("Adopt each by itself"));
    }
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let which = match args.all {
        true => Adoptees::All { by: args.by.into() },
        false => Adoptees::Named {
            names: args.names.clone(),
            remote: args.remote.clone(),
        },
    };
    let task = Task::Adopt {
        which,
        kind: args.kind.map(Into::into),
    };
    let asks = args.all && !args.plan.yes;
    conclude(&run_asked(&setup, task, &args.plan, asks)?, &args.plan)
}

pub(super) fn release(
    global: &Global,
    args: &Release,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?
        .told_in(wanted)
        .of_owner(&args.names)?;
    let task = Task::Release {
        names: args.names.clone(),
        kind: args.kind.map(Into::into),
    };
    conclude(&run(&setup, task, &args.plan)?, &args.plan)
}
