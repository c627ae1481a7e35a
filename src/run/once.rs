//! The straight line of a run, from the lock to the hooks.
//!
//! Nothing below it knows whether the run is dry, who asked for it, or what a terminal is.

use std::cell::Cell;
use std::rc::Rc;

use super::after;
use super::ahead::Ahead;
use super::brought::Brought;
use super::carry_out::{Carried, CarryOut, Progress};
use super::choice::{How, TargetChoice};
use super::context::PlanContext;
use super::copies;
use super::derived;
use super::env::{Env, unasked};
use super::job::{Job, Options, Task};
use super::keys::HomeWriter;
use super::ledger_access::LedgerAccess;
use super::others;
use super::planner::{Planner, consider};
use super::probe::RealProbe;
use super::report::{Outcome, RunReport, TargetReport};
use super::rights::Rights;
use super::sessions::end_sessions;
use super::unmoved::Unmoved;
use super::watch::Watch;
use super::writers;
use crate::error::{Error, Kind, Result};
use crate::hooks::{self, Tally};
use crate::ledger::{HOST, Ledger, Run};
use crate::model::ProviderName;
use crate::model::host::Host;
use crate::model::join::JoinState;
use crate::model::owned::Owned;
use crate::model::power::PowerBook;
use crate::plan::guard::{self, Approval, Ranges, Refused};
use crate::plan::saved::{Asked, Saved, fingerprints};
use crate::plan::{Approved, Plan};
use crate::providers::Earlier;
use crate::system::lock::{Purpose, RunLock};
use crate::targets::derived::Mode;
use crate::targets::{Current, Hold, Staged, Target};

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
    let _lock = env.lock(job.task.purpose(&job.options), watch)?;
    // What a dry run would leave is worked out only for what is made of it.
    let is_shown = job.options.dry_run && env.settings.derived_targets().next().is_some();
    let tasks = std::slice::from_ref(&job.task);
    let env = &Env {
        ahead: is_shown.then(Rc::default),
        rights: Rc::new(writers::begin(env, tasks, &job.options)?),
        ..env.clone()
    };
    let report = locked(env, job, watch);
    if !derived::is_known(&report) {
        return report;
    }
    let derived = derived::bring(env, how(&job.options, &TargetChoice::All), watch)?;
    report.map(|report| RunReport {
        outcome: report.outcome.with_derived(&derived, job),
        derived,
        ..report
    })
}

/// How what is made of the host is brought in step.
fn how<'a>(options: &'a Options, choice: &'a TargetChoice) -> How<'a> {
    How {
        approved: options.approve.as_deref(),
        choice,
        full: options.full,
        mode: match options.dry_run {
            true => Mode::Show,
            false => Mode::Carry,
        },
    }
}

/// Several syncs under one lock: of people and then of groups, of one provider after the other.
pub(crate) struct Together {
    /// What an earlier part of a dry run would have left.
    ahead: Option<Rc<Ahead>>,
    /// Whether all of them have left the host as gosync knows it.
    is_known: Cell<bool>,
    /// How all of them are done.
    options: Options,
    /// What is brought in step.
    choice: TargetChoice,
    /// Where this host may write.
    rights: Rc<Rights>,
    _lock: RunLock,
}

impl Together {
    /// Begins it.
    ///
    /// # Errors
    /// When the lock cannot be taken, or another host writes.
    pub(crate) fn begin(
        env: &Env,
        tasks: &[Task],
        options: &Options,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let purpose = match tasks {
            [one] => one.purpose(options),
            _ => Purpose::of("sync", options.dry_run),
        };
        let lock = env.lock(purpose, watch)?;
        Ok(Self {
            ahead: options.dry_run.then(Rc::default),
            is_known: Cell::new(true),
            options: options.clone(),
            choice: TargetChoice::All,
            rights: Rc::new(writers::begin(env, tasks, options)?),
            _lock: lock,
        })
    }

    /// The same for some targets.
    pub(crate) fn for_targets(self, choice: TargetChoice) -> Self {
        Self { choice, ..self }
    }

    /// What the syncs of one provider work with. `is_for_both`: people and groups are read together.
    pub(crate) fn env(&self, env: &Env, is_for_both: bool) -> Env {
        Env {
            one_read: is_for_both.then(Rc::default),
            ahead: self.ahead.clone(),
            rights: Rc::clone(&self.rights),
            ..env.clone()
        }
    }

    /// Does one of them. `env`: one that was made by [`Together::env`].
    ///
    /// # Errors
    /// As [`once`].
    pub(crate) fn once(&self, env: &Env, job: &Job, watch: &mut dyn Watch) -> Result<RunReport> {
        let report = locked(env, job, watch);
        self.is_known
            .set(self.is_known.get() && derived::is_known(&report));
        report
    }

    /// Ends them: what is made of the host is made of what all of them have left, or would have left, if that is known.
    ///
    /// # Errors
    /// When nobody knows what they are made of.
    pub(crate) fn end(self, env: &Env, watch: &mut dyn Watch) -> Result<Brought> {
        match self.is_known.get() {
            true => derived::bring(
                &self.env(env, false),
                how(&self.options, &self.choice),
                watch,
            ),
            false => Ok(Brought::default()),
        }
    }
}

fn locked(env: &Env, job: &Job, watch: &mut dyn Watch) -> Result<RunReport> {
    let report = unmoved_or_done(env, job, watch);
    if job.task.is_sync() && wrote_nothing(&report) {
        // What earlier runs have left to hooks does not depend on what the provider says now.
        if let Err(e) = after::catch_up(env, &job.options, watch) {
            watch.warn(format!(
                "hooks that wait since earlier runs were not run: {e}"
            ));
        }
    }
    let mut report = report?;
    let is_whole = !job.options.dry_run && !matches!(report.outcome, Outcome::Refused(_));
    if matches!(job.task, Task::Users { .. } | Task::Lock { .. }) && is_whole {
        let still_there = end_sessions(env, watch)?;
        report.outcome = report.outcome.with_not_out(still_there);
    }
    Ok(report)
}

/// Finds that there is nothing to do since nothing has moved, or goes the whole way.
fn unmoved_or_done(env: &Env, job: &Job, watch: &mut dyn Watch) -> Result<RunReport> {
    let Some(mut unmoved) = Unmoved::watch(env, job) else {
        return straight_line(env, job, &Earlier::default(), watch)?.ok_or_else(unasked);
    };
    if let Some(report) = unmoved.report(watch) {
        return Ok(report);
    }
    unmoved.mark();
    let earlier = unmoved.earlier();
    let (report, left) = match straight_line(env, job, &earlier, watch) {
        Ok(None) => return unmoved.confirm(watch),
        Ok(Some(report)) => {
            let left = unmoved.leave(Some(&report));
            (Ok(report), left)
        }
        Err(error) => (Err(error), unmoved.leave(None)),
    };
    if let Err(error) = left {
        tracing::info!(%error, "no stamp is left for the next run");
    }
    report
}

/// Whether a run ended before it wrote anything. After other failures nobody knows what stands.
fn wrote_nothing(report: &Result<RunReport>) -> bool {
    match report {
        Ok(report) => matches!(report.outcome, Outcome::Refused(_) | Outcome::Declined),
        Err(error) => error.kind == Kind::Source,
    }
}

/// Goes the whole way, unless the provider answers what it answered earlier.
fn straight_line(
    env: &Env,
    job: &Job,
    earlier: &Earlier,
    watch: &mut dyn Watch,
) -> Result<Option<RunReport>> {
    let Some(mut planner) = Planner::read(env, job, earlier, watch)? else {
        return Ok(None);
    };
    let target = env.target()?;
    let mut ledger = LedgerAccess::open(env, target.as_ref(), &job.options, watch)?;
    if let LedgerAccess::Write(ledger) = &mut ledger {
        writers::learn(env, ledger, watch)?;
    }
    let (target, command) = (target.as_ref(), &job.task.command());
    let run = Run {
        target: HOST,
        provider: env.settings.first_provider(),
        command,
        now: env.now.seconds(),
        number: None,
        let_through: false,
    };
    // Whoever has to go goes, though the configuration may not name their provider any more.
    let other = match planner.shuts_out() {
        Some(names) => others::of_names(names, &ledger.load(run)?)?,
        None => None,
    };
    let provider = other.as_ref().map_or(run.provider, ProviderName::as_str);
    let run = Run { provider, ..run };
    if planner.is_narrow() {
        planner.learn_numbers(env, &ledger.load(run)?, watch)?;
    }
    let line = Line {
        env,
        job,
        planner: &planner,
        target,
        powers: &env.power_book(target),
        probe: RealProbe::new(&env.root, target),
        run,
    };
    let mut so_far = SoFar::default();
    for attempt in 0..ATTEMPTS {
        match line.attempt(&mut ledger, attempt, &mut so_far, watch) {
            Ok(Some(report)) => return Ok(Some(report)),
            Ok(None) => {}
            Err(error) => return line.give_up(&mut ledger, so_far, error, watch).map(Some),
        }
    }
    let report = line.give_up(&mut ledger, so_far, never_quiet(), watch);
    report.map(Some)
}

/// What came of the attempts up to now.
#[derive(Default)]
struct SoFar {
    progress: Progress,
    /// The plan of the last one, which somebody else's change has overtaken.
    plan: Option<Plan>,
}

fn never_quiet() -> Error {
    Error::failed(format!(
        "the account databases were changed by others {ATTEMPTS} times while gosync planned"
    ))
    .hint("Run it again when it is quieter")
}

fn over_a_limit_now() -> Error {
    Error::new(
        Kind::Refused,
        "others have changed the account databases while gosync wrote, and what was still to be \
         done now goes over a limit",
    )
    .hint("What was written stays; run it again to see the rest")
}

/// What stays the same along the line.
struct Line<'a> {
    env: &'a Env,
    job: &'a Job,
    planner: &'a Planner<'a>,
    target: &'a dyn Target,
    powers: &'a PowerBook<'a>,
    /// For all attempts, so that a name service that does not answer holds the run up once.
    probe: RealProbe<'a>,
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
        let current = self.target.read(self.hold(attempt))?;
        let mut owned = ledger.load(self.run)?;
        if self.env.settings.join.by.is_none() {
            owned.join = JoinState::default();
        }
        let mut host = Host {
            power_book: Some(self.powers),
            ..current.host()
        };
        let mut plan = consider(&self.probe, &mut host, |host| {
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

    /// Plans, and carries the plan out unless the run is a dry one; `None`: somebody else has changed the databases
    /// meanwhile.
    fn attempt(
        &self,
        ledger: &mut LedgerAccess,
        attempt: u32,
        so_far: &mut SoFar,
        watch: &mut dyn Watch,
    ) -> Result<Option<RunReport>> {
        let (current, owned, plan) = self.plan(ledger, attempt)?;
        if attempt == 0 {
            let unclear = self.powers.asked().map_or(&[][..], |read| &read.unclear);
            unclear.iter().for_each(|told| watch.warn(told.clone()));
        }
        let saved = self.save(current.as_ref(), &plan);
        let approved = match self.approve(plan, &owned, &so_far.progress, watch) {
            Ok(approved) => approved,
            Err(_) if so_far.progress.is_begun() => return Err(over_a_limit_now()),
            Err(refused) => return Ok(Some(self.refused(*refused).with(saved))),
        };
        let staged = current.stage(approved)?;
        let LedgerAccess::Write(writable) = ledger else {
            let report = self.end_dry(ledger, staged, watch)?;
            return Ok(Some(report.with(saved)));
        };
        if !so_far.progress.has_told(staged.plan()) {
            watch.staged(staged.plan());
            if !watch.agrees(staged.plan()) {
                let plan = staged.into_approved().into_plan();
                let outcome = Outcome::Declined;
                let report = self.report(plan, None, Tally::default());
                return Ok(Some(RunReport { outcome, ..report }));
            }
        }
        let progress = &mut so_far.progress;
        let mut carry_out = CarryOut {
            target: self.target,
            ledger: writable,
            run: self.run,
            hold: self.hold(attempt),
            watch,
        };
        // What was read may hold the password lock, for which nothing that follows must wait.
        let carried = if staged.approved().is_one(&owned) {
            let carried = carry_out.at_once(current.as_ref(), staged, progress)?;
            drop(current);
            carried
        } else {
            let approved = staged.into_approved();
            drop(current);
            carry_out.by_parts(approved.divide(&owned), progress)?
        };
        self.conclude(writable, carried, so_far, watch)
    }

    /// A dry run ends here. What follows from its plan may be planned, too.
    fn end_dry(
        &self,
        ledger: &LedgerAccess,
        staged: Box<dyn Staged + '_>,
        watch: &mut dyn Watch,
    ) -> Result<RunReport> {
        watch.dry(staged.plan());
        if let Some(ahead) = &self.env.ahead {
            let copy = ledger.in_memory();
            copy.and_then(|copy| ahead.go_on(self.run, copy, staged.as_ref()))
                .map_err(Error::failed)?;
        }
        let plan = staged.into_approved().into_plan();
        Ok(self.report(plan, None, Tally::default()))
    }

    /// What follows when a plan was carried out, or not.
    fn conclude(
        &self,
        ledger: &mut Ledger,
        carried: Carried,
        so_far: &mut SoFar,
        watch: &mut dyn Watch,
    ) -> Result<Option<RunReport>> {
        match carried {
            // From here on nothing is left to be told when something fails.
            Carried::Done(plan) => {
                let number = so_far.progress.number.take();
                self.finish(ledger, plan, number, watch).map(Some)
            }
            Carried::Moved(plan) => {
                so_far.plan = Some(plan);
                Ok(None)
            }
            Carried::Broken(plan, error) => {
                so_far.plan = Some(plan);
                Err(error)
            }
        }
    }

    /// It cannot go on: what was done is told, and hooks hear of it, unless the next run has to recover it first.
    fn give_up(
        &self,
        ledger: &mut LedgerAccess,
        mut so_far: SoFar,
        error: Error,
        watch: &mut dyn Watch,
    ) -> Result<RunReport> {
        let (Some(number), LedgerAccess::Write(ledger)) = (so_far.progress.number, ledger) else {
            return Err(error);
        };
        if self.target.is_interrupted()? {
            return Err(error);
        }
        let rest = Plan {
            changes: Vec::new(),
            observations: Vec::new(),
            ..so_far.plan.unwrap_or_default()
        };
        let plan = so_far.progress.tell(rest);
        self.finish(ledger, plan, Some(number), watch)?;
        Err(error)
    }

    /// Whether others are kept out from the first look at the databases.
    fn hold(&self, attempt: u32) -> Hold {
        // Where other name services are asked, over a network perhaps, nobody is kept out meanwhile.
        let keep_others_out = attempt >= OPEN_ATTEMPTS
            && !self.job.options.dry_run
            && !self.probe.asks_name_services();
        match keep_others_out {
            true => Hold::Locked,
            false => Hold::Open,
        }
    }

    /// Has the plan judged. A dry run shows also one that is refused.
    fn approve(
        &self,
        plan: Plan,
        owned: &Owned,
        progress: &Progress,
        watch: &mut dyn Watch,
    ) -> std::result::Result<Approved, Box<Refused>> {
        let limits = &self.env.settings.limits;
        let approval = Approval {
            digest: self.job.options.approve.as_deref(),
            waiting: &progress.waiting,
            by_name: self.job.task.is_by_name(),
        };
        let rules = &self.env.settings.rules;
        let ranges = Ranges {
            accounts: rules.accounts.uid_range,
            groups: rules.groups.gid_range,
        };
        guard::approve(plan, owned, (limits, ranges), approval).inspect_err(|refused| {
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
        let saved = Saved::new(asked, self.env.now.seconds(), databases, plan, snapshot);
        Some(Box::new(saved))
    }

    /// Everything is in place: the ledger learns what was seen, and what follows a commit is done. Nobody holds the
    /// password lock, which nothing of this must wait for.
    fn finish(
        &self,
        ledger: &mut Ledger,
        mut plan: Plan,
        number: Option<u64>,
        watch: &mut dyn Watch,
    ) -> Result<RunReport> {
        if number.is_some() {
            after::forget_caches(self.env, watch);
        }
        let observed = ledger.observe(self.run, &plan.observations);
        let written = observed.map_err(Error::failed).and_then(|()| {
            HomeWriter {
                target: self.target,
                ledger,
                run: Run { number, ..self.run },
                limit: self.env.settings.rules.keys.time_limit,
                watch,
            }
            .write(&mut plan)
        });
        watch.done(&plan, number);
        written?;
        let title = self.env.title(self.run.command);
        watch.summed_up(format!("{title}: {}", plan.counts()));
        let hooks = after::run_hooks(self.env, &self.job.options, self.target, ledger, watch)?;
        let failed = copies::make_todays(self.env, ledger);
        failed.into_iter().for_each(|text| watch.warn(text));
        Ok(self.report(plan, number, hooks))
    }

    fn report(&self, plan: Plan, transaction: Option<u64>, hooks: Tally) -> RunReport {
        let outcome = Outcome::of(self.job, &plan, hooks);
        let host = self.env.settings.host_target();
        let target = TargetReport {
            target: host.map_or_else(|_| String::new(), |(name, _)| name.to_owned()),
            plan,
            transaction,
        };
        RunReport {
            sources: self.planner.sources(self.env),
            targets: vec![target],
            derived: Brought::default(),
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
