//! `gosync sync users` and `gosync sync groups`: the straight line of a run.

use super::Outcome;
use crate::cli::{Global, Sync};
use crate::error::{Error, Kind, Result};
use crate::hooks;
use crate::model::Completeness;
use crate::run::commit::{RunResult, carry_out, catch_up};
use crate::run::job::{Job, JobKind};
use crate::run::outcome::{judge, judge_hooks};
use crate::run::sessions::end_sessions;
use crate::run::setup::Setup;
use crate::run::view::{ProviderView, read};
use crate::system::lock::{Purpose, RunLock};
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &Sync, ui: Ui) -> Result<Outcome> {
    let setup = Setup::new(global, ui)?;
    let job = Job::new(args);
    let mut lock = setup.lock(Purpose::of(job.command(), job.options.dry_run))?;
    let (desired, carried) =
        work(&setup, &job, &mut lock).inspect_err(|error| meanwhile(&setup, &job, error))?;
    if matches!(job.kind, JobKind::Users(_)) && !job.options.dry_run {
        end_sessions(&setup)?;
    }
    let outcome = judge(carried.outcome, &carried.plan, job.options)
        .and_then(|outcome| judge_hooks(outcome, carried.hooks, job.options));
    // The process ends now; giving half a million pieces of memory back one by one would only take time.
    std::mem::forget((desired, carried));
    outcome
}

/// Steps 3 to 12 of the straight line.
fn work<'a>(
    setup: &'a Setup<'a>,
    job: &Job<'_>,
    lock: &mut RunLock,
) -> Result<(ProviderView<'a>, RunResult)> {
    let snapshot = read(setup, job)?;
    if matches!(snapshot.completeness, Completeness::Complete(_)) && !job.options.dry_run {
        lock.note_read(job.command());
    }
    let mut desired = ProviderView::new(setup, job, snapshot);
    if !hooks::want_contacts(&setup.settings.hooks) {
        // They are in the key book.
        desired.snapshot.directory.drop_keys();
    }
    let carried = carry_out(setup, job.options, job.command(), &|host, owned| {
        desired.plan(job, host, owned)
    })?;
    Ok((desired, carried))
}

/// A run that ends before it writes anything works on what earlier runs have left to hooks: that does not depend on what
/// the provider says now. After other failures nobody knows what stands.
fn meanwhile(setup: &Setup<'_>, job: &Job<'_>, error: &Error) {
    if !matches!(error.kind, Kind::Source | Kind::Refused) {
        return;
    }
    if let Err(e) = catch_up(setup, job.options) {
        setup.ui.warn(format!(
            "hooks that wait since earlier runs were not run: {e}"
        ));
    }
}
