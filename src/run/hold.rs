//! The plans of `lock` and `unlock`.
//!
//! `lock` asks no provider: it must work when that is down. `unlock` takes the hold away in any case; where the provider
//! can be read, what it says decides in the same run whether the account opens, else the next sync does.

use std::collections::BTreeSet;

use super::context::PlanContext;
use super::env::Env;
use super::job::Task;
use super::keys;
use super::shells;
use super::view::{self, ProviderView};
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::model::RemoteId;
use crate::model::owned::{Hold, Owned};
use crate::plan::diff;
use crate::plan::effects::{Presence, effects};
use crate::plan::{Change, Plan};
use crate::policy::Reason;

/// The plan of `lock`.
pub(crate) fn lock(cx: &PlanContext<'_>, names: &[String], hold: &Hold) -> Result<Plan> {
    let mut plan = diff::hold(names, hold, cx.host, cx.owned).map_err(|reasons| {
        Error::failed(format!("nothing was locked: {}", Reason::all(&reasons)))
    })?;
    shells::extend(&mut plan, cx, false);
    keys::withdraw(&mut plan, cx, cx.options.force);
    Ok(plan)
}

/// Accounts that are held no more, and what the provider says of people, if it can be read.
pub(crate) struct Unlock<'a> {
    names: &'a [String],
    people: Option<(Task, ProviderView)>,
}

impl<'a> Unlock<'a> {
    /// Asks the provider. That it does not answer is told, and holds up nothing.
    pub(crate) fn read(env: &Env, names: &'a [String], watch: &mut dyn Watch) -> Self {
        let task = Task::Users {
            new: false,
            existing: true,
            only: Vec::new(),
        };
        let people = match view::read(env, &task, watch) {
            Ok(snapshot) => {
                let view = ProviderView::new(env, &task, false, snapshot);
                Some((task, view))
            }
            Err(e) => {
                watch.warn(format!(
                    "the provider cannot be read, and the next sync decides who is let in: {e}"
                ));
                None
            }
        };
        Self { names, people }
    }

    /// The plan.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        let mut plan = diff::free(self.names, cx.host, cx.owned).map_err(|reasons| {
            Error::failed(format!("nothing was unlocked: {}", Reason::all(&reasons)))
        })?;
        let freed = plan
            .changes
            .iter()
            .filter_map(|change| change.id().cloned());
        let freed: BTreeSet<RemoteId> = freed.collect();
        let said = match self.people.as_ref().filter(|_| !freed.is_empty()) {
            Some((task, view)) => Some(self.said(cx, (task, view), &freed)?),
            None => None,
        };
        for change in std::mem::take(&mut plan.changes) {
            let opens = |said: &Plan| said.changes.iter().any(|it| opens(it, change.id()));
            let told = match &said {
                None => Some(Reason::NextSyncDecides),
                Some(said) if opens(said) => None,
                Some(_) => Some(Reason::NotLetIn),
            };
            if let Some(told) = told {
                plan.remark(change.name(), told);
            }
            plan.changes.push(change);
        }
        if let Some(said) = said {
            plan.changes.extend(said.changes);
            plan.refused.extend(said.refused);
            plan.remarks.extend(said.remarks);
            plan.contacts = said.contacts;
        }
        Ok(plan)
    }

    /// What a sync would do with those who are held no more, and with nobody else.
    fn said(
        &self,
        cx: &PlanContext<'_>,
        (task, view): (&Task, &ProviderView),
        freed: &BTreeSet<RemoteId>,
    ) -> Result<Plan> {
        let mut owned: Owned = cx.owned.clone();
        for (id, record) in &mut owned.locks {
            if freed.contains(id) {
                record.hold = None;
            }
        }
        let mut plan = view.plan(
            &PlanContext {
                owned: &owned,
                ..*cx
            },
            task,
        )?;
        let is_one = |id: Option<&RemoteId>| id.is_some_and(|id| freed.contains(id));
        plan.changes.retain(|change| is_one(change.account_id()));
        plan.refused.retain(|refusal| is_one(refusal.id.as_ref()));
        plan.remarks
            .retain(|remark| self.names.contains(&remark.name));
        Ok(plan)
    }
}

/// Whether a change opens the account of this id.
fn opens(change: &Change, id: Option<&RemoteId>) -> bool {
    change.account_id() == id && effects(change).presence == Presence::Opens
}
