//! Figures that outlive a run for those who watch the host: how much there is, and how much was changed so far.
//!
//! They are kept in the note of the last runs, and nothing is decided by them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ledger::{Ledger, LedgerError};
use crate::model::history::EntryKind;
use crate::plan::Plan;
use crate::plan::effects::effects;

/// How much the ledger has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stock {
    /// Accounts by state.
    pub(crate) accounts: BTreeMap<String, u64>,
    /// Groups by state.
    pub(crate) groups: BTreeMap<String, u64>,
    /// Accounts that are open though their people are missing.
    pub(crate) missing: u64,
    /// Hooks that wait.
    pub(crate) hooks_queued: u64,
    /// Hooks that are not tried again.
    pub(crate) hooks_given_up: u64,
}

impl Stock {
    /// What the ledger in a state directory has; `None`: there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn look(dir: &Path) -> Result<Option<Self>, LedgerError> {
        let Some(ledger) = Ledger::open_read_only(dir)? else {
            return Ok(None);
        };
        let census = ledger.census()?;
        let hooks = ledger.hook_census(0, 0)?;
        Ok(Some(Self {
            accounts: census.accounts,
            groups: census.groups,
            missing: census.missing,
            hooks_queued: hooks.queued,
            hooks_given_up: hooks.given_up,
        }))
    }
}

/// How many changes there were, by what was changed and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Totals(BTreeMap<String, BTreeMap<String, u64>>);

/// What they tell apart.
pub(crate) const KINDS: [EntryKind; 2] = [EntryKind::Account, EntryKind::Group];

impl Totals {
    /// Counts those of a plan that was carried out.
    pub(crate) fn add(&mut self, plan: &Plan) {
        for change in &plan.changes {
            let kind = match change.of.kind {
                EntryKind::Account => EntryKind::Account,
                EntryKind::Group | EntryKind::LocalGroup => EntryKind::Group,
            };
            let of_kind = self.0.entry(kind.as_str().to_owned()).or_default();
            let word = effects(change).count.word().to_owned();
            let sum = of_kind.entry(word).or_default();
            *sum = sum.saturating_add(1);
        }
    }

    /// How many of this kind.
    pub(crate) fn get(&self, kind: EntryKind, word: &str) -> u64 {
        let of_kind = self.0.get(kind.as_str());
        let sum = of_kind.and_then(|of_kind| of_kind.get(word));
        sum.copied().unwrap_or_default()
    }
}
