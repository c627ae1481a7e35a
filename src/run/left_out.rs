//! Those for whom nothing is done in this run, since their homes can be neither made nor moved: they are told, once for
//! each cause, and refused in the plan from then on. Nobody else waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::model::{RemoteId, Untrusted, first_names, shown};
use crate::plan::effects::{Part, effects};
use crate::plan::events::Kind;
use crate::plan::{Change, Plan};
use crate::policy::{Reason, Refusal};
use crate::targets::{Trouble, Unmade};

/// How many of them one line names.
const EXAMPLES: usize = 3;

/// Those whose changes were left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    accounts: BTreeSet<RemoteId>,
    refused: Vec<Refusal>,
}

impl LeftOut {
    /// Notes changes that were left out, by their places in the plan: those that failed, and those that hang on them.
    /// Returns what is to be told of them.
    pub(super) fn note(&mut self, unmade: &Unmade, changes: &[(usize, Change)]) -> Vec<String> {
        let mut troubles: BTreeMap<(&Path, &str), (&Trouble, Vec<&str>)> = BTreeMap::new();
        let mut told = Vec::new();
        let mut missing = "";
        for (place, change) in changes {
            let Some(trouble) = unmade.get(place) else {
                continue;
            };
            let name = known_as(change);
            missing = name;
            let cause = (trouble.base.as_path(), trouble.cause.as_str());
            let (_, who) = troubles.entry(cause).or_insert((trouble, Vec::new()));
            who.push(name);
            self.accounts.extend(change.account_id().cloned());
            let why = trouble.why.clone();
            self.refuse(change, name, Reason::HomeFailed { why });
        }
        for (trouble, who) in troubles.into_values() {
            told.push(format!(
                "nothing is done for {}, since no home can be made or moved: {}; the next run tries again",
                list(&who),
                trouble.why
            ));
        }
        let groups = changes.iter().map(|(_, change)| change);
        for change in groups.filter(|change| change.account_id().is_none()) {
            let name = Untrusted::new(missing);
            let reason = Reason::NoOpenAccount { name };
            told.push(format!(
                "{} is left as it is: {reason}",
                shown(change.name())
            ));
            self.refuse(change, change.name(), reason);
        }
        told
    }

    fn refuse(&mut self, change: &Change, name: &str, reason: Reason) {
        self.refused.push(Refusal {
            id: change.id().cloned(),
            subject: Untrusted::new(name),
            reason,
        });
    }

    /// Takes out of the rest of a plan what was to be done to them, but for what closes them, and refuses them in it.
    pub(super) fn tell(&mut self, plan: &mut Plan) {
        plan.refused.append(&mut self.refused);
        if self.accounts.is_empty() {
            return;
        }
        let waits = |change: &Change| {
            let is_theirs = change
                .account_id()
                .is_some_and(|id| self.accounts.contains(id));
            is_theirs && effects(change).part != Part::Closing
        };
        plan.changes.retain(|change| !waits(change));
        let theirs: BTreeSet<&str> = self.accounts.iter().map(RemoteId::as_str).collect();
        plan.events
            .retain(|event| event.kind != Kind::User || !theirs.contains(event.id.as_str()));
    }
}

/// The name that an account has now.
fn known_as(change: &Change) -> &str {
    let rename = effects(change).lines.rename();
    rename.map_or(change.name(), |rename| rename.from.as_str())
}

/// Some accounts, in a few words.
fn list(names: &[&str]) -> String {
    let first = first_names(names.iter().copied(), EXAMPLES);
    match names.len() {
        1 => first,
        many => format!("{many} accounts ({first})"),
    }
}
