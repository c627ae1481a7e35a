//! The plan of `undo`: what a run changed, as it was before.

use std::collections::BTreeMap;

use super::context::PlanContext;
use super::env::Env;
use super::keys;
use super::probe::RealProbe;
use super::sessions::refuse_logged_in;
use super::shells;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::rebound::Record;
use crate::model::history::{EntryKind, Later, PastRun};
use crate::model::{Completeness, RemoteId, shown};
use crate::plan::Plan;
use crate::plan::diff::{self, DiffInput, Past, RunScope};

/// The plan that undoes a run.
pub(crate) fn plan(cx: &PlanContext<'_>, number: u64) -> Result<Plan> {
    let (run, since) = past(cx.env, number)?;
    let force = cx.options.force;
    let past = Past {
        run: &run,
        since: &since,
        force,
    };
    let against = DiffInput {
        host: cx.host,
        owned: cx.owned,
        completeness: &Completeness::Narrowed,
        rules: &cx.env.settings.rules,
        chosen: RunScope {
            new: true,
            known: true,
            force,
        },
        now: &cx.env.now,
        probe: &RealProbe::of(cx.env, cx.target),
    };
    let mut plan = diff::undo(past, &against);
    shells::extend(&mut plan, cx, false);
    // Who is locked or removed loses the keys; those of others are the next sync's.
    keys::withdraw(&mut plan, cx, false);
    refuse_logged_in(cx, &plan)?;
    Ok(plan)
}

/// A run with its changes, and what was changed after it.
fn past(env: &Env, number: u64) -> Result<(PastRun, Vec<Later>)> {
    let unknown =
        || Error::usage(format!("no run {number} is remembered")).hint("See `gosync history`");
    // Only now: an interrupted run has been finished or dropped.
    let ledger = Ledger::open_read_only(&env.state_dir())
        .map_err(Error::failed)?
        .ok_or_else(unknown)?;
    let run = ledger
        .past_run(number)
        .map_err(Error::failed)?
        .ok_or_else(unknown)?;
    let provider = &env.settings.provider()?.name;
    let moved = ledger.rebound().map_err(Error::failed)?;
    let run = as_of_now(run, provider, &moved);
    if run.provider != *provider {
        let message = format!(
            "run {number} was for the provider `{}`, not `{provider}`",
            shown(&run.provider)
        );
        return Err(Error::usage(message).hint("Choose it with -u"));
    }
    if run.changes.is_empty() {
        let message =
            format!("what run {number} changed was not written down then, and cannot be undone");
        return Err(Error::failed(message));
    }
    let mut since = ledger.changed_since(number).map_err(Error::failed)?;
    for later in &mut since {
        follow(&moved, later.kind, (&mut later.provider, &mut later.id));
    }
    Ok((run, since))
}

/// Records that accounts and groups are tied to now, by those before.
type Moved = BTreeMap<Record, Record>;

/// A run of a time when accounts and groups were tied to other records, in the words of today. What the run itself tied to a
/// record is left as it was told: that record is the one to which undoing brings it back.
fn as_of_now(mut run: PastRun, provider: &str, moved: &Moved) -> PastRun {
    for change in &mut run.changes {
        follow(moved, change.kind, (&mut change.provider, &mut change.id));
    }
    let is_all_here = run.changes.iter().all(|change| change.provider == provider);
    if is_all_here && !run.changes.is_empty() {
        provider.clone_into(&mut run.provider);
    }
    run
}

fn follow(moved: &Moved, kind: EntryKind, (provider, id): (&mut String, &mut String)) {
    let Some(before) = RemoteId::new(id) else {
        return;
    };
    if let Some((_, to, now)) = moved.get(&(kind, provider.clone(), before)) {
        to.clone_into(provider);
        now.as_str().clone_into(id);
    }
}
