//! `gosync plan`: a dry run whose plan goes to a file.

use std::cell::RefCell;
use std::path::Path;

use super::Outcome;
use crate::cli::{self, Format, Global, PlanArgs, Sync};
use crate::error::{Error, Kind, Result};
use crate::plan::saved::{self, Asked, Saved, fingerprints};
use crate::run::commit::carry_out;
use crate::run::job::{Job, JobKind};
use crate::run::outcome::judge;
use crate::run::setup::Setup;
use crate::run::view::{self, ProviderView};
use crate::system::files;
use crate::system::lock::Purpose;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &cli::Plan, ui: Ui) -> Result<Outcome> {
    if args.output == Path::new("-") {
        let message = "a plan cannot go to standard output: `gosync apply` trusts only a file that nobody else may write";
        return Err(Error::usage(message).hint(
            "Name the file, such as `-o plan.json`; for a program to read, use `gosync sync users -n --format json`",
        ));
    }
    let setup = Setup::new(global, ui)?;
    let what = dry(args.what.clone());
    let job = Job::new(&what);
    let _lock = setup.lock(Purpose::Look)?;
    let desired = ProviderView::new(&setup, &job, view::read(&setup, &job)?);
    let draft = RefCell::new(None);
    let carried = carry_out(&setup, job.options, job.command(), &|host, owned| {
        let plan = desired.plan(&job, host, owned)?;
        draft.replace(Some((plan.clone(), fingerprints(host))));
        Ok(plan)
    });
    // What a limit refuses is written, too: it can be let through when it is carried out.
    let is_plan = carried
        .as_ref()
        .map_or_else(|e| e.kind == Kind::Refused, |_| true);
    if let Some((plan, databases)) = draft.take().filter(|_| is_plan) {
        let saved = Saved::new(
            asked(&setup, &job),
            desired.now,
            databases,
            &plan,
            &desired.snapshot,
        );
        files::write_private(&args.output, saved.text().as_bytes()).map_err(Error::failed)?;
        let file = args.output.display();
        if job.options.format == Format::Text {
            ui.notice(match carried {
                Ok(_) => format!("the plan is in {file}; `gosync apply {file}` carries it out"),
                Err(_) => format!(
                    "the plan is in {file}; it goes over a limit, and only `gosync apply {file} --approve {}` carries \
                     it out",
                    plan.digest()
                ),
            });
        }
    }
    let carried = carried?;
    judge(carried.outcome, &carried.plan, job.options)
}

/// The same, as a dry run.
fn dry(what: Sync) -> Sync {
    let dry = |plan: PlanArgs| PlanArgs {
        dry_run: true,
        ..plan
    };
    match what {
        Sync::Users(args) => Sync::Users(cli::SyncUsers {
            plan: dry(args.plan),
            ..args
        }),
        Sync::Groups(args) => Sync::Groups(cli::SyncGroups {
            plan: dry(args.plan),
            ..args
        }),
    }
}

fn asked(setup: &Setup<'_>, job: &Job<'_>) -> Asked {
    let sync = match job.kind {
        JobKind::Users(args) => saved::Sync::Users {
            new: args.new,
            updated: args.updated,
            only: args.only.clone(),
        },
        JobKind::Groups(args) => saved::Sync::Groups {
            groups: args.groups.clone(),
        },
    };
    Asked {
        provider: setup.settings.provider.name.clone(),
        top_group: setup.settings.rules.accounts.top_group.clone(),
        force: setup.global.force,
        sync,
    }
}
