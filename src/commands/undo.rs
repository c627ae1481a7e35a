//! `gosync undo`: what a run changed, as it was before.

use super::Outcome;
use crate::cli::{self, Global};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::model::history::{Later, PastRun};
use crate::model::{Completeness, shown};
use crate::plan::diff::{self, Against, Chosen, Past};
use crate::policy::keys::KeyBook;
use crate::run::commit::carry_out;
use crate::run::keys;
use crate::run::outcome::{judge, judge_hooks};
use crate::run::probe::HostSite;
use crate::run::sessions::refuse_logged_in;
use crate::run::setup::Setup;
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Undo, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let _lock = setup.lock(Purpose::of("undo", args.plan.dry_run))?;
    let (completeness, rules) = (Completeness::Narrowed, &setup.settings.rules);
    let chosen = Chosen {
        new: true,
        known: true,
        force: global.force,
    };
    let carried = carry_out(
        &setup,
        &args.plan,
        &format!("undo {}", args.run),
        &|host, owned| {
            let (run, since) = past(&setup, args.run)?;
            let past = Past {
                run: &run,
                since: &since,
                force: global.force,
            };
            let completeness = &completeness;
            let (now, site) = (setup.now, HostSite::new(&setup.root));
            let home_at = |home: &str| site.owner(home);
            let against = Against {
                host,
                owned,
                completeness,
                rules,
                chosen,
                now,
                home_at: &home_at,
                site: &site,
            };
            let mut plan = diff::undo(past, &against);
            site.finish()?;
            // Who is locked or removed loses the keys; those of others are the next sync's.
            let none = Chosen {
                new: false,
                known: false,
                force: false,
            };
            keys::extend(
                &mut plan,
                &setup.target()?,
                &KeyBook::default(),
                (rules, none),
                (host, owned),
            )?;
            refuse_logged_in(&setup, &plan, host)?;
            Ok(plan)
        },
    )?;
    judge(carried.outcome, &carried.plan, &args.plan)
        .and_then(|outcome| judge_hooks(outcome, carried.hooks, &args.plan))
}

/// A run with its changes, and what was changed after it.
fn past(setup: &Setup<'_>, number: u64) -> Result<(PastRun, Vec<Later>)> {
    let unknown =
        || Error::usage(format!("no run {number} is remembered")).hint("See `gosync history`");
    // Only now: an interrupted run has been finished or dropped.
    let ledger = Ledger::open_read_only(&setup.state_dir())
        .map_err(Error::failed)?
        .ok_or_else(unknown)?;
    let run = ledger
        .past_run(number)
        .map_err(Error::failed)?
        .ok_or_else(unknown)?;
    let provider = &setup.settings.provider.name;
    if run.provider != *provider {
        let message = format!(
            "run {number} was for the provider `{}`, not `{provider}`",
            shown(&run.provider)
        );
        return Err(Error::usage(message).hint("Choose it with -u"));
    }
    if run.changes.is_empty() {
        let message =
            format!("what run {number} changed was not written down then, and cannot be undone");
        return Err(Error::failed(message));
    }
    let since = ledger.changed_since(number).map_err(Error::failed)?;
    Ok((run, since))
}
