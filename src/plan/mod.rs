//! The plan: what has to change on a host, as data, and the judgement on it.
//!
//! A plan is made by [`diff`] from what is wanted, what is found and what is owned; it is shown by [`render`], judged
//! by [`guard`], and nothing can be written that was not approved. All of it is pure.

pub mod change;
pub mod diff;
pub mod drift;
pub mod events;
pub mod guard;
pub mod keys;
pub mod past;
pub mod render;
pub mod saved;
mod subject;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub use change::{
    Adopted, Change, FieldChange, HomeFate, HomeMove, NewAccount, Observation, Rename,
};
pub use guard::{Approved, Limits, Refused};
pub use keys::{Cause, KeyChange, KeyPlace};
pub use subject::Subject;

use crate::model::RemoteId;
use crate::policy::Refusal;

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
    /// How many accounts or groups are as they should be.
    pub unchanged: usize,
    /// Why the read behind it cannot be trusted to be whole; nothing is taken away then.
    pub incomplete: Option<String>,
    /// The ledger's generation that this plan was made for.
    pub generation: u64,
    /// How to reach the people whose accounts change, for hooks.
    #[serde(skip)]
    pub contacts: BTreeMap<RemoteId, events::Contact>,
    /// What hooks are run for when the plan is carried out.
    #[serde(skip)]
    pub events: Vec<events::HookEvent>,
}

/// Something that a person should know about an account or group that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Name on this host.
    pub name: String,
    /// Our own words.
    pub text: String,
}

impl Plan {
    /// Adds a remark.
    pub fn remark(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.remarks.push(Remark {
            name: name.into(),
            text: text.into(),
        });
    }

    /// What names exactly this plan at exactly this state of the ledger: SHA-256 over the changes and the generation,
    /// in hexadecimal, its first 32 digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.generation.to_be_bytes());
        for change in &self.changes {
            // A change is plain data: strings, numbers and lists, which always serialize.
            hash.update(serde_json::to_vec(change).unwrap_or_default());
            hash.update([b'\n']);
        }
        hash.finalize()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// How many changes there are of each kind, for the summary.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            unchanged: self.unchanged,
            refused: self.refused.len(),
            ..Counts::default()
        };
        for change in &self.changes {
            match change {
                Change::CreateAccount(_) | Change::CreateGroup { .. } => counts.created += 1,
                Change::UpdateAccount { .. }
                | Change::ChangeMembers { .. }
                | Change::ChangeContact { .. } => {
                    counts.changed += 1;
                }
                Change::LockAccount { .. } => counts.locked += 1,
                Change::UnlockAccount { .. } => counts.unlocked += 1,
                Change::RemoveAccount { .. } | Change::ForgetAccount { .. } => counts.removed += 1,
                Change::AdoptAccount(_) | Change::AdoptGroup { .. } => counts.adopted += 1,
                Change::ReleaseAccount { .. } | Change::ReleaseGroup { .. } => counts.released += 1,
                Change::ChangeLocalMembers { .. } => counts.changed += 1,
                Change::RenameAccount(_) | Change::RenameGroup { .. } => counts.renamed += 1,
                Change::ArchiveHome { .. } => counts.archived += 1,
                Change::MakeHome { .. } | Change::EmptyGroup { .. } => counts.changed += 1,
                Change::RemoveGroup { .. } => counts.removed += 1,
                Change::SetKeys(_) => counts.keys += 1,
            }
        }
        counts
    }
}

/// Changes by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New accounts or groups.
    pub created: usize,
    /// Changed fields or members.
    pub changed: usize,
    /// Locked accounts.
    pub locked: usize,
    /// Accounts opened again.
    pub unlocked: usize,
    /// Removed or forgotten accounts, and removed groups.
    pub removed: usize,
    /// Renamed accounts or groups.
    pub renamed: usize,
    /// Homes packed and taken away.
    pub archived: usize,
    /// As they should be.
    pub unchanged: usize,
    /// Records refused.
    pub refused: usize,
    /// Accounts or groups taken over.
    pub adopted: usize,
    /// Accounts or groups given back.
    pub released: usize,
    /// Files with keys that were written or taken away.
    pub keys: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = [
            (self.created, "created"),
            (self.changed, "changed"),
            (self.locked, "locked"),
            (self.unlocked, "unlocked"),
            (self.removed, "removed"),
            (self.adopted, "adopted"),
            (self.released, "released"),
            (self.renamed, "renamed"),
            (self.archived, "archived"),
            (self.keys, "changed in keys"),
        ];
        let mut done = done.iter().filter(|(n, _)| *n > 0).peekable();
        if done.peek().is_none() {
            f.write_str("nothing to do, ")?;
        }
        for (n, what) in done {
            write!(f, "{n} {what}, ")?;
        }
        write!(f, "{} unchanged", self.unchanged)?;
        match self.refused {
            0 => Ok(()),
            n => write!(f, ", {n} refused"),
        }
    }
}
