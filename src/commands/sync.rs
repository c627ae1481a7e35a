//! `gosync sync users`, `gosync sync groups`, and `gosync sync`, which is both; of each provider, one after the other.
//!
//! People of different providers are different people. One provider that cannot be read, or whose plan a limit refuses, holds up
//! nobody of the others.

use super::Outcome;
use super::metrics_file;
use super::request::{self, conclude, options};
use super::run_document::Wanted;
use super::run_note::{self, NoteOfRun};
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{Global, PlanArgs, Sync, SyncArgs, SyncHow};
use crate::error::{Error, Kind, Result};
use crate::model::shown;
use crate::run::{Brought, Job, NewLedger, Options, RunReport, TargetChoice, Task, Together};
use crate::system::splay;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &SyncArgs, ui: Ui, wanted: Wanted<'_>) -> Result<Outcome> {
    let how = args.what.as_ref().map_or(&args.how, Sync::how);
    if let Some(most) = how.splay {
        splay::wait(most.into());
    }
    let tasks = match &args.what {
        Some(what) => vec![Task::from(what)],
        None if args.new => Task::all_new().to_vec(),
        None => Task::all().to_vec(),
    };
    let setup = Setup::new(global, ui).inspect_err(|error| {
        let tasks = tasks.iter().filter(|_| !how.plan.dry_run);
        tasks.for_each(|task| run_note::unusable(global, task, error));
    })?;
    let setup = setup.told_in(wanted).reminding(how.remind);
    let setups = setup.of_each_provider();
    for name in &setup.settings.inactive {
        ui.notice(format!(
            "[provider.{}] is not active: its people and groups stay as they are",
            shown(name)
        ));
    }
    let options = options_of(&setup, how);
    let choice = TargetChoice::of(&how.targets, &setup.settings)?;
    let has_host = choice.has_host(&setup.settings);
    if !has_host {
        of_host(args).map_or(Ok(()), Err)?;
    }
    let mut syncs = Syncs::begin(&setup, &tasks, options, &how.plan)?.for_targets(choice);
    let ended = match has_host {
        true => syncs.of_each(&setups),
        false => Outcome::Done,
    };
    let ended = graver(ended, syncs.end(&setup));
    if !how.plan.dry_run {
        metrics_file::write(&setup, |text| ui.warn(text));
    }
    Ok(ended)
}

/// What both syncs would do, of all providers.
pub(super) fn dry(setup: &Setup<'_>, plan: &PlanArgs) -> Result<Outcome> {
    let (tasks, options) = (Task::all(), options(setup, plan));
    let mut syncs = Syncs::begin(setup, &tasks, options, plan)?;
    Ok(syncs.of_each(&setup.of_each_provider()))
}

/// What was asked for that only the host can be brought in step by.
fn of_host(args: &SyncArgs) -> Option<Error> {
    let how = args.what.as_ref().map_or(&args.how, Sync::how);
    let (is_new, names) = match &args.what {
        None => (args.new, None),
        Some(Sync::Users(users)) => match users.only.is_empty() {
            true => (users.new || users.updated, None),
            false => (false, Some("--only")),
        },
        Some(Sync::Groups(groups)) => (false, (!groups.groups.is_empty()).then_some("GROUP")),
    };
    let word = names
        .or(is_new.then_some("--new, or --updated,"))
        .or(how.new_ledger.then_some("--new-ledger"))
        .or(how.plan.retry_hooks.then_some("--retry-hooks"))?;
    let message = format!("{word} is for the host, which no --target names");
    Some(Error::usage(message).hint("Name the host by another --target, or leave it out"))
}

fn options_of(setup: &Setup<'_>, how: &SyncHow) -> Options {
    let options = options(setup, &how.plan);
    Options {
        full: how.full || options.full,
        new_ledger: match how.new_ledger {
            true => NewLedger::Begun,
            false => NewLedger::No,
        },
        ..options
    }
}

/// The syncs of one command.
struct Syncs<'a> {
    /// Those of each provider.
    tasks: &'a [Task],
    /// Those of the next one.
    options: Options,
    args: &'a PlanArgs,
    together: Together,
    /// Whether dry ones have found something to do.
    is_pending: bool,
    /// Whether something was learnt of people who are joined, which others' accounts are made of.
    has_news: bool,
}

impl<'a> Syncs<'a> {
    /// Takes the lock for all of them.
    fn begin(
        setup: &Setup<'_>,
        tasks: &'a [Task],
        options: Options,
        args: &'a PlanArgs,
    ) -> Result<Self> {
        let mut watch = UiWatch::new(setup.ui);
        Ok(Self {
            tasks,
            together: Together::begin(&setup.env, tasks, &options, &mut watch)?,
            options,
            args,
            is_pending: false,
            has_news: false,
        })
    }

    /// The same for some targets.
    fn for_targets(self, choice: TargetChoice) -> Self {
        let together = self.together.for_targets(choice);
        Self { together, ..self }
    }

    /// Does those of all providers, one after the other; and once more, where a later one had something to say of people who have
    /// accounts from an earlier one.
    fn of_each(&mut self, setups: &[Setup<'_>]) -> Outcome {
        let mut well = Vec::new();
        let mut end = self.of_all(setups, &mut well);
        if std::mem::take(&mut self.has_news) && setups.len() > 1 {
            end = graver(end, self.of_all(&well, &mut Vec::new()));
        }
        end
    }

    /// `well`: those whose syncs ended as they should.
    fn of_all<'s>(&mut self, setups: &[Setup<'s>], well: &mut Vec<Setup<'s>>) -> Outcome {
        let mut end = Outcome::Done;
        for (at, setup) in setups.iter().enumerate() {
            let (one, broken) = self.of(setup);
            if matches!(one, Outcome::Done | Outcome::Pending) {
                well.push(setup.with_env(setup.env.clone()));
            }
            end = graver(end, one);
            if let Some(error) = broken {
                let others = setups.iter().skip(at + 1);
                others.for_each(|setup| self.leave_off(setup, self.tasks, &error));
                break;
            }
        }
        end
    }

    /// Does those of one provider: how they ended, and what would break off those of the others, too.
    fn of(&mut self, setup: &Setup<'_>) -> (Outcome, Option<Error>) {
        let setup = &setup.with_env(self.together.env(&setup.env, self.tasks.len() > 1));
        let mut end = Outcome::Done;
        for (at, task) in self.tasks.iter().enumerate() {
            let error = match self.sync(setup, task) {
                Ok(report) => {
                    end = graver(end, self.told(setup, task, conclude(&report, self.args)));
                    continue;
                }
                Err(error) => error,
            };
            // What breaks this one off would break the next one off, too.
            self.leave_off(setup, &self.tasks[at + 1..], &error);
            let broken = is_of_all(&error).then(|| error.clone());
            return (graver(end, self.told(setup, task, Err(error))), broken);
        }
        (end, None)
    }

    fn sync(&mut self, setup: &Setup<'_>, task: &Task) -> Result<RunReport> {
        let (task, options) = (task.clone(), self.options.clone());
        let job = Job { task, options };
        let run = |watch: &mut UiWatch| self.together.once(&setup.env, &job, watch);
        let report = request::noted_by(setup, &job, self.args, |watch| watch, run)?;
        self.is_pending |= report.is_pending();
        self.has_news |= report.learns_of_joined();
        // The next one finds the ledger that this one has begun.
        if !self.args.dry_run {
            self.options.new_ledger = NewLedger::No;
        }
        Ok(report)
    }

    /// What is wrong is reported before the next sync says anything, unless it was a while ago.
    fn told(&self, setup: &Setup<'_>, task: &Task, ended: Result<Outcome>) -> Outcome {
        match ended {
            Err(error) if !self.args.dry_run && !NoteOfRun::is_reported(setup, task, &error) => {
                Outcome::Reported(error.kind)
            }
            ended => told(setup, ended),
        }
    }

    /// What follows all of them.
    fn end(self, setup: &Setup<'_>) -> Outcome {
        let mut watch = UiWatch::new(setup.ui);
        let ended = self.together.end(&setup.env, &mut watch);
        if let (Ok(brought), Some(document)) = (&ended, setup.document) {
            document.add_brought(brought);
        }
        let has_made = ended.as_ref().is_ok_and(Brought::has_made);
        let is_pending = self.args.dry_run && (self.is_pending || has_made);
        if is_pending {
            request::tell_what_carries_out(setup, self.args);
        }
        let outcome = match is_pending && self.args.exit_code {
            true => Outcome::Pending,
            false => Outcome::Done,
        };
        let ended = ended.and_then(|brought| request::in_step(&brought, self.args));
        graver(outcome, told(setup, ended.map(|()| Outcome::Done)))
    }

    /// Notes of syncs, and tells, that they are not begun.
    fn leave_off(&self, setup: &Setup<'_>, tasks: &[Task], error: &Error) {
        for task in tasks {
            if let Some(document) = setup.document {
                document.add_unbegun(&setup.settings, task, error);
            }
            if !self.args.dry_run {
                let error = || error.clone();
                NoteOfRun::new(setup, task).leave(&Err(error()), &Err(error()));
            }
        }
    }
}

/// Whether what broke a sync off is not a matter of its provider.
fn is_of_all(error: &Error) -> bool {
    match error.kind {
        Kind::Failed | Kind::Busy => true,
        Kind::Usage
        | Kind::Partial
        | Kind::Pending
        | Kind::NotOut
        | Kind::Refused
        | Kind::Source => false,
    }
}

/// What is wrong is told before the next sync tells anything.
fn told(setup: &Setup<'_>, ended: Result<Outcome>) -> Outcome {
    ended.unwrap_or_else(|error| {
        let error = setup.named(error);
        setup.ui.error(&error);
        Outcome::Reported(error.kind)
    })
}

/// The end of two syncs, by how each ended.
fn graver(first: Outcome, second: Outcome) -> Outcome {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Reported(kind) => kind.rank(),
        Outcome::Pending => Kind::Pending.rank(),
        Outcome::Done | Outcome::Ended(_) => u8::MAX,
    };
    std::cmp::min_by_key(first, second, rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_statuses_the_graver_counts() {
        let order = [
            Outcome::Reported(Kind::Usage),
            Outcome::Reported(Kind::Busy),
            Outcome::Reported(Kind::Refused),
            Outcome::Reported(Kind::Failed),
            Outcome::Reported(Kind::NotOut),
            Outcome::Reported(Kind::Source),
            Outcome::Reported(Kind::Partial),
            Outcome::Pending,
            Outcome::Done,
        ];
        for (i, graver_one) in order.iter().enumerate() {
            for other in &order[i..] {
                assert_eq!(graver(*graver_one, *other), *graver_one);
                assert_eq!(graver(*other, *graver_one), *graver_one);
            }
        }
    }
}
