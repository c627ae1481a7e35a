//! `gosync rebind`: accounts and groups whose records are gone are tied to other ones.

use super::Outcome;
use super::request::{conclude, run_asked};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::run::{Rebinds, Task, TieBy};
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &cli::Rebind,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let which = which(args)?;
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let task = Task::Rebind {
        which,
        kind: args.kind.map(Into::into),
    };
    let asks = args.all && !args.plan.yes;
    conclude(&run_asked(&setup, task, &args.plan, asks)?, &args.plan)
}

fn which(args: &cli::Rebind) -> Result<Rebinds> {
    match (&args.name, &args.by) {
        (Some(name), _) => Ok(Rebinds::Named {
            name: name.clone(),
            to: args.to.clone(),
        }),
        (None, Some(by)) => Ok(Rebinds::All {
            by: match by.as_str() {
                "login" => TieBy::Login,
                "uid" => TieBy::Uid,
                attribute => TieBy::Attribute(attribute.to_owned()),
            },
            from: args.from.clone(),
        }),
        (None, None) => Err(Error::usage("--all needs --by login, uid or an attribute")),
    }
}
