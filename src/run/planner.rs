//! How the plan of each task is made: what is read for it, and what it is compared with.

use std::collections::BTreeSet;

use super::adoption::Adoption;
use super::context::PlanContext;
use super::env::Env;
use super::hold;
use super::job::{Job, Kind, Task};
use super::keys;
use super::others;
use super::rebinding::Rebinding;
use super::report::SourceReport;
use super::saved::SavedPlan;
use super::sessions::refuse_logged_in;
use super::undo;
use super::view::ProviderView;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::model::history::EntryKind;
use crate::model::host::Host;
use crate::model::owned::{Hold, Owned};
use crate::model::{Completeness, Snapshot};
use crate::plan::diff::{self, Request};
use crate::plan::{HostProbe, Plan, effects};
use crate::policy::Reason;
use crate::providers::{Earlier, Scope};

/// How often other name services are asked about what a plan would give out.
const NSS_ROUNDS: u32 = 10;

/// A task with what the provider says about it, ready to be planned as often as need be.
pub(crate) enum Planner<'a> {
    Sync(&'a Task, ProviderView),
    Saved(SavedPlan<'a>),
    Adopt(Adoption<'a>),
    Remove(&'a [String], &'a Request),
    Rebind(Rebinding<'a>),
    Release(&'a [String], Option<Kind>),
    Lock(&'a [String], &'a Hold),
    Unlock(hold::Unlock<'a>),
    Undo(u64),
}

impl<'a> Planner<'a> {
    /// Asks the provider whatever a job needs to know: network only, no lock of the host's is held.
    pub(crate) fn read(
        env: &Env,
        job: &'a Job,
        earlier: &Earlier,
        watch: &mut dyn Watch,
    ) -> Result<Option<Self>> {
        let force = job.options.force;
        Ok(Some(match &job.task {
            task @ (Task::Users { .. } | Task::Groups { .. }) => {
                let view = ProviderView::read((env, task), force, earlier, watch)?;
                let Some(view) = view else {
                    return Ok(None);
                };
                // What is saved is all that was read.
                let view = if job.options.save {
                    view
                } else {
                    view.trimmed(env)
                };
                Self::Sync(task, view)
            }
            Task::Saved { file, plan, fresh } => {
                Self::Saved(SavedPlan::read(env, file, plan, *fresh, watch)?)
            }
            Task::Adopt { which, kind } => Self::Adopt(Adoption::read(env, which, *kind, watch)?),
            Task::Remove { names, request } => Self::Remove(names, request),
            Task::Rebind { which, kind } => {
                Self::Rebind(Rebinding::read(env, which, *kind, watch)?)
            }
            Task::Release { names, kind } => Self::Release(names, *kind),
            Task::Lock { names, hold } => Self::Lock(names, hold),
            Task::Unlock { names } => Self::Unlock(hold::Unlock::read(env, names, watch)),
            Task::Undo { run } => Self::Undo(*run),
        }))
    }

    /// Asks the provider for what else has to be known about numbers, now that it is known what gosync owns.
    pub(crate) fn learn_numbers(
        &mut self,
        env: &Env,
        owned: &Owned,
        watch: &mut dyn Watch,
    ) -> Result<()> {
        match self {
            Self::Sync(task, view) => view.learn_numbers(env, task, owned, watch),
            // A saved plan names who gets which number, and not who else asks for one.
            Self::Saved(saved) => saved.view.learn_numbers(env, &saved.task, owned, watch),
            _ => Ok(()),
        }
    }

    /// The accounts that are shut out or taken away whatever their provider says, if that is what is to be done.
    pub(crate) fn shuts_out(&self) -> Option<&[String]> {
        match self {
            Self::Remove(names, _) | Self::Lock(names, _) => Some(names),
            _ => None,
        }
    }

    /// Whether only some were asked for, by name.
    pub(crate) fn is_narrow(&self) -> bool {
        let completeness = self.snapshot().map(|snapshot| &snapshot.completeness);
        completeness == Some(&Completeness::Narrowed)
    }

    /// What the provider said, if it was asked.
    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Sync(_, view) => Some(&view.snapshot),
            Self::Saved(saved) => Some(&saved.view.snapshot),
            Self::Adopt(adoption) => adoption.snapshot(),
            Self::Rebind(rebinding) => rebinding.snapshot(),
            Self::Remove(..)
            | Self::Release(..)
            | Self::Lock(..)
            | Self::Unlock(_)
            | Self::Undo(_) => None,
        }
    }

    /// How far that was all.
    pub(crate) fn sources(&self, env: &Env) -> Vec<SourceReport> {
        let (answers, since, records) = match self {
            Self::Sync(task, view) => {
                let kind = match task.scope() {
                    Scope::Users | Scope::Both => EntryKind::Account,
                    Scope::Groups => EntryKind::Group,
                };
                let records = view.snapshot.records(kind);
                (view.answers.clone(), view.since, Some(records))
            }
            _ => (None, None, None),
        };
        let providers = env.settings.providers.iter().zip(self.snapshot());
        providers
            .map(|(provider, snapshot)| SourceReport {
                provider: provider.name.clone(),
                completeness: snapshot.completeness.clone(),
                answers: answers.clone(),
                since,
                records,
            })
            .collect()
    }

    /// The plan.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        match self {
            Self::Sync(task, view) => view.plan(cx, task),
            Self::Saved(saved) => saved.plan(cx),
            Self::Adopt(adoption) => adoption.plan(cx),
            Self::Rebind(rebinding) => rebinding.plan(cx),
            Self::Remove(names, request) => removal(cx, names, request),
            Self::Release(names, kind) => {
                let is_group = kind.map(|kind| kind == Kind::Group);
                let gone = others::load(cx, others::gone(cx))?;
                diff::release(names, is_group, cx.owned, &gone).map_err(|reasons| {
                    Error::failed(format!("nothing was given back: {}", Reason::all(&reasons)))
                })
            }
            Self::Lock(names, hold) => hold::lock(cx, names, hold),
            Self::Unlock(unlock) => unlock.plan(cx),
            Self::Undo(run) => undo::plan(cx, *run),
        }
    }
}

fn removal(cx: &PlanContext<'_>, names: &[String], request: &Request) -> Result<Plan> {
    let mut plan = diff::removal(names, request, cx.host, cx.owned).map_err(|reasons| {
        Error::failed(format!("nothing was removed: {}", Reason::all(&reasons)))
    })?;
    refuse_logged_in(cx, &plan)?;
    keys::withdraw(&mut plan, cx, cx.options.force);
    Ok(plan)
}

/// The names and numbers that a plan gives out.
fn given_out(plan: &Plan) -> Vec<String> {
    let gives = plan.changes.iter().map(|change| effects(change).gives);
    let keys = gives.flat_map(|gives| {
        let name = gives.name.map(ToString::to_string);
        let number = gives.number.map(|number| number.get().to_string());
        name.into_iter().chain(number)
    });
    keys.collect()
}

/// Makes a plan; where the host has other name services, none of their names and ids is given out, and none of which they
/// do not say whether it is theirs.
pub(crate) fn consider(
    probe: &dyn HostProbe,
    host: &mut Host<'_>,
    plan: impl Fn(&Host<'_>) -> Result<Plan>,
) -> Result<Plan> {
    let mut asked = BTreeSet::new();
    for _ in 0..NSS_ROUNDS {
        let plan = plan(host)?;
        let mut keys = given_out(&plan);
        keys.retain(|key| !asked.contains(key));
        let found = probe.elsewhere(&keys);
        if found.is_empty() {
            return Ok(plan);
        }
        asked.extend(keys);
        host.ids.extend(found.known.values());
        host.elsewhere.known.extend(found.known);
        host.elsewhere.unanswered.extend(found.unanswered);
    }
    Err(Error::failed(
        "other name services of this host use too many of the ids that gosync may give out",
    )
    .hint("Choose ranges for `uid_range` and `gid_range` that nobody else uses"))
}
