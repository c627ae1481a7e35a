//! `gosync sync users`, `gosync sync groups`, and `gosync sync`, which is both.

use super::Outcome;
use super::request::{self, conclude, options, run_with};
use super::run_note::{self, NoteOfRun};
use super::setup::Setup;
use super::watch::UiWatch;
use crate::cli::{Format, Global, PlanArgs, Sync, SyncArgs, SyncHow};
use crate::error::{Error, Kind, Result};
use crate::run::{Job, NewLedger, Options, RunReport, Task, Together};
use crate::system::splay;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &SyncArgs, ui: Ui) -> Result<Outcome> {
    let how = args.what.as_ref().map_or(&args.how, Sync::how);
    if let Some(most) = how.splay {
        splay::wait(most.into());
    }
    match &args.what {
        Some(what) => one(global, what, ui),
        None => both(global, how, ui),
    }
}

fn one(global: &Global, args: &Sync, ui: Ui) -> Result<Outcome> {
    let (task, how) = (Task::from(args), args.how());
    let setup = Setup::new(global, ui).inspect_err(|error| {
        if !how.plan.dry_run {
            run_note::unusable(global, &task, error);
        }
    })?;
    let options = options_of(&setup, how);
    let report = run_with(&setup, task, options, &how.plan)?;
    conclude(&report, &how.plan)
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

fn both(global: &Global, how: &SyncHow, ui: Ui) -> Result<Outcome> {
    let plan = &how.plan;
    if plan.format == Format::Json {
        let message = "--format json shows one plan, and `gosync sync` makes two";
        return Err(Error::usage(message).hint(
            "Use `gosync sync users -n --format json`, and then `gosync sync groups -n --format json`",
        ));
    }
    let [users, groups] = Task::all();
    let setup = Setup::new(global, ui).inspect_err(|error| {
        if !plan.dry_run {
            run_note::unusable(global, &users, error);
            run_note::unusable(global, &groups, error);
        }
    })?;
    let options = options_of(&setup, how);
    // Groups find the ledger that accounts have begun.
    let begun = match plan.dry_run {
        true => options.new_ledger,
        false => NewLedger::No,
    };
    let of_groups = Options {
        new_ledger: begun,
        ..options.clone()
    };
    let both = Both {
        together: Together::begin(&setup.env, plan.dry_run, &mut UiWatch::new(ui))?,
        setup: &setup,
        args: plan,
    };
    let report = both.sync(users, options).inspect_err(|error| {
        // What breaks the first off would break the second off, too.
        if !plan.dry_run {
            NoteOfRun::new(&setup, &groups).leave(&Err(error.clone()), None);
        }
    })?;
    let first = both.told(conclude(&report, plan));
    let report = both.sync(groups, of_groups);
    let second = both.told(report.and_then(|report| conclude(&report, plan)));
    Ok(graver(first, second))
}

/// Two syncs of one command.
struct Both<'a> {
    setup: &'a Setup<'a>,
    together: Together,
    args: &'a PlanArgs,
}

impl Both<'_> {
    fn sync(&self, task: Task, options: Options) -> Result<RunReport> {
        let job = Job { task, options };
        let run = |watch: &mut UiWatch| self.together.once(&job, watch);
        request::noted_by(self.setup, &job, self.args, |watch| watch, run)
    }

    /// What is wrong is told before the other sync tells anything.
    fn told(&self, ended: Result<Outcome>) -> Outcome {
        ended.unwrap_or_else(|error| {
            self.setup.ui.error(&error);
            Outcome::Reported(error.kind)
        })
    }
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
