//! `gosync adopt` and `gosync release`: accounts and groups of the host's become gosync's, and the
//! host's again.

use super::Outcome;
use super::request::{conclude, run};
use super::setup::Setup;
use crate::cli::{Adopt, Global, Release};
use crate::error::Result;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn adopt(global: &Global, args: &Adopt, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let task = Task::Adopt {
        name: args.name.clone(),
        remote: args.remote.clone(),
        kind: args.kind.map(Into::into),
    };
    conclude(&run(&setup, task, &args.plan)?, &args.plan)
}

pub(super) fn release(global: &Global, args: &Release, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let task = Task::Release {
        names: args.names.clone(),
        kind: args.kind.map(Into::into),
    };
    conclude(&run(&setup, task, &args.plan)?, &args.plan)
}
