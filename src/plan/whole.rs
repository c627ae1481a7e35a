//! A plan as a whole: everything that a run would do to one target.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::barred::Barred;
use super::change::Change;
use super::counts::Counts;
use super::effects::{Home, Presence, effects};
use super::hook_event::HookEvent;
use super::missing::Missing;
use super::observation::Observation;
use crate::model::history::EntryKind;
use crate::model::owned::{ChangedIds, Present};
use crate::model::{Contact, ProviderName, RemoteId, Untrusted, hex};
use crate::policy::{Reason, Refusal, Remark};

/// What a run would do to one target.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// What changes, in a fixed order.
    pub changes: Vec<Change>,
    /// What was learned about absent people; goes into the ledger, not to the host.
    #[serde(skip)]
    pub observations: Vec<Observation>,
    /// Records that get no account or group.
    pub refused: Vec<Refusal>,
    /// What stays different from what the provider says, and why.
    pub remarks: Vec<Remark>,
    /// Who is missing, and stays as long as that is not proven.
    pub missing: Vec<Missing>,
    /// How many accounts or groups are as they should be.
    pub unchanged: usize,
    /// Why the read behind it cannot be trusted to be whole; nothing is taken away then.
    pub incomplete: Option<String>,
    /// Why nobody new comes, if that has a cause for all of them.
    #[serde(skip)]
    pub barred: Option<Barred>,
    /// That the provider seems to have other ids for the same people, or groups; nobody is locked because of it.
    #[serde(skip)]
    pub ids_changed: Option<IdsChanged>,
    /// Providers that have accounts or groups here, and that no section of the configuration names.
    #[serde(skip)]
    pub unnamed: Vec<(ProviderName, Present)>,
    /// The ledger's generation that this plan was made for.
    pub generation: u64,
    /// Of a sync: how often plans had been committed for what it is about. Others come and go, and this one is the same.
    #[serde(skip)]
    pub commits: Option<u64>,
    /// Of a part of a plan: the digest of the whole, if this is its end, and otherwise that it is begun.
    #[serde(skip)]
    pub whole: Option<String>,
    /// How to reach the people whose accounts change, for hooks.
    #[serde(skip)]
    pub contacts: BTreeMap<RemoteId, Contact>,
    /// What hooks are run for when the plan is carried out.
    #[serde(skip)]
    pub events: Vec<HookEvent>,
}

/// How a provider seems to have other ids for the same people, or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdsChanged {
    /// Accounts, or groups.
    pub kind: EntryKind,
    /// How many are missing, and asked for under other ids.
    pub changed: ChangedIds,
    /// How many there are.
    pub of: usize,
}

/// So many accounts go without a question to whoever types.
const UNASKED: usize = 5;

impl Plan {
    /// Adds a remark.
    pub fn remark(&mut self, name: impl Into<String>, reason: Reason) {
        self.remarks.push(Remark::new(name, reason));
    }

    /// Tells why something is not done now: as a refusal if it hangs on what nobody could see, or if somebody who should be
    /// out is not out by it, else as a remark.
    pub(in crate::plan) fn not_done(&mut self, id: &RemoteId, name: &str, reason: Reason) {
        if !reason.is_held_up() && !reason.is_not_out() {
            return self.remark(name, reason);
        }
        self.refused.push(Refusal {
            id: Some(id.clone()),
            subject: Untrusted::new(name),
            reason,
        });
    }

    /// What names exactly this plan, once: SHA-256 over the changes and how often plans were committed before, in hexadecimal, its
    /// first 32 digits.
    pub fn digest(&self) -> String {
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        let mut hash = Sha256::new();
        let commits = self.commits.unwrap_or(self.generation);
        hash.update(commits.to_be_bytes());
        for change in &self.changes {
            // A change is plain data: strings, numbers and lists, which always serialize.
            hash.update(serde_json::to_vec(change).unwrap_or_default());
            hash.update([b'\n']);
        }
        let mut digest = hex(&hash.finalize());
        digest.truncate(32);
        digest
    }

    /// The same, unless the plan is so large that nobody can have typed it: only small plans come with a digest, and
    /// working it out takes its time.
    pub(crate) fn digest_if_typed(&self) -> String {
        match self.changes.len() {
            0..=1_000 => self.digest(),
            _ => String::new(),
        }
    }

    /// Whether somebody who carries it out by hand should be asked once more: homes go, or more than a few accounts are closed or go.
    pub(crate) fn takes_much(&self) -> bool {
        let goes = |change: &&Change| {
            let is_account = change.of.kind == EntryKind::Account;
            let presence = effects(change).presence;
            is_account && matches!(presence, Presence::Closes | Presence::Goes { .. })
        };
        let mut homes = self.changes.iter().map(|change| effects(change).home);
        self.changes.iter().filter(goes).count() > UNASKED
            || homes.any(|home| matches!(home, Home::Goes { .. }))
    }

    /// How many homes it makes.
    pub(crate) fn new_homes(&self) -> usize {
        let homes = self.changes.iter().map(|change| effects(change).home);
        homes
            .filter(|home| matches!(home, Home::Make { .. }))
            .count()
    }

    /// How many changes there are of each kind, for the summary.
    pub fn counts(&self) -> Counts {
        Counts {
            unchanged: self.unchanged,
            missing: self.missing.len(),
            refused: self.refused.len(),
            ..Counts::of(&self.changes)
        }
    }
}
