//! The phases of a target, each a type that only the one before it makes.
//!
//! read -> [`Current`] -> stage -> [`Staged`] -> prepare -> [`Prepared`] -> switch -> [`Switched`]
//! -> finish. Until switch nobody can see anything new. The run reserves ids in the ledger before
//! prepare, confirms them after switch, and then lets the target finish: so a run that dies
//! anywhere leaves a target that [`Target::recover`] brings to an end, and says to which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::TargetError;
use super::key_files::KeyFiles;
use super::place::Contents;
use crate::model::anchor::Anchor;
use crate::model::host::Host;
use crate::model::power::Powers;
use crate::model::subordinates::SubuidBook;
use crate::plan::{Approved, Plan};

/// Whether others may change what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// They may, until the switch.
    Open,
    /// Nobody may, from before the read until what was read is dropped: where others change the
    /// databases faster than a plan can be made.
    Locked,
}

/// Somewhere accounts and groups live.
pub trait Target {
    /// Its name in the configuration.
    fn name(&self) -> &str;

    /// Whether an interrupted run left something to be finished or dropped.
    ///
    /// # Errors
    /// When that cannot be read.
    fn is_interrupted(&self) -> Result<bool, TargetError>;

    /// Brings what an interrupted run left to an end, as far as the target can; `None`: nothing was
    /// put in place. Then the ledger has to learn of it, and after that the target has to
    /// [`Target::finish`].
    ///
    /// # Errors
    /// When it can be neither finished nor dropped.
    fn recover(&self) -> Result<Option<Recovered>, TargetError>;

    /// Reads what is there.
    ///
    /// # Errors
    /// When it cannot be read, or could not be replaced.
    fn read(&self, hold: Hold) -> Result<Box<dyn Current + '_>, TargetError>;

    /// Removes what a transaction needed on the way, and last its record: from now on nothing of it
    /// will be recovered.
    ///
    /// # Errors
    /// When something stays; the next run finishes.
    fn finish(&self, traces: &Traces) -> Result<(), TargetError>;

    /// Which subordinate uids are whose.
    ///
    /// # Errors
    /// When that cannot be read.
    fn subuids(&self) -> Result<SubuidBook, TargetError>;

    /// Whom its files give power to, or let in, besides its databases.
    fn powers(&self) -> Powers;

    /// What is in the directory with SSH keys.
    ///
    /// # Errors
    /// When it cannot be read, or others may write there.
    fn key_files(&self) -> Result<KeyFiles, TargetError>;

    /// What is to be told since the last call, and held nothing up, such as what is out of sight and could not be removed.
    fn warnings(&self) -> Vec<String>;

    /// Where what new homes begin with really is.
    fn skeleton(&self) -> PathBuf;

    /// Where `path` of the managed host really is.
    fn locate(&self, path: &str) -> PathBuf;
}

/// What a transaction is for the ledger, on whose behalf it is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The number of its run.
    pub number: u64,
    /// What is put in place beside the databases, with them.
    pub anchor: Anchor,
}

/// What was read.
pub trait Current {
    /// As planning sees it.
    fn host(&self) -> Host<'_>;

    /// Works out what would be written.
    ///
    /// # Errors
    /// When a change does not fit what was read.
    fn stage(&self, approved: Approved) -> Result<Box<dyn Staged + '_>, TargetError>;
}

/// Everything new, exactly. Made from an [`Approved`] plan alone; nothing is written yet.
pub trait Staged {
    /// The plan.
    fn plan(&self) -> &Plan {
        self.approved().plan()
    }

    /// What it was made from.
    fn approved(&self) -> &Approved;

    /// What the databases hold that change, when all is done.
    fn contents(&self) -> Contents;

    /// The same, when nothing more is to be done with the bytes.
    fn into_approved(self: Box<Self>) -> Approved;

    /// Writes everything new beside the old, for this transaction; `progress` is told about homes
    /// made.
    ///
    /// # Errors
    /// When something cannot be written; nothing was put in place.
    fn prepare(
        &self,
        transaction: &Transaction,
        progress: &dyn Fn(usize),
    ) -> Result<Box<dyn Prepared + '_>, Unprepared>;

    /// What [`Staged::prepare`] and a switch that did not begin leave behind.
    fn traces(&self) -> Traces;
}

/// Why nothing was prepared.
#[derive(Debug)]
pub enum Unprepared {
    /// Homes can be neither made nor moved; the rest of the plan can be carried out without them.
    Homes(Unmade),
    /// Something that concerns everybody.
    Failed(TargetError),
}

impl<E: Into<TargetError>> From<E> for Unprepared {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Whose homes can be neither made nor moved: the places of their changes in the plan.
pub(crate) type Unmade = BTreeMap<usize, Trouble>;

/// Why a home can be neither made nor moved.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The directory that it is in.
    pub base: PathBuf,
    /// What is the same for all whose homes fail there for the same cause.
    pub cause: String,
    /// All of it.
    pub why: String,
}

impl Trouble {
    /// For a home in `base`.
    pub(crate) fn new(base: &Path, error: &TargetError) -> Self {
        let cause = match error {
            TargetError::Path(error) => error.source.to_string(),
            other => other.to_string(),
        };
        Self {
            base: base.to_owned(),
            cause,
            why: error.to_string(),
        }
    }
}

/// Everything new, on disk, beside the old.
pub trait Prepared {
    /// Puts it in place, whole or not at all.
    ///
    /// # Errors
    /// When it has begun and cannot go on: something may be in place. The next run recovers.
    fn switch(self: Box<Self>) -> Result<Switched, TargetError>;
}

/// How a switch ended.
#[derive(Debug)]
pub enum Switched {
    /// All of it is in place and on disk.
    Done(Traces),
    /// What was read has changed since; nothing was put in place.
    Moved,
    /// It could not begin; nothing was put in place.
    NotBegun(TargetError),
}

/// Where a transaction may have left what it needed on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Directories with something staged in them.
    pub directories: BTreeSet<PathBuf>,
}

/// An interrupted transaction, brought to an end.
#[derive(Debug)]
pub struct Recovered {
    /// Its number.
    pub txn: u64,
    /// To which end.
    pub end: Recovery,
    /// What is left of it.
    pub traces: Traces,
}

/// How an interrupted transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// All was in place already.
    WasWhole,
    /// It has been finished now.
    Finished,
    /// It cannot be finished, since others have changed the same files since.
    Overtaken,
    /// It cannot be finished, since this tree has been copied or moved since.
    FromAnotherPlace,
}

impl Recovery {
    /// Whether all of it is in place now; else any part of it may be.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::WasWhole | Self::Finished)
    }
}
