//! Where accounts and groups are brought in step: first of all this host.
//!
//! A target reads what is there, turns an approved plan into the exact new bytes, and puts them in place. It decides
//! nothing: what is not in the plan does not happen.

pub mod files;

use crate::ledger::{Ledger, Run};
use crate::plan::Approved;

/// Somewhere accounts and groups live.
pub trait Target {
    /// What was read, kept until it is changed.
    type Current;
    /// Everything new, exactly; only from an [`Approved`] plan.
    type Staged;
    /// What goes wrong.
    type Error;

    /// Finishes or drops what an interrupted run left behind. Returns what was done, if anything, in a sentence.
    ///
    /// # Errors
    /// When it can be neither finished nor dropped.
    fn recover(&self, ledger: &mut Ledger) -> Result<Option<String>, Self::Error>;

    /// Reads the databases.
    ///
    /// # Errors
    /// When one cannot be read, or could not be replaced.
    fn read(&self) -> Result<Self::Current, Self::Error>;

    /// Works out what would be written.
    ///
    /// # Errors
    /// When a change does not fit what was read.
    fn stage(
        &self,
        current: &Self::Current,
        approved: Approved,
    ) -> Result<Self::Staged, Self::Error>;

    /// Puts everything new in place, as one transaction with the ledger; `progress` is told about homes made.
    ///
    /// # Errors
    /// When nothing, or not all, was written; the next run finishes or drops it.
    fn commit(
        &self,
        current: &Self::Current,
        staged: &Self::Staged,
        ledger: &mut Ledger,
        run: Run<'_>,
        progress: &dyn Fn(usize),
    ) -> Result<Committed, Self::Error>;
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is in place and on disk; the number of the run in the ledger.
    Done(u64),
    /// The databases changed since they were read; nothing was written. Read and plan again.
    Moved,
}
