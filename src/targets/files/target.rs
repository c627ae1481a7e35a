//! The databases as a [`Target`].

use super::commit;
use super::elsewhere::Elsewhere;
use super::error::LocalError;
use super::keys::KeyFiles;
use super::local::Local;
use super::read::Current;
use super::stage;
use super::staged::Staged;
use crate::ledger::{Ledger, Run};
use crate::plan::Approved;
use crate::system::journal::{self, Left};
use crate::targets::{Committed, Target};

impl Local {
    /// Whether an interrupted run left something to be finished or dropped.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn is_interrupted(&self) -> Result<bool, LocalError> {
        Ok(journal::left_behind(&self.state_dir())? != Left::Nothing)
    }

    /// Reads the databases while nobody else may change them, until the answer is dropped: for hosts on which others
    /// change them faster than a plan can be made.
    ///
    /// # Errors
    /// As [`Target::read`], and when somebody else holds the password lock for too long.
    pub fn read_alone(&self) -> Result<Current, LocalError> {
        let lock = commit::lock(self)?;
        Ok(Current::read(self)?.with_lock(lock))
    }

    /// The host's name services besides these databases.
    ///
    /// # Errors
    /// When nsswitch.conf(5) cannot be read.
    pub fn elsewhere(&self) -> Result<Elsewhere, LocalError> {
        Elsewhere::new(&self.root)
    }

    /// What is in the directory with SSH keys.
    ///
    /// # Errors
    /// When it cannot be read, or others may write there.
    pub fn key_files(&self) -> Result<KeyFiles, LocalError> {
        KeyFiles::read(self, &self.key_dir)
    }
}

impl Target for Local {
    type Current = Current;
    type Staged = Staged;
    type Error = LocalError;

    fn recover(&self, ledger: &mut Ledger) -> Result<Option<String>, LocalError> {
        commit::recover(self, ledger)
    }

    fn read(&self) -> Result<Current, LocalError> {
        Current::read(self)
    }

    fn stage(&self, current: &Current, approved: Approved) -> Result<Staged, LocalError> {
        let staged = stage::stage(self, current, approved)?;
        commit::probe_homes(self, &staged)?;
        Ok(staged)
    }

    fn commit(
        &self,
        current: &Current,
        staged: &Staged,
        ledger: &mut Ledger,
        run: Run<'_>,
        progress: &dyn Fn(usize),
    ) -> Result<Committed, LocalError> {
        commit::commit(self, current, staged, ledger, run, progress)
    }
}
