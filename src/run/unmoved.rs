//! Whether nothing has moved since a run of the same command had nothing to do: then this one has nothing to do either.
//!
//! A plan follows from the provider's content, the configuration, the program, the files of this machine, the ledger and the
//! clock. Each of them is in the stamp: the provider by a mark that it makes itself before it is read, and by digests of what it
//! answered; files by themselves as they are read, the clock by the first date that it was compared with. Whatever is asked of this
//! machine besides files leaves no stamp. A mark saves the read, but is believed for a time only; where there is none all is
//! read, and what was answered before is not taken apart again.

use std::path::PathBuf;

use super::brought::Brought;
use super::env::{Asked, Env, unasked};
use super::job::{Job, NewLedger, Options};
use super::report::{Outcome, RunReport, SourceReport};
use super::view;
use super::watch::Watch;
use crate::cache::stamp::{self, Marked, Stamp};
use crate::error::{Error, Result};
use crate::hooks::Tally;
use crate::ledger::{self, Ledger};
use crate::model::{Completeness, Moment};
use crate::plan::Plan;
use crate::providers::{Answers, Earlier, Mark, Scope};
use crate::system::inputs::{self, Watching};
use crate::system::{clock, process};

/// Where a provider keeps what it was answered, for people and for groups.
const READINGS: [&str; 2] = ["users", "groups"];

/// A run that may be saved, or may save later ones.
pub(crate) struct Unmoved<'a> {
    env: &'a Env,
    /// Under what its stamp is kept.
    command: String,
    /// What it is called.
    title: String,
    /// A digest of the configuration and the command line.
    digest: String,
    asked: Asked,
    watching: Watching,
    /// What the last run left, if all is as it was, but perhaps the provider.
    last: Option<Stamp>,
    /// What was read in full before this time, in seconds since 1970, is not used any more.
    oldest: i64,
    mark: Marked,
}

impl<'a> Unmoved<'a> {
    /// Begins to watch what is read; `None`: such a job is always done.
    pub(crate) fn watch(env: &'a Env, job: &Job) -> Option<Self> {
        let Options {
            dry_run,
            force,
            full,
            approve,
            strict: _,
            retry_hooks,
            root_hooks: _,
            new_ledger,
            save,
        } = &job.options;
        let is_plain = !(*dry_run || *force || *retry_hooks || *save);
        let is_whole = job.task.family().is_some();
        let has_to_learn = env.rights.values().any(|right| right.lesson.is_some());
        if !(is_plain && is_whole)
            || has_to_learn
            || approve.is_some()
            || *new_ledger != NewLedger::No
        {
            return None;
        }
        let watching = Watching::begin();
        // Another program may decide otherwise; and the ledger changes with its journal.
        let program = process::own_program();
        program
            .iter()
            .chain(&ledger::paths(&env.state_dir()))
            .for_each(|path| inputs::note(path));
        let unmoved = Self {
            env,
            command: env.typed(&job.task.noted_as()),
            title: env.title(&job.task.noted_as()),
            digest: digest(env, job),
            asked: view::asked(env, &job.task),
            watching,
            last: None,
            oldest: match full {
                true => i64::MAX,
                false => env.now.seconds().saturating_sub(every(env)),
            },
            mark: Marked::No,
        };
        let last = (!full).then(|| unmoved.standing()).flatten();
        Some(Self { last, ..unmoved })
    }

    /// What the last run left, if all is as it was, but perhaps the provider.
    fn standing(&self) -> Option<Stamp> {
        let stamp = Stamp::load(&self.env.state_dir(), &self.command)?;
        let now = self.env.now.seconds();
        let is_still = stamp.is_for(&self.digest, now) && stamp.are_files_still();
        let is_interrupted = || Ok::<_, Error>(self.env.target()?.is_interrupted()?);
        (is_still && !is_interrupted().unwrap_or(true)).then_some(stamp)
    }

    /// The run that had nothing to do, if it is known without a read that nothing has moved since.
    pub(crate) fn report(&self, watch: &mut dyn Watch) -> Option<RunReport> {
        let stamp = self.last.as_ref()?;
        let is_known = match &stamp.mark {
            _ if self.env.now.seconds() >= stamp.until => false,
            Marked::No => false,
            Marked::Files => true,
            Marked::Content(mark) => {
                let is_marked = self.env.is_marked(self.asked.clone(), mark);
                is_marked.unwrap_or(false)
            }
        };
        if !is_known {
            return None;
        }
        let Stamp {
            read_at, summary, ..
        } = stamp;
        watch.notice(format!(
            "{}: {summary}; nothing has moved since all was read at {read_at}",
            self.title
        ));
        Some(report(Vec::new()))
    }

    /// What there is of earlier answers.
    pub(crate) fn earlier(&self) -> Earlier {
        let last = self.last.as_ref();
        let is_followed = matches!(self.mark, Marked::Content(_)) && every(self.env) > 0;
        Earlier {
            answers: last.and_then(|stamp| stamp.answers.clone()).map(Answers),
            file: is_followed.then(|| self.reading()),
            oldest: self.oldest,
        }
    }

    /// Where the provider keeps what it was answered: the same for all commands that ask for the same.
    fn reading(&self) -> PathBuf {
        let name = match self.asked.scope() {
            Scope::Users | Scope::Both => READINGS[0],
            Scope::Groups => READINGS[1],
        };
        self.reading_of(name)
    }

    fn reading_of(&self, what: &str) -> PathBuf {
        stamp::place(&self.env.state_dir(), &self.env.typed(what), "reading")
    }

    /// Has the provider mark its content, before it is read.
    pub(crate) fn mark(&mut self) {
        // It would not be believed.
        if every(self.env) == 0 {
            return;
        }
        match self.env.mark(self.asked.clone()) {
            Ok(Some(Mark::Files)) => self.mark = Marked::Files,
            Ok(Some(Mark::Content(mark))) => self.mark = Marked::Content(mark),
            Ok(None) => {}
            // What is wrong, the read will say.
            Err(error) => tracing::info!(%error, "the provider was not marked"),
        }
    }

    /// The run that had nothing to do, now that all was read, and the provider answers what it answered then.
    ///
    /// # Errors
    /// When it was not asked that.
    pub(crate) fn confirm(self, watch: &mut dyn Watch) -> Result<RunReport> {
        let last = self.last.as_ref().ok_or_else(unasked)?;
        watch.notice(format!(
            "{}: {}; all was read, and nothing has moved since {}",
            self.title, last.summary, last.read_at
        ));
        let stamp = Stamp {
            read_at: Moment(self.env.now.seconds()),
            until: self.until(None, last.due),
            mark: self.mark.clone(),
            ..last.clone()
        };
        if let Err(error) = stamp.keep(&self.env.state_dir(), &self.command) {
            tracing::info!(%error, "no stamp is left for the next run");
        }
        let providers = self.env.settings.providers.iter();
        let sources = providers.map(|provider| SourceReport {
            provider: provider.name.clone(),
            completeness: Completeness::Complete("each answer is as it was".to_owned()),
            answers: stamp.answers.clone().map(Answers),
            since: None,
            records: None,
        });
        Ok(report(sources.collect()))
    }

    /// Leaves a stamp for the next run, if this one had nothing to do, and takes away the last one if not.
    ///
    /// # Errors
    /// When it cannot be written, or stays.
    pub(crate) fn leave(self, report: Option<&RunReport>) -> Result<()> {
        let dir = self.env.state_dir();
        let idle = report.filter(|report| is_idle(report));
        let stamp = idle.and_then(|report| self.stamp(idle_plan(report)?, report.sources.first()?));
        let left = match stamp {
            Some(stamp) if !self.has_hooks_waiting()? => stamp.keep(&dir, &self.command),
            _ => stamp::remove(&dir, &self.command),
        };
        left.map_err(Error::failed)
    }

    fn stamp(&self, plan: &Plan, source: &SourceReport) -> Option<Stamp> {
        let now = &self.env.now;
        let mut inputs = self.watching.seen()?;
        // The note of each run is put there; a transaction that was broken off is looked for.
        let dir = self.env.state_dir();
        inputs.remove(&dir);
        inputs.remove(&stamp::path(&dir, &self.command));
        // They are kept for the provider, which knows by itself whether they are of use.
        for name in READINGS {
            inputs.remove(&self.reading_of(name));
        }
        let stamp = Stamp {
            asked: self.digest.clone(),
            read_at: Moment(now.seconds()),
            due: now.next(),
            until: self.until(source.since, now.next()),
            summary: plan.counts().to_string(),
            mark: self.mark.clone(),
            answers: source.answers.clone().map(|Answers(text)| text),
            inputs,
        };
        (stamp.is_of_use() && stamp.is_settled(clock::now())).then_some(stamp)
    }

    /// Until when a mark that is made now is believed. `since`: when most was read, if not now; `due`: from when on the same
    /// might have to be done otherwise.
    fn until(&self, since: Option<i64>, due: Option<i64>) -> i64 {
        let read_at = since.unwrap_or(self.env.now.seconds());
        let until = read_at.saturating_add(every(self.env));
        due.map_or(until, |due| until.min(due))
    }

    fn has_hooks_waiting(&self) -> Result<bool> {
        let ledger = Ledger::open_read_only(&self.env.state_dir()).map_err(Error::failed)?;
        let census = ledger.map(|ledger| ledger.hook_census(self.env.now.seconds(), 0));
        let census = census.transpose().map_err(Error::failed)?;
        Ok(census.is_none_or(|census| census.queued > 0 || census.given_up > 0))
    }
}

/// A digest of the configuration and the command line.
fn digest(env: &Env, job: &Job) -> String {
    let options = Options {
        full: false,
        ..job.options.clone()
    };
    let version = env!("CARGO_PKG_VERSION");
    let (root, settings, task) = (&env.root, &env.settings, &job.task);
    stamp::digest(&format!(
        "{version} {root:?} {settings:?} {task:?} {options:?}"
    ))
}

/// How long what was read in full is believed, in seconds.
fn every(env: &Env) -> i64 {
    let every = env.settings.gosync.full_read_every.as_secs();
    i64::try_from(every).unwrap_or(i64::MAX)
}

/// Whether a run had nothing to do, and read all.
fn is_idle(report: &RunReport) -> bool {
    let is_complete = |it: &Completeness| matches!(it, Completeness::Complete(_));
    let mut sources = report.sources.iter();
    report.outcome == Outcome::Done
        && report.hooks == Tally::default()
        && sources.all(|source| is_complete(&source.completeness))
}

/// What comes of a run that found nothing moved.
fn report(sources: Vec<SourceReport>) -> RunReport {
    RunReport {
        sources,
        targets: Vec::new(),
        derived: Brought::default(),
        hooks: Tally::default(),
        saved: None,
        outcome: Outcome::Unmoved,
    }
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
