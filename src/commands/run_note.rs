//! The note that a command leaves of its run: how it ended, and what it told. See `run::LastRuns`.

use std::time::{Duration, Instant};

use super::Outcome;
use super::reminder;
use super::setup::Setup;
use crate::cli::Global;
use crate::error::{Error, Kind, Result};
use crate::model::{Completeness, Moment, shown};
use crate::plan::Barred;
use crate::run::{self, LastRuns, Memory, Reads, RunNote, RunReport, Stock, Task, Told};
use crate::system::root::Root;
use crate::system::{clock, files};

/// Where the ledger is, unless the configuration says otherwise.
const STATE_DIR: &str = "/var/lib/gosync";

/// The note of a run that is still to end.
pub(super) struct NoteOfRun<'a> {
    setup: &'a Setup<'a>,
    command: String,
    /// Under what it is kept.
    key: String,
    /// Whether it is for all people, or all groups.
    is_whole: bool,
    memory: Memory,
    began: Instant,
}

impl<'a> NoteOfRun<'a> {
    /// That of a task.
    pub(super) fn new(setup: &'a Setup<'a>, task: &Task) -> Self {
        let command = task.noted_as();
        let key = setup.typed(&command);
        let family = task.family();
        let memory = family.map(|family| {
            let runs = LastRuns::load(&setup.state_dir());
            Memory::of(&runs.of(setup.settings.first_provider()), family, &command)
        });
        Self {
            setup,
            is_whole: family.is_some(),
            memory: memory.unwrap_or_default(),
            command,
            key,
            began: clock::deadline(Duration::ZERO),
        }
    }

    /// What earlier runs have told.
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Those whom a setting keeps out are an error when that begins.
    pub(super) fn judge(&self, report: &mut RunReport) {
        let plans = report.targets.iter().map(|target| &target.plan);
        let is_setting = |barred| barred == Some(Barred::Setting);
        let begins = plans.map(|plan| self.memory.barred(plan)).any(is_setting);
        if begins && !matches!(report.outcome, run::Outcome::Refused(_)) {
            report.outcome = run::Outcome::Barred(Barred::Setting);
        }
    }

    /// Leaves it. `end`: the end of the command. Whoever was not let in has not run.
    pub(super) fn leave(&self, result: &Result<RunReport>, end: &Result<Outcome>) {
        let failure = end.as_ref().err();
        if failure.is_some_and(|error| error.kind == Kind::Busy) {
            return;
        }
        let mut note = RunNote {
            provider: self.setup.settings.first_provider().to_owned(),
            ended: Moment(clock::now()),
            code: failure.map_or(0, |error| error.kind.code()),
            error: failure.map(ToString::to_string),
            millis: u64::try_from(clock::since(self.began).as_millis()).unwrap_or(u64::MAX),
            ..RunNote::default()
        };
        let report = result.as_ref().ok();
        self.tell(&mut note, report);
        let (command, key, is_quiet) = (&self.command, &self.key, self.setup.global.quiet);
        let is_told = report.is_some_and(|it| !matches!(it.outcome, run::Outcome::Refused(_)));
        let is_unmoved = report.is_some_and(|it| it.outcome == run::Outcome::Unmoved);
        let is_complete = report.is_some_and(|it| self.is_whole && is_complete(it));
        let stock = match is_unmoved {
            // Neither has the ledger.
            true => None,
            false => self.stock(),
        };
        let mut over = None;
        let update = |runs: &mut LastRuns| {
            runs.stock = stock.or_else(|| runs.stock.take());
            let targets = report.filter(|report| has_written(report)).into_iter();
            let plans = targets.flat_map(|report| &report.targets);
            plans.for_each(|target| runs.totals.add(&target.plan));
            // All may have been read, too, and found as it was.
            match (is_complete, is_unmoved) {
                (true, _) => put_read(&mut runs.complete_reads, command, &note),
                (false, true) => put_read(&mut runs.confirmed_reads, command, &note),
                (false, false) => {}
            }
            note.reported = failure.map(|_| note.ended);
            if let Some(last) = runs.runs.get(key) {
                reminder::keep(&mut note, last, self.setup.remind);
                over = reminder::is_over(&note, last, self.setup.remind);
                keep_told(&mut note, last, is_told && !is_unmoved, is_quiet);
                if is_unmoved {
                    note.counts = last.counts;
                }
            }
            runs.put(key, note);
        };
        let (dir, root) = (self.setup.state_dir(), &self.setup.root);
        if let Err(error) = LastRuns::update(&dir, root, update) {
            self.tell_unnoted(&error.to_string(), failure);
        }
        if let Some(failed) = over {
            let ui = self.setup.ui.quiet(false);
            ui.notice(format!("{}: it works again; {failed}", shown(key)));
        }
    }

    /// Whether a failure of a sync, which has been noted, is to be reported.
    pub(super) fn is_reported(setup: &Setup<'_>, task: &Task, error: &Error) -> bool {
        let runs = LastRuns::load(&setup.state_dir());
        let note = runs.runs.get(&setup.typed(&task.noted_as()));
        note.is_none_or(|note| reminder::is_due(note, &error.to_string()))
    }

    /// No note could be left; what the run itself failed by is told once.
    fn tell_unnoted(&self, error: &str, failure: Option<&Error>) {
        let is_told = failure.is_some_and(|failure| failure.to_string().contains(error));
        if !is_told {
            self.setup.ui.warn(format!(
                "no note of this run is left for `gosync status`: {error}"
            ));
        }
    }

    /// How much there is now, if that is for the metrics; what is wrong with the ledger, the run has said.
    fn stock(&self) -> Option<Stock> {
        self.setup.settings.metrics.textfile.as_ref()?;
        let found = Stock::look(&self.setup.state_dir());
        found.unwrap_or_else(|error| {
            tracing::info!(%error, "the ledger is not counted for the metrics");
            None
        })
    }

    /// What came of it.
    fn tell(&self, note: &mut RunNote, report: Option<&RunReport>) {
        for target in report.into_iter().flat_map(|report| &report.targets) {
            let plan = &target.plan;
            note.counts = Some(plan.counts());
            note.refused = Told::of(&plan.refused);
            note.notes = Told::of(&plan.remarks);
            let is_refused =
                report.is_some_and(|it| matches!(it.outcome, run::Outcome::Refused(_)));
            note.digest = is_refused.then(|| plan.digest());
        }
        let mut sources = report.into_iter().flat_map(|report| &report.sources);
        note.records = sources.find_map(|source| source.records);
        note.not_out = report.map_or(0, RunReport::not_out);
    }
}

/// Notes when a provider was read, or found as it was, for a command.
fn put_read(reads: &mut Reads, command: &str, note: &RunNote) {
    let of_provider = reads.entry(note.provider.clone()).or_default();
    of_provider.insert(command.to_owned(), note.ended);
}

/// What was told stays told by a run that told nothing.
fn keep_told(note: &mut RunNote, last: &RunNote, is_told: bool, is_quiet: bool) {
    if !is_told {
        note.refused.clone_from(&last.refused);
        note.not_out = last.not_out;
        note.records = last.records.or(note.records);
    }
    note.records = note.records.or(last.records);
    if !is_told || is_quiet {
        note.notes.clone_from(&last.notes);
    }
}

/// Whether its plan was carried out.
fn has_written(report: &RunReport) -> bool {
    !matches!(
        report.outcome,
        run::Outcome::Refused(_) | run::Outcome::Declined
    )
}

/// Whether all was read, and believed.
fn is_complete(report: &RunReport) -> bool {
    let mut sources = report.sources.iter().map(|source| &source.completeness);
    let all =
        !report.sources.is_empty() && sources.all(|it| matches!(it, Completeness::Complete(_)));
    let plans = report.targets.iter().map(|target| &target.plan);
    all && plans.map(|plan| &plan.incomplete).all(Option::is_none)
}

/// Leaves the note of a run that came to nothing, since the configuration cannot be used: where the ledger is if nobody says
/// otherwise.
pub(super) fn unusable(global: &Global, task: &Task, error: &Error) {
    let root = Root::new(global.root.clone());
    let dir = root.path(STATE_DIR);
    if Setup::may_work(global).is_err() || !files::look(&dir).is_ok_and(|it| it.is_some()) {
        return;
    }
    let command = task.noted_as();
    let left = LastRuns::update(&dir, &root, |runs| {
        let mut note = RunNote {
            ended: Moment(clock::now()),
            code: error.kind.code(),
            error: Some(error.to_string()),
            ..RunNote::default()
        };
        if let Some(last) = runs.runs.get(&command) {
            keep_told(&mut note, last, false, false);
            note.provider.clone_from(&last.provider);
        }
        runs.put(&command, note);
    });
    if let Err(error) = left {
        tracing::info!(%error, "no note of this run");
    }
}
