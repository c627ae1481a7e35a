//! `gosync deluser`: takes accounts that gosync made off this host.

use std::collections::BTreeSet;

use super::Outcome;
use super::request::{conclude, run as run_task};
use super::run_document::Wanted;
use super::setup::Setup;
use crate::cli::{DelUser, Global};
use crate::config::ProviderSettings;
use crate::error::{Error, Result};
use crate::model::RemoteId;
use crate::plan::Plan;
use crate::plan::diff::Request;
use crate::plan::effects::{Presence, effects};
use crate::policy::select::{self, Selection};
use crate::providers::Scope;
use crate::run::Task;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &DelUser, ui: Ui, wanted: Wanted<'_>) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?
        .told_in(wanted)
        .of_owner(&args.users)?;
    let task = Task::Remove {
        names: args.users.clone(),
        request: request(args)?,
    };
    let report = run_task(&setup, task, &args.plan)?;
    let outcome = conclude(&report, &args.plan);
    if !matches!(report.outcome, crate::run::Outcome::Refused(_)) {
        for target in &report.targets {
            warn_of_return(&setup, &target.plan);
        }
    }
    outcome
}

fn request(args: &DelUser) -> Result<Request> {
    Ok(match &args.archive_home {
        _ if args.forget => Request::Forget,
        _ if args.remove_home => Request::RemoveHome,
        None => Request::KeepHome,
        Some(dir) => match dir.to_str().filter(|_| dir.is_absolute()) {
            Some(dir) => Request::ArchiveHome(dir.to_owned()),
            None => return Err(Error::usage("--archive-home needs an absolute path")),
        },
    })
}

/// Says whom the provider would bring back. The accounts are gone by now, so that a failure to ask
/// is no failure.
fn warn_of_return(setup: &Setup<'_>, plan: &Plan) {
    let Ok(ProviderSettings { name: provider, .. }) = setup.settings.provider() else {
        return;
    };
    let gone = plan
        .changes
        .iter()
        .filter(|change| matches!(effects(change).presence, Presence::Goes { .. }))
        .filter(|change| {
            change
                .of
                .key
                .as_ref()
                .is_some_and(|key| key.provider.as_str() == provider)
        })
        .filter_map(|change| Some((change.id()?, change.name())));
    let gone: Vec<_> = gone.collect();
    if gone.is_empty() {
        return;
    }
    match wanted(setup) {
        Ok(wanted) => {
            for (_, name) in gone.iter().filter(|(id, _)| wanted.contains(*id)) {
                setup.ui.warn(format!(
                    "the provider still has `{name}`, and the next `gosync sync users` makes the account again"
                ));
            }
        }
        Err(e) => setup.ui.warn(format!(
            "could not check whether the provider still lists these people: {e}"
        )),
    }
}

/// Everybody whom the provider gives an account.
fn wanted(setup: &Setup<'_>) -> Result<BTreeSet<RemoteId>> {
    let snapshot = setup.fetch(Scope::Users, None)?;
    let top_group = setup.settings.rules.accounts.top_group.as_deref();
    let selection = select::select(&snapshot.directory, top_group).map_err(Error::failed)?;
    let users = snapshot.directory.users.iter();
    Ok(users
        .filter(|user| selection(user) == Selection::Selected)
        .map(|user| user.id.clone())
        .collect())
}
