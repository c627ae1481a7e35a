//! `gosync apply`: carries out a plan from a file.
//!
//! The planner is that of a sync, and what it plans from is what the file says that the provider said; the rest is as
//! for any other command that changes the host.

use super::Outcome;
use crate::cli::{self, Global, Sync};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::model::owned::Owned;
use crate::model::{Snapshot, shown};
use crate::plan::Plan;
use crate::plan::saved::{self, Moved, Saved};
use crate::run::commit::carry_out;
use crate::run::job::Job;
use crate::run::outcome::{judge, judge_hooks};
use crate::run::setup::Setup;
use crate::run::view::{self, ProviderView};
use crate::system::files::{self, Trust};
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Apply, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let saved = load(args)?;
    check_asked(&setup, &saved)?;
    let what = what(&saved, args);
    let job = Job::new(&what);
    let command = format!("apply {}", job.command());
    let _lock = setup.lock(Purpose::of("apply", args.plan.dry_run))?;
    let snapshot = if args.fresh {
        view::read(&setup, &job)?
    } else {
        Snapshot::from(&saved.read)
    };
    let mut desired = ProviderView::new(&setup, &job, snapshot);
    desired.force = saved.asked.force;
    if !args.fresh {
        desired.now = saved.read_at;
    }
    let carried = carry_out(&setup, &args.plan, &command, &|host, owned| {
        if let Some(done) = done_already(&setup, &saved, owned)? {
            return Ok(done);
        }
        saved
            .check_host(host, owned)
            .map_err(|moved| refuse(args, &moved))?;
        let mut plan = desired.plan(&job, host, owned)?;
        saved
            .check_plan(&plan)
            .map_err(|moved| refuse(args, &moved))?;
        if !args.fresh {
            // One read proves an absence once, however often its plan is carried out.
            plan.observations.clear();
        }
        Ok(plan)
    })?;
    judge(carried.outcome, &carried.plan, &args.plan)
        .and_then(|outcome| judge_hooks(outcome, carried.hooks, &args.plan))
}

fn load(args: &cli::Apply) -> Result<Saved> {
    let bytes = files::read_trusted(&args.file, Trust::Config).map_err(Error::usage)?;
    Saved::parse(&bytes)
        .map_err(|reason| Error::usage(format!("cannot use {}: {reason}", args.file.display())))
}

/// A plan is carried out with the provider and the top group that it was made with.
fn check_asked(setup: &Setup<'_>, saved: &Saved) -> Result<()> {
    let provider = &setup.settings.provider.name;
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

/// The command line of the sync.
fn what(saved: &Saved, args: &cli::Apply) -> Sync {
    let plan = args.plan.clone();
    match saved.asked.sync.clone() {
        saved::Sync::Users { new, updated, only } => Sync::Users(cli::SyncUsers {
            new,
            updated,
            only,
            plan,
        }),
        saved::Sync::Groups { groups } => Sync::Groups(cli::SyncGroups { groups, plan }),
    }
}

/// A plan with nothing in it, if this one has been carried out: perhaps by an interrupted run of the same command, which
/// was finished a moment ago.
fn done_already(setup: &Setup<'_>, saved: &Saved, owned: &Owned) -> Result<Option<Plan>> {
    if owned.generation == saved.generation {
        return Ok(None);
    }
    let ledger = Ledger::open_read_only(&setup.state_dir()).map_err(Error::failed)?;
    let run = ledger
        .map(|ledger| ledger.run_of_plan(&saved.digest))
        .transpose()
        .map_err(Error::failed)?
        .flatten();
    Ok(run.map(|run| {
        let mut plan = Plan {
            generation: owned.generation,
            ..Plan::default()
        };
        plan.remark("the plan", format!("is carried out already, by run {run}"));
        plan
    }))
}

fn refuse(args: &cli::Apply, moved: &Moved) -> Error {
    let error = Error::failed(format!(
        "nothing was written, since {} no longer fits: {moved}",
        args.file.display()
    ));
    match moved {
        Moved::Plan if args.fresh => {
            error.hint("The provider says something else now; make a new plan")
        }
        Moved::Plan => error.hint(
            "The configuration, or something else on this host, has changed; make a new plan",
        ),
        Moved::Altered => error.hint("Somebody has edited it; make a new plan"),
        Moved::Ledger { .. } | Moved::Host(_) => error.hint("Make a new plan with `gosync plan`"),
    }
}
