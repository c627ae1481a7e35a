//! `gosync apply`: carries out a plan from a file.

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::model::shown;
use crate::plan::saved::Saved;
use crate::run::Task;
use crate::system::files::{self, Trust};
use crate::ui::Ui;

pub(super) fn run(
    global: &Global,
    args: &cli::Apply,
    ui: Ui,
    wanted: Wanted<'_>,
) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?.told_in(wanted);
    let saved = load(args)?;
    let setup = setup.with_env(setup.of_named(&saved.asked.provider));
    check_asked(&setup, &saved)?;
    let task = Task::Saved {
        file: args.file.display().to_string(),
        plan: Box::new(saved),
        fresh: args.fresh,
    };
    let report = run_task(&setup, task, &args.plan)?;
    conclude(&report, &args.plan)
}

fn load(args: &cli::Apply) -> Result<Saved> {
    let bytes = files::read_trusted(&args.file, Trust::Config).map_err(Error::usage)?;
    Saved::parse(&bytes)
        .map_err(|reason| Error::usage(format!("cannot use {}: {reason}", args.file.display())))
}

/// A plan is carried out with the provider and the top group that it was made with.
fn check_asked(setup: &Setup<'_>, saved: &Saved) -> Result<()> {
    let provider = &setup.settings.provider()?.name;
    if saved.asked.provider != *provider {
        let message = format!(
            "the plan is for the provider `{}`, not `{provider}`",
            shown(&saved.asked.provider)
        );
        return Err(Error::usage(message).hint("Choose it with -u"));
    }
    if saved.asked.top_group != setup.settings.rules.accounts.top_group {
        let name = |group: &Option<String>| {
            group
                .as_ref()
                .map_or("none".to_owned(), |g| format!("`{}`", shown(g)))
        };
        let (then, now) = (
            name(&saved.asked.top_group),
            name(&setup.settings.rules.accounts.top_group),
        );
        return Err(Error::usage(format!(
            "the plan was made with the top group {then}, and now it is {now}"
        ))
        .hint("Choose it with -g"));
    }
    Ok(())
}
