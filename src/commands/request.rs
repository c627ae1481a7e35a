//! From the command line to a job, and from what came of it to an exit code.

use std::time::Duration;

use super::events::Events;
use super::run_document::Ended;
use super::run_note::NoteOfRun;
use super::setup::Setup;
use super::watch::UiWatch;
use super::{Outcome, rebinding};
use crate::cli::{self, Format, PlanArgs, Sync, SyncGroups, SyncUsers};
use crate::error::{Error, Kind, Result};
use crate::model::text::shell_word;
use crate::model::{counted, first_names, shown};
use crate::plan::{Barred, guard, render};
use crate::run::{self, Brought, Job, NewLedger, Options, RunReport, Task};
use crate::system::clock;

impl From<&Sync> for Task {
    fn from(sync: &Sync) -> Self {
        match sync {
            // Nothing chosen chooses all.
            Sync::Users(SyncUsers {
                new, updated, only, ..
            }) => Self::Users {
                new: *new || !*updated,
                existing: *updated || !*new,
                only: only.clone(),
            },
            Sync::Groups(SyncGroups { groups, .. }) => Self::Groups {
                only: groups.clone(),
            },
        }
    }
}

impl From<cli::Kind> for run::Kind {
    fn from(kind: cli::Kind) -> Self {
        match kind {
            cli::Kind::Account => Self::Account,
            cli::Kind::Group => Self::Group,
        }
    }
}

impl From<cli::By> for run::By {
    fn from(by: cli::By) -> Self {
        match by {
            cli::By::Login => Self::Login,
            cli::By::Uid => Self::Uid,
        }
    }
}

/// The options of a job.
pub(super) fn options(setup: &Setup<'_>, args: &PlanArgs) -> Options {
    Options {
        dry_run: args.dry_run,
        force: setup.global.force,
        full: setup.global.verbose > 0,
        approve: args.approve.clone(),
        strict: args.strict,
        retry_hooks: args.retry_hooks,
        root_hooks: args.root_hooks,
        new_ledger: NewLedger::No,
        save: false,
    }
}

/// Runs a task before the eyes of whoever typed it, and leaves a note of how it ended.
pub(super) fn run(setup: &Setup<'_>, task: Task, args: &PlanArgs) -> Result<RunReport> {
    run_with(setup, task, options(setup, args), args)
}

/// The same with other options.
pub(super) fn run_with(
    setup: &Setup<'_>,
    task: Task,
    options: Options,
    args: &PlanArgs,
) -> Result<RunReport> {
    watched(setup, task, (options, false), args)
}

fn watched(
    setup: &Setup<'_>,
    task: Task,
    (options, asks): (Options, bool),
    args: &PlanArgs,
) -> Result<RunReport> {
    let job = Job { task, options };
    noted(setup, &job, args, |watch| watch.asking(asks))
}

/// Runs a job before an observer, and leaves a note of how it ended.
pub(super) fn noted(
    setup: &Setup<'_>,
    job: &Job,
    args: &PlanArgs,
    observer: impl FnOnce(UiWatch) -> UiWatch,
) -> Result<RunReport> {
    let once = |watch: &mut UiWatch| run::once(&setup.env, job, watch);
    let result = noted_by(setup, job, args, observer, once);
    let is_pending = result.as_ref().is_ok_and(RunReport::is_pending);
    if is_pending && !job.options.save {
        tell_what_carries_out(setup, args);
    }
    result
}

/// A dry run ends with the command that does what it shows.
pub(super) fn tell_what_carries_out(setup: &Setup<'_>, args: &PlanArgs) {
    let words = setup.global.carrying_out();
    if args.dry_run && args.format == Format::Text && !words.is_empty() {
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        let command = words.join(" ");
        setup
            .ui
            .notice(format!("`gosync {command}` carries it out"));
    }
}

/// The same for a job that is run by somebody else.
pub(super) fn noted_by(
    setup: &Setup<'_>,
    job: &Job,
    args: &PlanArgs,
    observer: impl FnOnce(UiWatch) -> UiWatch,
    run: impl FnOnce(&mut UiWatch) -> Result<RunReport>,
) -> Result<RunReport> {
    let began = clock::deadline(Duration::ZERO);
    let note = NoteOfRun::new(setup, &job.task);
    let events = Events::of(&job.task, setup.settings.first_provider());
    let watch = UiWatch::new(setup.ui)
        .verbose(setup.global.verbose > 0)
        .asking_of_losses(!args.yes)
        .logging(events.clone())
        .recording(setup.document.is_some());
    let mut watch = observer(watch.knowing(note.memory().clone()));
    let mut result = run(&mut watch);
    if let Ok(report) = &mut result {
        note.judge(report);
        tell_limits(&events, report);
    }
    let end = match &result {
        Ok(report) => conclude(report, args),
        Err(error) => Err(error.clone()),
    };
    if !args.dry_run {
        note.leave(&result, &end);
    }
    if let Some(document) = setup.document {
        let ended = Ended {
            result: &result,
            end: &end,
            recorded: watch.into_recorded(),
            took: clock::since(began),
        };
        document.add(&setup.settings, &job.task, ended);
    }
    result
}

/// What goes over limits is said in the log, too.
fn tell_limits(events: &Events, report: &RunReport) {
    if let (run::Outcome::Refused(excesses), [target]) =
        (&report.outcome, report.targets.as_slice())
    {
        events.over_limits(&target.plan, excesses);
    }
}

/// Runs a task, and asks before anything is written if `asks`, and if somebody types.
pub(super) fn run_asked(
    setup: &Setup<'_>,
    task: Task,
    args: &PlanArgs,
    asks: bool,
) -> Result<RunReport> {
    watched(setup, task, (options(setup, args), asks), args)
}

/// The end of a command, by what came of its run.
pub(super) fn conclude(report: &RunReport, args: &PlanArgs) -> Result<Outcome> {
    Err(match &report.outcome {
        run::Outcome::Done | run::Outcome::Unmoved => return Ok(Outcome::Done),
        run::Outcome::Pending if args.exit_code => return Ok(Outcome::Pending),
        run::Outcome::Pending => return Ok(Outcome::Done),
        run::Outcome::Refused(_) => refused(report, args),
        run::Outcome::Barred(barred) => self::barred(*barred, report),
        run::Outcome::Declined => Error::failed("nothing was written: the answer was no"),
        run::Outcome::NotOut(n) => Error::new(
            Kind::NotOut,
            format!(
                "{} should be out, and not wholly: see above",
                counted(*n, "person", "people")
            ),
        )
        .hint("Each was reported with its reason and what to do; the rest is done"),
        run::Outcome::Unnamed(providers) => rebinding::unnamed(providers),
        run::Outcome::IdsChanged(changed) => rebinding::ids_changed(changed),
        run::Outcome::Incomplete(reason) => {
            Error::new(Kind::Source, format!("the read was incomplete: {reason}"))
                .hint("Nothing was locked or removed because of it; the next run tries again")
        }
        run::Outcome::HeldUp(n) => Error::new(
            Kind::Partial,
            format!("not everything on this host could be examined or done; left as they are: {n}"),
        )
        .hint("Each was reported with its reason; the next run tries again"),
        run::Outcome::Behind(names) => behind(names, args),
        run::Outcome::Unsettled(n) => Error::new(
            Kind::Partial,
            format!("the provider contradicts itself, or does not say who is disabled; left as they are: {n}"),
        )
        .hint("Each was reported with its reason; the rest is done; correct it at the provider"),
        run::Outcome::Rejected(n) => Error::new(
            Kind::Partial,
            format!("not everything could be used; refused: {n}"),
        )
        .hint("`gosync -v` with the same command shows each with its reason"),
        run::Outcome::HooksFailed(n) => Error::new(
            Kind::Partial,
            format!("hooks failed for {}", counted(*n, "change", "changes")),
        )
        .hint(
            "Each was reported with its reason; later runs try again, and `gosync status` shows what waits",
        ),
    })
}

/// Whether the targets that are made of what the host has are in step, or would be.
///
/// # Errors
/// When some are not.
pub(super) fn in_step(brought: &Brought, args: &PlanArgs) -> Result<()> {
    match brought.behind().as_slice() {
        [] => Ok(()),
        some => Err(behind(some, args)),
    }
}

/// Which targets, of those that are made of what the host has, could not be written.
fn behind(names: &[String], args: &PlanArgs) -> Error {
    let names = first_names(names.iter().map(String::as_str), 5);
    match args.dry_run {
        true => Error::new(Kind::Partial, format!("would not be in step: {names}"))
            .hint("Each was reported with its reason; nothing else would be held up by it"),
        false => Error::new(Kind::Partial, format!("not in step: {names}")).hint(
            "Each was reported with its reason; nothing else was held up by it, and the next run tries again",
        ),
    }
}

/// What keeps everybody out who would come.
fn barred(barred: Barred, report: &RunReport) -> Error {
    let plans = report.targets.iter().map(|target| &target.plan);
    let refused = plans.flat_map(|plan| &plan.refused);
    let causes = render::causes(refused.filter(|refusal| barred.is_by(&refusal.reason)));
    let message = format!("everything new is refused: {}", render::in_one(&causes));
    match barred {
        Barred::Configuration | Barred::Setting => Error::usage(message)
            .hint("This lies in the configuration; whatever else there was to do is done"),
        Barred::Provider => Error::new(Kind::Source, message)
            .hint("This lies in what the provider says, or in where and how it is asked"),
        Barred::Host => Error::new(Kind::Partial, message).hint(
            "`gosync adopt --all -n` shows what can be taken over, and what would change by that",
        ),
    }
}

/// Which the plan exceeds limits, and how it is let through.
fn refused(report: &RunReport, args: &PlanArgs) -> Error {
    let run::Outcome::Refused(excesses) = &report.outcome else {
        return Error::failed("nothing was refused");
    };
    let message = "nothing was written, since the plan exceeds limits";
    let mut error = Error::new(Kind::Refused, message);
    for line in guard::lines(excesses) {
        error = error.detail(line);
    }
    // A dry run has shown it.
    if !args.dry_run {
        error = error.hint("See the whole plan with --dry-run");
    }
    if let Some(digest) = &args.approve {
        let digest = shown(digest);
        error = error.hint(format!(
            "--approve {digest} is of another plan: this one has changed since, or another one was meant"
        ));
    }
    for target in &report.targets {
        error = error.hint(format!(
            "To apply exactly this plan anyway, run it once with --approve {}",
            target.plan.digest()
        ));
    }
    error
}
