//! The databases as a target, phase by phase.

use super::commit;
use super::error::LocalError;
use super::homes;
use super::keys;
use super::local::Local;
use super::prepare::Preparation;
use super::read;
use super::stage;
use super::staged;
use crate::model::host::Host;
use crate::model::power::Powers;
use crate::model::subordinates::SubuidBook;
use crate::plan::Approved;
use crate::system::journal::{self, Journal, Left};
use crate::system::lock::PasswordLock;
use crate::targets::target::{Current, Staged};
use crate::targets::{
    Contents, Hold, KeyFiles, Prepared, Recovered, Switched, Target, Traces, Transaction,
    Unprepared, read_powers,
};
use std::path::PathBuf;

/// The databases as they were read.
struct Reading<'t> {
    target: &'t Local,
    databases: read::Current,
    /// Keeps others from changing them, if it is held from the beginning.
    lock: Option<PasswordLock>,
}

/// Their new bytes.
struct StagedFiles<'c> {
    from: &'c Reading<'c>,
    staged: staged::Staged,
}

/// Their new bytes, on disk.
struct PreparedFiles<'c> {
    from: &'c StagedFiles<'c>,
    journal: Journal,
}

impl Target for Local {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_interrupted(&self) -> Result<bool, LocalError> {
        Ok(
            journal::left_behind(&self.state_dir())? != Left::Nothing
                || homes::are_taken_out(self)?,
        )
    }

    fn recover(&self) -> Result<Option<Recovered>, LocalError> {
        commit::recover(self)
    }

    fn read(&self, hold: Hold) -> Result<Box<dyn Current + '_>, LocalError> {
        let lock = (hold == Hold::Locked)
            .then(|| commit::lock(self))
            .transpose()?;
        Ok(Box::new(Reading {
            target: self,
            databases: read::Current::read(self)?,
            lock,
        }))
    }

    fn finish(&self, traces: &Traces) -> Result<(), LocalError> {
        commit::finish(self, traces)
    }

    fn subuids(&self) -> Result<SubuidBook, LocalError> {
        read::subuids(self)
    }

    fn powers(&self) -> Powers {
        read_powers(&self.root)
    }

    fn key_files(&self) -> Result<KeyFiles, LocalError> {
        KeyFiles::read(&self.root, &self.key_dir)
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings()
    }

    fn skeleton(&self) -> PathBuf {
        self.root.path(&self.config.skel)
    }

    fn locate(&self, path: &str) -> PathBuf {
        self.root.path(path)
    }
}

impl Current for Reading<'_> {
    fn host(&self) -> Host<'_> {
        self.databases.host()
    }

    fn stage(&self, approved: Approved) -> Result<Box<dyn Staged + '_>, LocalError> {
        let staged = stage::stage(self.target, &self.databases, approved)?;
        homes::probe(self.target, &staged)?;
        Ok(Box::new(StagedFiles { from: self, staged }))
    }
}

impl Staged for StagedFiles<'_> {
    fn approved(&self) -> &Approved {
        &self.staged.approved
    }

    fn contents(&self) -> Contents {
        let newest = self.staged.files.iter().filter_map(|(db, versions)| {
            let image = self.from.databases.databases.get(db)?;
            Some((image.path.clone(), versions.newest()?.to_vec()))
        });
        newest.collect()
    }

    fn into_approved(self: Box<Self>) -> Approved {
        self.staged.approved
    }

    fn prepare(
        &self,
        transaction: &Transaction,
        progress: &dyn Fn(usize),
    ) -> Result<Box<dyn Prepared + '_>, Unprepared> {
        let preparation = Preparation {
            target: self.from.target,
            current: &self.from.databases,
            staged: &self.staged,
            transaction,
        };
        let journal = preparation.journal(progress)?;
        Ok(Box::new(PreparedFiles {
            from: self,
            journal,
        }))
    }

    fn traces(&self) -> Traces {
        Traces {
            directories: keys::directories(self.from.target, &self.plan().changes),
        }
    }
}

impl Prepared for PreparedFiles<'_> {
    fn switch(self: Box<Self>) -> Result<Switched, LocalError> {
        let StagedFiles { from, staged } = self.from;
        let lock = from.lock.is_none().then(|| commit::lock(from.target));
        let _lock = match lock.transpose() {
            Ok(lock) => lock,
            Err(e) => return Ok(Switched::NotBegun(e)),
        };
        commit::switch(from.target, &from.databases, staged, &self.journal)
    }
}
