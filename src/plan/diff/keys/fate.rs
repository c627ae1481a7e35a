//! What the plan for accounts does with each, as far as it counts for their keys.

use crate::model::{Lookup, RemoteId};
use crate::plan::effects::{Presence, effects};
use crate::plan::{Change, Plan};

/// What the plan does with an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountOutcome {
    Locked,
    Opened,
    Removed { with_home: bool },
    Left,
    Changed,
}

/// What the plan for accounts does with them.
pub(super) struct Fates {
    pub outcomes: Lookup<RemoteId, AccountOutcome>,
    /// Who is refused something, and whether they stay in because of it.
    pub refused: Lookup<RemoteId, bool>,
}

impl Fates {
    pub(super) fn of(plan: &Plan) -> Self {
        let refused = plan.refused.iter();
        Self {
            outcomes: outcomes(&plan.changes),
            refused: refused
                .filter_map(|r| Some((r.id.clone()?, r.reason.is_not_out())))
                .collect(),
        }
    }
}

/// An account may be opened, say, and changed besides: what counts for its keys wins.
pub(super) fn outcomes(changes: &[Change]) -> Lookup<RemoteId, AccountOutcome> {
    let mut outcomes = Lookup::default();
    for (id, outcome) in changes.iter().filter_map(outcome) {
        if outcome != AccountOutcome::Changed || !outcomes.contains(id) {
            outcomes.insert(id.clone(), outcome);
        }
    }
    // The file of one that is renamed goes along as it is; the next run looks at it under the new name.
    for change in changes
        .iter()
        .filter(|change| effects(change).lines.rename().is_some())
    {
        let Some(id) = change.account_id() else {
            continue;
        };
        let ends = matches!(
            outcomes.get(id),
            Some(AccountOutcome::Locked | AccountOutcome::Removed { .. })
        );
        if !ends {
            outcomes.insert(id.clone(), AccountOutcome::Left);
        }
    }
    outcomes
}

fn outcome(change: &Change) -> Option<(&RemoteId, AccountOutcome)> {
    let (id, effects) = (change.account_id()?, effects(change));
    let outcome = match effects.presence {
        Presence::Closes => AccountOutcome::Locked,
        Presence::Opens => AccountOutcome::Opened,
        Presence::Goes { with_home } => AccountOutcome::Removed { with_home },
        Presence::Left => AccountOutcome::Left,
        Presence::Comes => return None,
        Presence::Stays if effects.lines.fields().is_empty() => return None,
        Presence::Stays => AccountOutcome::Changed,
    };
    Some((id, outcome))
}
