//! What failed in homes before, and whose next try is still to come: it is left out of a plan, and only counted.
//!
//! What closes somebody's access never waits.

use crate::model::owned::{HomeWork, Owned, Retry};
use crate::model::{Now, Untrusted, moment};
use crate::plan::effects::{Home, Pack, Part, effects};
use crate::plan::{Change, Plan};
use crate::policy::{Reason, Refusal};

/// Leaves out of a plan what has to wait at `now`.
pub(crate) fn leave_waiting(plan: &mut Plan, owned: &Owned, now: &Now) {
    if owned.retries.is_empty() {
        return;
    }
    let mut waiting = Vec::new();
    plan.changes.retain(|change| {
        let retry = retry(change, owned).filter(|retry| !now.has_come(retry.due));
        waiting.extend(retry.map(|retry| Refusal {
            id: change.id().cloned(),
            subject: Untrusted::new(change.name()),
            reason: Reason::HomeWaits {
                why: retry.why.clone(),
                until: moment(retry.due),
            },
        }));
        retry.is_none()
    });
    plan.refused.append(&mut waiting);
}

/// What is known of earlier tries of a change in a home.
fn retry<'o>(change: &Change, owned: &'o Owned) -> Option<&'o Retry> {
    let what = work(change)?;
    owned.retries.get(&(change.account_id()?.clone(), what))
}

/// What a change does in a home that may fail, and then waits; `None`: nothing, or it must not wait.
pub(crate) fn work(change: &Change) -> Option<HomeWork> {
    let effects = effects(change);
    if let Home::Goes { pack, .. } = effects.home {
        return matches!(pack, Some(Pack::As(_))).then_some(HomeWork::Archive);
    }
    let is_keys = effects.keys.is_some() && effects.is_after_commit;
    (is_keys && effects.part != Part::Closing).then_some(HomeWork::Keys)
}
