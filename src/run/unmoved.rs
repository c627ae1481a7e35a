//! Whether nothing has moved since a run of the same command had nothing to do: then this one has nothing to do either.
//!
//! A plan follows from the provider's content, the configuration, the program, the files of this machine, the ledger and the
//! clock. Each of them is in the stamp: the provider by a mark that it makes itself before it is read, files by themselves as
//! they are read, the clock by the first date that it was compared with. Whatever is asked of this machine besides files leaves
//! no stamp. Rule: performance.md 4.

use super::env::{Asked, Env};
use super::job::{Job, NewLedger, Options};
use super::report::{Outcome, RunReport};
use super::view;
use super::watch::Watch;
use crate::cache::stamp::{self, Stamp};
use crate::error::{Error, Result};
use crate::hooks::Tally;
use crate::ledger::{self, Ledger};
use crate::model::{Completeness, Moment};
use crate::plan::Plan;
use crate::providers::Mark;
use crate::system::inputs::{self, Watching};
use crate::system::{clock, process};

/// Files that were changed so many seconds before they were read may have been changed again unseen.
const GRAIN: i64 = 2;

/// A run that may be saved, or may save later ones.
pub(crate) struct Unmoved<'a> {
    env: &'a Env,
    command: String,
    /// A digest of the configuration and the command line.
    digest: String,
    asked: Asked,
    watching: Watching,
    mark: Option<Mark>,
}

impl<'a> Unmoved<'a> {
    /// Begins to watch what is read; `None`: such a job is always done.
    pub(crate) fn watch(env: &'a Env, job: &Job) -> Option<Self> {
        let Options {
            dry_run,
            force,
            full: _,
            approve,
            strict: _,
            retry_hooks,
            root_hooks: _,
            new_ledger,
            save,
        } = &job.options;
        let is_plain = !(*dry_run || *force || *retry_hooks || *save);
        let is_whole = job.task.family().is_some();
        let is_stamped = !env.settings.gosync.full_read_every.is_zero();
        if !(is_plain && is_whole && is_stamped)
            || approve.is_some()
            || *new_ledger != NewLedger::No
        {
            return None;
        }
        let asked = format!(
            "{} {:?} {:?} {:?} {:?}",
            env!("CARGO_PKG_VERSION"),
            env.root,
            env.settings,
            job.task,
            Options {
                full: false,
                ..job.options.clone()
            },
        );
        let watching = Watching::begin();
        // Another program may decide otherwise; and the ledger changes with its journal.
        let ledger = ["", "-journal", "-wal"].map(|end| format!("{}{end}", ledger::FILE));
        let ledger = ledger.map(|name| env.state_dir().join(name));
        let program = process::own_program();
        program
            .iter()
            .chain(&ledger)
            .for_each(|path| inputs::note(path));
        Some(Self {
            env,
            command: job.task.noted_as(),
            digest: stamp::digest(&asked),
            asked: view::asked(env, &job.task),
            watching,
            mark: None,
        })
    }

    /// The run that had nothing to do, if nothing has moved since.
    pub(crate) fn report(&self, watch: &mut dyn Watch) -> Option<RunReport> {
        let dir = self.env.state_dir();
        let stamp = Stamp::load(&dir, &self.command)?;
        if !self.is_still(&stamp).unwrap_or(false) {
            return None;
        }
        let Stamp {
            read_at, summary, ..
        } = stamp;
        watch.notice(format!(
            "{}: {summary}; nothing has moved since all was read at {read_at}",
            self.command
        ));
        Some(RunReport {
            sources: Vec::new(),
            targets: Vec::new(),
            hooks: Tally::default(),
            saved: None,
            outcome: Outcome::Unmoved,
        })
    }

    fn is_still(&self, stamp: &Stamp) -> Result<bool> {
        let now = self.env.now.seconds();
        if !(stamp.is_for(&self.digest, now) && stamp.are_files_still())
            || self.env.target()?.is_interrupted()?
        {
            return Ok(false);
        }
        // Last, since it is asked over a network.
        match &stamp.mark {
            None => Ok(true),
            Some(mark) => self.env.is_marked(self.asked.clone(), mark),
        }
    }

    /// Has the provider mark its content, before it is read.
    pub(crate) fn mark(&mut self) {
        match self.env.mark(self.asked.clone()) {
            Ok(mark) => self.mark = mark,
            // What is wrong, the read will say.
            Err(error) => tracing::info!(%error, "the provider was not marked"),
        }
    }

    /// Leaves a stamp for the next run, if this one had nothing to do, and takes away the last one if not.
    ///
    /// # Errors
    /// When it cannot be written, or stays.
    pub(crate) fn leave(self, report: Option<&RunReport>) -> Result<()> {
        let dir = self.env.state_dir();
        let idle = report.filter(|report| is_idle(report)).and_then(idle_plan);
        let left = match idle.and_then(|plan| self.stamp(plan)) {
            Some(stamp) if !self.has_hooks_waiting()? => stamp.keep(&dir, &self.command),
            _ => stamp::remove(&dir, &self.command),
        };
        left.map_err(Error::failed)
    }

    fn stamp(&self, plan: &Plan) -> Option<Stamp> {
        let now = &self.env.now;
        let mut inputs = self.watching.seen()?;
        // The note of each run is put there; a transaction that was broken off is looked for.
        let dir = self.env.state_dir();
        inputs.remove(&dir);
        inputs.remove(&stamp::path(&dir, &self.command));
        let begun = now.seconds().saturating_sub(GRAIN);
        if inputs.values().any(|seen| seen.is_of(begun)) {
            return None;
        }
        let every = i64::try_from(self.env.settings.gosync.full_read_every.as_secs());
        let until = now.seconds().saturating_add(every.unwrap_or(i64::MAX));
        let stamp = Stamp {
            asked: self.digest.clone(),
            read_at: Moment(now.seconds()),
            until: now.next().map_or(until, |next| until.min(next)),
            summary: plan.counts().to_string(),
            mark: match self.mark.clone()? {
                Mark::Files => None,
                Mark::Content(mark) => Some(mark),
            },
            inputs,
        };
        // Neither was the clock set back meanwhile.
        let is_now = stamp.is_for(&self.digest, clock::now());
        (is_now && stamp.are_files_still()).then_some(stamp)
    }

    fn has_hooks_waiting(&self) -> Result<bool> {
        let ledger = Ledger::open_read_only(&self.env.state_dir()).map_err(Error::failed)?;
        let census = ledger.map(|ledger| ledger.hook_census(self.env.now.seconds(), 0));
        let census = census.transpose().map_err(Error::failed)?;
        Ok(census.is_none_or(|census| census.queued > 0 || census.given_up > 0))
    }
}

/// Whether a run had nothing to do, and read all.
fn is_idle(report: &RunReport) -> bool {
    let is_complete = |it: &Completeness| matches!(it, Completeness::Complete(_));
    let mut sources = report.sources.iter();
    report.outcome == Outcome::Done
        && report.hooks == Tally::default()
        && sources.all(|source| is_complete(&source.completeness))
}

/// The plan of a run that did nothing, and has nothing to do later: who is missing is looked for in each run.
fn idle_plan(report: &RunReport) -> Option<&Plan> {
    let [target] = report.targets.as_slice() else {
        return None;
    };
    let plan = &target.plan;
    let is_idle = target.transaction.is_none()
        && plan.changes.is_empty()
        && plan.observations.is_empty()
        && plan.events.is_empty()
        && plan.missing.is_empty()
        && plan.incomplete.is_none();
    is_idle.then_some(plan)
}
