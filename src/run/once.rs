//! The straight line of a run, from the lock to the hooks.
//!
//! Nothing below it knows whether the run is dry, who asked for it, or what a terminal is.

use super::after;
use super::commit::{Commit, LedgerAccess, commit};
use super::context::PlanContext;
use super::env::Env;
use super::job::{Job, Task};
use super::keys::HomeWriter;
use super::planner::{Planner, consider};
use super::report::{Outcome, RunReport, TargetReport};
use super::sessions::end_sessions;
use super::watch::Watch;
use crate::error::{Error, Kind, Result};
use crate::hooks::{self, Tally};
use crate::ledger::{HOST, Ledger, Run};
use crate::model::Completeness;
use crate::model::owned::Owned;
use crate::plan::guard::{self, Refused};
use crate::plan::saved::{Asked, Saved, fingerprints};
use crate::plan::{Approved, Plan};
use crate::system::lock::RunLock;
use crate::targets::{Current, Hold, Target};

/// How often a plan is made anew because somebody else changed the databases meanwhile.
const ATTEMPTS: u32 = 5;

/// How many of these keep others out only while they write. The rest do so from the first look at
/// the files.
const OPEN_ATTEMPTS: u32 = 2;

/// Does what a job asks for, once.
///
/// # Errors
/// What broke the run off. Whatever was begun is finished or dropped by the next one.
pub fn once(env: &Env, job: &Job, watch: &mut dyn Watch) -> Result<RunReport> {
    let mut lock = env.lock(job.task.purpose(&job.options), watch)?;
    let report = straight_line(env, job, &mut lock, watch);
    if job.task.is_sync() && wrote_nothing(&report) {
        // What earlier runs have left to hooks does not depend on what the provider says now.
        if let Err(e) = after::catch_up(env, &job.options, watch) {
            watch.warn(format!(
                "hooks that wait since earlier runs were not run: {e}"
            ));
        }
    }
    let report = report?;
    let is_whole = !job.options.dry_run && !matches!(report.outcome, Outcome::Refused(_));
    if matches!(job.task, Task::Users { .. }) && is_whole {
        end_sessions(env, watch)?;
    }
    Ok(report)
}

/// Whether a run ended before it wrote anything. After other failures nobody knows what stands.
fn wrote_nothing(report: &Result<RunReport>) -> bool {
    match report {
        Ok(report) => matches!(report.outcome, Outcome::Refused(_)),
        Err(error) => error.kind == Kind::Source,
    }
}

fn straight_line(
    env: &Env,
    job: &Job,
    lock: &mut RunLock,
    watch: &mut dyn Watch,
) -> Result<RunReport> {
    let planner = Planner::read(env, job, watch)?;
    note_read(lock, job, &planner);
    let target = env.target()?;
    let mut ledger = LedgerAccess::open(env, target.as_ref(), job.options.dry_run, watch)?;
    let (target, planner, command) = (target.as_ref(), &planner, &job.task.command());
    let run = Run {
        target: HOST,
        provider: &env.settings.provider()?.name,
        command,
        now: env.now,
    };
    let line = Line {
        env,
        job,
        planner,
        target,
        run,
    };
    let mut shown: Option<Plan> = None;
    for attempt in 0..ATTEMPTS {
        let (current, owned, plan) = line.plan(&ledger, attempt)?;
        let saved = line.save(current.as_ref(), &plan);
        let approved = match line.approve(plan, &owned, watch) {
            Ok(approved) => approved,
            Err(refused) => return Ok(line.refused(*refused).with(saved)),
        };
        let staged = current.stage(approved)?;
        let LedgerAccess::Write(ledger) = &mut ledger else {
            watch.dry(staged.plan());
            let report = line.report(staged.into_plan(), None, Tally::default());
            return Ok(report.with(saved));
        };
        if shown.is_none_or(|shown| shown.changes != staged.plan().changes) {
            watch.staged(staged.plan());
        }
        match commit(target, staged.as_ref(), (ledger, run), watch)? {
            Commit::Moved => shown = Some(staged.into_plan()),
            Commit::Done(number) => {
                return line.finish(ledger, (staged.into_plan(), number), current, watch);
            }
        }
    }
    Err(never_quiet())
}

fn never_quiet() -> Error {
    Error::failed(format!(
        "the account databases were changed by others {ATTEMPTS} times while gosync planned"
    ))
    .hint("Nothing was written; run it again when it is quieter")
}

/// That a sync's read was complete is noted for `gosync status`.
fn note_read(lock: &mut RunLock, job: &Job, planner: &Planner<'_>) {
    let is_complete = planner
        .snapshot()
        .is_some_and(|snapshot| matches!(snapshot.completeness, Completeness::Complete(_)));
    if job.task.is_sync() && is_complete && !job.options.dry_run {
        lock.note_read(&job.task.command());
    }
}

/// What stays the same along the line.
struct Line<'a> {
    env: &'a Env,
    job: &'a Job,
    planner: &'a Planner<'a>,
    target: &'a dyn Target,
    run: Run<'a>,
}

impl Line<'_> {
    /// Reads the target and plans.
    fn plan(
        &self,
        ledger: &LedgerAccess,
        attempt: u32,
    ) -> Result<(Box<dyn Current + '_>, Owned, Plan)> {
        let options = &self.job.options;
        let mut elsewhere = self.target.other_name_services()?;
        // Where other name services are asked, over a network perhaps, nobody is kept out
        // meanwhile.
        let keep_others_out = attempt >= OPEN_ATTEMPTS && !elsewhere.is_any() && !options.dry_run;
        let current = if keep_others_out {
            self.target.read(Hold::Locked)?
        } else {
            self.target.read(Hold::Open)?
        };
        let owned = ledger.load(self.run)?;
        let mut host = current.host();
        let mut plan = consider(&mut elsewhere, &mut host, |host| {
            self.planner.plan(&PlanContext {
                env: self.env,
                options,
                target: self.target,
                host,
                owned: &owned,
            })
        })?;
        if !options.dry_run {
            plan.events = hooks::events(&self.env.hooks(options), &plan, &host, &owned);
        }
        drop(host);
        Ok((current, owned, plan))
    }

    /// Has the plan judged. A dry run shows also one that is refused.
    fn approve(
        &self,
        plan: Plan,
        owned: &Owned,
        watch: &mut dyn Watch,
    ) -> std::result::Result<Approved, Box<Refused>> {
        let approval = self.job.options.approve.as_deref();
        let limits = &self.env.settings.limits;
        guard::approve(plan, owned, limits, approval).inspect_err(|refused| {
            if self.job.options.dry_run {
                watch.dry(&refused.plan);
            }
        })
    }

    /// What is needed to carry the plan out later, if that is wanted.
    fn save(&self, current: &dyn Current, plan: &Plan) -> Option<Box<Saved>> {
        if !self.job.options.save {
            return None;
        }
        let snapshot = self.planner.snapshot()?;
        let settings = &self.env.settings;
        let asked = Asked {
            provider: self.run.provider.to_owned(),
            top_group: settings.rules.accounts.top_group.clone(),
            force: self.job.options.force,
            sync: self.job.task.to_saved()?,
        };
        let databases = fingerprints(&current.host());
        let saved = Saved::new(asked, self.env.now, databases, plan, snapshot);
        Some(Box::new(saved))
    }

    /// Everything is in place: the ledger learns what was seen, and what follows a commit is done.
    fn finish(
        &self,
        ledger: &mut Ledger,
        (mut plan, number): (Plan, Option<u64>),
        current: Box<dyn Current + '_>,
        watch: &mut dyn Watch,
    ) -> Result<RunReport> {
        if number.is_some() {
            after::forget_caches(self.env, watch);
        }
        ledger
            .observe(self.run, &plan.observations)
            .map_err(Error::failed)?;
        // It may hold the password lock, which nothing that follows must wait for.
        drop(current);
        HomeWriter {
            target: self.target,
            ledger,
            run: self.run,
            watch,
        }
        .write(number, &mut plan)?;
        watch.notice(format!("{}: {}", self.run.command, plan.counts()));
        let hooks = after::run_hooks(self.env, &self.job.options, self.target, ledger, watch)?;
        Ok(self.report(plan, number, hooks))
    }

    fn report(&self, plan: Plan, transaction: Option<u64>, hooks: Tally) -> RunReport {
        let outcome = Outcome::of(self.job, &plan, hooks);
        let targets = self
            .env
            .settings
            .targets
            .iter()
            .map(|target| target.name.clone());
        let target = TargetReport {
            target: targets.collect(),
            plan,
            transaction,
        };
        RunReport {
            sources: self.planner.sources(self.env),
            targets: vec![target],
            hooks,
            saved: None,
            outcome,
        }
    }

    fn refused(&self, refused: Refused) -> RunReport {
        let Refused { plan, excesses } = refused;
        RunReport {
            outcome: Outcome::Refused(excesses),
            ..self.report(plan, None, Tally::default())
        }
    }
}
