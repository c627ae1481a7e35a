//! `gosync deluser`: takes accounts that gosync made off this host.

use std::collections::BTreeSet;

use super::Outcome;
use crate::cli::{DelUser, Global};
use crate::error::{Error, Result};
use crate::model::RemoteId;
use crate::plan::Plan;
use crate::plan::diff::{self, Chosen, Request};
use crate::plan::effects::{Presence, effects};
use crate::policy::keys::KeyBook;
use crate::policy::select::{self, Standing};
use crate::providers::Scope;
use crate::run::commit::carry_out;
use crate::run::keys;
use crate::run::outcome::judge_hooks;
use crate::run::sessions::refuse_logged_in;
use crate::run::setup::Setup;
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &DelUser, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let request = request(args)?;
    let _lock = setup.lock(Purpose::of("deluser", args.plan.dry_run))?;
    let target = setup.target()?;
    let carried = carry_out(&setup, &args.plan, "deluser", &|host, owned| {
        let mut plan = diff::removal(&args.users, &request, host, owned).map_err(|reasons| {
            Error::failed(format!("nothing was removed: {}", reasons.join("; ")))
        })?;
        refuse_logged_in(&setup, &plan, host)?;
        let none = Chosen {
            new: false,
            known: false,
            force: global.force,
        };
        keys::extend(
            &mut plan,
            &target,
            &KeyBook::default(),
            (&setup.settings.rules, none),
            (host, owned),
        )?;
        Ok(plan)
    })?;
    warn_of_return(&setup, &carried.plan);
    judge_hooks(carried.outcome, carried.hooks, &args.plan)
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

/// Says whom the provider would bring back. The accounts are gone by now, so that a failure to ask is no failure.
fn warn_of_return(setup: &Setup<'_>, plan: &Plan) {
    let gone = plan
        .changes
        .iter()
        .filter(|change| matches!(effects(change).presence, Presence::Goes { .. }))
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
            "nobody knows whether the provider would bring them back: {e}"
        )),
    }
}

/// Everybody whom the provider gives an account.
fn wanted(setup: &Setup<'_>) -> Result<BTreeSet<RemoteId>> {
    let snapshot = setup.fetch(Scope::Users, None)?;
    let top_group = setup.settings.rules.accounts.top_group.as_deref();
    let standing = select::select(&snapshot.directory, top_group).map_err(Error::failed)?;
    let users = snapshot.directory.users.iter();
    Ok(users
        .filter(|user| standing(user) == Standing::In)
        .map(|user| user.id.clone())
        .collect())
}
