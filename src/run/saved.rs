//! The plan of `apply`: one that was saved, if it still fits.
//!
//! It is made again as that of a sync, from what the file says that the provider said, and
//! compared.

use super::context::PlanContext;
use super::env::Env;
use super::job::Task;
use super::view::{self, ProviderView};
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::model::owned::Owned;
use crate::model::{Now, Snapshot};
use crate::plan::Plan;
use crate::plan::saved::{Moved, Saved, begun};
use crate::policy::Reason;

/// A saved plan, and what the provider said.
pub(crate) struct SavedPlan<'a> {
    file: &'a str,
    saved: &'a Saved,
    fresh: bool,
    pub(crate) task: Task,
    pub(crate) view: ProviderView,
}

impl<'a> SavedPlan<'a> {
    /// The plan of a file; `fresh`: the provider is asked again.
    pub(crate) fn read(
        env: &Env,
        file: &'a str,
        saved: &'a Saved,
        fresh: bool,
        watch: &mut dyn Watch,
    ) -> Result<Self> {
        let task = Task::of_saved(&saved.asked.sync);
        let snapshot = if fresh {
            view::read(env, &task, watch)?
        } else {
            Snapshot::from(&saved.read)
        };
        let mut view = ProviderView::new(env, &task, saved.asked.force, snapshot);
        if !fresh {
            view.now = Now::new(saved.read_at);
        }
        Ok(Self {
            file,
            saved,
            fresh,
            task,
            view,
        })
    }

    /// The same plan again, or why it is another one now.
    pub(crate) fn plan(&self, cx: &PlanContext<'_>) -> Result<Plan> {
        if let Some(done) = done_already(cx.env, self.saved, cx.owned)? {
            return Ok(done);
        }
        let refuse = |moved: Moved| refuse(self.file, self.fresh, &moved);
        let is_begun = is_begun(cx.env, self.saved)?;
        if !is_begun {
            self.saved.check_host(cx.host, cx.owned).map_err(refuse)?;
        }
        let mut plan = self.view.plan(cx, &self.task)?;
        match is_begun {
            true => self.saved.check_rest(&plan).map_err(refuse)?,
            false => self.saved.check_plan(&plan).map_err(refuse)?,
        }
        if !self.fresh {
            // One read proves an absence once, however often its plan is carried out.
            plan.observations.clear();
        }
        Ok(plan)
    }
}

/// A plan with nothing in it, if this one has been carried out: perhaps by an interrupted run of
/// the same command, which was finished a moment ago.
fn done_already(env: &Env, saved: &Saved, owned: &Owned) -> Result<Option<Plan>> {
    if owned.generation == saved.generation {
        return Ok(None);
    }
    let ledger = Ledger::open_read_only(&env.state_dir()).map_err(Error::failed)?;
    let run = ledger
        .map(|ledger| ledger.run_of_plan(&saved.digest))
        .transpose()
        .map_err(Error::failed)?
        .flatten();
    Ok(run.map(|run| {
        let mut plan = Plan {
            generation: owned.generation,
            ..Plan::default()
        };
        plan.remark("the plan", Reason::CarriedOut { run });
        plan
    }))
}

/// Whether the last run has carried out a part of this plan, and was interrupted then.
fn is_begun(env: &Env, saved: &Saved) -> Result<bool> {
    let ledger = Ledger::open_read_only(&env.state_dir()).map_err(Error::failed)?;
    let last = ledger.map(|ledger| ledger.last_plan()).transpose();
    let last = last.map_err(Error::failed)?.flatten();
    Ok(last.is_some_and(|digest| digest == begun(&saved.digest)))
}

fn refuse(file: &str, fresh: bool, moved: &Moved) -> Error {
    let error = Error::failed(format!(
        "nothing was written, since {file} no longer fits: {moved}"
    ));
    match moved {
        Moved::Plan if fresh => error.hint("The provider says something else now; make a new plan"),
        Moved::Plan => error.hint(
            "The configuration, or something else on this host, has changed; make a new plan",
        ),
        Moved::Altered => error.hint("Somebody has edited it; make a new plan"),
        Moved::Ledger { .. } | Moved::Host(_) => error.hint("Make a new plan with `gosync plan`"),
    }
}
