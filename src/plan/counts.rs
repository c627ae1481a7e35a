//! How many changes of each kind a plan has: its summary.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::effects::{Count, effects};

/// Changes by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Accounts or groups tied to another record.
    #[serde(skip_serializing_if = "is_none")]
    pub rebound: usize,
    /// Files with keys that were written or taken away.
    pub keys: usize,
    /// Shells that show a lock from now on, or do so no more.
    #[serde(skip_serializing_if = "is_none")]
    pub shells: usize,
    /// Accounts that an administrator holds locked from now on.
    #[serde(skip_serializing_if = "is_none")]
    pub held: usize,
    /// Accounts whose people are missing, or groups that are.
    #[serde(skip_serializing_if = "is_none")]
    pub missing: usize,
    /// Accounts that nobody holds locked any more.
    #[serde(skip_serializing_if = "is_none")]
    pub freed: usize,
}

fn is_none(figure: &usize) -> bool {
    *figure == 0
}

impl Counts {
    /// Those of changes.
    pub fn of(changes: &[Change]) -> Self {
        let mut counts = Self::default();
        for change in changes {
            *counts.figure(effects(change).count) += 1;
        }
        counts
    }

    fn figure(&mut self, count: Count) -> &mut usize {
        match count {
            Count::Created => &mut self.created,
            Count::Changed => &mut self.changed,
            Count::Locked => &mut self.locked,
            Count::Unlocked => &mut self.unlocked,
            Count::Removed => &mut self.removed,
            Count::Renamed => &mut self.renamed,
            Count::Archived => &mut self.archived,
            Count::Adopted => &mut self.adopted,
            Count::Released => &mut self.released,
            Count::Rebound => &mut self.rebound,
            Count::Keys => &mut self.keys,
            Count::Shell => &mut self.shells,
            Count::Held => &mut self.held,
            Count::Freed => &mut self.freed,
        }
    }
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
            (self.rebound, "tied to another record"),
            (self.renamed, "renamed"),
            (self.archived, "archived"),
            (self.keys, "changed in keys"),
            (self.shells, "changed in the lock's shell"),
            (self.held, "held locked"),
            (self.freed, "no longer held"),
        ];
        let mut done = done.iter().filter(|(n, _)| *n > 0).peekable();
        if done.peek().is_none() {
            f.write_str("nothing to do, ")?;
        }
        for (n, what) in done {
            write!(f, "{n} {what}, ")?;
        }
        write!(f, "{} unchanged", self.unchanged)?;
        let rest = [(self.missing, "missing"), (self.refused, "refused")];
        rest.iter()
            .filter(|(n, _)| *n > 0)
            .try_for_each(|(n, what)| write!(f, ", {n} {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_that_of_its_figure() {
        for count in Count::ALL {
            let mut counts = Counts::default();
            *counts.figure(count) = 7;
            let json = serde_json::to_value(counts).unwrap();
            assert_eq!(json[count.word()], 7, "{count:?}");
        }
    }
}
